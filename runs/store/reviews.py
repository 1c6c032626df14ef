"""Reviews: an item waits for a named person, and is answered once."""

from typing import Any

import sqlalchemy as sa

from runs import tables
from runs.errors import Conflict, NotFound
from runs.records.item import Review
from runs.records.person import Customer
from runs.store.change import Change, Ledger, text_of


class Reviews:
    """Reviews, as rows."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def get(self, customer: Customer, id: str) -> Review:
        """The review of this id; NotFound when there is none."""
        row = self._ledger.row(tables.reviews, customer, id=id)
        if row is None:
            raise NotFound(f"there is no review {id!r}")
        return Review.model_validate(row["body"])

    def of_item(self, customer: Customer, item: str) -> list[Review]:
        """Every review of one item."""
        table = tables.reviews
        query = sa.select(table.c.body).where(table.c.customer == customer.id, table.c.item == item)
        return [Review.model_validate(row["body"]) for row in self._ledger.rows(query)]

    def of_items(self, customer: Customer, items: list[str]) -> list[Review]:
        """Every review of these items."""
        table, found = tables.reviews, []
        for start in range(0, len(items), 500):
            query = sa.select(table.c.body).where(
                table.c.customer == customer.id, table.c.item.in_(items[start : start + 500])
            )
            found += [Review.model_validate(row["body"]) for row in self._ledger.rows(query)]
        return found

    def count_decided(self, customer: Customer, release: str, stage: int) -> int:
        """How many reviews of a release's stage have their answer."""
        review, item = tables.reviews, tables.items
        same = sa.and_(item.c.customer == review.c.customer, item.c.id == review.c.item)
        query = (
            sa.select(sa.func.count().label("n"))
            .select_from(review.join(item, same))
            .where(review.c.customer == customer.id, review.c.status == "decided")
            .where(item.c.release == release, item.c.stage == stage)
        )
        return self._ledger.rows(query)[0]["n"]

    def decide(self, customer: Customer, actor: str, review: Review) -> Review:
        """Keep a person's answer; the second answer is a Conflict that shows the first."""
        with self._ledger.change(customer, actor) as change:
            decide_review(change, review)
        return review

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
    """Open a review inside a change, once an item and kind."""
    change.insert(tables.reviews, _row(review), "review_opened", item=review.item, why=review.kind)


def decide_review(change: Change, review: Review) -> None:
    """Keep a person's answer inside a change; Conflict shows who answered first."""
    present = change.find(tables.reviews, id=review.id)
    if present is not None and present["status"] != "open":
        first = Review.model_validate(present["body"])
        raise Conflict(
            f"review {review.id} was answered {first.answer!r} by {first.decided_by}; "
            "nothing was changed"
        )
    change.move(
        tables.reviews,
        {"id": review.id},
        _row(review),
        "review_decided",
        item=review.item,
        answer=review.answer,
        simulated=review.simulated,
    )


def _row(review: Review) -> dict[str, Any]:
    body = review.as_json()
    names = ("id", "item", "kind", "owner", "status")
    row = {name: body[name] for name in names}
    return {**row, "due_at": text_of(review.due_at), "body": body}
