"""Reviews: an item waits for a named person, and is answered once."""

from collections import Counter
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple

import sqlalchemy as sa

from runs import tables
from runs.errors import Conflict, NotFound
from runs.records.item import Item, Review
from runs.records.person import Customer
from runs.store.change import Change, Ledger, text_of


@cache
def _count_decided() -> sa.Select[int]:
    review, item = tables.reviews, tables.items
    return (
        sa.select(sa.func.count().label("n"))
        .select_from(_with_items())
        .where(review.c.customer == sa.bindparam("at_customer"), review.c.status == "decided")
        .where(item.c.release == sa.bindparam("at_release"))
        .where(item.c.stage == sa.bindparam("at_stage"))
    )


class Waiting(NamedTuple):
    """An open review and its item."""

    review: Review
    item: Item


class Reviews:
    """Reviews, as rows."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def of_item(self, customer: Customer, item: str) -> list[Review]:
        """Every review of one item, oldest first."""
        return sorted(self.of_items(customer, [item]), key=lambda review: review.opened_at)

    def of_items(self, customer: Customer, items: list[str]) -> list[Review]:
        """Every review of these items."""
        found: list[Review] = []
        for start in range(0, len(items), 500):
            rows = self._ledger.at(tables.reviews, customer, item=items[start : start + 500])
            found += [Review.model_validate(row["body"]) for row in rows]
        return found

    def count_decided(self, customer: Customer, release: str, stage: int) -> int:
        """How many reviews of a release's stage have their answer."""
        told = {"at_customer": customer.id, "at_release": release, "at_stage": stage}
        return self._ledger.rows(_count_decided(), told)[0]["n"]

    def waiting(
        self,
        customer: Customer,
        *,
        workflow: str = "",
        due_by: datetime | None = None,
        limit: int = 100,
    ) -> list[Waiting]:
        """What waits for a person, with its item; what is due first comes first."""
        review, item = tables.reviews, tables.items
        query = (
            sa.select(review.c.body.label("review"), item.c.body.label("item"))
            .select_from(_with_items())
            .where(review.c.customer == customer.id, review.c.status == "open")
        )
        if workflow:
            query = query.where(item.c.workflow == workflow)
        if due_by is not None:
            query = query.where(review.c.due_at <= text_of(due_by))
        rows = self._ledger.rows(query.order_by(review.c.due_at, review.c.id).limit(limit))
        return [
            Waiting(Review.model_validate(row["review"]), Item.model_validate(row["item"]))
            for row in rows
        ]

    def overdue(self, customer: Customer, now: datetime) -> dict[str, int]:
        """How many open reviews are past their due time, by owner."""
        table = tables.reviews
        query = (
            sa.select(table.c.owner, sa.func.count().label("n"))
            .where(table.c.customer == customer.id, table.c.status == "open")
            .where(table.c.due_at <= text_of(now))
            .group_by(table.c.owner)
            .order_by(table.c.owner)
        )
        return {row["owner"]: row["n"] for row in self._ledger.rows(query)}

    def edited(self, customer: Customer, *, limit: int) -> list[Review]:
        """Reviews that people answered with an edit, the earliest due first."""
        table = tables.reviews
        query = sa.select(table.c.body).where(
            table.c.customer == customer.id,
            table.c.status == "decided",
            table.c.body["answer"].as_string() == "edit",
        )
        rows = self._ledger.rows(query.order_by(table.c.due_at, table.c.id).limit(limit))
        return [Review.model_validate(row["body"]) for row in rows]

    def count_late(self, customer: Customer, workflow: str, now: datetime) -> int:
        """How many items of a workflow wait for a person past their due time."""
        review, item = tables.reviews, tables.items
        query = (
            sa.select(sa.func.count().label("n"))
            .select_from(_with_items())
            .where(review.c.customer == customer.id, review.c.status == "open")
            .where(review.c.due_at <= text_of(now), item.c.workflow == workflow)
        )
        return self._ledger.rows(query)[0]["n"]

    def answers_since(self, customer: Customer, workflow: str, since: datetime) -> Counter[str]:
        """What people answered about a workflow's items from a time on, counted."""
        review, item = tables.reviews, tables.items
        query = (
            sa.select(
                review.c.body["answer"].as_string().label("answer"),
                review.c.body["decided_at"].as_string().label("at"),
            )
            .select_from(_with_items())
            .where(review.c.customer == customer.id, review.c.status == "decided")
            .where(item.c.workflow == workflow)
        )
        rows = self._ledger.rows(query)
        return Counter(r["answer"] for r in rows if datetime.fromisoformat(r["at"]) >= since)

    def list(
        self, customer: Customer, *, status: str = "", owner: str = "", limit: int = 100
    ) -> list[Review]:
        """Reviews by due time, the earliest first."""
        table = tables.reviews
        query = sa.select(table.c.body).where(table.c.customer == customer.id)
        for column, value in ((table.c.status, status), (table.c.owner, owner)):
            if value:
                query = query.where(column == value)
        rows = self._ledger.rows(query.order_by(table.c.due_at, table.c.id).limit(limit))
        return [Review.model_validate(row["body"]) for row in rows]


def open_review(change: Change, review: Review) -> None:
    """Open a review inside a change, once an item and kind; a withdrawn one is open again."""
    told = {"item": review.item, "why": review.kind}
    if change.insert(tables.reviews, _row(review), "review_opened", **told):
        return
    present = change.find(tables.reviews, id=review.id)
    if present is not None and present["status"] == "withdrawn":
        change.move(tables.reviews, {"id": review.id}, _row(review), "review_opened", **told)


def withdraw_open(change: Change, item: str) -> int:
    """Withdraw inside a change whatever review of an item is open; how many were."""
    table = tables.reviews
    query = sa.select(table.c.body).where(
        table.c.customer == change.customer.id, table.c.item == item, table.c.status == "open"
    )
    found = [Review.model_validate(body) for body in change.connection.scalars(query)]
    for review in found:
        row = _row(review.model_copy(update={"status": "withdrawn"}))
        told = {"item": item, "status": "withdrawn"}
        change.move(tables.reviews, {"id": review.id}, row, "review_decided", **told)
    return len(found)


def require_unmoved(change: Change, review: Review) -> None:
    """Conflict, with what became of it, unless the review still is as it was read."""
    row = change.find(tables.reviews, id=review.id)
    if row is None:
        raise NotFound(
            f"there is no review {review.id!r}; `pilotage item list --waiting` shows what waits"
        )
    present = Review.model_validate(row["body"])
    if present.status != "open":
        raise closed(present)
    if present != review:
        raise Conflict(
            f"the review of item {review.item} was claimed or handed on meanwhile "
            f"(owner {present.owner}); look again with `pilotage item show {review.item}`"
        )


def closed(review: Review) -> Conflict:
    """Why nothing can be said to a review any more: who said what, when."""
    if review.status == "withdrawn":
        return Conflict(f"the review of item {review.item} was withdrawn; nothing is left to do")
    at = f" at {review.decided_at:%Y-%m-%d %H:%M} UTC" if review.decided_at else ""
    return Conflict(
        f"item {review.item} was answered {review.answer!r} by {review.decided_by}{at}; "
        f"nothing was changed, `pilotage item show {review.item}` tells what it led to"
    )


def decide_review(change: Change, review: Review) -> None:
    """Keep a person's answer inside a change; Conflict shows who answered first."""
    present = change.find(tables.reviews, id=review.id)
    if present is not None and present["status"] != "open":
        raise closed(Review.model_validate(present["body"]))
    change.move(
        tables.reviews,
        {"id": review.id},
        _row(review),
        "review_decided",
        item=review.item,
        answer=review.answer,
        routes=" ".join(review.routes),
        simulated=review.simulated,
        proved_by=review.proved_by,
        solo=review.solo,
    )


def claim_review(change: Change, review: Review) -> None:
    """Keep who looks at an open review now; nobody when `held_by` is empty."""
    kind = "review_claimed" if review.held_by else "review_released"
    change.move(tables.reviews, {"id": review.id}, _row(review), kind, item=review.item)


def hand_on_review(change: Change, review: Review) -> None:
    """Keep who answers for an open review from now on, and until when."""
    change.move(
        tables.reviews,
        {"id": review.id},
        _row(review),
        "review_escalated",
        item=review.item,
        owner=review.owner,
        reason=review.escalations[-1].reason,
    )


def _with_items() -> sa.Join:
    review, item = tables.reviews, tables.items
    same = sa.and_(item.c.customer == review.c.customer, item.c.id == review.c.item)
    return review.join(item, same)


def _row(review: Review) -> dict[str, Any]:
    body = review.as_json()
    names = ("id", "item", "kind", "owner", "status")
    row = {name: body[name] for name in names}
    return {**row, "due_at": text_of(review.due_at), "body": body}
