"""One worker at a time."""

import time
from pathlib import Path

import pytest

from runs import leases
from runs.errors import Conflict
from tests.builders import evidence, make_customer, make_store

pytestmark = pytest.mark.both_databases


def test_a_live_lease_is_not_had_by_another(tmp_path: Path) -> None:
    """Until it is released or runs out."""
    store = make_store(tmp_path)
    customer = make_customer(store)
    mine = leases.take(store, customer, "run:r-1", holder="a", ttl_s=60)
    assert mine is not None
    assert leases.take(store, customer, "run:r-1", holder="b", ttl_s=60) is None
    leases.release(store, customer, mine)

    assert leases.take(store, customer, "run:r-1", holder="b", ttl_s=60) is not None


def test_a_lease_that_ran_out_is_taken_over_and_the_old_one_writes_nothing(tmp_path: Path) -> None:
    """The fence grows, and the write of the old holder is refused."""
    store = make_store(tmp_path)
    customer = make_customer(store)
    old = leases.take(store, customer, "run:r-1", holder="a", ttl_s=-1)
    taken = leases.take(store, customer, "run:r-1", holder="b", ttl_s=60)
    assert old is not None
    assert taken is not None
    fenced = store.guarded(lambda change: leases.require(change, old))

    assert taken.fence == old.fence + 1
    with pytest.raises(Conflict, match="taken over"):
        fenced.keep(customer, "worker", evidence(), "r-1")


def test_a_held_lease_is_given_back(tmp_path: Path) -> None:
    """Also when the work inside fails."""
    store = make_store(tmp_path)
    customer = make_customer(store)
    held = leases.held(store, customer, "x", holder="a", ttl_s=60)
    with pytest.raises(RuntimeError), held:
        raise RuntimeError

    assert leases.take(store, customer, "x", holder="b", ttl_s=60) is not None


def test_a_lease_that_was_taken_over_is_not_renewed(tmp_path: Path) -> None:
    """Nor one that was given back; only its holder's own is."""
    store = make_store(tmp_path)
    customer = make_customer(store)
    old = leases.take(store, customer, "x", holder="a", ttl_s=-1)
    assert old is not None
    assert leases.renew(store, customer, old, ttl_s=-1)
    new = leases.take(store, customer, "x", holder="b", ttl_s=60)
    assert new is not None

    assert not leases.renew(store, customer, old, ttl_s=60)
    leases.release(store, customer, new)
    assert not leases.renew(store, customer, new, ttl_s=60)


def test_whoever_lives_is_told_from_whoever_fell_silent(tmp_path: Path) -> None:
    """Below one name, and of no other."""
    store = make_store(tmp_path)
    customer = make_customer(store)
    for name, ttl_s in {"worker:a": 60, "worker:b": -1, "workers": 60, "run:r-1": 60}.items():
        leases.take(store, customer, name, holder=name[-1], ttl_s=ttl_s)

    assert [lease.holder for lease in leases.live(store, customer, "worker")] == ["a"]
    assert [lease.holder for lease in leases.lapsed(store, customer, "worker")] == ["b"]


def test_what_is_forgotten_is_gone_for_its_holder_and_what_lives_is_not(tmp_path: Path) -> None:
    """Whoever comes back with it writes nothing."""
    store = make_store(tmp_path)
    customer = make_customer(store)
    silent = leases.take(store, customer, "worker:b", holder="b", ttl_s=-1)
    living = leases.take(store, customer, "worker:a", holder="a", ttl_s=60)
    assert silent is not None
    assert living is not None
    leases.forget(store, customer, [silent, living])

    assert not leases.renew(store, customer, silent, ttl_s=60)
    with store.change(customer, "a") as change:
        leases.require(change, living)
    with pytest.raises(Conflict), store.change(customer, "b") as change:
        leases.require(change, silent)


def test_one_of_two_has_the_seat_and_leaves_it_to_the_other(tmp_path: Path) -> None:
    """Who stands by takes it when it is free."""
    store = make_store(tmp_path)
    customer = make_customer(store)
    first, second = (
        leases.Seat(store, customer, "lead", holder=name, ttl_s=0.6) for name in ("a", "b")
    )
    first.start()
    second.start()
    assert (first.is_held, second.is_held) == (True, False)
    first.stop()
    until = time.monotonic() + 30
    while not second.is_held and time.monotonic() < until:
        assert not first.is_held

    assert second.is_held
    second.stop()


def test_who_comes_back_after_a_lease_was_forgotten_is_not_taken_for_its_new_holder(
    tmp_path: Path,
) -> None:
    """The count begins anew, so the fence alone would tell them apart no more."""
    store = make_store(tmp_path)
    customer = make_customer(store)
    old = leases.take(store, customer, "worker:x", holder="a", ttl_s=-1)
    assert old is not None
    leases.forget(store, customer, [old])
    new = leases.take(store, customer, "worker:x", holder="b", ttl_s=60)
    assert new is not None
    fenced = store.guarded(lambda change: leases.require(change, old))

    assert new.fence == old.fence
    with pytest.raises(Conflict, match="taken over"):
        fenced.keep(customer, "worker", evidence(), "r-1")
