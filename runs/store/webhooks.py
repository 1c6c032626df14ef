"""Addresses that are told what happened, and the deliveries written down for each.

What an address is told is read from the chain of events, never beside it: what was committed is
told, however whoever committed it ended, and what was not is told to nobody.
"""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import sqlalchemy as sa

from runs import tables
from runs.errors import Conflict, NotFound
from runs.records.person import Customer
from runs.records.webhook import Delivery, Webhook
from runs.store.change import Change, Ledger, text_of
from runs.store.rows import find_row, insert_once
from runs.store.tidings import Happened, Tidings, find_tidings

AT_ONCE = 500
"""Events read, and deliveries written, in one transaction."""
SHOWN = "`pilotage webhook list` shows them"


class Counted(NamedTuple):
    """How the deliveries of one address stand."""

    waiting: int
    dead: int
    delivered: int


class Webhooks:
    """Which addresses there are, and what each was and will be told."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def declare(self, customer: Customer, actor: str, webhook: Webhook) -> Webhook:
        """Keep an address; from this moment on it is told. Conflict where the name is taken."""
        row = {"id": webhook.id, "body": webhook.as_json()}
        with self._ledger.change(customer, actor) as change:
            if not change.insert(tables.webhooks, row, "webhook_declared", **_told(webhook)):
                raise Conflict(
                    f"webhook {webhook.id} is there already; change it with `pilotage webhook "
                    f"change {webhook.id}`, or take another name"
                )
            place = {"customer": customer.id, "webhook": webhook.id, "seq": _head(change)}
            insert_once(change.connection, tables.webhook_places, place)
        return webhook

    def change(self, customer: Customer, actor: str, webhook: Webhook) -> Webhook:
        """Keep an address as it is from now on; begun anew it is told of nothing in between."""
        with self._ledger.change(customer, actor) as change:
            before = self._in(change, webhook.id)
            values = {"body": webhook.as_json()}
            change.update(
                tables.webhooks, {"id": webhook.id}, values, "webhook_changed", **_told(webhook)
            )
            if before.is_stopped and not webhook.is_stopped:
                at = tables.webhook_places
                mine = sa.and_(at.c.customer == customer.id, at.c.webhook == webhook.id)
                change.connection.execute(at.update().where(mine).values(seq=_head(change)))
        return webhook

    def get(self, customer: Customer, id: str) -> Webhook:
        """The address of this name; NotFound without one."""
        row = self._ledger.row(tables.webhooks, customer, id=id)
        if row is None:
            raise NotFound(f"there is no webhook {id!r}; {SHOWN}")
        return Webhook.model_validate(row["body"])

    def every(self, customer: Customer) -> list[Webhook]:
        """Every address of the customer, by name."""
        table = tables.webhooks
        query = sa.select(table.c.body).where(table.c.customer == customer.id)
        rows = self._ledger.rows(query.order_by(table.c.id))
        return [Webhook.model_validate(row["body"]) for row in rows]

    def write_down(self, customer: Customer, webhook: Webhook) -> int:
        """Write a delivery for every event since the last look; returns how many events it read.

        Events and place move in one transaction, and from one place only one look goes on: whoever
        dies in between, or looks twice, leaves each event written down once.
        """
        with self._ledger.database.writing() as connection:
            self._ledger.database.take_turn(connection, customer.id)
            place = find_row(connection, tables.webhook_places, customer, {"webhook": webhook.id})
            happened = _since(connection, customer, place["seq"] if place else 0)
            now = text_of(self._ledger.clock.now())
            for one in happened:
                tidings = find_tidings(connection, customer, webhook, one)
                if tidings is not None:
                    row = _row(webhook, one.seq, tidings) | {"made_at": now, "due_at": now}
                    insert_once(connection, tables.deliveries, {"customer": customer.id, **row})
            if happened:
                at = tables.webhook_places
                mine = sa.and_(at.c.customer == customer.id, at.c.webhook == webhook.id)
                moved = at.update().where(mine, at.c.seq < happened[-1].seq)
                connection.execute(moved.values(seq=happened[-1].seq))
        return len(happened)

    def due(self, customer: Customer, webhook: str, now: datetime, *, limit: int) -> list[Delivery]:
        """What the address is to be told now, the oldest event first."""
        at = tables.deliveries.c
        query = _deliveries(customer, webhook).where(
            at.status == "waiting", at.due_at <= text_of(now)
        )
        return self._read(query.order_by(at.seq).limit(limit))

    def deliveries(
        self, customer: Customer, webhook: str = "", *, status: str = "", limit: int
    ) -> list[Delivery]:
        """What an address, or all, was and will be told; the newest event first."""
        at = tables.deliveries.c
        query = _deliveries(customer, webhook)
        if status:
            query = query.where(at.status == status)
        return self._read(query.order_by(at.seq.desc(), at.id).limit(limit))

    def delivery(self, customer: Customer, id: str) -> Delivery:
        """The delivery of this id, or of a beginning that is unique; NotFound otherwise."""
        shown = "`pilotage webhook show NAME` shows them"
        return _delivery(self._ledger.named(tables.deliveries, customer, id, shown=shown))

    def count(self, customer: Customer, webhook: str) -> Counted:
        """How the deliveries of one address stand."""
        at = tables.deliveries.c
        mine = sa.and_(at.customer == customer.id, at.webhook == webhook)
        query = sa.select(at.status, sa.func.count().label("n")).where(mine).group_by(at.status)
        found = {row["status"]: row["n"] for row in self._ledger.rows(query)}
        return Counted(*(found.get(name, 0) for name in Counted._fields))

    def find_given_up(self, customer: Customer, webhook: str) -> Delivery | None:
        """The first delivery that was given up and that none was delivered after; None without.

        After by when they ended, not by their events: what is told late may be of an old event.
        """
        at = tables.deliveries.c
        mine = sa.and_(at.customer == customer.id, at.webhook == webhook)
        last = sa.select(sa.func.max(at.ended_at)).where(mine, at.status == "delivered")
        since = sa.func.coalesce(last.scalar_subquery(), "")
        query = _deliveries(customer, webhook).where(at.status == "dead", at.ended_at > since)
        found = self._read(query.order_by(at.ended_at, at.id).limit(1))
        return found[0] if found else None

    def settle(self, customer: Customer, tried: Delivery, after: Delivery) -> bool:
        """Keep what came of a try; False when somebody else kept another meanwhile."""
        table = tables.deliveries
        mine = sa.and_(
            table.c.customer == customer.id,
            table.c.id == tried.id,
            table.c.status == "waiting",
            table.c.tries == tried.tries,
        )
        names = ("status", "tries", "answer")
        values: dict[str, Any] = {name: getattr(after, name) for name in names}
        values["due_at"] = text_of(after.due_at)
        values["ended_at"] = None if after.ended_at is None else text_of(after.ended_at)
        with self._ledger.database.writing() as connection:
            return connection.execute(table.update().where(mine).values(values)).rowcount == 1

    def resend(self, customer: Customer, actor: str, id: str) -> int:
        """Let one delivery be told again under its id, with its event; 0 where it waits anyway."""
        at = tables.deliveries.c
        return self._resend(customer, actor, sa.and_(at.id == id, at.status != "waiting"))

    def resend_given_up(self, customer: Customer, actor: str, webhook: str) -> int:
        """Let all that was given up of an address be told again, however much; how many it is."""
        at = tables.deliveries.c
        return self._resend(customer, actor, sa.and_(at.webhook == webhook, at.status == "dead"))

    def _resend(self, customer: Customer, actor: str, which: sa.ColumnElement[bool]) -> int:
        table = tables.deliveries
        mine = sa.and_(table.c.customer == customer.id, which)
        oldest = sa.select(table.c.id).where(mine).order_by(table.c.seq, table.c.id).limit(1)
        with self._ledger.change(customer, actor) as change:
            first, now = change.connection.execute(oldest).scalar(), change.now()
            again = {"status": "waiting", "tries": 0, "made_at": now, "due_at": now}
            statement = table.update().where(mine).values(again | {"ended_at": None})
            count = change.connection.execute(statement).rowcount
            if count:
                change.append("webhook_resent", deliveries=count, first=first)
        return count

    def forget(self, customer: Customer, before: datetime) -> int:
        """Delete what was delivered, or given up, before this time; returns how many."""
        table = tables.deliveries
        old = sa.and_(table.c.customer == customer.id, table.c.ended_at < text_of(before))
        with self._ledger.database.writing() as connection:
            return connection.execute(table.delete().where(old)).rowcount

    def _in(self, change: Change, id: str) -> Webhook:
        row = change.find(tables.webhooks, id=id)
        if row is None:
            raise NotFound(f"there is no webhook {id!r}; {SHOWN}")
        return Webhook.model_validate(row["body"])

    def _read(self, query: sa.Select[*tuple[Any, ...]]) -> list[Delivery]:
        return [_delivery(row) for row in self._ledger.rows(query)]


def lasting(delivery: Delivery, webhook: Webhook) -> datetime:
    """Until when one delivery is tried again."""
    return delivery.made_at + timedelta(hours=webhook.hours)


def _told(webhook: Webhook) -> dict[str, Any]:
    return {
        "owner": webhook.owner,
        "events": " ".join(webhook.events),
        "is_stopped": webhook.is_stopped,
    }


def _head(change: Change) -> int:
    """The newest event there is: what an address is told begins behind it."""
    head = tables.chain_head
    return change.connection.execute(sa.select(head.c.seq)).scalar_one()


def _since(connection: sa.Connection, customer: Customer, seq: int) -> list[Happened]:
    at = tables.events.c
    query = sa.select(at.seq, at.kind, at.subject, at.body, at.at).where(
        at.customer == customer.id, at.seq > seq
    )
    rows = connection.execute(query.order_by(at.seq).limit(AT_ONCE)).all()
    return [Happened(row.seq, row.kind, row.subject, json.loads(row.body), row.at) for row in rows]


def _row(webhook: Webhook, seq: int, tidings: Tidings) -> dict[str, Any]:
    return {
        "id": f"{webhook.id}-{seq}",
        "webhook": webhook.id,
        "seq": seq,
        "type": tidings.type,
        "subject": tidings.subject,
        "body": tidings.body,
        "status": "waiting",
        "tries": 0,
        "answer": "",
        "ended_at": None,
    }


def _deliveries(customer: Customer, webhook: str) -> sa.Select[*tuple[Any, ...]]:
    table = tables.deliveries
    query = sa.select(table).where(table.c.customer == customer.id)
    return query.where(table.c.webhook == webhook) if webhook else query


def _delivery(row: Mapping[str, Any]) -> Delivery:
    return Delivery.model_validate({name: row[name] for name in Delivery.model_fields})
