"""Live work: an item, what it saw, what it said, what was done, who looked."""

from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from runs.moves import ActionStatus, ItemStatus, ReviewStatus
from runs.records.approval import Proof
from runs.records.model import Flag, Tried
from runs.records.record import Digest, Rate, Record
from runs.records.version import Level, Risk, Route

Arm = Literal["canary", "incumbent", "shadow"]
ReviewKind = Literal["exception", "audit", "shadow", "quarantine"]
Answer = Literal["approve", "edit", "reject"]
"""The produced label was right; another one is; none is."""


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
    found: str = Field(default="", exclude_if=lambda found: not found)
    """Snapshot of what the sources said instead, where it was not acted on because they changed."""


class Reference(Record):
    """Where one field of a draft was taken from; no value."""

    name: str
    """Of the field."""
    source: str
    """Of the version that was read; empty: the item itself."""
    record: str
    """What names the record there; empty for the item."""
    field: str
    """Of that record. Its version and when it was read stand in the item's snapshot."""
    conflicts: tuple[str, ...] = ()
    """Places that say otherwise."""


class Unanswered(Record):
    """Why a version gives no answer to an item; names of fields, never a value."""

    says: str
    lacks: tuple[str, ...] = ()
    """Fields without a value, in the order in which they are filled."""
    asked: tuple[Tried, ...] = Field(default=(), exclude_if=lambda asked: not asked)
    """Every model that was asked, in order, and what became of it."""


class Output(Record):
    """The typed answer of a version to one item."""

    label: str
    confidence: Rate
    scope: Rate
    runner_up: str
    route_used: str
    """Which model route answered."""
    fields: dict[str, Any]
    """Of a draft: every field that was filled, and its text as `document`."""
    references: tuple[Reference, ...] = Field(default=(), exclude_if=lambda found: not found)
    """Of a draft: where each field was taken from."""
    template: str = Field(default="", exclude_if=lambda name: not name)
    """Digest of the template that was filled; empty for any other answer."""
    asked: tuple[Tried, ...] = Field(default=(), exclude_if=lambda asked: not asked)
    """Every model that was asked, in order, and what became of it."""
    flags: tuple[Flag, ...] = Field(default=(), exclude_if=lambda flags: not flags)
    """Why an answer of a model is not trusted by itself."""


class Rests(Record):
    """What the effect of an item was begun on: with it the item goes on, whoever works on it."""

    snapshot: Digest
    """What the version saw."""
    output: Digest
    """What it answered."""
    policy: Digest
    """The values that routed it."""
    rule: str
    """The rule that fired."""


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
    settled_by: str = Field(default="", exclude_if=lambda person: not person)
    """The person whose word settled it; empty where the other side's answer did."""
    said: str = Field(default="", exclude_if=lambda said: not said)
    """Snapshot of that person's reason, or of why somebody had it taken back."""
    undoes: str = Field(default="", exclude_if=lambda key: not key)
    """Key of the action that this one takes back."""
    rests: Rests | None = Field(default=None, exclude_if=lambda rests: rests is None)
    """What of its item it was begun on; None of a run's, and of what an older program began."""


class Escalation(Record):
    """Who handed a review on, from whom, and why."""

    owner: str
    """Who answered for it until then."""
    by: str
    reason: Digest
    """Snapshot of the person's words."""
    at: datetime


class Review(Record):
    """An item waiting for a person, or one drawn for checking."""

    id: str
    item: str
    kind: ReviewKind
    owner: str
    reason: str
    status: ReviewStatus
    answer: Answer | Literal[""]
    label: str
    """The person's label; empty until decided, and where no label is right."""
    routes: tuple[Route, ...]
    """The routes the person says were right."""
    decided_by: str
    simulated: bool
    """The answer is a simulator's: the sample's customer, or a rehearsal that knows the labels."""
    opened_at: datetime
    due_at: datetime
    decided_at: datetime | None
    said: str = ""
    """Snapshot of the person's reason; empty without one."""
    proved_by: Proof | Literal[""] = ""
    token: str = ""
    """Id of the token the person proved themselves with."""
    solo: bool = False
    """Answered by the only person of the installation."""
    held_by: str = ""
    """Who is looking at it now; counts until `held_until`."""
    held_until: datetime | None = None
    escalations: tuple[Escalation, ...] = ()
    """Oldest first."""
    wrong: tuple[str, ...] = Field(default=(), exclude_if=lambda names: not names)
    """Fields of a draft that the person set otherwise."""
    corrected: str = Field(default="", exclude_if=lambda name: not name)
    """Snapshot of those fields as the person has them."""

    def holder(self, now: datetime) -> str:
        """Who holds it at this time; empty when nobody does, or the claim has aged out."""
        is_held = self.held_until is not None and now < self.held_until
        return self.held_by if is_held else ""
