"""An endpoint with a rate is never asked more often, whoever asks, and nobody waits too long."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from runs.store.turns import next_turn
from tests.builders import make_customer, make_store

STRETCH = 1_000
DRAWN = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""A machine that does other things as well is no fault of what is drawn."""


@DRAWN
@given(st.integers(1, 5), st.lists(st.integers(0, 900), min_size=1, max_size=30))
def test_no_stretch_holds_more_calls_than_its_rate(calls: int, gaps: list[int]) -> None:
    """Whenever they come: any so many in a row take longer than the stretch."""
    taken, now = list[int](), 0
    for gap in gaps:
        now += gap
        taken.append(next_turn(taken, now, calls=calls, stretch=STRETCH))

    assert taken == sorted(taken)
    assert all(b - a >= STRETCH for a, b in zip(taken, taken[calls:], strict=False))


@DRAWN
@given(st.integers(1, 5), st.integers(0, 20))
def test_a_turn_comes_as_soon_as_its_rate_allows(calls: int, before: int) -> None:
    """Nobody waits longer than the calls before make them."""
    taken = list[int]()
    for _ in range(before):
        taken.append(next_turn(taken, 0, calls=calls, stretch=STRETCH))

    assert next_turn(taken, 0, calls=calls, stretch=STRETCH) == before // calls * STRETCH


@pytest.mark.both_databases
def test_a_turn_is_taken_by_one_and_one_too_far_off_by_nobody(tmp_path: Path) -> None:
    """Two a minute: the third is told how long it is, and does not push the next one further."""
    store = make_store(tmp_path)
    customer = make_customer(store)
    may = (2, 60.0)
    waits = [store.turns.take(customer, {"desk.assign": may}, patience_s=1.0) for _ in range(4)]
    other = store.turns.take(customer, {"desk.read": may}, patience_s=1.0)

    assert waits[:2] == [0.0, 0.0]
    assert 50 < waits[3] <= waits[2] <= 60
    assert other == 0.0
    assert set(store.turns.waits(customer)) == {"desk.assign", "desk.read"}


@pytest.mark.both_databases
def test_a_turn_that_comes_soon_is_the_caller_s_who_waits_for_it(tmp_path: Path) -> None:
    """The next one comes after it."""
    store = make_store(tmp_path)
    customer = make_customer(store)
    wanted = {"desk.assign": (1, 60.0)}
    waits = [store.turns.take(customer, wanted, patience_s=1_000.0) for _ in range(3)]

    assert waits[0] == 0.0
    assert 50 < waits[1] <= 60 < 110 < waits[2] <= 120


@pytest.mark.both_databases
def test_of_two_names_both_turns_are_taken_or_neither(tmp_path: Path) -> None:
    """Whoever has to come again has used up no turn of the other name."""
    store = make_store(tmp_path)
    customer = make_customer(store)
    both = {"desk.all": (5, 60.0), "desk.assign": (1, 60.0)}
    waits = [store.turns.take(customer, both, patience_s=1.0) for _ in range(9)]
    left = [
        store.turns.take(customer, {"desk.all": (5, 60.0)}, patience_s=1.0) == 0.0 for _ in range(5)
    ]

    assert waits[0] == 0.0
    assert all(wait > 50 for wait in waits[1:])
    assert left == [True, True, True, True, False]
