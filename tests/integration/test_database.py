"""Several writers on one record: no change is lost, and nobody waits for ever."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from runs import audit, leases, tables
from runs.errors import Unavailable
from runs.leases import Lease
from runs.records.person import Customer
from runs.store.database import Database
from runs.store.store import Store
from tests.builders import make_customer, make_store

pytestmark = pytest.mark.both_databases


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """An empty record."""
    return make_store(tmp_path)


@pytest.fixture
def other(store: Store) -> Store:
    """The same record, as another process has it open."""
    return Store(Database(store.database.url, busy_timeout_s=0.2), store.clock)


def at_once(*works: Callable[[], Any]) -> list[Any]:
    """Do all of it in threads that begin together."""
    with ThreadPoolExecutor(len(works)) as pool:
        return [one.result() for one in [pool.submit(work) for work in works]]


def many(store: Store, customer: Customer, count: int = 25) -> None:
    """Changes one after the other, each with its event."""
    for number in range(count):
        with store.change(customer, "test") as change:
            change.append("job_failed", job=f"{customer.id}-{number}")


def test_changes_of_several_processes_are_one_chain_without_a_gap(store: Store) -> None:
    """Of several customers, each from two processes at once."""
    customers = [make_customer(store, "acme"), make_customer(store, "zeta")]
    before = audit.verify(store.database).events
    others = [Store(Database(store.database.url), store.clock) for _ in customers * 2]
    works = zip(others, customers * 2, strict=True)
    at_once(*(lambda s=one, c=whose: many(s, c) for one, whose in works))

    report = audit.verify(store.database)
    assert report.problems == ()
    assert report.events == before + 25 * 4


def test_of_many_who_want_a_lease_one_has_it(store: Store) -> None:
    """What is read in a change is what the change before left behind."""
    customer = make_customer(store)
    others = [Store(Database(store.database.url), store.clock) for _ in range(6)]

    def want(number: int) -> Lease | None:
        return leases.take(others[number], customer, "run:r-1", holder=f"w{number}", ttl_s=60)

    had = at_once(*(lambda n=number: want(n) for number in range(6)))

    assert len([lease for lease in had if lease is not None]) == 1


def test_what_is_read_together_is_of_one_moment(store: Store, other: Store) -> None:
    """A view does not see what is committed after its first look."""
    query = sa.select(sa.func.count()).select_from(tables.customers)
    with store.database.reading() as connection:
        before = connection.execute(query).scalar_one()
        make_customer(other)

        assert connection.execute(query).scalar_one() == before


def test_whoever_waits_too_long_for_a_writer_is_told_to_try_again(
    store: Store, other: Store
) -> None:
    """The one who writes is not disturbed."""
    customer = make_customer(store)
    with store.change(customer, "test") as change:
        change.append("job_failed", job="first")
        with pytest.raises(Unavailable, match="locked by another writer"):
            many(other, customer, 1)

    assert audit.verify(store.database).ok


def test_a_connection_at_hand_sees_what_was_committed_before_each_look(
    store: Store, other: Store
) -> None:
    """It is kept for the thread, and holds no view: what others change meanwhile is seen."""
    acme = make_customer(store, "acme")
    with store.database.at_hand(), store.database.at_hand():
        before = store.ledger.at(tables.leases, acme)
        leases.take(other, acme, "run:r", holder="w", ttl_s=60)
        [after] = store.ledger.at(tables.leases, acme)

    assert (before, after["holder"]) == ([], "w")


def test_a_connection_at_hand_is_given_back_and_belongs_to_one_thread(store: Store) -> None:
    """Other threads look over connections of their own."""

    def lent() -> int:
        with store.database.looking() as connection:
            return id(connection)

    with store.database.at_hand():
        with store.database.looking() as connection:
            kept = connection
        [others] = at_once(lent)
        mine = lent()

    assert (mine == id(kept), others == id(kept), kept.closed) == (True, False, True)


def test_after_a_look_that_failed_another_connection_is_taken(store: Store) -> None:
    """What failed may be broken; the next look is not stopped by it."""
    acme = make_customer(store, "acme")
    with store.database.at_hand():
        with pytest.raises(DBAPIError), store.database.looking() as connection:
            connection.execute(sa.text("SELECT nothing FROM nowhere"))

        assert connection.closed
        assert store.ledger.at(tables.leases, acme) == []
