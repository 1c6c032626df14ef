"""What a model called is told to people: what was allowed, what was not, and what it had read."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from pilotage.cli import called
from policies.privacy import compile_mask
from runs import snapshots
from runs.clock import StoppedClock
from runs.records.call import Ruled, Ruling
from runs.records.person import Customer
from runs.store.store import Store, keep
from tests import builders
from tests.builders import make_customer, make_store

CLOCK = StoppedClock(builders.NOW)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """A record with a customer, under a clock that is turned."""
    store = make_store(tmp_path, CLOCK)
    make_customer(store)
    return store


def rule(store: Store, name: str, outcome: Any, number: int = 0, *spoken: str) -> Customer:
    """A ruling on a call of a run, as it is kept."""
    customer = store.customer("acme")
    terms = snapshots.Terms(compile_mask((), ()), None)
    text = snapshots.make(kind="call", value={"name": name, "arguments": {}}, terms=terms)
    ruling = Ruling(
        rules=builders.DIGEST,
        step=builders.DIGEST,
        call=builders.DIGEST,
        number=number,
        outcome=outcome,
        reason="to must come from the request; ask a person",
    )
    CLOCK.turn(timedelta(seconds=1))
    with store.change(customer, "run:r-1", "r-1") as change:
        arguments = snapshots.write_in(change, text)
        keep(change, Ruled(run="r-1", item="", arguments=arguments, ruling=ruling, spoken=spoken))
    return customer


def test_what_was_held_is_told_with_why_and_what_was_read_before(store: Store) -> None:
    """What was allowed is counted by name."""
    rule(store, "lessons", "allow")
    rule(store, "lessons", "allow", 1)
    rule(store, "drop", "refuse", 2)
    customer = rule(store, "send", "hold", 2, "plays a part", "sets rules aside")
    told = called.told(store, customer, "r-1")

    assert called.lines(told) == [
        "allowed: 2 lessons",
        "drop refused: to must come from the request; ask a person",
        "send held: to must come from the request; ask a person",
        "  a text that was read before it plays a part, sets rules aside",
        f"  have people asked about it: pilotage approval ask {told[-1]['id'][7:19]}",
    ]
    assert [one["call"] for one in told] == ["lessons", "lessons", "drop", "send"]


def test_a_run_without_calls_tells_nothing(store: Store) -> None:
    """So no title stands over it."""
    assert called.lines(called.told(store, store.customer("acme"), "r-1")) == []


def test_of_many_the_first_are_told_and_the_rest_counted(store: Store) -> None:
    """Whoever wants them all asks for JSON."""
    for number in range(called.MOST + 2):
        rule(store, "send", "hold", number)
    shown = called.lines(called.told(store, store.customer("acme"), "r-1"))

    assert len(shown) == 2 * called.MOST + 1
    assert shown[-1] == "and 2 more: --json"
