"""Whose turn it is to ask an endpoint that may be asked only so often, over every worker."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import sqlalchemy as sa

from runs import tables
from runs.records.person import Customer
from runs.store.change import Ledger
from runs.store.database import real_time
from runs.store.rows import insert_once

MS = 1_000


class Turns:
    """The newest calls of each endpoint with a rate, as rows; on the database's real time."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def take(
        self, customer: Customer, wanted: Mapping[str, tuple[int, float]], *, patience_s: float
    ) -> float:
        """How long to wait until the turn of all these names comes, seconds; 0: it is there.

        `wanted`: by name how many calls may begin in any stretch of how many seconds.
        Up to `patience_s` the turn is the caller's, who waits so long and then asks. Beyond it none
        is taken, of no name: whoever wants one comes again. Workers that take at the same moment
        get different turns, and what one took and never used is lost to nobody but itself.
        """
        database, names = self._ledger.database, sorted(wanted)
        with database.writing(lags=True) as connection:
            for name in names:
                database.take_turn(connection, f"turn:{customer.id}:{name}")
            taken = {name: _taken(connection, customer, name) for name in names}
            now = round(real_time(connection).timestamp() * MS)
            at = max(_next(taken[name], now, *wanted[name]) for name in names)
            wait_s = (at - now) / MS
            for name in names if wait_s <= patience_s else ():
                calls, _ = wanted[name]
                _keep(connection, customer, name, [*taken[name], at][-calls:])
        return wait_s

    def waits(self, customer: Customer) -> dict[str, datetime]:
        """By endpoint, when it was asked last, or will be: real time."""
        at = tables.turns.c
        rows = self._ledger.rows(
            sa.select(at.name, at.taken).where(at.customer == customer.id).order_by(at.name)
        )
        return {
            row["name"]: datetime.fromtimestamp(row["taken"][-1] / MS, UTC)
            for row in rows
            if row["taken"]
        }


def next_turn(taken: Sequence[int], now: int, *, calls: int, stretch: int) -> int:
    """When the next call may begin; all in milliseconds, and `taken` in order.

    The one so many calls ago lies a whole stretch back by then.
    """
    first = now if len(taken) < calls else taken[-calls] + stretch
    return max(now, first, taken[-1] if taken else 0)


def _next(taken: Sequence[int], now: int, calls: int, seconds: float) -> int:
    return next_turn(taken, now, calls=calls, stretch=round(seconds * MS))


def _taken(connection: sa.Connection, customer: Customer, name: str) -> list[int]:
    at = tables.turns.c
    query = sa.select(at.taken).where(at.customer == customer.id, at.name == name)
    return connection.execute(query).scalar() or []


def _keep(connection: sa.Connection, customer: Customer, name: str, taken: list[int]) -> None:
    table, row = tables.turns, {"customer": customer.id, "name": name, "taken": taken}
    if insert_once(connection, table, row):
        return
    mine = sa.and_(table.c.customer == customer.id, table.c.name == name)
    connection.execute(table.update().where(mine).values(taken=taken))
