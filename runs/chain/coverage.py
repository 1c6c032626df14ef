"""Every row has its event, and every event its row: compared in step, in order of their keys."""

import hashlib
import json
from collections.abc import Iterator
from itertools import groupby
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from runs import tables
from runs.chain import reading
from runs.chain.reading import COVERED, Problems
from runs.records.record import canonical, digest_of
from runs.store.change import about

ALL = sa.true()


class Last(NamedTuple):
    """The last event about one row."""

    subject: str
    seq: int
    state: str


def check(connection: Connection, found: Problems) -> int:
    """Compare every covered row with the last event about it, both ways; returns how many rows."""
    count = 0
    for customer in reading.customers(connection):
        for table in COVERED:
            count += _compare(connection, found, customer, table)
    _check_names(connection, found)
    for one in datasets(connection):
        if one.found != one.told:
            found.add(0, f"the labelled cases of dataset {one.name} were changed")
    return count


def lasts(connection: Connection, customer: str, table: str) -> Iterator[Last]:
    """The last event about each row of a table, in order of the rows' keys."""
    e = tables.events.c
    query = sa.select(e.subject, e.seq, e.state).where(e.customer == customer, e.table == table)
    told = reading.rows(connection, query.order_by(e.subject, e.seq))
    for _, group in groupby(told, key=lambda row: row["subject"]):
        *_, last = group
        yield Last(last["subject"], last["seq"], last["state"])


def of_table(
    connection: Connection, customer: str, table: sa.Table, where: Any = ALL
) -> Iterator[dict[str, Any]]:
    """A customer's rows, in order of their keys."""
    query = sa.select(table).where(table.c.customer == customer, where)
    return reading.rows(connection, query.order_by(reading.key_of(table)))


def content_digest(row: dict[str, Any]) -> str:
    """The digest of what stands in a snapshot now; empty once it is erased."""
    if row["content"] is None:
        return ""
    try:
        return digest_of(json.loads(row["content"]))
    except ValueError:
        return "none"


def body_digest(row: dict[str, Any]) -> str:
    """The digest of what stands in a record now."""
    return digest_of(row["body"])


class Labelled(NamedTuple):
    """The labelled cases of one dataset."""

    customer: str
    name: str
    digest: str
    told: str
    """What the dataset's record says of them."""
    found: str
    """What they give now."""


def datasets(connection: Connection) -> Iterator[Labelled]:
    """Every dataset's cases; the digest is made case by case, as of the list of all of them."""
    records = tables.records
    query = sa.select(records).where(records.c.kind == "dataset")
    order = records.c.customer, records.c.id
    for row in connection.execute(query.order_by(*order)).all():
        told = str(row.body.get("cases", ""))
        found = _digest_of_cases(connection, row.customer, row.digest)
        yield Labelled(row.customer, row.body.get("name", row.id), row.digest, told, found)


def _digest_of_cases(connection: Connection, customer: str, dataset: str) -> str:
    cases = tables.cases
    mine = sa.and_(cases.c.customer == customer, cases.c.dataset == dataset)
    seen, between = hashlib.sha256(b"["), b""
    query = sa.select(cases.c.body).where(mine).order_by(cases.c.id)
    for row in reading.rows(connection, query):
        seen.update(between + canonical(row["body"]))
        between = b","
    seen.update(b"]")
    return f"sha256:{seen.hexdigest()}"


def _compare(connection: Connection, found: Problems, customer: str, table: sa.Table) -> int:
    count = 0
    told = lasts(connection, customer, table.name)
    last = next(told, None)
    for row in of_table(connection, customer, table):
        count += 1
        what = about(table, row)
        while last is not None and last.subject < what.subject:
            _gone(found, table, last)
            last = next(told, None)
        if last is None or last.subject != what.subject:
            found.add(0, f"{table.name} {what.subject} has no event")
            continue
        if last.state != what.state or not _holds_its_digest(table, row):
            found.add(last.seq, f"{table.name} {what.subject} was changed without an event")
        last = next(told, None)
    for left in [] if last is None else [last, *told]:
        _gone(found, table, left)
    return count


def _gone(found: Problems, table: sa.Table, last: Last) -> None:
    found.add(last.seq, f"{table.name} {last.subject} is gone, its event {last.seq} is not")


def _check_names(connection: Connection, found: Problems) -> None:
    e = tables.events.c
    known = ["", *(table.name for table in COVERED)]
    query = sa.select(e.table, sa.func.min(e.seq)).where(e.table.not_in(known)).group_by(e.table)
    for name, seq in connection.execute(query):
        found.add(seq, f"event {seq} is about {name!r}, of which this program knows nothing")


def _holds_its_digest(table: sa.Table, row: dict[str, Any]) -> bool:
    if table is tables.records:
        return body_digest(row) == row["digest"]
    if table is tables.snapshots:
        return content_digest(row) in ("", row["digest"])
    return True
