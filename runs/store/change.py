"""One change of the record: rows, their events and the jobs they cause, in one transaction."""

import hashlib
import json
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from runs import moves, tables
from runs.clock import Clock
from runs.errors import Conflict, NotFound
from runs.events import BodyValue, Event, EventKind, checked
from runs.records.person import Customer
from runs.records.record import canonical, digest_of
from runs.store.database import Database
from runs.store.rows import (
    Row,
    at_of,
    dicts_of,
    find_row,
    find_rows,
    insert_all_statement,
    insert_once,
    update_statement,
)

INSTALLATION = "installation"
"""The customer of rows that concern the installation itself, such as the chain's head."""

FIRST = "0" * 64


class About(NamedTuple):
    """What an event is about."""

    table: str
    subject: str
    state: str


NOTHING = About("", "", "")
"""An event about no record."""


class Change:
    """An open write transaction of one actor on one customer's records."""

    def __init__(
        self, connection: Connection, clock: Clock, *, customer: Customer, actor: str, run: str
    ) -> None:
        self._connection = connection
        self.clock = clock
        self.customer = customer
        self.actor = actor
        self.run = run
        self._head: tuple[int, str] | None = None
        """The end of the chain as this change leaves it; None before its first event."""
        self._events: list[dict[str, Any]] = []
        """Those that are not written yet: all of them are one statement."""
        self.began_at: datetime | None = None
        """On a server its own time at the beginning; None elsewhere."""
        self.is_kept = False
        """True once it was committed."""

    @property
    def connection(self) -> Connection:
        """For statements of one's own, which see every event of this change."""
        self._write_events()
        return self._connection

    def execute(self, statement: Any, told: Row) -> sa.CursorResult[Any]:
        """Carry out one statement that looks at no event of this change."""
        return self._connection.execute(statement, told)

    def now(self) -> str:
        """The clock's time as the text that rows hold."""
        return text_of(self.clock.now())

    def find(self, table: sa.Table, **key: Any) -> dict[str, Any] | None:
        """The customer's row, read inside the transaction."""
        return find_row(self._connection, table, self.customer, key)

    def at(self, table: sa.Table, *order: str, **key: Any) -> list[dict[str, Any]]:
        """Every row of the customer's that holds these values, read inside the transaction."""
        return find_rows(self._connection, table, self.customer, order, key)

    def insert(self, table: sa.Table, row: Row, kind: EventKind, **body: BodyValue) -> bool:
        """Insert `row` and its event, once; False, and no event, when the row is already there."""
        complete = {"customer": self.customer.id, **row}
        if not insert_once(self._connection, table, complete):
            return False
        self.append(kind, about(table, complete), **body)
        return True

    def insert_all(self, table: sa.Table, rows: Sequence[Row], key: str) -> Collection[str]:
        """Insert complete rows that are not there, in one statement; the keys of those, no event.

        Whoever calls it appends an event for each.
        """
        statement = insert_all_statement(self._connection.dialect.name, table, len(rows), key)
        told = {f"{name}_{n}": value for n, row in enumerate(rows) for name, value in row.items()}
        return set(self._connection.scalars(statement, told))

    def update(
        self, table: sa.Table, key: Row, values: Row, kind: EventKind, **body: BodyValue
    ) -> dict[str, Any]:
        """Set `values` on the one row of `key`, and its event; NotFound when there is none."""
        self._set(table, key, values, None)
        row = self._after(table, key, values)
        self.append(kind, about(table, row), **body)
        return row

    def move(
        self, table: sa.Table, key: Row, values: Row, kind: EventKind, **body: BodyValue
    ) -> dict[str, Any]:
        """Set a `status` that may follow the present one, in one conditional statement.

        Raises Conflict with the present status when the move is not legal.
        """
        return self.move_among(table, key, values, among=None, event=(kind, body))

    def move_among(
        self,
        table: sa.Table,
        key: Row,
        values: Row,
        *,
        among: Collection[str] | None,
        event: tuple[EventKind, Mapping[str, BodyValue]],
    ) -> dict[str, Any]:
        """The same, only where the present status is one of `among`, where these are given."""
        legal = moves.origins(_thing(table), values["status"])
        legal = legal if among is None else legal.intersection(among)
        self._set(table, key, values, legal)
        row = self._after(table, key, values)
        kind, body = event
        self.append(kind, about(table, row), **body)
        return row

    def append(self, kind: EventKind, what: About | None = None, **body: BodyValue) -> None:
        """Append one event to the chain, under its lock."""
        what = what or NOTHING
        seq, previous = self._head or self._take_head()
        event: dict[str, Any] = {
            "seq": seq + 1,
            "customer": self.customer.id,
            "kind": kind,
            "table": what.table,
            "subject": what.subject,
            "state": what.state,
            "run": self.run,
            "actor": self.actor,
            "at": short_text_of(self.clock.now()),
            "clock": self.clock.kind,
            "body": checked(body),
            "previous": previous,
        }
        hash = event_hash(event)
        self._events.append({**event, "body": canonical(body).decode(), "hash": hash})
        self._head = (seq + 1, hash)

    def leave(self) -> None:
        """Say where the chain ends now; the last thing a change does, and nothing without events.

        The chain's head is read and written once a change, whatever it holds.
        """
        if self._head is not None:
            told = {"to_seq": self._head[0], "to_hash": self._head[1]}
            self.connection.execute(_LEAVE_HEAD, told)

    def _write_events(self) -> None:
        if self._events:
            self._connection.execute(_EVENT, self._events)
            self._events.clear()

    def _take_head(self) -> tuple[int, str]:
        """The end of the chain, kept from everybody else until this change has ended."""
        taken = self._connection.execute(_TAKE_HEAD).one()
        return taken.seq, taken.hash

    def _set(self, table: sa.Table, key: Row, values: Row, legal: frozenset[str] | None) -> None:
        statement = update_statement(table, tuple(key), tuple(values), legal)
        told = at_of(self.customer, key) | {f"to_{name}": value for name, value in values.items()}
        if self._connection.execute(statement, told).rowcount == 1:
            return
        present = self.find(table, **key)
        name = f"{table.name.rstrip('s')} {' '.join(map(str, key.values()))}"
        if present is None:
            raise NotFound(f"there is no {name}; look it up with the list of its kind")
        raise Conflict(
            f"{name} is {present.get('status')}; it cannot become {values.get('status')}; "
            "read it again"
        )

    def _after(self, table: sa.Table, key: Row, values: Row) -> dict[str, Any]:
        """The row as it is after it was set: read again unless every column was."""
        row = {"customer": self.customer.id, **key, **values}
        if len(row) == len(table.columns):
            return row
        found = self.find(table, **key)
        assert found is not None
        return found


Guard = Callable[[Change], None]
"""Runs first in every change; raises to refuse it, as a lease that was taken over does."""


def unguarded(change: Change) -> None:
    """Every change may be made."""


class Ledger:
    """The database and the clock, and the one way to write with them."""

    def __init__(self, database: Database, clock: Clock, guard: Guard) -> None:
        self.database = database
        self.clock = clock
        self._guard = guard

    @contextmanager
    def change(
        self, customer: Customer, actor: str, run: str = "", *, lags: bool = False
    ) -> Iterator[Change]:
        """One write transaction in which `actor` changes this customer's records.

        `lags`: it reaches the disk with the next that does not; for what is done again without it.
        """
        with self.database.writing(lags=lags) as connection:
            began_at = self.database.take_turn(connection, customer.id)
            change = Change(connection, self.clock, customer=customer, actor=actor, run=run)
            change.began_at = began_at
            self._guard(change)
            yield change
            change.leave()
        change.is_kept = True

    def reading(self) -> AbstractContextManager[Connection]:
        """A consistent view that changes nothing."""
        return self.database.reading()

    def row(self, table: sa.Table, customer: Customer, **key: Any) -> dict[str, Any] | None:
        """One row of the customer's, or None."""
        with self.database.looking() as connection:
            return find_row(connection, table, customer, key)

    def named(self, table: sa.Table, customer: Customer, id: str, *, shown: str) -> dict[str, Any]:
        """The row of this id, or else of the only one that begins so; NotFound, with the remedy."""
        row = self.row(table, customer, id=id)
        if row is not None:
            return row
        # Only people abbreviate: to look for what begins so reads every id of the customer.
        begins = sa.and_(
            table.c.customer == customer.id, table.c.id.startswith(id, autoescape=True)
        )
        rows = self.rows(sa.select(table).where(begins).limit(2))
        if len(rows) != 1:
            what = f"several {table.name} begin" if rows else f"no {table.name.rstrip('s')} begins"
            raise NotFound(f"{what} with {id!r}; {shown}")
        return rows[0]

    def at(
        self, table: sa.Table, customer: Customer, *order: str, **key: Any
    ) -> list[dict[str, Any]]:
        """Every row of the customer's that holds these values, in order of these columns.

        Where a list is given, a row holds one of its values.
        """
        with self.database.looking() as connection:
            return find_rows(connection, table, customer, order, key)

    def rows(
        self, query: sa.Select[*tuple[Any, ...]], told: Row | None = None
    ) -> list[dict[str, Any]]:
        """Every row of a query; `told` fills the places of one that was made before."""
        with self.database.looking() as connection:
            return dicts_of(connection.execute(query, told))


def text_of(time: datetime) -> str:
    """A UTC time as the text that rows hold; texts sort as the times do."""
    return time.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def short_text_of(time: datetime) -> str:
    """A UTC time as a record's JSON holds it: no fraction where there is none."""
    return time.astimezone(UTC).isoformat().replace("+00:00", "Z")


def about(table: sa.Table, row: Row) -> About:
    """What an event says about `row`: table, key without the customer, digest of the state."""
    name, keys, _ = _names(table)
    return About(name, "/".join(str(row[k]) for k in keys), state_of(table, row))


def state_of(table: sa.Table, row: Row) -> str:
    """Digest of every column of a row; an erased snapshot keeps the digest of its name."""
    return digest_of({name: row.get(name) for name in _names(table).state})


class _Names(NamedTuple):
    """What a table is told by, as plain text."""

    table: str
    key: tuple[str, ...]
    """Without the customer."""
    state: tuple[str, ...]
    """The columns that a row's digest is made of."""


@lru_cache(maxsize=64)
def _names(table: sa.Table) -> _Names:
    key = [str(c.name) for c in table.primary_key.columns if c.name != "customer"]
    left_out = {"content"} if table.name == "snapshots" else set[str]()
    state = [str(c.name) for c in table.columns if c.name not in left_out]
    return _Names(str(table.name), tuple(key), tuple(state))


def event_hash(event: Mapping[str, Any]) -> str:
    """Hex SHA-256 over the canonical JSON of everything but `hash`."""
    return hashlib.sha256(canonical({k: v for k, v in event.items() if k != "hash"})).hexdigest()


def event_of(row: Mapping[Any, Any]) -> Event:
    """The event a row holds."""
    return Event.model_validate({**row, "body": json.loads(row["body"])})


# Building a statement, and knowing it again, costs more than running it: each is made once.

_HEAD = tables.chain_head
_TAKE_HEAD = (
    sa.select(_HEAD.c.seq, _HEAD.c.hash).where(_HEAD.c.customer == INSTALLATION).with_for_update()
)
_LEAVE_HEAD = (
    _HEAD.update()
    .where(_HEAD.c.customer == INSTALLATION)
    .values(seq=sa.bindparam("to_seq"), hash=sa.bindparam("to_hash"))
)
_EVENT = tables.events.insert()


_THINGS: Mapping[str, moves.Kind] = {
    "runs": "run",
    "approvals": "approval",
    "releases": "release",
    "items": "item",
    "actions": "action",
    "reviews": "review",
    "lessons": "lesson",
    "model_calls": "call",
}


def _thing(table: sa.Table) -> moves.Kind:
    return _THINGS[table.name]
