"""One worker at a time."""

from pathlib import Path

import pytest

from runs import leases
from runs.errors import Conflict
from tests.builders import evidence, make_customer, make_store


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
