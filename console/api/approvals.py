"""Questions to people: what waits for a decision, exactly what is asked, and the decision."""

from typing import Annotated, Any

from fastapi import Query
from pydantic import Field

from console.api.door import At, Few, Id, Who, may, may_as_person
from runs import approvals
from runs.records.approval import Approval, DecisionKind
from runs.records.record import Digest, Record


class Decided(Record):
    """A person's answer to a question."""

    kind: DecisionKind
    seen: Digest
    """The digest they were shown."""
    reason: str = Field(default="", max_length=4_000)


class Asked(Record):
    """Questions, the most urgent first."""

    approvals: tuple[Approval, ...]


def list_approvals(door: At, who: Who, wanted: Annotated[Few, Query()]) -> Asked:
    """What waits for a decision, the most urgent first."""
    customer = may(door, who, "read").customer
    found = approvals.list_approvals(door.store, customer, limit=wanted.limit)
    return Asked(approvals=tuple(found))


def read_approval(door: At, who: Who, approval: Id) -> dict[str, Any]:
    """Exactly what is asked, what it covers, and what follows from each answer."""
    customer = may(door, who, "read").customer
    return door.tell_approval(customer, approvals.get(door.store, customer, approval))


def decide(door: At, who: Who, approval: Id, said: Decided) -> Approval:
    """Record one named person's decision about the digest they saw."""
    may_as_person(door, who, "decide")
    asked = approvals.get(door.store, who.customer, approval)
    return door.decide(who, approvals.Answer(asked.id, said.kind, said.reason, said.seen))
