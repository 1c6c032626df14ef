"""append to, verify, anchor and export the hash chain.

Appending stands in `runs/store/change.py`, where a change and its event are one transaction.
"""

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from runs import tables
from runs.records.record import digest_of
from runs.store.change import FIRST, INSTALLATION, about, event_hash
from runs.store.database import Database

COVERED = (
    tables.customers,
    tables.people,
    tables.tokens,
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
)
"""Tables whose every row must be the one its last event left behind."""


class Problem(NamedTuple):
    """One thing that is not as the chain says."""

    seq: int
    """The first event concerned; 0 when a row has no event at all."""
    says: str


class AuditReport(NamedTuple):
    """What a verification found."""

    ok: bool
    events: int
    records: int
    head: str
    problems: tuple[Problem, ...]
    """The first 20, in order of the chain."""


def verify(database: Database) -> AuditReport:
    """Recompute the chain and compare every covered row, both ways; reads only.

    Finds events altered, removed, inserted or reordered, rows changed without an event, rows
    without any, and events whose row is gone. A log cut off and re-linked as a whole is found
    only against an anchor kept elsewhere.
    """
    with database.reading() as connection:
        states: dict[tuple[str, str, str], tuple[int, str]] = {}
        problems, count, last = _check_chain(connection, states)
        problems += _check_head(connection, count, last)
        found, records = _check_rows(connection, states)
        problems += [*found, *_check_cases(connection)]
    problems.sort(key=lambda problem: problem.seq)
    return AuditReport(not problems, count, records, last, tuple(problems[:20]))


def _check_chain(
    connection: Connection, states: dict[tuple[str, str, str], tuple[int, str]]
) -> tuple[list[Problem], int, str]:
    problems: list[Problem] = []
    previous, expected = FIRST, 0
    for row in _events(connection):
        expected += 1
        says = _wrong(row, expected, previous)
        if says:
            problems.append(Problem(row["seq"], says))
            expected = row["seq"]
        previous = row["hash"]
        if row["table"]:
            states[row["customer"], row["table"], row["subject"]] = (row["seq"], row["state"])
    return problems, expected, previous


def _wrong(row: dict[str, Any], expected: int, previous: str) -> str:
    if row["seq"] != expected:
        return f"event {expected} is missing; the chain goes on with {row['seq']}"
    if row["previous"] != previous:
        return f"event {row['seq']} does not follow the event before it"
    try:
        event = {**row, "body": json.loads(row["body"])}
    except ValueError:
        return f"event {row['seq']} has a body that is not JSON"
    if event_hash(event) != row["hash"]:
        return f"event {row['seq']} was altered: its content does not give its hash"
    return ""


def _check_head(connection: Connection, count: int, last: str) -> list[Problem]:
    table = tables.chain_head
    head = connection.execute(
        sa.select(table).where(table.c.customer == INSTALLATION)
    ).one_or_none()
    if head is None:
        return [] if count == 0 else [Problem(count, "the chain's head is missing")]
    if (head.seq, head.hash) != (count, last):
        return [Problem(count, f"the chain ends at event {count}, its head says {head.seq}")]
    return []


def _check_rows(
    connection: Connection, states: dict[tuple[str, str, str], tuple[int, str]]
) -> tuple[list[Problem], int]:
    problems: list[Problem] = []
    records = 0
    for table in COVERED:
        for row in _rows(connection, table):
            records += 1
            what = about(table, row)
            seq, state = states.pop((row["customer"], what.table, what.subject), (0, ""))
            if not seq:
                problems.append(Problem(0, f"{what.table} {what.subject} has no event"))
            elif state != what.state or not _holds_its_digest(table, row):
                problems.append(
                    Problem(seq, f"{what.table} {what.subject} was changed without an event")
                )
    for (_, table_name, subject), (seq, _) in states.items():
        problems.append(Problem(seq, f"{table_name} {subject} is gone, its event {seq} is not"))
    return problems, records


def _check_cases(connection: Connection) -> list[Problem]:
    """Every dataset's labelled cases still give the digest its record names."""
    records, cases = tables.records, tables.cases
    problems = []
    for row in connection.execute(sa.select(records).where(records.c.kind == "dataset")).all():
        mine = sa.and_(cases.c.customer == row.customer, cases.c.dataset == row.digest)
        query = sa.select(cases.c.body).where(mine).order_by(cases.c.id)
        bodies = [case.body for case in connection.execute(query)]
        if digest_of(bodies) != row.body.get("cases"):
            name = row.body.get("name", row.id)
            problems.append(Problem(0, f"the labelled cases of dataset {name} were changed"))
    return problems


def _holds_its_digest(table: sa.Table, row: dict[str, Any]) -> bool:
    if table is tables.records:
        return digest_of(row["body"]) == row["digest"]
    if table is tables.snapshots and row["content"] is not None:
        return digest_of(json.loads(row["content"])) == row["digest"]
    return True


def _events(connection: Connection) -> Iterator[dict[str, Any]]:
    query = sa.select(tables.events).order_by(tables.events.c.seq)
    for row in connection.execute(query.execution_options(yield_per=1000)):
        yield dict(row._mapping)


def _rows(connection: Connection, table: sa.Table) -> Iterator[dict[str, Any]]:
    for row in connection.execute(sa.select(table).execution_options(yield_per=1000)):
        yield dict(row._mapping)
