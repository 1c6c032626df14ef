"""The chain's head, told to places outside, and every anchor held against the chain."""

import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa
from pydantic import ValidationError
from sqlalchemy.engine import Connection

from runs import tables
from runs.chain import reading
from runs.chain.reading import Problems
from runs.errors import InvalidInput
from runs.people import WHOLE
from runs.records.anchor import Anchor, Written
from runs.store.change import INSTALLATION
from runs.store.store import KINDS, Store, keep


class Head(NamedTuple):
    """Where the chain ends now."""

    installation: str
    seq: int
    hash: str


def find_head(store: Store) -> Head | None:
    """The chain's end as it is now; None before the first event."""
    with store.database.reading() as connection:
        seq, hash = reading.head(connection)
        name = reading.installation(connection)
    return Head(name, seq, hash) if seq else None


def stands(store: Store, head: Head) -> bool:
    """Whether the chain still holds the event that was its end, as it was."""
    e = tables.events.c
    query = sa.select(e.hash).where(e.seq == head.seq)
    return [row["hash"] for row in store.ledger.rows(query)] == [head.hash]


def make(store: Store, place: str, head: Head) -> Anchor:
    """The anchor of this head for one place; nothing is kept or written yet."""
    return Anchor(
        id=f"{head.seq}-{place}",
        place=place,
        installation=head.installation,
        seq=head.seq,
        hash=head.hash,
        at=store.clock.now(),
    )


def keep_written(store: Store, actor: str, anchor: Anchor) -> None:
    """Keep that an anchor was written outside; once, however often it was."""
    with store.change(WHOLE, actor) as change:
        if change.find(tables.records, id=f"anchor:{anchor.id}") is None:
            keep(change, anchor)


def newest(store: Store, place: str) -> Anchor | None:
    """The last anchor that was written to a place, as this record tells; None without one."""
    table = tables.records
    query = sa.select(table.c.body).where(
        table.c.customer == WHOLE.id,
        table.c.kind == KINDS[Anchor],
        table.c.body["place"].as_string() == place,
    )
    found = store.ledger.rows(query.order_by(table.c.kept_at.desc(), table.c.id).limit(1))
    return Anchor.model_validate(found[0]["body"]) if found else None


def find_waiting(store: Store, after: int) -> datetime | None:
    """When the oldest event was made that no anchor covers; None when there is none.

    Events that only tell of an anchor wait for nothing.
    """
    e = tables.events.c
    says = sa.and_(
        e.customer == INSTALLATION, e.table == "records", e.subject.startswith("anchor:")
    )
    query = sa.select(e.at).where(e.seq > after, sa.not_(says)).order_by(e.seq).limit(1)
    with store.database.reading() as connection:
        at = connection.execute(query).scalar()
    return None if at is None else datetime.fromisoformat(at)


def read(lines: Iterable[str], file: str) -> list[Written]:
    """The anchors of a file, one a line; InvalidInput names the line that is none."""
    return list(_each(lines, file))


def check(connection: Connection, found: Problems, kept: Sequence[Written]) -> int:
    """Hold every anchor against the chain; returns the last event that is vouched for.

    The first event concerned is one after the last anchor that still holds: the next, unless
    something else was found before the anchor. So let this be the last check.
    """
    name = reading.installation(connection)
    holds = 0
    for anchor in sorted(kept, key=lambda one: (one.seq, one.at)):
        says = _wrong(connection, anchor, name)
        if says:
            seq = holds + 1 if found.lowest() > anchor.seq else anchor.seq
            found.add(seq, f"{says}; it is another from an event after {holds} on")
        else:
            holds = max(holds, anchor.seq)
    return holds


def _wrong(connection: Connection, anchor: Written, name: str) -> str:
    when = f"the anchor of {anchor.at:%Y-%m-%d %H:%M} UTC"
    if anchor.installation != name:
        return f"{when} is of installation {anchor.installation[:12]}, this is {name[:12]}"
    e = tables.events.c
    hash = connection.execute(sa.select(e.hash).where(e.seq == anchor.seq)).scalar()
    if hash is None:
        return f"{when} covers event {anchor.seq}, which is not there: the chain was cut off"
    if hash != anchor.hash:
        return f"{when} has another hash for event {anchor.seq}: the chain was written anew"
    return ""


def _each(lines: Iterable[str], file: str) -> Iterator[Written]:
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            yield Written.model_validate(json.loads(line))
        except (ValueError, ValidationError) as error:
            says = str(error).partition("\n")[0]
            raise InvalidInput(
                f"{file}, line {number}: is no anchor ({says}); give a file that `pilotage audit "
                "anchor` wrote"
            ) from None
