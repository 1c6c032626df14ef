"""Items as programs send them, look for them and call them off."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import Header, Query, Response
from pydantic import AwareDatetime, BeforeValidator, Field

from console.api.door import PLAIN, At, Door, Id, Kind, Who, kind_of, line, may
from rollout.admission import MAX_BATCH
from rollout.sent import MAX_KEY, Sent
from runs.errors import InvalidInput
from runs.moves import ItemStatus
from runs.records.item import Item
from runs.records.person import Customer, Identity
from runs.records.record import Record
from runs.store.filtered import ItemFilter

MOST_AT_ONCE = 1_000
"""So many items one request brings."""


def _written(value: Any) -> Any:
    """A time as it is written, never a number of seconds that would be read as one."""
    if isinstance(value, str) and not value.lstrip("+-.").replace(".", "").isdigit():
        return value
    if isinstance(value, datetime):
        return value
    raise ValueError("write a time with its zone, as 2027-01-31T08:00:00Z")


Moment = Annotated[AwareDatetime, BeforeValidator(_written)]


Priority = Annotated[int | None, Field(ge=-9, le=9)]
"""A greater one is worked on first, within what the policy lets senders say; null: what it says."""


class SentItem(Record):
    """One item as it is sent."""

    input: dict[str, Any]
    """The fields of the data contract."""
    key: str = line(MAX_KEY)
    """The sender's key; the header Idempotency-Key may say it instead."""
    batch: str = line(MAX_BATCH)
    priority: Priority = None


class KeyedItem(Record):
    """One of several items."""

    key: str = Field(min_length=1, max_length=MAX_KEY, pattern=PLAIN)
    input: dict[str, Any]
    priority: Priority = None


class SentItems(Record):
    """Items that are sent together."""

    items: tuple[KeyedItem, ...] = Field(min_length=1, max_length=MOST_AT_ONCE)
    batch: str = line(MAX_BATCH)
    is_partial: bool = False
    """What cannot be accepted is told, and keeps no other out; otherwise all come in, or none."""


class NotTaken(Record):
    """One item of a partial request that was not taken in, and why."""

    number: int
    """Its place in the request, from 0."""
    key: str
    kind: Kind
    message: str


class Taken(Record):
    """What was taken in, or was there under the same keys, in the order in which it was sent."""

    items: tuple[Item, ...]
    new: int
    """How many of them this request brought."""
    refused: tuple[NotTaken, ...] = ()
    """Only of a partial request."""


class Wanted(Record):
    """Which items; empty fields do not narrow."""

    workflow: str = line(80)
    key: str = line(MAX_KEY)
    """The sender's, of one workflow."""
    status: ItemStatus | Literal[""] = ""
    batch: str = line(MAX_BATCH)
    since: Moment | None = None
    limit: int = Field(default=100, ge=1, le=1_000)


class Listed(Record):
    """The newest items."""

    items: tuple[Item, ...]
    has_more: bool


class CallOff(Record):
    """Why an item is called off."""

    reason: str = Field(min_length=1, max_length=4_000)


def send(
    door: At,
    who: Who,
    workflow: Id,
    sent: SentItem,
    response: Response,
    idempotency_key: Annotated[str, Header(max_length=MAX_KEY)] = "",
) -> Item:
    """Take one item in, once a key: 201 when it is new, 200 when it was there."""
    key = _one_key(sent.key, idempotency_key)
    taken = _take(door, who, workflow, [Sent(key, sent.input, sent.priority)], sent.batch)
    response.status_code = 201 if taken.new else 200
    return taken.items[0]


def send_many(door: At, who: Who, workflow: Id, sent: SentItems) -> Taken:
    """Take items in, once a key each; what cannot be accepted keeps all out, or only itself."""
    given = [Sent(one.key, one.input, one.priority) for one in sent.items]
    if not sent.is_partial:
        return _take(door, who, workflow, given, sent.batch)
    found = door.sort_out(may(door, who, "submit"), workflow, given)
    taken = _take(door, who, workflow, found.accepted, sent.batch)
    refused = tuple(
        NotTaken(number=one.number, key=one.key, kind=kind_of(one.error), message=str(one.error))
        for one in found.refused
    )
    return taken.model_copy(update={"refused": refused})


def list_items(door: At, who: Who, wanted: Annotated[Wanted, Query()]) -> Listed:
    """The newest items first."""
    customer = may(door, who, "read").customer
    if wanted.key:
        return _by_key(door, customer, wanted)
    told = wanted.model_dump(exclude={"limit", "key"})
    found = door.store.items.list(customer, ItemFilter(**told), limit=wanted.limit + 1)
    return Listed(items=tuple(found[: wanted.limit]), has_more=len(found) > wanted.limit)


def read_item(door: At, who: Who, item: Id) -> dict[str, Any]:
    """Everything an item left behind: input, what was seen, answer, acts, people, receipts."""
    customer = may(door, who, "read").customer
    return door.tell_item(customer, door.store.items.get(customer, item))


def cancel(door: At, who: Who, item: Id, why: CallOff) -> Item:
    """End an item of which nothing was begun outside; a Conflict otherwise."""
    identity = may(door, who, "submit")
    return door.call_off(identity, door.store.items.get(identity.customer, item).id, why.reason)


def _take(door: Door, who: Identity, workflow: str, sent: Sequence[Sent], batch: str) -> Taken:
    identity = may(door, who, "submit")
    keys = [one.key for one in sent]
    before = door.store.items.find_by_keys(identity.customer, workflow, keys)
    found = door.admit(identity, workflow, sent, batch=batch)
    return Taken(items=tuple(found), new=len({*keys} - {*before}))


def _by_key(door: Door, customer: Customer, wanted: Wanted) -> Listed:
    if not wanted.workflow:
        raise InvalidInput("a key is one of a workflow; name it with `workflow`")
    found = door.store.items.find_by_keys(customer, wanted.workflow, [wanted.key])
    return Listed(items=tuple(found.values()), has_more=False)


def _one_key(in_body: str, in_header: str) -> str:
    if in_body and in_header and in_body != in_header:
        raise InvalidInput("`key` and the header Idempotency-Key differ; send one of them")
    if not (key := in_body or in_header):
        raise InvalidInput(
            "the item has no key: send the header Idempotency-Key, or `key` in the body; the same "
            "key is the same item"
        )
    return key
