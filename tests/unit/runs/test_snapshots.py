"""Snapshots: masked before they are kept, named by content, erasable."""

from datetime import timedelta
from pathlib import Path

import pytest

from runs import audit, snapshots
from runs.clock import StoppedClock
from runs.errors import Conflict, InvalidInput, NotFound
from runs.records.person import Customer
from runs.snapshots import Masked, Terms
from runs.store.store import Store
from tests.builders import NOW, TERMS, make_customer, make_store, unmasked

pytestmark = pytest.mark.both_databases


def test_what_is_masked_is_nowhere_in_the_database(tmp_path: Path) -> None:
    """The secret never reaches the file."""
    store = make_store(tmp_path)
    customer = make_customer(store)
    terms = Terms(lambda _: Masked({"text": "[masked]"}, 1), 30)
    value = {"text": "canary-4711"}
    digest = snapshots.keep(store, customer, "api", kind="input", value=value, terms=terms)

    assert snapshots.read(store, customer, digest) == {"text": "[masked]"}
    kept = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert b"canary-4711" not in kept


def test_an_erased_text_is_gone_and_the_chain_still_verifies(tmp_path: Path) -> None:
    """Its name stays, its content does not."""
    store = make_store(tmp_path)
    customer = make_customer(store)
    digest = snapshots.keep(store, customer, "api", kind="x", value={"a": 1}, terms=TERMS)
    snapshots.erase(store, customer, "ana", digest)

    with pytest.raises(Conflict, match="erased"):
        snapshots.read(store, customer, digest)
    assert audit.verify(store.database).ok


def test_what_is_not_json_is_refused(tmp_path: Path) -> None:
    """With the kind that was wrong."""
    store = make_store(tmp_path)
    customer = make_customer(store)
    with pytest.raises(InvalidInput, match="input: the value is not JSON"):
        snapshots.keep(store, customer, "x", kind="input", value={1, 2}, terms=TERMS)
    with pytest.raises(NotFound):
        snapshots.read(store, customer, "sha256:0")


def keep(store: Store, customer: Customer, days: int | None, text: str = "a") -> str:
    """Keep a text for so many days; its digest."""
    terms = Terms(unmasked, days)
    return snapshots.keep(store, customer, "api", kind="input", value=text, terms=terms)


def test_a_kind_of_text_may_be_kept_for_another_time(tmp_path: Path) -> None:
    """Outputs a day, everything else a month."""
    clock = StoppedClock(NOW)
    store = make_store(tmp_path, clock)
    customer = make_customer(store)
    terms = Terms(unmasked, 30, {"output": 1})
    kept = {
        kind: snapshots.keep(store, customer, "api", kind=kind, value=kind, terms=terms)
        for kind in ("input", "output")
    }
    clock.turn(timedelta(days=2))

    assert snapshots.erase_past(store, customer) == 1
    assert snapshots.read(store, customer, kept["input"]) == "input"
    with pytest.raises(Conflict, match="erased"):
        snapshots.read(store, customer, kept["output"])


def test_what_is_past_its_retention_is_erased_and_nothing_else(tmp_path: Path) -> None:
    """On the day it is over; as long as what names it means until a person asks."""
    clock = StoppedClock(NOW)
    store = make_store(tmp_path, clock)
    customer = make_customer(store)
    short, long, for_ever = (
        keep(store, customer, days, f"{days}") for days in (30, 31, None)
    )  # fmt: skip
    clock.turn(timedelta(days=30))
    assert snapshots.erase_past(store, customer) == 0
    clock.turn(timedelta(days=1))

    assert snapshots.erase_past(store, customer) == 1
    assert snapshots.erase_past(store, customer) == 0
    with pytest.raises(Conflict, match="erased"):
        snapshots.read(store, customer, short)
    assert snapshots.read(store, customer, long) == "31"
    assert snapshots.read(store, customer, for_ever) == "None"
    event = store.events(customer)[-1]
    assert (event.kind, event.actor, event.body["why"]) == (
        "snapshot_erased",
        "worker",
        "retention",
    )
    assert audit.verify(store.database).ok


def test_the_same_text_is_kept_for_the_longer_of_both_times(tmp_path: Path) -> None:
    """One item's retention does not take another item's text along."""
    clock = StoppedClock(NOW)
    store = make_store(tmp_path, clock)
    customer = make_customer(store)
    digest = keep(store, customer, 30)
    clock.turn(timedelta(days=20))
    assert keep(store, customer, 30) == digest
    keep(store, customer, 5)
    clock.turn(timedelta(days=20))

    assert snapshots.erase_past(store, customer) == 0
    assert snapshots.read(store, customer, digest) == "a"
    assert audit.verify(store.database).ok


def test_a_text_that_comes_again_after_it_was_erased_is_there(tmp_path: Path) -> None:
    """Somebody else's new item is not lost by an erasure before it."""
    store = make_store(tmp_path)
    customer = make_customer(store)
    digest = keep(store, customer, 30)
    snapshots.erase(store, customer, "ana", digest)

    assert keep(store, customer, 30) == digest
    assert snapshots.read(store, customer, digest) == "a"
    assert audit.verify(store.database).ok


def test_what_is_erased_twice_is_one_event(tmp_path: Path) -> None:
    """And what was never kept is not found."""
    store = make_store(tmp_path)
    customer = make_customer(store)
    digest = keep(store, customer, 30)
    for _ in range(2):
        snapshots.erase(store, customer, "ana", digest)

    assert [e.kind for e in store.events(customer)].count("snapshot_erased") == 1
    with pytest.raises(NotFound):
        snapshots.erase(store, customer, "ana", "sha256:" + "0" * 64)
