"""Which items are meant, and the statements that read them: each is made once."""

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

import sqlalchemy as sa

from runs import tables
from runs.records.person import Customer
from runs.store.change import text_of

COLUMNS = ("workflow", "release", "stage", "arm", "status", "batch", "owner")
IN_BODY = ("version", "policy", "route", "audited")
"""What of a filter no column holds."""


@dataclass(frozen=True)
class ItemFilter:
    """Which items; empty fields do not narrow."""

    workflow: str = ""
    release: str = ""
    stage: int | None = None
    arm: str = ""
    status: str = ""
    batch: str = ""
    owner: str = ""
    version: str = ""
    policy: str = ""
    audited: bool | None = None
    since: datetime | None = None
    until: datetime | None = None
    """Before this moment."""
    route: str = ""


def told_of(customer: Customer, wanted: ItemFilter) -> dict[str, Any]:
    """What the items are narrowed by, by the name of its place in a statement."""
    told: dict[str, Any] = {"at_customer": customer.id}
    for name in (*COLUMNS, *IN_BODY):
        value = getattr(wanted, name)
        if value not in ("", None):
            told[f"at_{name}"] = value
    if wanted.since is not None:
        told["since"] = text_of(wanted.since)
    if wanted.until is not None:
        told["until"] = text_of(wanted.until)
    return told


@lru_cache(maxsize=256)
def narrowed(told: tuple[str, ...]) -> Any:
    """The customer's items, narrowed by what is told."""
    at = tables.items.c
    body = {name: at.body[name].as_string() for name in IN_BODY} | {
        "audited": at.body["audited"].as_boolean()
    }
    parts = {"since": at.received_at >= sa.bindparam("since")}
    parts["until"] = at.received_at < sa.bindparam("until")
    for name in ("customer", *COLUMNS):
        parts[f"at_{name}"] = at[name] == sa.bindparam(f"at_{name}")
    for name, held in body.items():
        parts[f"at_{name}"] = held == sa.bindparam(f"at_{name}")
    return sa.and_(*(parts[name] for name in told))


@lru_cache(maxsize=64)
def in_order(told: tuple[str, ...]) -> Any:
    """So many of them (`most`), in order of admission."""
    at = tables.items.c
    query = sa.select(at.body).where(narrowed(told)).order_by(at.received_at, at.id)
    return query.limit(sa.bindparam("most"))


@lru_cache(maxsize=64)
def newest(told: tuple[str, ...]) -> Any:
    """So many of them (`most`), the newest first."""
    at = tables.items.c
    query = sa.select(at.body).where(narrowed(told))
    return query.order_by(at.received_at.desc(), at.id.desc()).limit(sa.bindparam("most"))


@lru_cache(maxsize=64)
def counted(told: tuple[str, ...]) -> Any:
    """How many there are, by status."""
    at = tables.items.c
    query = sa.select(at.status, sa.func.count().label("n")).where(narrowed(told))
    return query.group_by(at.status)


@lru_cache(maxsize=64)
def actions_of(told: tuple[str, ...]) -> Any:
    """Every action of these items."""
    at = tables.actions.c
    mine = sa.select(tables.items.c.id).where(narrowed(told))
    return sa.select(at.body).where(at.customer == sa.bindparam("at_customer"), at.item.in_(mine))
