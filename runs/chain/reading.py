"""What every check of the record walks over: its events, its rows and whose they are."""

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from runs import tables

COVERED = (
    tables.customers,
    tables.people,
    tables.tokens,
    tables.keys,
    tables.snapshots,
    tables.records,
    tables.triggers,
    tables.runs,
    tables.policies,
    tables.approvals,
    tables.decisions,
    tables.releases,
    tables.items,
    tables.actions,
    tables.reviews,
    tables.lessons,
    tables.webhooks,
    tables.model_calls,
)
"""Tables whose every row must be the one its last event left behind."""
AT_ONCE = 500
"""Rows held in memory; so many texts of snapshots are as large as it gets."""
MOST = 20
"""Problems that are told one by one."""
NEVER = 2**63


class Problem(NamedTuple):
    """One thing that is not as the chain says."""

    seq: int
    """The first event concerned; 0 when a row has no event at all."""
    says: str


class Problems:
    """Counts every problem and keeps the first ones of the chain, however many there are."""

    def __init__(self) -> None:
        self.count = 0
        self._kept: list[Problem] = []

    def add(self, seq: int, says: str) -> None:
        """Note one."""
        self.count += 1
        self._kept.append(Problem(seq, says))
        if len(self._kept) > 2 * MOST:
            self._kept = self.first()

    def lowest(self) -> int:
        """The first event concerned so far; a number beyond every chain when there is none."""
        return min((one.seq for one in self._kept if one.seq), default=NEVER)

    def first(self) -> list[Problem]:
        """The first twenty, in order of the chain; what has no event stands after what has."""
        return sorted(self._kept, key=lambda one: one.seq or NEVER)[:MOST]


def key_of(table: sa.Table) -> sa.Column[Any]:
    """The one column that names a row within its customer."""
    named = [column for column in table.primary_key.columns if column.name != "customer"]
    return named[0] if named else table.c.customer


def rows(connection: Connection, query: Any) -> Iterator[dict[str, Any]]:
    """The rows of a query, a few hundred at a time."""
    for row in connection.execute(query.execution_options(yield_per=AT_ONCE)):
        yield dict(row._mapping)


def events(connection: Connection, first: int = 0) -> Iterator[dict[str, Any]]:
    """Every event as it stands, in order, from the first that is wanted."""
    table = tables.events
    return rows(connection, sa.select(table).where(table.c.seq >= first).order_by(table.c.seq))


def customers(connection: Connection) -> list[str]:
    """Everybody of whom there is an event or a row, by id."""
    asked = [sa.select(table.c.customer) for table in (tables.events, *COVERED)]
    return sorted({row.customer for row in connection.execute(sa.union(*asked))})


def installation(connection: Connection) -> str:
    """What names this installation: the hash of its first event; empty before there is one."""
    table = tables.events
    return connection.execute(sa.select(table.c.hash).where(table.c.seq == 1)).scalar() or ""


def head(connection: Connection) -> tuple[int, str]:
    """What the chain's head says: the number of the last event, and its hash."""
    row = connection.execute(sa.select(tables.chain_head)).first()
    return (0, "") if row is None else (row.seq, row.hash)


def unpacked(row: dict[str, Any]) -> dict[str, Any]:
    """The event of a row, its body as JSON; ValueError when it is none."""
    return {**row, "body": json.loads(row["body"])}
