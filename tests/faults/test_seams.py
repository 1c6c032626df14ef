"""Kill -9 between any two engines: the next process brings the run to the same end, once.

Each trial kills a real process at a seam and lets another go on from its folder; `make faults` does
the same at many more places. One process prepares the homes and forks all others, so that nothing
heavy is imported twice.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.databases import POSTGRESQL, SQLITE
from tests.faults.seams import SEAMS, Strike
from tests.faults.trial import Result

ROOT = Path(__file__).parents[2]
STRIKES = [
    Strike("commit", "items", "before", 20),
    Strike("commit", "slice", "after", 9),
    Strike("commit by people", "update", "before", 3),
    Strike("commit by people", "update", "after", 3),
    Strike("outbox", "items", "before", 3),
    Strike("enqueue", "items", "after", 3),
    Strike("checkpoint", "update", "before", 1),
    Strike("checkpoint", "update", "after", 2),
    Strike("checkpoint of writes", "update", "before", 2),
    Strike("checkpoint of writes", "slice", "after", 3),
    Strike("decision", "slice", "before", 2),
    Strike("decision", "update", "after", 1),
    Strike("wake, job taken", "update", "before", 1),
    Strike("wake, graph resumed", "update", "before", 1),
    Strike("wake, graph resumed", "slice", "after", 1),
    Strike("reserve for the run", "update", "after", 1),
    Strike("reserve for an item", "items", "after", 2),
    Strike("do for the run", "update", "before", 1),
    Strike("do for the run", "update", "after", 1),
    Strike("do for the run, half", "update", "before", 1),
    Strike("do for an item", "items", "before", 1),
    Strike("do for an item", "items", "after", 2),
    Strike("do for an item, half", "items", "before", 3),
    Strike("settle for the run", "update", "before", 1),
    Strike("settle for the run", "update", "after", 1),
    Strike("settle for an item", "items", "before", 2),
    Strike("settle for an item", "items", "after", 3),
]

ON_A_SERVER = [
    Strike("commit", "items", "before", 20),
    Strike("commit by people", "update", "after", 2),
    Strike("outbox", "update", "before", 1),
    Strike("enqueue", "items", "after", 3),
    Strike("checkpoint", "update", "after", 2),
    Strike("checkpoint of writes", "update", "before", 2),
    Strike("decision", "update", "after", 1),
    Strike("wake, job taken", "update", "before", 1),
    Strike("wake, graph resumed", "slice", "after", 1),
    Strike("reserve for the run", "update", "after", 1),
    Strike("reserve for an item", "items", "after", 2),
    Strike("do for the run", "update", "after", 1),
    Strike("do for the run, half", "update", "before", 1),
    Strike("do for an item", "items", "after", 2),
    Strike("do for an item, half", "items", "before", 3),
    Strike("settle for the run", "update", "after", 1),
    Strike("settle for an item", "items", "before", 2),
]
"""Where two workers meet what a third one left, once a seam; the rest is for `make faults`."""

Try = Callable[[str, Strike], Result]
"""A database and a strike."""

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def try_at(request: pytest.FixtureRequest) -> Iterator[Try]:
    """Kills a process at a strike and says what came of it: one process forks all others."""
    try:
        url = request.getfixturevalue("server").url
    except pytest.skip.Exception:
        url = ""
    with serving(*["server"] * bool(url), PILOTAGE_TEST_DATABASE=url) as try_at:
        yield try_at


@contextmanager
def serving(*modes: str, **more: str) -> Iterator[Try]:
    """One process that prepares the homes and does the trials."""
    paths = [str(ROOT / "tests" / "loopback"), str(ROOT)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths), **more}
    environment |= dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
    command = [sys.executable, "-m", "tests.faults", "serve", *modes]
    pipe = subprocess.PIPE
    with subprocess.Popen(
        command, env=environment, cwd=ROOT, text=True, stdin=pipe, stdout=pipe
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        sent, told = process.stdin, process.stdout

        def try_at(database: str, strike: Strike) -> Result:
            sent.write(json.dumps((database, strike)) + "\n")
            sent.flush()
            return Result(*json.loads(told.readline()))

        yield try_at
        sent.close()


def nobody_can_tell(result: Result) -> None:
    """The process was killed there, and the end is that of a run in which nobody died."""
    assert result.killed, "the seam was not reached"
    assert result.same_end, result.other
    assert (result.duplicated, result.lost, result.other) == ([], [], [])


@pytest.mark.parametrize("strike", STRIKES, ids=lambda one: "-".join(map(str, one)))
def test_whoever_comes_after_a_kill_brings_the_run_to_the_same_end(
    try_at: Try, strike: Strike
) -> None:
    """One receipt an effect, one question a subject, every decision there, the audit whole."""
    nobody_can_tell(try_at(SQLITE, strike))


@pytest.mark.usefixtures("server")
@pytest.mark.parametrize("strike", ON_A_SERVER, ids=lambda one: "-".join(map(str, one)))
def test_two_workers_bring_what_a_killed_one_left_to_the_same_end(
    try_at: Try, strike: Strike
) -> None:
    """On PostgreSQL, where nobody waits for the other."""
    nobody_can_tell(try_at(POSTGRESQL, strike))


@pytest.mark.parametrize("strikes", [STRIKES, ON_A_SERVER], ids=[SQLITE, POSTGRESQL])
def test_every_seam_is_struck(strikes: list[Strike]) -> None:
    """A seam that is added gets its trial on both databases."""
    assert {strike.seam for strike in strikes} == set(SEAMS)
