"""What every test starts from: a clean environment, a home of its own, no network."""

import gc
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck
from hypothesis import settings as drawn
from sqlalchemy import event
from sqlalchemy.pool import Pool

from pilotage.cli.main import SELDOM
from tests import databases
from tests.databases import Server
from tests.loopback import sitecustomize

HERE = Path(__file__).parent
LOOPBACK = str(Path(sitecustomize.__file__).parent)


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No setting of the person who runs the tests reaches them; child processes stay offline."""
    for name in [name for name in os.environ if name.startswith(("PILOTAGE_", "OPENAI_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PYTHONPATH", LOOPBACK, prepend=os.pathsep)


SHORT_LAST = ("hazards", "journeys", "integration", "unit", "guards")
"""Folders in the order in which they are run, behind all others: what is short fills the gaps."""


def pytest_configure() -> None:
    """As the program itself does: what was loaded to stay is not looked over again and again."""
    gc.set_threshold(*SELDOM)
    # How long an example takes is the machine's, and says nothing of what it shows.
    told = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}
    drawn.register_profile("any_machine", **told)
    drawn.load_profile("any_machine")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """No worker waits at the end for another that has just begun with a long file."""
    rank = {HERE / folder: n for n, folder in enumerate(SHORT_LAST, 1)}
    items.sort(key=lambda item: max(rank.get(parent, 0) for parent in item.path.parents))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """What is marked so runs on SQLite and on PostgreSQL, or there only."""
    kinds = [databases.MARKS[m.name] for m in marks_of(metafunc.definition) if is_known(m)]
    beside = [m for one in vars(metafunc.module).values() for m in marks_of(one) if is_known(m)]
    if kinds or beside:
        # All of a module say theirs, so that what they share is made once a database.
        on = kinds[0] if kinds else (databases.SQLITE,)
        metafunc.parametrize("database", on, indirect=True, scope="module")


def marks_of(thing: object) -> list[pytest.Mark]:
    """The marks of a test, or of a function in a test's module."""
    if isinstance(thing, pytest.Function | pytest.Item):
        return list(thing.iter_markers())
    return [mark for mark in getattr(thing, "pytestmark", []) if isinstance(mark, pytest.Mark)]


def is_known(mark: pytest.Mark) -> bool:
    """Whether a mark says on which database a test runs."""
    return mark.name in databases.MARKS


@pytest.fixture(scope="session", autouse=True)
def what_is_started_can_be_interrupted() -> None:
    """Whoever runs the tests in the background ignores Ctrl-C; what they start does not."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session", autouse=True)
def no_disk_is_waited_for() -> Iterator[None]:
    """A commit is in the machine's memory; only a machine that dies would lose it."""
    event.listen(Pool, "checkout", databases.hurry)
    yield
    event.remove(Pool, "checkout", databases.hurry)


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """A PostgreSQL server for as long as the tests run; started when the first one asks."""
    running = databases.running()
    try:
        server = running.__enter__()
    except databases.NoServer as error:
        pytest.skip(str(error))
    yield server
    running.__exit__(None, None, None)


@pytest.fixture(scope="module", autouse=True)
def database(request: pytest.FixtureRequest) -> Iterator[str]:
    """Which database a test stands on; SQLite unless it is marked `both_databases`."""
    kind = getattr(request, "param", databases.SQLITE)
    is_shared = kind == databases.POSTGRESQL
    with databases.on(request.getfixturevalue("server") if is_shared else None):
        yield kind


@pytest.fixture(autouse=True)
def no_connection_is_left(database: str) -> Iterator[None]:
    """What a test opened on a server is closed behind it."""
    yield
    databases.let_go()


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """An empty folder for what a run leaves behind."""
    folder = tmp_path / "home"
    folder.mkdir()
    return folder
