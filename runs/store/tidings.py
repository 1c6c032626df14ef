"""What an event of the chain is to an address that is told: ids and states, nobody's words."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import sqlalchemy as sa

from runs import tables
from runs.records.person import Customer
from runs.records.webhook import Told, Webhook
from runs.store.rows import find_row

ENDS = ("acted", "refused", "closed")
"""Statuses with which an item has come to its end."""


class Happened(NamedTuple):
    """One event, as far as an address may be told of it."""

    seq: int
    kind: str
    subject: str
    body: Mapping[str, Any]
    at: str


class Tidings(NamedTuple):
    """What an address is told of one event."""

    type: Told
    subject: str
    body: dict[str, Any]


class _Kind(NamedTuple):
    """How one kind of event is told."""

    type: Told
    table: sa.Table
    columns: tuple[str, ...]
    """Of the row, as it is when this is written down: ids, and who answers for it."""
    states: Callable[[Mapping[str, Any]], dict[str, Any] | None]
    """Of the event's body; None where nobody is told."""


def find_tidings(
    connection: sa.Connection, customer: Customer, webhook: Webhook, event: Happened
) -> Tidings | None:
    """What one event is to an address; None where it is not told of it."""
    kind = _KINDS.get(event.kind)
    states = None if kind is None else kind.states(event.body)
    if kind is None or states is None or kind.type not in webhook.events:
        return None
    row = find_row(connection, kind.table, customer, {"id": event.subject}) or {}
    of = {name: row[name] for name in kind.columns if row.get(name)}
    thing = kind.table.name.removesuffix("s")
    told = {thing: event.subject, **of, **states}
    body = {"type": kind.type, "timestamp": event.at, "data": told}
    return Tidings(kind.type, event.subject, body)


def _of_item(body: Mapping[str, Any]) -> dict[str, Any] | None:
    return {"status": body["status"]} if body.get("status") in ENDS else None


def _of_review(body: Mapping[str, Any]) -> dict[str, Any]:
    return {"item": body["item"], "kind": body["why"]}


def _of_run(body: Mapping[str, Any]) -> dict[str, Any]:
    return {"end": body["end"]}


def _nothing(_: Mapping[str, Any]) -> dict[str, Any]:
    return {}


_ITEM = _Kind("item.ended", tables.items, ("workflow", "release"), _of_item)
_RELEASE = ("workflow", "run")
_KINDS: Mapping[str, _Kind] = {
    "item_processed": _ITEM,
    "item_closed": _ITEM,
    "review_opened": _Kind("review.opened", tables.reviews, ("owner", "due_at"), _of_review),
    "approval_opened": _Kind(
        "approval.asked", tables.approvals, ("kind", "run", "due_at"), _nothing
    ),
    "release_held": _Kind("release.held", tables.releases, _RELEASE, _nothing),
    "release_rolled_back": _Kind("release.rolled_back", tables.releases, _RELEASE, _nothing),
    "run_closed": _Kind("run.ended", tables.runs, ("workflow",), _of_run),
}
