"""A version's climb of the stages, and the live measurements that carry it."""

from datetime import datetime
from decimal import Decimal
from typing import Literal

from pydantic import Field

from runs.moves import ReleaseStatus
from runs.records.record import Digest, Rate, Record

StageKind = Literal["sandbox", "slice", "full"]
Measure = Literal[
    "quality",
    "coverage",
    "review_pass",
    "trace",
    "context",
    "latency",
    "cost",
    "fallback",
    "escalation",
    "repeated_failure",
    "drift",
]
"""What is read of a release; a plan may ask for each as a signal but `review_pass`, which every
plan asks for with `acceptance.review_pass_min`."""


class StageSpec(Record):
    """One rung of the ladder, as the plan fixes it."""

    name: str
    kind: StageKind
    weight_bp: int = Field(ge=0, le=10_000)
    """Share of the items the version serves, in hundredths of a percent; 0 in the sandbox."""
    sample: int = Field(ge=1)
    """Labelled items of one fixed-sample look; at this many an inconclusive verdict holds."""
    min_hours: int = Field(default=24, ge=0)


class Segment(Record):
    """The items whose field holds one of its choices."""

    field: str
    """A field of the data contract: a choice or a flag."""
    value: str
    """One of its choices; `true` or `false` of a flag."""

    def __str__(self) -> str:
        return f"{self.field}={self.value}"


class Release(Record):
    """A version's climb."""

    id: str
    run: str
    workflow: str
    version: Digest
    policy: Digest
    plan: Digest
    incumbent: str
    """Digest of the version in use, or `human` for the human process."""
    stages: tuple[StageSpec, ...]
    stage: int
    """Index of the stage it stands on; -1 before the first."""
    weight_bp: int
    without: tuple[Segment, ...] = ()
    """Segments that the incumbent serves whatever the share; none once it moves up."""
    salt: str
    """One for the whole lineage: a higher weight only adds units."""
    status: ReleaseStatus
    entered_at: datetime | None
    """When the evidence of this stage began."""
    opened_at: datetime


class Signal(Record):
    """One live measurement over a window."""

    release: str
    stage: int
    name: Measure
    value: str
    """Decimal text."""
    low: Rate | None
    high: Rate | None
    """None where the share is no rate of independent items."""
    events: int
    total: int
    owner: str
    since: datetime
    until: datetime
    breached_since: datetime | None = None
    """When the breach of its limit or rollback bar was first read, as long as it lasts."""
    figures: dict[str, str] = Field(default_factory=dict, exclude_if=lambda figures: not figures)
    """What it is made of: counts by reason, money as decimal text; out of the digest if empty."""


class Move(Record):
    """What the evidence allows for a release, and why."""

    kind: Literal["enter", "expand", "hold", "narrow", "roll_back", "complete"]
    stage: int
    weight_bp: int
    reason: str
    missing: tuple[str, ...] = ()
    """What stands in the way; empty when nothing does."""


class Cost(Record):
    """What something cost."""

    amount: Decimal
    currency: str
