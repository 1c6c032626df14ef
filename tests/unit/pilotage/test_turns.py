"""One advance at a time for each run, and nobody's knock is lost."""

import threading

import pytest

from pilotage.turns import Turns


def test_an_advance_is_taken_once_when_nobody_comes() -> None:
    """No further look without a reason."""
    taken: list[str] = []

    Turns().take("r-1", lambda: taken.append("r-1"))

    assert taken == ["r-1"]


def test_whoever_comes_meanwhile_leaves_at_once_and_is_taken_after() -> None:
    """However many knock, one further look answers them all."""
    turns, taken = Turns(), list[int]()

    def advance() -> None:
        taken.append(threading.get_ident())
        if len(taken) == 1:
            for _ in range(3):
                turns.take("r-1", advance)

    turns.take("r-1", advance)

    assert len(taken) == 2


def test_two_runs_do_not_wait_for_one_another() -> None:
    """Busy is a matter of one run."""
    turns, taken = Turns(), list[str]()

    turns.take("r-1", lambda: turns.take("r-2", lambda: taken.append("r-2")))

    assert taken == ["r-2"]


def test_an_advance_that_fails_leaves_the_run_free() -> None:
    """The next job of the run is not turned away."""
    turns, taken = Turns(), list[str]()

    def fail() -> None:
        raise LookupError("gone")

    with pytest.raises(LookupError):
        turns.take("r-1", fail)
    turns.take("r-1", lambda: taken.append("again"))

    assert taken == ["again"]


def test_no_two_threads_ever_advance_one_run_together() -> None:
    """And the last knock is always answered by a look that began after it."""
    turns, inside, most = Turns(), [0], [0]
    knocks, looks = [0], list[int]()

    def advance() -> None:
        inside[0] += 1
        most[0] = max(most[0], inside[0])
        looks.append(knocks[0])
        inside[0] -= 1

    def knock() -> None:
        for _ in range(200):
            knocks[0] += 1
            turns.take("r-1", advance)

    threads = [threading.Thread(target=knock) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert most == [1]
    assert looks[-1] == knocks[0]
