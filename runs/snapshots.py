"""inputs and outputs by digest; masked before they are kept."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, NamedTuple

import sqlalchemy as sa

from runs import tables
from runs.errors import Conflict, InvalidInput, NotFound
from runs.records.person import Customer
from runs.records.record import canonical, digest_of_bytes
from runs.store.change import Change, about, text_of
from runs.store.store import Store


@dataclass(frozen=True)
class Masked:
    """A JSON value in which what may not be kept is replaced, and how often it was."""

    value: Any
    count: int


Mask = Callable[[Any], Masked]
"""Replaces what may not be kept."""


class Terms(NamedTuple):
    """What may be kept of a text, and how long; compiled from the plan."""

    mask: Mask
    retention_days: int | None
    """None: as long as the record that names it."""
    retention: Mapping[str, int] | None = None
    """Days by kind of text, where they differ."""


class Text(NamedTuple):
    """A value as it is kept."""

    digest: str
    kind: str
    content: str
    """Canonical JSON of the masked value."""
    masked: int
    """How often something in it was masked."""
    days: int | None
    """How long it is kept; None: as long as the record that names it."""


class Why(NamedTuple):
    """Why a text is erased: its time was over, or a person asked."""

    code: Literal["asked", "retention"]
    reason: str = ""
    """Digest of the person's words; empty where there are none."""


def keep(
    store: Store, customer: Customer, actor: str, *, kind: str, value: Any, terms: Terms
) -> str:
    """Keep a JSON value, masked first; returns the digest of the masked value. Twice is once."""
    with store.change(customer, actor) as change:
        return keep_in(change, kind=kind, value=value, terms=terms)


def keep_in(change: Change, *, kind: str, value: Any, terms: Terms) -> str:
    """Keep a value inside a change; returns its digest.

    What is there already is kept for the longer of both times; what was erased is there again.
    """
    return write_in(change, make(kind=kind, value=value, terms=terms))


def make(*, kind: str, value: Any, terms: Terms) -> Text:
    """A value as it will be kept, masked; nothing is written. InvalidInput when it is not JSON."""
    masked = terms.mask(value)
    try:
        content = canonical(masked.value).decode()
    except (ValueError, TypeError) as error:
        raise InvalidInput(
            f"{kind}: the value is not JSON ({error}); send JSON values only"
        ) from None
    days = (terms.retention or {}).get(kind, terms.retention_days)
    return Text(digest_of_bytes(content.encode()), kind, content, masked.count, days)


def write_in(change: Change, text: Text) -> str:
    """Keep inside a change what was made before; returns its digest. Twice is once."""
    row = _row(change, text)
    if not change.insert(tables.snapshots, row, "snapshot_kept", masked=text.masked):
        _keep_longer(change, row)
    return text.digest


def write_all_in(change: Change, texts: Sequence[Text]) -> None:
    """Keep several inside a change, together."""
    rows = {text.digest: _row(change, text) for text in texts}
    kept = change.insert_all(tables.snapshots, list(rows.values()), "digest")
    for digest, row in rows.items():
        if digest in kept:
            change.append("snapshot_kept", about(tables.snapshots, row), masked=row["masked"])
        else:
            _keep_longer(change, row)


def _row(change: Change, text: Text) -> dict[str, Any]:
    return {
        "customer": change.customer.id,
        "digest": text.digest,
        "kind": text.kind,
        "content": text.content,
        "masked": text.masked,
        "retain_until": _until(change.clock.now(), text.days),
        "kept_at": change.now(),
        "erased_at": None,
    }


def read(store: Store, customer: Customer, digest: str) -> Any:
    """The kept JSON value; NotFound when there is none, Conflict when it was erased."""
    return _content(store.ledger.row(tables.snapshots, customer, digest=digest), digest)


def read_many(store: Store, customer: Customer, digests: Iterable[str]) -> dict[str, Any]:
    """What is kept under these digests; None for what was erased, nothing for what never was."""
    found: dict[str, Any] = {}
    wanted = sorted({digest for digest in digests if digest})
    for start in range(0, len(wanted), 500):
        part = wanted[start : start + 500]
        for row in store.ledger.at(tables.snapshots, customer, digest=part):
            text = row["content"]
            found[row["digest"]] = None if text is None else json.loads(text)
    return found


def read_in(change: Change, digest: str) -> Any:
    """The kept JSON value, read inside a change."""
    return _content(change.find(tables.snapshots, digest=digest), digest)


def _content(row: dict[str, Any] | None, digest: str) -> Any:
    if row is None:
        raise NotFound(
            f"there is no snapshot {digest!r}; `pilotage run explain RUN` and `pilotage item "
            "show ITEM` name them"
        )
    if row["content"] is None:
        raise Conflict(
            f"snapshot {digest} was erased at {row['erased_at']}, and its event is what is "
            "left of it; nothing is left to do"
        )
    return json.loads(row["content"])


def erase(store: Store, customer: Customer, actor: str, digest: str) -> None:
    """Remove the text for good; its name and the event that it existed stay."""
    with store.change(customer, actor) as change:
        erase_in(change, digest, Why("asked"))
    store.database.scrub()


def erase_in(change: Change, digest: str, why: Why) -> bool:
    """Remove a text inside a change; False when it was gone before, NotFound without one."""
    present = change.find(tables.snapshots, digest=digest)
    if present is not None and present["content"] is None:
        return False
    values = {"content": None, "erased_at": change.now()}
    told = {"why": why.code, "reason": why.reason}
    change.update(tables.snapshots, {"digest": digest}, values, "snapshot_erased", **told)
    return True


def erase_past(store: Store, customer: Customer, *, most: int = 1_000) -> int:
    """Erase what is past its time, the oldest first, up to `most`; returns how many were."""
    table = tables.snapshots
    query = (
        sa.select(table.c.digest)
        .where(table.c.customer == customer.id, table.c.erased_at.is_(None))
        .where(table.c.retain_until <= text_of(store.clock.now()))
        .order_by(table.c.retain_until, table.c.digest)
    )
    past = [row["digest"] for row in store.ledger.rows(query.limit(most))]
    if not past:
        return 0
    with store.change(customer, "worker") as change:
        erased = sum(erase_in(change, digest, Why("retention")) for digest in past)
    store.database.scrub()
    return erased


def _until(now: datetime, days: int | None) -> str | None:
    """The end of the day on which the retention is over: one day's texts go together."""
    if days is None:
        return None
    day = (now + timedelta(days=days + 1)).replace(hour=0, minute=0, second=0, microsecond=0)
    return text_of(day)


def _keep_longer(change: Change, row: dict[str, Any]) -> None:
    present = change.find(tables.snapshots, digest=row["digest"])
    assert present is not None
    until = row["retain_until"]
    values: dict[str, Any] = {}
    if present["content"] is None:
        values = {"content": row["content"], "erased_at": None, "retain_until": until}
    elif present["retain_until"] is not None and (until is None or until > present["retain_until"]):
        values = {"retain_until": until}
    if values:
        key = {"digest": row["digest"]}
        change.update(tables.snapshots, key, values, "snapshot_kept", masked=row["masked"])
