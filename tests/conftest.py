"""What every test starts from: a clean environment, a home of its own, no network."""

import os
from pathlib import Path

import pytest

from tests.loopback import sitecustomize

LOOPBACK = str(Path(sitecustomize.__file__).parent)


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No setting of the person who runs the tests reaches them; child processes stay offline."""
    for name in [name for name in os.environ if name.startswith(("PILOTAGE_", "OPENAI_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PYTHONPATH", LOOPBACK, prepend=os.pathsep)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """An empty folder for what a run leaves behind."""
    folder = tmp_path / "home"
    folder.mkdir()
    return folder
