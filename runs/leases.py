"""one worker at a time on one run: a lease whose fencing token stands in every write's WHERE.

Leases run on real time, whatever clock the records read.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from runs import tables
from runs.errors import Conflict
from runs.records.person import Customer
from runs.store.change import Change, find_row, insert_once, text_of
from runs.store.store import Store


class Lease(NamedTuple):
    """The right to work on one thing until it expires or is taken over."""

    name: str
    holder: str
    fence: int
    """Grows with every taking; an older fence writes nothing."""


def take(store: Store, customer: Customer, name: str, *, holder: str, ttl_s: float) -> Lease | None:
    """The lease, or None while another holder's is live; taking one's own again renews it."""
    now = datetime.now(UTC)
    with store.change(customer, "worker") as change:
        row = change.find(tables.leases, name=name)
        if row is not None and row["holder"] != holder and row["expires_at"] > text_of(now):
            return None
        taken_over = row is not None and row["holder"] not in ("", holder)
        fence = 1 if row is None else row["fence"] + (row["holder"] != holder)
        _write(change, name, holder=holder, fence=fence, until=now + timedelta(seconds=ttl_s))
        if taken_over:
            change.append("lease_taken_over", lease=name, fence=fence)
    return Lease(name, holder, fence)


def release(store: Store, customer: Customer, lease: Lease) -> None:
    """Give the lease back; a lease that was taken over is left to its new holder."""
    table = tables.leases
    with store.database.writing() as connection:
        connection.execute(
            table.update()
            .where(table.c.customer == customer.id, table.c.name == lease.name)
            .where(table.c.holder == lease.holder, table.c.fence == lease.fence)
            .values(holder="", expires_at=text_of(datetime.now(UTC)))
        )


@contextmanager
def held(
    store: Store, customer: Customer, name: str, *, holder: str, ttl_s: float
) -> Iterator[Lease | None]:
    """The lease for as long as the block lasts, renewed by a thread; None when another holds it."""
    lease = take(store, customer, name, holder=holder, ttl_s=ttl_s)
    if lease is None:
        yield None
        return
    ended = threading.Event()

    def renew() -> None:
        while not ended.wait(ttl_s / 3):
            take(store, customer, name, holder=holder, ttl_s=ttl_s)

    thread = threading.Thread(target=renew, name=f"lease-{name}", daemon=True)
    thread.start()
    try:
        yield lease
    finally:
        ended.set()
        thread.join()
        release(store, customer, lease)


def require(change: Change, lease: Lease) -> None:
    """Conflict inside a change unless the lease still is this holder's; under the write lock."""
    row = find_row(change.connection, tables.leases, change.customer, {"name": lease.name})
    if row is None or row["holder"] != lease.holder or row["fence"] != lease.fence:
        raise Conflict(f"the lease on {lease.name} was taken over; this worker stops here")


def _write(change: Change, name: str, *, holder: str, fence: int, until: datetime) -> None:
    table = tables.leases
    row = {
        "customer": change.customer.id,
        "name": name,
        "holder": holder,
        "fence": fence,
        "expires_at": text_of(until),
    }
    if insert_once(change.connection, table, row):
        return
    change.connection.execute(
        table.update()
        .where(table.c.customer == change.customer.id, table.c.name == name)
        .values(**row)
    )
