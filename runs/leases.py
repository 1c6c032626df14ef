"""one worker at a time on one run: a lease whose fencing token stands in every write's WHERE.

Leases run on real time, whatever clock the records read.
"""

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import sqlalchemy as sa

from runs import tables
from runs.errors import Conflict, Unavailable
from runs.records.person import Customer
from runs.store.change import Change, text_of
from runs.store.database import real_time
from runs.store.rows import find_row, insert_once
from runs.store.store import Store

log = logging.getLogger("pilotage.leases")


_LEASES = tables.leases
_GIVE_BACK = (
    _LEASES.update()
    .where(
        _LEASES.c.customer == sa.bindparam("at_customer"),
        _LEASES.c.name == sa.bindparam("at_name"),
        _LEASES.c.holder == sa.bindparam("at_holder"),
        _LEASES.c.fence == sa.bindparam("at_fence"),
    )
    .values(holder="", expires_at=sa.bindparam("to_at"))
)


class Lease(NamedTuple):
    """The right to work on one thing until it expires or is taken over."""

    name: str
    holder: str
    fence: int
    """Grows with every taking; an older fence writes nothing."""

    def require_in(self, change: Change) -> "Lease":
        """The lease itself, inside a change; Conflict unless it still is its holder's."""
        require(change, self)
        return self

    def is_held(self, store: Store, customer: Customer) -> bool:
        """Whether it still is its holder's; asked outside a change."""
        return is_held(store, customer, self)


def take(store: Store, customer: Customer, name: str, *, holder: str, ttl_s: float) -> Lease | None:
    """The lease, or None while another holder's is live; taking one's own again renews it.

    Threads of one worker are one holder: that two of them do not work on one thing is the worker's.
    It need not outlive the machine: whoever acts under it writes that to the disk first.
    """
    with store.change(customer, "worker", lags=True) as change:
        return take_in(change, name, holder=holder, ttl_s=ttl_s)


def take_in(change: Change, name: str, *, holder: str, ttl_s: float) -> Lease | None:
    """The same inside a change; where that is not kept, nothing was taken."""
    now = change.began_at or real_time(change.connection)
    until = text_of(now + timedelta(seconds=ttl_s))
    row = {"name": name, "holder": holder, "fence": 1, "expires_at": until}
    if insert_once(change.connection, tables.leases, {"customer": change.customer.id, **row}):
        return Lease(name, holder, 1)
    present = change.find(tables.leases, name=name)
    assert present is not None
    if present["holder"] != holder and present["expires_at"] > text_of(now):
        return None
    lease = Lease(name, holder, present["fence"] + (present["holder"] != holder))
    table = tables.leases
    here = sa.and_(table.c.customer == change.customer.id, table.c.name == name)
    row["fence"] = lease.fence
    change.connection.execute(table.update().where(here).values(**row))
    if present["holder"] not in ("", holder):
        change.append("lease_taken_over", lease=name, fence=lease.fence)
    return lease


def renew(store: Store, customer: Customer, lease: Lease, *, ttl_s: float) -> bool:
    """Hold a lease for longer; False when it was taken over, or given back."""
    table = tables.leases
    with store.database.writing(lags=True) as connection:
        until = real_time(connection) + timedelta(seconds=ttl_s)
        statement = table.update().where(_is(customer, lease))
        renewed = connection.execute(statement.values(expires_at=text_of(until)))
    return renewed.rowcount == 1


def release(store: Store, customer: Customer, lease: Lease) -> None:
    """Give the lease back; a lease that was taken over is left to its new holder."""
    with store.database.writing(lags=True) as connection:
        told = _given_back(customer, lease, real_time(connection))
        connection.execute(_GIVE_BACK, told)


def release_in(change: Change, lease: Lease) -> None:
    """The same inside a change."""
    now = change.began_at or real_time(change.connection)
    change.execute(_GIVE_BACK, _given_back(change.customer, lease, now))


def free(store: Store, customer: Customer, lease: Lease) -> bool:
    """Take a lease from a holder that is gone, with its event; False when it has another holder."""
    table = tables.leases
    with store.change(customer, "worker") as change:
        now = text_of(real_time(change.connection))
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
        now = text_of(real_time(connection))
        query = table.select().where(table.c.customer == customer.id, table.c.holder != "")
        rows = connection.execute(query.order_by(table.c.name)).all()
    return [(Lease(row.name, row.holder, row.fence), row.expires_at > now) for row in rows]


def forget(store: Store, customer: Customer, leases: list[Lease]) -> None:
    """Take lapsed leases off the record: whoever comes back with one finds that it is gone."""
    table = tables.leases
    with store.database.writing() as connection:
        now = text_of(real_time(connection))
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
        self.store = store
        self.holder = holder
        self.ttl_s = ttl_s
        self._held: dict[tuple[str, str], tuple[Customer, Lease]] = {}
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None

    @contextmanager
    def holding(self, customer: Customer, name: str) -> Iterator["Hold"]:
        """The lease of this name for as long as the block lasts, once something takes it."""
        hold = Hold(self, customer, name)
        try:
            yield hold
        finally:
            hold.close()

    def keep(self, customer: Customer, lease: Lease) -> None:
        """Renew a lease from now on."""
        with self._lock:
            self._held[customer.id, lease.name] = (customer, lease)
            if self._thread is None and not self._ended.is_set():
                self._thread = threading.Thread(target=self._renew, name="lease-hands", daemon=True)
                self._thread.start()

    def let_go(self, customer: Customer, lease: Lease) -> None:
        """Renew it no more."""
        with self._lock:
            self._held.pop((customer.id, lease.name), None)

    def close(self) -> None:
        """Renew nothing any more."""
        self._ended.set()
        if self._thread is not None:
            self._thread.join()

    def _renew(self) -> None:
        while not self._ended.wait(self.ttl_s / 3):
            with self._lock:
                held = list(self._held.values())
            for customer, lease in held:
                _try_to_renew(self.store, customer, lease, self.ttl_s)


class Hold:
    """A lease that is taken in the change that first needs it, and given back in the last one.

    So neither is a change of its own. Whatever ends without a last one gives it back by itself.
    """

    def __init__(self, hands: Hands, customer: Customer, name: str) -> None:
        self.name = name
        self._hands = hands
        self._customer = customer
        self._lease: Lease | None = None
        self._taken_in: Change | None = None
        self._given_back_in: Change | None = None

    def take(self) -> None:
        """Take it now, in a change of its own; Unavailable while another holds it."""
        with self._hands.store.change(self._customer, "worker", lags=True) as change:
            self.require_in(change)

    def require_in(self, change: Change) -> Lease:
        """The lease, inside a change, which takes it where none did; Unavailable when another's."""
        if self._lease is not None and (self._is_taken or self._taken_in is change):
            require(change, self._lease)
            return self._lease
        lease = take_in(change, self.name, holder=self._hands.holder, ttl_s=self._hands.ttl_s)
        if lease is None:
            raise Unavailable(f"another worker holds {self.name}; it is tried again")
        self._lease, self._taken_in = lease, change
        self._hands.keep(self._customer, lease)
        return lease

    def is_held(self, store: Store, customer: Customer) -> bool:
        """Whether it was taken and still is this holder's; asked outside a change."""
        return self._lease is not None and self._is_taken and is_held(store, customer, self._lease)

    def give_back_in(self, change: Change) -> None:
        """Give it back inside a change, if it was taken."""
        if self._lease is not None and self._is_taken:
            release_in(change, self._lease)
            self._given_back_in = change

    def close(self) -> None:
        """Give it back, unless that was done."""
        if self._lease is None:
            return
        self._hands.let_go(self._customer, self._lease)
        is_back = self._given_back_in is not None and self._given_back_in.is_kept
        if self._is_taken and not is_back:
            release(self._hands.store, self._customer, self._lease)

    @property
    def _is_taken(self) -> bool:
        """Whether the change that took it was kept."""
        return self._taken_in is not None and self._taken_in.is_kept


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


def _given_back(customer: Customer, lease: Lease, now: datetime) -> dict[str, Any]:
    told = {"at_customer": customer.id, "at_name": lease.name, "at_holder": lease.holder}
    return {**told, "at_fence": lease.fence, "to_at": text_of(now)}


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
        now = text_of(real_time(connection))
        rows = connection.execute(query.order_by(table.c.name)).all()
    return [(Lease(row.name, row.holder, row.fence), row.expires_at > now) for row in rows]
