"""inputs and outputs by digest; masked before they are kept."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, NamedTuple

from runs import tables
from runs.errors import Conflict, InvalidInput, NotFound
from runs.records.person import Customer
from runs.records.record import canonical, digest_of
from runs.store.change import Change, text_of
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


def keep(
    store: Store, customer: Customer, actor: str, *, kind: str, value: Any, terms: Terms
) -> str:
    """Keep a JSON value, masked first; returns the digest of the masked value. Twice is once."""
    with store.change(customer, actor) as change:
        return keep_in(change, kind=kind, value=value, terms=terms)


def keep_in(change: Change, *, kind: str, value: Any, terms: Terms) -> str:
    """Keep a value inside a change; returns its digest."""
    masked = terms.mask(value)
    try:
        content = canonical(masked.value).decode()
    except (ValueError, TypeError) as error:
        raise InvalidInput(
            f"{kind}: the value is not JSON ({error}); send JSON values only"
        ) from None
    until = None
    if terms.retention_days is not None:
        until = change.clock.now() + timedelta(days=terms.retention_days)
    row = {
        "digest": digest_of(masked.value),
        "kind": kind,
        "content": content,
        "masked": masked.count,
        "retain_until": None if until is None else text_of(until),
        "kept_at": change.now(),
        "erased_at": None,
    }
    change.insert(tables.snapshots, row, "snapshot_kept", masked=masked.count)
    return row["digest"]


def read(store: Store, customer: Customer, digest: str) -> Any:
    """The kept JSON value; NotFound when there is none, Conflict when it was erased."""
    row = store.ledger.row(tables.snapshots, customer, digest=digest)
    if row is None:
        raise NotFound(f"there is no snapshot {digest!r}")
    if row["content"] is None:
        raise Conflict(f"snapshot {digest} was erased at {row['erased_at']}")
    return json.loads(row["content"])


def erase(store: Store, customer: Customer, actor: str, digest: str) -> None:
    """Remove the text for good; its name and the event that it existed stay."""
    with store.change(customer, actor) as change:
        values = {"content": None, "erased_at": change.now()}
        change.update(tables.snapshots, {"digest": digest}, values, "snapshot_erased")
