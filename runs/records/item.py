"""Live work: an item, what it saw, what it said, what was done, who looked."""

from datetime import datetime
from typing import Any, Literal

from runs.moves import ActionStatus, ItemStatus, ReviewStatus
from runs.records.record import Digest, Rate, Record
from runs.records.version import Level, Risk, Route

Arm = Literal["canary", "incumbent", "shadow"]


class Item(Record):
    """One live piece of work; its truth is never in it."""

    id: str
    workflow: str
    key: str
    """The sender's key: the same item twice is one item."""
    batch: str
    release: str
    arm: Arm
    stage: int
    version: str
    """Digest, or `human` on the incumbent arm of a first release."""
    policy: Digest
    input: Digest
    """Snapshot of the masked input."""
    snapshot: str
    """Snapshot of what the version saw; empty until the context was read."""
    output: str
    """Snapshot of the typed output; empty until it was decided."""
    status: ItemStatus
    route: Literal["act", "review", "refuse", ""]
    rule: str
    reason: str
    owner: str
    """Who answers for it now."""
    audited: bool
    """Chosen by hash, before any output existed, to be checked by a person."""
    priority: int
    received_at: datetime
    due_at: datetime | None
    finished_at: datetime | None


class Output(Record):
    """The typed answer of a version to one item."""

    label: str
    confidence: Rate
    scope: Rate
    runner_up: str
    route_used: str
    """Which model route answered."""
    fields: dict[str, Any]


class Action(Record):
    """One effect on the outside world."""

    id: str
    key: str
    """Chosen by us from item or run, step and content; reaches the tool."""
    item: str
    run: str
    tool: str
    operation: str
    level: Level
    risks: tuple[Risk, ...]
    content: Digest
    """Snapshot of exactly what the tool is asked to do."""
    approval: str
    """The approval that covers it; empty where the level and stage allow acting alone."""
    status: ActionStatus
    receipt: str
    """Snapshot of what the other side answered; empty until settled."""
    reason: str
    reserved_at: datetime
    settled_at: datetime | None


class Review(Record):
    """An item waiting for a person, or one drawn for checking."""

    id: str
    item: str
    kind: Literal["exception", "audit", "shadow", "quarantine"]
    owner: str
    reason: str
    status: ReviewStatus
    answer: Literal["", "approve", "edit", "reject", "escalate"]
    label: str
    """The person's label; empty until decided."""
    routes: tuple[Route, ...]
    """The routes the person says were right."""
    decided_by: str
    simulated: bool
    """The answer came from the sample's customer simulator."""
    opened_at: datetime
    due_at: datetime
    decided_at: datetime | None
