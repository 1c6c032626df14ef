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

from tests.databases import Server
from tests.faults.seams import SEAMS, Strike
from tests.faults.trial import Result

ROOT = Path(__file__).parents[2]
STRIKES = [
    Strike("commit", "slice", "before", 40),
    Strike("commit", "slice", "after", 90),
    Strike("commit by people", "update", "before", 3),
    Strike("commit by people", "update", "after", 3),
    Strike("outbox", "slice", "before", 3),
    Strike("enqueue", "slice", "after", 3),
    Strike("checkpoint", "update", "before", 1),
    Strike("checkpoint", "update", "after", 2),
    Strike("checkpoint of writes", "update", "before", 2),
    Strike("checkpoint of writes", "slice", "after", 3),
    Strike("decision", "slice", "before", 2),
    Strike("decision", "slice", "after", 1),
    Strike("decision", "update", "after", 1),
    Strike("wake, job taken", "update", "before", 1),
    Strike("wake, graph resumed", "update", "before", 1),
    Strike("wake, graph resumed", "slice", "after", 1),
    Strike("reserve for the run", "update", "after", 1),
    Strike("reserve for an item", "slice", "after", 2),
    Strike("do for the run", "update", "before", 1),
    Strike("do for the run", "update", "after", 1),
    Strike("do for the run, half", "update", "before", 1),
    Strike("do for an item", "slice", "before", 1),
    Strike("do for an item", "slice", "after", 2),
    Strike("do for an item, half", "slice", "before", 3),
    Strike("settle for the run", "update", "before", 1),
    Strike("settle for the run", "update", "after", 1),
    Strike("settle for an item", "slice", "before", 2),
    Strike("settle for an item", "slice", "after", 3),
]

ON_A_SERVER = [
    Strike("commit", "slice", "before", 40),
    Strike("commit by people", "update", "after", 4),
    Strike("enqueue", "slice", "after", 3),
    Strike("checkpoint", "update", "after", 2),
    Strike("checkpoint of writes", "update", "before", 2),
    Strike("wake, graph resumed", "slice", "after", 1),
    Strike("do for the run", "update", "after", 1),
    Strike("do for an item", "slice", "after", 2),
    Strike("settle for an item", "slice", "before", 2),
]
"""Where two workers meet what a third one left; the rest is for `make faults`."""

Try = Callable[[Strike], Result]

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def try_at() -> Iterator[Try]:
    """Kills a process at a strike and says what came of it; homes are prepared once."""
    with serving() as try_at:
        yield try_at


@pytest.fixture(scope="module")
def try_on_server(server: Server) -> Iterator[Try]:
    """The same on PostgreSQL, with a second worker beside the next process."""
    with serving("server", PILOTAGE_TEST_DATABASE=server.url) as try_at:
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
    ) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        sent, told = server.stdin, server.stdout
        assert told.readline() == '"ready"\n'

        def try_at(strike: Strike) -> Result:
            sent.write(json.dumps(strike) + "\n")
            sent.flush()
            return Result(*json.loads(told.readline()))

        yield try_at
        sent.close()


@pytest.mark.parametrize("strike", STRIKES, ids=lambda one: "-".join(map(str, one)))
def test_whoever_comes_after_a_kill_brings_the_run_to_the_same_end(
    try_at: Try, strike: Strike
) -> None:
    """One receipt an effect, one question a subject, every decision there, the audit whole."""
    result = try_at(strike)

    assert result.killed, "the seam was not reached"
    assert result.same_end, result.other
    assert (result.duplicated, result.lost, result.other) == ([], [], [])


@pytest.mark.parametrize("strike", ON_A_SERVER, ids=lambda one: "-".join(map(str, one)))
def test_two_workers_bring_what_a_killed_one_left_to_the_same_end(
    try_on_server: Try, strike: Strike
) -> None:
    """On PostgreSQL, where nobody waits for the other."""
    result = try_on_server(strike)

    assert result.killed, "the seam was not reached"
    assert result.same_end, result.other
    assert (result.duplicated, result.lost, result.other) == ([], [], [])


def test_every_seam_is_struck() -> None:
    """A seam that is added gets its trial."""
    assert {strike.seam for strike in STRIKES} == set(SEAMS)
