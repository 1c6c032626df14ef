"""The record as lines a stranger can check without this program: ids, digests, enumerations.

One JSON object a line, in canonical form: `export`, then every `event` in order, every `row` by
customer, table and key, the `cases` of every dataset, and a `manifest` that counts them. The same
record gives the same bytes. `docs/verify.md` says what each line holds and how it is checked.
"""

import contextlib
import hashlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from runs import tables
from runs.chain import coverage, reading
from runs.chain.reading import COVERED
from runs.chain.walk import packed
from runs.errors import InvalidInput
from runs.store.change import INSTALLATION, about
from runs.store.database import Database

RECIPE = 1
"""Grows when a line gets another form; a stranger's program says which it knows."""
TOLD_WHOLE = ("decisions", "keys")
"""Tables whose rows hold ids, digests and enumerations only: a stranger makes their digest anew."""
Line = dict[str, Any]


class Scope(NamedTuple):
    """Whose record is exported."""

    customer: str = ""
    """Empty: everybody's. Otherwise others' events are links: number and hashes alone."""
    run: str = ""
    """Empty: every run. Otherwise from this run's first event on, with the rows it touched."""

    def tells(self, customer: str) -> bool:
        """Whether what is this customer's may be read by whoever gets the export."""
        return self.customer in ("", customer) or customer == INSTALLATION


class Manifest(NamedTuple):
    """What an export holds."""

    recipe: int
    events: int
    links: int
    """Events of others, of which only number and hashes are told."""
    rows: int
    decisions: int
    keys: int
    anchors: int
    cases: int
    seq: int
    """What the chain's head says: number and hash of the last event."""
    hash: str
    sha256: str
    """Of every byte before the manifest's own line."""


def write(database: Database, scope: Scope, file: Path) -> Manifest:
    """Write an export whole or not at all; InvalidInput where the file cannot be written."""
    try:
        with _beside(file) as (handle, name):
            manifest = _pour(database, scope, handle)
            handle.flush()
            os.fsync(handle.fileno())
            Path(name).replace(file)
    except OSError as error:
        raise InvalidInput(
            f"{file}: cannot be written ({error.strerror}); name a file in a folder there is"
        ) from None
    return manifest


@contextlib.contextmanager
def _beside(file: Path) -> Iterator[tuple[Any, str]]:
    """A file under a temporary name in the same folder; gone where it was not renamed."""
    with tempfile.NamedTemporaryFile(
        dir=file.absolute().parent, prefix=f".{file.name}.", delete=False
    ) as handle:
        try:
            yield handle, handle.name
        finally:
            Path(handle.name).unlink(missing_ok=True)


def _pour(database: Database, scope: Scope, handle: Any) -> Manifest:
    seen, count = hashlib.sha256(), dict.fromkeys(Manifest._fields, 0)
    with database.reading() as connection:
        for line in _lines(connection, scope):
            _count(count, line)
            told = packed(line) + b"\n"
            seen.update(told)
            handle.write(told)
        seq, hash = reading.head(connection)
    counted: dict[str, Any] = {**count, "recipe": RECIPE, "seq": seq, "hash": hash}
    manifest = Manifest(**{**counted, "sha256": seen.hexdigest()})
    handle.write(packed({"line": "manifest", **manifest._asdict()}) + b"\n")
    return manifest


def _count(count: dict[str, int], line: Line) -> None:
    plural = {"event": "events", "link": "links", "row": "rows", "cases": "cases"}
    if line["line"] in plural:
        count[plural[line["line"]]] += 1
    if line["line"] == "row" and line["table"] in TOLD_WHOLE:
        count[line["table"]] += 1
    count["anchors"] += line["line"] == "row" and line["id"].startswith("anchor:")


def _lines(connection: Connection, scope: Scope) -> Iterator[Line]:
    first = _first_of(connection, scope)
    name = reading.installation(connection)
    told = {"line": "export", "recipe": RECIPE, "installation": name, "first": first}
    yield {**told, "customer": scope.customer, "run": scope.run}
    for row in reading.events(connection, first):
        yield _event(row, scope)
    for customer in filter(scope.tells, reading.customers(connection)):
        for table in COVERED:
            wanted = _touched(table, customer, scope.run)
            for row in coverage.of_table(connection, customer, table, wanted):
                yield _row(table, row)
    for one in coverage.datasets(connection) if not scope.run else ():
        if scope.tells(one.customer):
            told = {"customer": one.customer, "dataset": one.digest}
            yield {"line": "cases", **told, "told": one.told, "found": one.found}


def _first_of(connection: Connection, scope: Scope) -> int:
    """The first event that is told: the chain's, or the run's; InvalidInput for a run without."""
    if not scope.run:
        return 1
    e = tables.events.c
    mine = sa.select(sa.func.min(e.seq)).where(e.run == scope.run)
    if scope.customer:
        mine = mine.where(e.customer == scope.customer)
    first = connection.execute(mine).scalar()
    if first is None:
        raise InvalidInput(f"--run {scope.run!r}: no event is of it; `pilotage run list` shows ids")
    return first


def _event(row: dict[str, Any], scope: Scope) -> Line:
    if not scope.tells(row["customer"]):
        return {"line": "link", **{name: row[name] for name in ("seq", "previous", "hash")}}
    try:
        return {"line": "event", **reading.unpacked(row)}
    except ValueError:
        # What is no JSON was not written by us; it is told as it stands, and does not check.
        return {"line": "event", **row}


def _row(table: sa.Table, row: dict[str, Any]) -> Line:
    what = about(table, row)
    line = {"line": "row", "customer": row["customer"], "table": what.table, "id": what.subject}
    line["state"] = what.state
    if table is tables.snapshots:
        line["content"] = coverage.content_digest(row)
    if table is tables.records:
        line |= {"digest": row["digest"], "content": coverage.body_digest(row)}
    is_anchor = table is tables.records and row["kind"] == "anchor"
    if table.name in TOLD_WHOLE or is_anchor:
        line["row"] = row
    return line


def _touched(table: sa.Table, customer: str, run: str) -> Any:
    """Rows that an event of the run is about, or that say they are the run's; all without a run.

    Keys and anchors are told whole: what signs and what vouches is older than the run.
    """
    if not run or table is tables.keys or customer == INSTALLATION:
        return sa.true()
    e = tables.events.c
    key = reading.key_of(table)
    mine = sa.exists().where(
        e.customer == table.c.customer, e.table == table.name, e.subject == key, e.run == run
    )
    own = table.c.run == run if "run" in table.c else sa.false()
    return sa.or_(mine, own)
