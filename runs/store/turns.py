"""Whose turn it is to ask an endpoint that may be asked only so often, over every worker."""

from collections.abc import Sequence
from datetime import UTC, datetime

import sqlalchemy as sa

from runs import tables
from runs.records.person import Customer
from runs.store.change import Ledger, insert_once
from runs.store.database import real_time

MS = 1_000


class Turns:
    """The newest calls of each endpoint with a rate, as rows; on the database's real time."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def take(
        self, customer: Customer, name: str, *, calls: int, seconds: float, patience_s: float
    ) -> float:
        """How long to wait until the turn comes, seconds; 0: it is there.

        In any stretch of so many `seconds` no more than so many `calls` begin.
        Up to `patience_s` the turn is the caller's, who waits so long and then asks. Beyond it none
        is taken: whoever wants one comes again. Workers that take at the same moment get different
        turns, and what one took and never used is lost to nobody but itself.
        """
        database = self._ledger.database
        with database.writing(lags=True) as connection:
            database.take_turn(connection, f"turn:{customer.id}:{name}")
            taken = _taken(connection, customer, name)
            now = round(real_time(connection).timestamp() * MS)
            at = next_turn(taken, now, calls=calls, stretch=round(seconds * MS))
            wait_s = (at - now) / MS
            if wait_s <= patience_s:
                _keep(connection, customer, name, [*taken, at][-calls:])
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
