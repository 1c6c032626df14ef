"""A worker killed with -9 in the middle of many items: all end, and none is done twice.

On a server another one lives beside it; on SQLite one is started again. `python -m bench.recovery`
does the same with 2,000 items, and waits until the dead one's sign of life runs out by itself.
"""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from runs import audit
from tests.faults.crew import kill_one
from tests.line import Line, lay, over_http
from tests.receiver import Received, receiving

COUNT = 60
"""What the seconds of `make test` have room for."""

pytestmark = [pytest.mark.both_databases, pytest.mark.timeout(300)]


@pytest.fixture
def receiver() -> Iterator[tuple[str, Received]]:
    """A system outside that does again whatever it is asked again, and counts it."""
    with receiving() as (url, received):
        received.is_once_a_key = False
        yield url, received


@pytest.fixture
def line(tmp_path: Path, receiver: tuple[str, Received]) -> Line:
    """A home whose items are acted on at the receiver."""
    return lay(tmp_path / "home", over_http(receiver[0]), PILOTAGE_TICK_S="0.2")


def test_items_of_a_killed_worker_all_end_and_none_acts_twice(
    line: Line, receiver: tuple[str, Received]
) -> None:
    """Counted at the receiver, and in the record."""
    _, received = receiver

    recovery = kill_one(line, received, COUNT, is_patient=False)

    effects = received.effects.values()
    assert (line.counted(), len(received.effects)) == ({"acted": COUNT}, COUNT)
    assert Counter(effect.done for effect in effects) == {1: COUNT}
    assert 0 < recovery.done_before < COUNT
    assert line.wired.store.jobs.failed() == []
    assert audit.verify(line.wired.store.database).ok
