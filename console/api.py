"""the JSON API for triggers, items and other programs."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal, Protocol

from fastapi import APIRouter, Depends, Header, Path, Query, Request, Response
from pydantic import AwareDatetime, Field

from console.identity import identify
from rollout.admission import Sent
from runs import approvals, people
from runs.errors import InvalidInput
from runs.moves import ItemStatus
from runs.records.approval import Approval, DecisionKind
from runs.records.item import Item
from runs.records.person import Customer, Identity, Scope
from runs.records.record import Record
from runs.store.items import ItemFilter
from runs.store.store import Store

MOST_AT_ONCE = 1_000
"""So many items one request brings."""
Id = Annotated[str, Path(max_length=200)]
KEY = 200
"""Characters of a key."""


class Door(Protocol):
    """What the API is handed: the record, and the acts of whoever proved themselves."""

    @property
    def store(self) -> Store:
        """The record."""
        ...

    def identify(self, token: str) -> Identity:
        """Who is asking; NotAllowed for a token that is not known."""
        ...

    def admit(
        self, identity: Identity, workflow: str, sent: Sequence[Sent], *, batch: str
    ) -> list[Item]:
        """Take items in, once a key."""
        ...

    def call_off(self, identity: Identity, item: str, reason: str) -> Item:
        """End an item of which nothing was begun outside."""
        ...

    def decide(self, identity: Identity, answer: approvals.Answer) -> Approval:
        """Record one person's decision."""
        ...

    def tell_item(self, customer: Customer, item: Item) -> dict[str, Any]:
        """Everything an item left behind."""
        ...

    def tell_approval(self, customer: Customer, asked: Approval) -> dict[str, Any]:
        """Exactly what a question asks."""
        ...


class SentItem(Record):
    """One item as it is sent."""

    input: dict[str, Any]
    """The fields of the data contract."""
    key: str = Field(default="", max_length=KEY)
    """The sender's key; the header Idempotency-Key may say it instead."""
    batch: str = ""


class KeyedItem(Record):
    """One of several items."""

    key: str = Field(min_length=1, max_length=KEY)
    input: dict[str, Any]


class SentItems(Record):
    """Items that are sent together."""

    items: tuple[KeyedItem, ...] = Field(min_length=1, max_length=MOST_AT_ONCE)
    batch: str = ""


class Taken(Record):
    """What was taken in, or was there under the same keys."""

    items: tuple[Item, ...]
    new: int
    """How many of them this request brought."""


class Wanted(Record):
    """Which items; empty fields do not narrow."""

    workflow: str = Field(default="", max_length=80)
    status: ItemStatus | Literal[""] = ""
    batch: str = Field(default="", max_length=120)
    since: AwareDatetime | None = None
    limit: int = Field(default=100, ge=1, le=1_000)


class Listed(Record):
    """The newest items."""

    items: tuple[Item, ...]
    has_more: bool


class CallOff(Record):
    """Why an item is called off."""

    reason: str = Field(min_length=1, max_length=4_000)


class Decided(Record):
    """A person's answer to a question."""

    kind: DecisionKind
    seen: str = Field(pattern=r"^sha256:[0-9a-f]{64}$")
    """The digest they were shown."""
    reason: str = Field(default="", max_length=4_000)


class Asked(Record):
    """Questions, the most urgent first."""

    approvals: tuple[Approval, ...]


class Told(Record):
    """Why a request was refused."""

    kind: Literal[
        "InvalidInput", "NotFound", "Conflict", "NotAllowed", "NotSignedIn", "Unavailable", "Bug"
    ]
    message: str
    """One sentence, with the remedy."""


class Refusal(Record):
    """The body of every answer that is not a success."""

    error: Told


REFUSALS: dict[int | str, dict[str, Any]] = {
    400: {"model": Refusal, "description": "what was sent cannot be accepted"},
    401: {"model": Refusal, "description": "nobody is signed in"},
    403: {"model": Refusal, "description": "this person or program may not"},
    404: {"model": Refusal, "description": "there is no such record of this customer"},
    409: {"model": Refusal, "description": "the record moved on, or the key has another input"},
    413: {"model": Refusal, "description": "the body is too large"},
    422: {"model": Refusal, "description": "the body has not the form of the document"},
    503: {"model": Refusal, "description": "a system outside does not answer; try again"},
}


def door_of(request: Request) -> Door:
    """What the application of this request was made over."""
    return request.app.state.door


At = Annotated[Door, Depends(door_of)]


def asking(request: Request, door: At) -> Identity:
    """Who sent this request."""
    return identify(request, door.identify)


Who = Annotated[Identity, Depends(asking)]


def routes() -> APIRouter:
    """Every route for programs."""
    router = APIRouter(prefix="/api/v1", responses=REFUSALS)
    workflow = "/workflows/{workflow}"
    router.add_api_route(
        f"{workflow}/items", send, methods=["POST"], status_code=201, operation_id="sendItem"
    )
    for path, act, method, name in (
        (f"{workflow}/batches", send_many, "POST", "sendItems"),
        ("/items", list_items, "GET", "listItems"),
        ("/items/{item}", read_item, "GET", "readItem"),
        ("/items/{item}/cancel", cancel, "POST", "cancelItem"),
        ("/approvals", list_approvals, "GET", "listApprovals"),
        ("/approvals/{approval}", read_approval, "GET", "readApproval"),
        ("/approvals/{approval}/decisions", decide, "POST", "decideApproval"),
    ):
        router.add_api_route(path, act, methods=[method], operation_id=name)
    return router


def send(
    door: At,
    who: Who,
    workflow: Id,
    sent: SentItem,
    response: Response,
    idempotency_key: Annotated[str, Header(max_length=KEY)] = "",
) -> Item:
    """Take one item in, once a key: 201 when it is new, 200 when it was there."""
    key = _one_key(sent.key, idempotency_key)
    taken = _take(door, who, workflow, [Sent(key, sent.input)], sent.batch)
    response.status_code = 201 if taken.new else 200
    return taken.items[0]


def send_many(door: At, who: Who, workflow: Id, sent: SentItems) -> Taken:
    """Take items in, once a key each; what cannot be accepted keeps all of them out."""
    given = [Sent(one.key, one.input) for one in sent.items]
    return _take(door, who, workflow, given, sent.batch)


def list_items(door: At, who: Who, wanted: Annotated[Wanted, Query()]) -> Listed:
    """The newest items first."""
    customer = _may(door, who, "read").customer
    told = wanted.model_dump(exclude={"limit"})
    found = door.store.items.list(customer, ItemFilter(**told), limit=wanted.limit + 1)
    return Listed(items=tuple(found[: wanted.limit]), has_more=len(found) > wanted.limit)


def read_item(door: At, who: Who, item: Id) -> dict[str, Any]:
    """Everything an item left behind: input, what was seen, answer, acts, people, receipts."""
    customer = _may(door, who, "read").customer
    return door.tell_item(customer, door.store.items.get(customer, item))


def cancel(door: At, who: Who, item: Id, why: CallOff) -> Item:
    """End an item of which nothing was begun outside; a Conflict otherwise."""
    identity = _may(door, who, "submit")
    return door.call_off(identity, door.store.items.get(identity.customer, item).id, why.reason)


def list_approvals(door: At, who: Who, limit: Annotated[int, Query(ge=1, le=1_000)] = 100) -> Asked:
    """What waits for a decision, the most urgent first."""
    customer = _may(door, who, "read").customer
    found = approvals.list_approvals(door.store, customer, limit=limit)
    return Asked(approvals=tuple(found))


def read_approval(door: At, who: Who, approval: Id) -> dict[str, Any]:
    """Exactly what is asked, what it covers, and what follows from each answer."""
    customer = _may(door, who, "read").customer
    return door.tell_approval(customer, approvals.get(door.store, customer, approval))


def decide(door: At, who: Who, approval: Id, said: Decided) -> Approval:
    """Record one named person's decision about the digest they saw."""
    asked = approvals.get(door.store, who.customer, approval)
    # A program is refused by the rules, so that its attempt is on record.
    return door.decide(who, approvals.Answer(asked.id, said.kind, said.reason, said.seen))


def _take(door: Door, who: Identity, workflow: str, sent: Sequence[Sent], batch: str) -> Taken:
    identity = _may(door, who, "submit")
    keys = [one.key for one in sent]
    before = door.store.items.find_by_keys(identity.customer, workflow, keys)
    found = door.admit(identity, workflow, sent, batch=batch)
    return Taken(items=tuple(found), new=len({*keys} - {*before}))


def _may(door: Door, who: Identity, scope: Scope) -> Identity:
    """Who asks, when their token may do this; NotAllowed with the remedy otherwise."""
    people.require(door.store, who, scope)
    return who


def _one_key(in_body: str, in_header: str) -> str:
    if in_body and in_header and in_body != in_header:
        raise InvalidInput("`key` and the header Idempotency-Key differ; send one of them")
    if not (key := in_body or in_header):
        raise InvalidInput(
            "the item has no key: send the header Idempotency-Key, or `key` in the body; the same "
            "key is the same item"
        )
    return key
