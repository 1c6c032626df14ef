"""The demo ends with a sentence and a code where its run cannot go on."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from agent import graph, seat
from pilotage import settings
from pilotage.cli import exits
from pilotage.demo import stage as home
from pilotage.demo.play import play
from runs.errors import InvalidInput, PilotageError
from workflow.samples.known import find_sample


def nothing(says: str) -> None:
    """Nobody listens."""


def stage_in(folder: Path, *, families: int = 2_400) -> home.Stage:
    """A demo's home with one priority, and so much live work for it."""
    told = {"PILOTAGE_HOME": str(folder / "demo"), "PILOTAGE_TICK_S": "0.2"}
    sample = find_sample("support_triage")
    priority = sample.priorities[0]._replace(live_families=families)
    sample = replace(sample, priorities=(priority,))
    return home.build(settings.read(told | {"PILOTAGE_POLL_S": "0.02"}), sample, seed=1)


@pytest.fixture
def made_anew() -> Iterator[None]:
    """The loop is made anew, and what a test made of it is forgotten."""
    seat.whole.cache_clear()
    yield
    seat.whole.cache_clear()


@pytest.mark.usefixtures("made_anew")
def test_a_demo_whose_job_failed_ends_with_its_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bug in a step is no reason to wait for ever."""

    def broken(*args: Any, **kwargs: Any) -> Any:
        raise RuntimeError("a bug")

    monkeypatch.setitem(graph.NODES, "review_context", broken)
    stage = stage_in(tmp_path)
    with pytest.raises(PilotageError, match="stopped: job failed: RuntimeError: a bug") as raised:
        play(stage, seed=1, tell=nothing)

    assert exits.of_error(raised.value) == exits.BUG


def test_a_demo_without_live_work_left_ends_with_the_remedy(tmp_path: Path) -> None:
    """Its stage could never be decided."""
    stage = stage_in(tmp_path, families=5)
    with pytest.raises(InvalidInput, match=r"no live work left for stage 0 .* try another --seed"):
        play(stage, seed=1, tell=nothing)
