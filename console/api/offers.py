"""Cases that edits offer to a dataset: seen, taken in or refused by whoever answers for it."""

from typing import Annotated

from fastapi import Query
from pydantic import Field

from console.api.door import At, Few, Id, Who, line, may, may_as_person
from runs.records.case import Dataset, Offer, Severity
from runs.records.record import Record
from runs.records.version import Route
from workflow import offers
from workflow.offers import Wish


class WantedOffers(Few):
    """Which of them."""

    dataset: str = line(120)


class OfferedCase(Record):
    """One edit that nobody has judged."""

    edit: str
    item: str
    workflow: str
    dataset: str
    owner: str
    """Whose word is asked for."""
    edited_by: str
    label: str
    fields: tuple[str, ...]
    """Of a draft: what was set otherwise."""
    routes: tuple[Route, ...]


class OfferedCases(Record):
    """Edits that no dataset holds yet, the oldest first."""

    offered: tuple[OfferedCase, ...]
    has_more: bool


class Accepting(Record):
    """How an edit is to stand in the dataset, and why."""

    reason: str = Field(min_length=1, max_length=4_000)
    family: str = line(200)
    """Same thread, customer or template; empty: that of the same input, else one of its own."""
    severity: Severity = "major"


class Refusing(Record):
    """Why an edit does not belong into the dataset."""

    reason: str = Field(min_length=1, max_length=4_000)


def list_offers(door: At, who: Who, wanted: Annotated[WantedOffers, Query()]) -> OfferedCases:
    """Edits that no dataset holds yet, and whose word is asked for."""
    customer = may(door, who, "read").customer
    found = [
        OfferedCase(
            edit=one.review.id,
            item=one.item.id,
            workflow=one.item.workflow,
            dataset=one.dataset,
            owner=one.owner,
            edited_by=one.review.decided_by,
            label=one.review.label,
            fields=one.review.wrong,
            routes=one.review.routes,
        )
        for one in offers.offered(door.store, customer, wanted.dataset)
    ]
    return OfferedCases(offered=tuple(found[: wanted.limit]), has_more=len(found) > wanted.limit)


def accept(door: At, who: Who, edit: Id, wish: Accepting) -> Dataset:
    """Take an edit into the dataset as a case; what is there stays where it is."""
    identity = may_as_person(door, who, "decide")
    told = Wish(wish.reason, wish.family, wish.severity)
    return offers.accept(door.store, identity, edit, told, door.words())


def refuse(door: At, who: Who, edit: Id, why: Refusing) -> Offer:
    """Say that an edit does not belong into the dataset."""
    identity = may_as_person(door, who, "decide")
    return offers.refuse(door.store, identity, edit, why.reason, door.words())
