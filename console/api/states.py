"""What became of an item, in a few fields: waited for, or asked for only when it is another."""

from datetime import datetime
from typing import Annotated, Any, Literal, NamedTuple

from fastapi import Header, Query, Response
from pydantic import Field

from console.api.door import At, Door, Id, Who, may
from runs import snapshots
from runs.moves import ActionStatus, ItemStatus
from runs.records.item import Answer, Item
from runs.records.person import Customer
from runs.records.record import Record
from runs.store.items import UNFINISHED, WAITING

LONGEST_S = 30
"""So long one request waits at most."""
NOT_MODIFIED = {304: {"description": "it is as If-None-Match says"}}

WaitsFor = Literal["worker", "approval", "person", "people", ""]
"""A worker; a yes to what it would do; a person's answer; people who do it as before; nobody."""


class Waiting(Record):
    """How long to wait."""

    wait: int = Field(default=0, ge=0, le=LONGEST_S)
    """Seconds to wait for the end; with If-None-Match, for any other state than that one."""


class Done(Record):
    """One effect, and how it stands."""

    operation: str
    tool: str
    status: ActionStatus


class Said(Record):
    """What a person answered."""

    answer: Answer
    label: str
    by: str


class State(Record):
    """How an item stands, and what became of it."""

    item: str
    workflow: str
    key: str
    status: ItemStatus
    is_ended: bool
    """Nothing more is done about it, and nobody is waited for."""
    waits_for: WaitsFor
    again_at: datetime | None = None
    """When the work on it is tried again, where it waits for that; real time."""
    why_later: str = ""
    """What did not answer, or may be asked only so often."""
    owner: str
    route: Literal["act", "review", "refuse", ""]
    label: str
    """What the version answered; empty without an answer, and once it was erased."""
    confidence: float | None
    fields: dict[str, Any]
    """Of a draft."""
    said: Said | None
    """What a person answered about it, last."""
    done: tuple[Done, ...]
    received_at: datetime
    due_at: datetime | None
    finished_at: datetime | None


class _Tagged(NamedTuple):
    state: State
    tag: str


def read_state(
    door: At,
    who: Who,
    item: Id,
    wanted: Annotated[Waiting, Query()],
    response: Response,
    if_none_match: Annotated[str, Header(max_length=500)] = "",
) -> Any:
    """How an item stands; with `wait` when it has ended, or is another than If-None-Match."""
    customer = may(door, who, "read").customer
    known = {one.strip().removeprefix("W/") for one in if_none_match.split(",") if one.strip()}
    name = door.store.items.get(customer, item).id
    told = _tagged(door, customer, name)

    def is_over() -> bool:
        nonlocal told
        told = _tagged(door, customer, name)
        return told.state.is_ended or (bool(known) and told.tag not in known)

    if wanted.wait and not is_over():
        door.wait_until(is_over, wanted.wait)
    if told.tag in known or "*" in known:
        return Response(status_code=304, headers={"ETag": told.tag})
    response.headers["ETag"] = told.tag
    return told.state


def state_of(door: Door, customer: Customer, item: Item) -> State:
    """How an item stands, read from the record."""
    output = _output(door, customer, item)
    reviews = door.store.reviews.of_item(customer, item.id)
    decided = [one for one in reviews if one.decided_at is not None and one.answer]
    last = max(decided, key=lambda one: str(one.decided_at), default=None)
    said = None
    if last is not None and last.answer:
        said = Said(answer=last.answer, label=last.label, by=last.decided_by)
    acted = door.store.actions.of_item(customer, item.id)
    waits = _waits_for(item)
    later = door.store.jobs.later(customer, item.id) if item.status in UNFINISHED else None
    return State(
        item=item.id,
        workflow=item.workflow,
        key=item.key,
        status=item.status,
        is_ended=not waits,
        waits_for=waits,
        again_at=None if later is None else later.at,
        why_later="" if later is None else later.why,
        owner=item.owner,
        route=item.route,
        label=output.get("label", ""),
        confidence=output.get("confidence"),
        fields=output.get("fields", {}),
        said=said,
        done=tuple(Done(operation=a.operation, tool=a.tool, status=a.status) for a in acted),
        received_at=item.received_at,
        due_at=item.due_at,
        finished_at=item.finished_at,
    )


def _tagged(door: Door, customer: Customer, item: str) -> _Tagged:
    state = state_of(door, customer, door.store.items.get(customer, item))
    return _Tagged(state, f'"{state.digest[7:39]}"')


def _waits_for(item: Item) -> WaitsFor:
    if item.status in UNFINISHED:
        return "approval" if item.status == "asked" else "worker"
    if item.status in WAITING:
        return "person"
    return "people" if item.status == "handed_over" else ""


def _output(door: Door, customer: Customer, item: Item) -> dict[str, Any]:
    found = snapshots.read_many(door.store, customer, [item.output] if item.output else [])
    return found.get(item.output) or {}
