"""Items that wait for a person: what was produced, on what ground, why; and each answer to it."""

from typing import Annotated, Any, get_args

from fastapi import Query
from pydantic import Field

from console.api.door import At, Door, Few, Id, Who, line, may, may_as_person
from runs.errors import NotFound
from runs.records.item import Answer, Item, Review
from runs.records.person import Identity
from runs.records.record import Record
from runs.records.version import Route
from workflow import review
from workflow.review import MAX_REASON, Said

ROUTES = len(get_args(Route))


class WantedReviews(Few):
    """Which of them."""

    workflow: str = line(80)
    mine: bool = False
    """Only those that whoever asks may answer."""
    overdue: bool = False


class WaitingItem(Record):
    """One item, the question about it, and who looks at it now."""

    item: Item
    review: Review
    held_by: str
    is_overdue: bool


class WaitingItems(Record):
    """Items that wait for a person, the most urgent first."""

    waiting: tuple[WaitingItem, ...]
    has_more: bool


class AskedOfPeople(Record):
    """Everything a reviewer has to know."""

    item: dict[str, Any]
    """All it left behind: input, what was seen, answer, acts."""
    waits: dict[str, Any]
    """Of whom it is asked, why, until when, and what follows from each answer."""


class Answered(Record):
    """What a person says of an item."""

    answer: Answer
    label: str = line(200)
    """Of an edit: the right one."""
    routes: tuple[Route, ...] = Field(default=(), max_length=ROUTES)
    """Which were right; must be said of an item that went to a person, unless it is rejected."""
    fields: dict[str, Any] = Field(default_factory=dict)
    """Of an edited draft: what is otherwise, as it should be; null takes a field out."""
    reason: str = Field(default="", max_length=MAX_REASON)


class HandedOn(Record):
    """Why an item is handed on."""

    reason: str = Field(min_length=1, max_length=MAX_REASON)


def list_reviews(door: At, who: Who, wanted: Annotated[WantedReviews, Query()]) -> WaitingItems:
    """What waits for a person, the most urgent first."""
    customer, now = may(door, who, "read").customer, door.store.clock.now()
    found = door.store.reviews.waiting(
        customer,
        workflow=wanted.workflow,
        due_by=now if wanted.overdue else None,
        limit=MOST if wanted.mine else wanted.limit + 1,
    )
    if wanted.mine:
        found = review.for_person(door.reviews, who, found)
    told = [
        WaitingItem(
            item=one.item,
            review=one.review,
            held_by=one.review.holder(now),
            is_overdue=one.review.due_at <= now,
        )
        for one in found[: wanted.limit]
    ]
    return WaitingItems(waiting=tuple(told), has_more=len(found) > wanted.limit)


def read_review(door: At, who: Who, item: Id) -> AskedOfPeople:
    """What is asked of people about an item, with all it left behind; 404 when nobody is asked."""
    customer = may(door, who, "read").customer
    found = door.store.items.get(customer, item)
    waits = door.tell_review(customer, found)
    if waits is None:
        raise NotFound(f"item {found.id} is {found.status} and waits for nobody")
    return AskedOfPeople(item=door.tell_item(customer, found), waits=waits)


def claim(door: At, who: Who, item: Id) -> Review:
    """Say that you look at it; it ages out, and claimed again it is kept."""
    return review.claim(door.reviews, *_asked(door, who, item))


def release(door: At, who: Who, item: Id) -> Review:
    """Let your claim go, so that somebody else takes it."""
    return review.release(door.reviews, *_asked(door, who, item))


def answer(door: At, who: Who, item: Id, said: Answered) -> Review:
    """Answer once: what was produced is right, something else is, or nothing is."""
    told = Said(said.answer, said.routes, said.label, said.reason, fields=said.fields or None)
    return review.answer(door.reviews, *_asked(door, who, item), told)


def escalate(door: At, who: Who, item: Id, why: HandedOn) -> Review:
    """Hand it on to the next person of the escalation, with a new due time."""
    return review.escalate(door.reviews, *_asked(door, who, item), why.reason)


MOST = 10_000
"""So many waiting items are looked through for one person."""


def _asked(door: Door, who: Identity, item: str) -> tuple[Identity, str]:
    """Who acts, and on what; a program goes on, to be refused on record by the rules."""
    identity = may_as_person(door, who, "decide")
    return identity, door.store.items.get(identity.customer, item).id
