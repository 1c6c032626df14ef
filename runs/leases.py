"""one worker at a time on one run: a lease whose fencing token stands in every write's WHERE.

Leases run on real time, whatever clock the records read.
"""

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import NamedTuple

import sqlalchemy as sa

from runs import tables
from runs.errors import Conflict, Unavailable
from runs.records.person import Customer
from runs.store.change import Change, find_row, insert_once, text_of
from runs.store.store import Store

log = logging.getLogger("pilotage.leases")


class Lease(NamedTuple):
    """The right to work on one thing until it expires or is taken over."""

    name: str
    holder: str
    fence: int
    """Grows with every taking; an older fence writes nothing."""


def take(store: Store, customer: Customer, name: str, *, holder: str, ttl_s: float) -> Lease | None:
    """The lease, or None while another holder's is live; taking one's own again renews it.

    Threads of one worker are one holder: that two of them do not work on one thing is the worker's.
    It need not outlive the machine: whoever acts under it writes that to the disk first.
    """
    with store.change(customer, "worker", lags=True) as change:
        now = store.database.real_time(change.connection)
        row = change.find(tables.leases, name=name)
        if row is not None and row["holder"] != holder and row["expires_at"] > text_of(now):
            return None
        taken_over = row is not None and row["holder"] not in ("", holder)
        fence = 1 if row is None else row["fence"] + (row["holder"] != holder)
        _write(change, name, holder=holder, fence=fence, until=now + timedelta(seconds=ttl_s))
        if taken_over:
            change.append("lease_taken_over", lease=name, fence=fence)
    return Lease(name, holder, fence)


def renew(store: Store, customer: Customer, lease: Lease, *, ttl_s: float) -> bool:
    """Hold a lease for longer; False when it was taken over, or given back."""
    table = tables.leases
    with store.database.writing(lags=True) as connection:
        until = store.database.real_time(connection) + timedelta(seconds=ttl_s)
        statement = table.update().where(_is(customer, lease))
        renewed = connection.execute(statement.values(expires_at=text_of(until)))
    return renewed.rowcount == 1


def release(store: Store, customer: Customer, lease: Lease) -> None:
    """Give the lease back; a lease that was taken over is left to its new holder."""
    with store.database.writing(lags=True) as connection:
        now = text_of(store.database.real_time(connection))
        statement = tables.leases.update().where(_is(customer, lease))
        connection.execute(statement.values(holder="", expires_at=now))


def free(store: Store, customer: Customer, lease: Lease) -> bool:
    """Take a lease from a holder that is gone, with its event; False when it has another holder."""
    table = tables.leases
    with store.change(customer, "worker") as change:
        now = text_of(store.database.real_time(change.connection))
        statement = table.update().where(_is(customer, lease))
        freed = change.connection.execute(statement.values(holder="", expires_at=now))
        if freed.rowcount == 1:
            change.append("lease_taken_over", lease=lease.name, fence=lease.fence)
        return freed.rowcount == 1


def live(store: Store, customer: Customer, name: str) -> list[Lease]:
    """The leases of this name, and of those below it (`name:...`), that somebody holds now."""
    return [lease for lease, is_live in _below(store, customer, name) if is_live and lease.holder]


def lapsed(store: Store, customer: Customer, name: str) -> list[Lease]:
    """The leases below this name that ran out or were given back."""
    return [lease for lease, is_live in _below(store, customer, name) if not is_live]


def held_by(store: Store, customer: Customer) -> list[tuple[Lease, bool]]:
    """Every lease in somebody's hands, by name, and whether it has not run out."""
    table = tables.leases
    with store.database.reading() as connection:
        now = text_of(store.database.real_time(connection))
        query = table.select().where(table.c.customer == customer.id, table.c.holder != "")
        rows = connection.execute(query.order_by(table.c.name)).all()
    return [(Lease(row.name, row.holder, row.fence), row.expires_at > now) for row in rows]


def forget(store: Store, customer: Customer, leases: list[Lease]) -> None:
    """Take lapsed leases off the record: whoever comes back with one finds that it is gone."""
    table = tables.leases
    with store.database.writing() as connection:
        now = text_of(store.database.real_time(connection))
        for lease in leases:
            gone = sa.and_(_is(customer, lease), table.c.expires_at <= now)
            connection.execute(table.delete().where(gone))


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

    def keep() -> None:
        while not ended.wait(ttl_s / 3):
            if not _try_to_renew(store, customer, lease, ttl_s):
                return

    thread = threading.Thread(target=keep, name=f"lease-{name}", daemon=True)
    thread.start()
    try:
        yield lease
    finally:
        ended.set()
        thread.join()
        release(store, customer, lease)


class Hands:
    """What one process holds for moments at a time: one thread renews whatever it keeps longer."""

    def __init__(self, store: Store, *, holder: str, ttl_s: float) -> None:
        self._store = store
        self._holder = holder
        self._ttl_s = ttl_s
        self._held: dict[tuple[str, str], tuple[Customer, Lease]] = {}
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None

    @contextmanager
    def held(self, customer: Customer, name: str) -> Iterator[Lease | None]:
        """The lease for as long as the block lasts; None when another holds it."""
        lease = take(self._store, customer, name, holder=self._holder, ttl_s=self._ttl_s)
        if lease is None:
            yield None
            return
        key = (customer.id, name)
        with self._lock:
            self._held[key] = (customer, lease)
            self._begin()
        try:
            yield lease
        finally:
            with self._lock:
                self._held.pop(key, None)
            release(self._store, customer, lease)

    def close(self) -> None:
        """Renew nothing any more."""
        self._ended.set()
        if self._thread is not None:
            self._thread.join()

    def _begin(self) -> None:
        if self._thread is None and not self._ended.is_set():
            self._thread = threading.Thread(target=self._renew, name="lease-hands", daemon=True)
            self._thread.start()

    def _renew(self) -> None:
        while not self._ended.wait(self._ttl_s / 3):
            with self._lock:
                held = list(self._held.values())
            for customer, lease in held:
                _try_to_renew(self._store, customer, lease, self._ttl_s)


class Seat:
    """A lease this process stands by for: taken when it falls free, renewed until `stop`."""

    def __init__(
        self, store: Store, customer: Customer, name: str, *, holder: str, ttl_s: float
    ) -> None:
        self._store = store
        self._customer = customer
        self._name = name
        self._holder = holder
        self._ttl_s = ttl_s
        self._held_until = 0.0
        self._lease: Lease | None = None
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._stand_by, name=f"seat-{name}", daemon=True)

    @property
    def is_held(self) -> bool:
        """True while this process has it; certain even when the database does not answer."""
        return time.monotonic() < self._held_until

    def start(self) -> None:
        """Take it if it is free, and stand by from now on."""
        self._try()
        self._thread.start()

    def stop(self) -> None:
        """Stand by no longer; the lease is given back."""
        self._ended.set()
        self._thread.join()
        self._held_until = 0.0
        if self._lease is not None:
            release(self._store, self._customer, self._lease)

    def _stand_by(self) -> None:
        while not self._ended.wait(self._ttl_s / 3):
            self._try()

    def _try(self) -> None:
        began = time.monotonic()
        try:
            self._lease = take(
                self._store, self._customer, self._name, holder=self._holder, ttl_s=self._ttl_s
            )
        except Unavailable as error:
            log.warning("%s was not to be had: %s", self._name, error)
            return
        self._held_until = 0.0 if self._lease is None else began + self._ttl_s


def require(change: Change, lease: Lease) -> None:
    """Conflict inside a change unless the lease still is this holder's; under the write lock."""
    row = find_row(change.connection, tables.leases, change.customer, {"name": lease.name})
    if row is None or row["holder"] != lease.holder or row["fence"] != lease.fence:
        raise Conflict(
            f"the lease on {lease.name} was taken over, so this worker stops here; let the "
            "other one go on"
        )


def is_held(store: Store, customer: Customer, lease: Lease) -> bool:
    """Whether the lease still is this holder's; asked outside a change."""
    row = store.ledger.row(tables.leases, customer, name=lease.name)
    return row is not None and (row["holder"], row["fence"]) == (lease.holder, lease.fence)


def _try_to_renew(store: Store, customer: Customer, lease: Lease, ttl_s: float) -> bool:
    """False once the lease is lost; a database that does not answer is asked again."""
    try:
        return renew(store, customer, lease, ttl_s=ttl_s)
    except Unavailable as error:
        log.warning("the lease on %s could not be renewed: %s", lease.name, error)
        return True


def _is(customer: Customer, lease: Lease) -> sa.ColumnElement[bool]:
    table = tables.leases
    return sa.and_(
        table.c.customer == customer.id,
        table.c.name == lease.name,
        table.c.holder == lease.holder,
        table.c.fence == lease.fence,
    )


def _below(store: Store, customer: Customer, name: str) -> list[tuple[Lease, bool]]:
    """Every lease of the name or below it, and whether it has not run out."""
    table = tables.leases
    # A range and no LIKE: there is a row for every item that ever acted, and the key finds these.
    below = sa.and_(table.c.name >= f"{name}:", table.c.name < f"{name};")
    query = table.select().where(
        table.c.customer == customer.id, sa.or_(table.c.name == name, below)
    )
    with store.database.reading() as connection:
        now = text_of(store.database.real_time(connection))
        rows = connection.execute(query.order_by(table.c.name)).all()
    return [(Lease(row.name, row.holder, row.fence), row.expires_at > now) for row in rows]


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
