"""the delivery plan and its parts."""

from datetime import datetime
from decimal import Decimal
from typing import Any, Literal

from pydantic import Field, model_validator

from runs.records.record import Digest, Record
from runs.records.release import StageSpec
from runs.records.version import Bound, Effect, Feature, FieldSpec, GateValues, Rule, Source

SignalName = Literal["quality", "coverage", "latency", "escalation", "repeated_failure"]
"""What is measured of the live items, each a share of those it counts.

quality            right, of those that acted alone and were looked at
coverage           right alone or rightly with a person, of those that were looked at
latency            slower than `acceptance.latency_ms`, of those that were worked on
escalation         given to a person, of those that were worked on
repeated_failure   the most frequent same mistake, of those that were looked at
"""
COUNTED = 1_000
"""The most items a signal is counted on."""


class Goal(Record):
    """Why this workflow, now."""

    business_goal: str
    why_now: str
    metric: str
    """The operating outcome it supports."""
    affected_users: tuple[str, ...] = Field(min_length=1)
    volume_per_week: int = Field(ge=1)
    cost_of_error: Decimal = Field(ge=0)
    """Per wrong item, in `economics.currency`."""
    due: datetime | None = None


class Scope(Record):
    """The edges of the first release."""

    path: str
    """The workflow path that is included, trigger to final action."""
    input_types: tuple[str, ...] = Field(min_length=1)
    segments: tuple[str, ...] = Field(min_length=1)
    review_points: tuple[str, ...] = Field(min_length=1)
    excluded: tuple[str, ...] = Field(min_length=1)
    not_responsible_for: tuple[str, ...] = Field(min_length=1)


class Contract(Record):
    """The data contract: what comes in, what goes out."""

    fields: tuple[FieldSpec, ...] = Field(min_length=1)
    text_field: str = ""
    """Whose words the learnt route looks at; a hole unless `learning` names features."""
    labels: tuple[str, ...] = Field(min_length=2)
    """The typed output: one of these."""
    known_gaps: tuple[str, ...] = ()


class Context(Record):
    """What the workflow may read."""

    sources: tuple[Source, ...] = ()
    known_gaps: tuple[str, ...] = ()


class Learning(Record):
    """What the learnt route looks at beside the text."""

    features: tuple[Feature, ...] = ()


class Routing(Record):
    """The first version's rules and the bounds within which operations move its values."""

    rules: tuple[Rule, ...] = ()
    bounds: dict[str, Bound]
    values: dict[str, Decimal]
    """First values; `act_threshold` and `scope_floor` among them."""
    lists: dict[str, tuple[str, ...]] = Field(default_factory=dict)


class Actions(Record):
    """What the workflow may do, and what it may not."""

    allowed: tuple[Effect, ...] = Field(min_length=1)
    needing_approval: tuple[str, ...] = ()
    """Names of effects that wait for a person, item by item."""
    excluded: tuple[str, ...] = Field(min_length=1)


class Acceptance(Record):
    """What turns launch into a decision."""

    business_effect: str
    gates: dict[Literal["dry_run", "sandbox", "slice", "full"], GateValues]
    latency_ms: int = Field(ge=1)
    cost_per_item: Decimal = Field(ge=0)
    fallback: str


class RollbackRule(Record):
    """A bar beyond which a release goes all the way back by itself."""

    signal: SignalName
    """One of the plan's signals: its owner is told."""
    direction: Literal["below", "above"]
    value: Decimal = Field(ge=0, le=1)
    """Crossed once the whole interval of the signal is on that side of it."""
    min_items: int = Field(default=30, ge=1, le=COUNTED)
    """Fewer items take nothing back."""

    @model_validator(mode="before")
    @classmethod
    def _refuse_prose(cls, value: Any) -> Any:
        return _mapping(value, "{signal: quality, direction: below, value: 0.85, min_items: 50}")


class Rollout(Record):
    """First exposure, expansion and the way back."""

    stages: tuple[StageSpec, ...] = Field(min_length=1)
    agreed_stage: str
    """Name of the stage at which this priority is done."""
    blockers: tuple[str, ...] = Field(min_length=1)
    """What blocks expansion, for people to read."""
    rollback_when: tuple[RollbackRule, ...] = Field(min_length=1)
    """Beside the gate of a stage that fails and the word of one person, which always roll back."""
    fallback: str
    """What serves the items when the version does not."""


class Limit(Record):
    """The share of items a signal has to keep; nothing is expanded while it does not."""

    direction: Literal["at_most", "at_least"]
    value: Decimal = Field(ge=0, le=1)
    min_items: int = Field(default=30, ge=1, le=COUNTED)
    """Fewer items breach nothing: too little was seen."""

    @model_validator(mode="before")
    @classmethod
    def _refuse_prose(cls, value: Any) -> Any:
        return _mapping(value, "{direction: at_least, value: 0.92, min_items: 50}")


class SignalPlan(Record):
    """One signal that is watched, and who answers for it."""

    name: SignalName
    owner: str
    limit: Limit
    every_minutes: int = Field(default=60, ge=1, le=1_440)
    """It is read and kept at least so often while its release serves."""
    silence_hours: int = Field(default=24, ge=1, le=168)
    """Unread for longer, nobody was watching."""


def _mapping(value: Any, example: str) -> Any:
    """Prose judges nothing: say how it is written instead."""
    if not isinstance(value, dict | Record):
        raise ValueError(f"write it as {example}")  # noqa: TRY004 - pydantic tells no TypeError
    return value


class Economics(Record):
    """What it may cost, and what it is hoped to bring."""

    currency: str = Field(min_length=3, max_length=3)
    cost_of_review: Decimal = Field(gt=0)
    """Of one item looked at by a person: what a needless review is weighed with."""
    roi_hypothesis: str
    cost_ceiling_per_week: Decimal = Field(ge=0)
    redesign_when: str


class Owners(Record):
    """Person ids; nothing is without one."""

    business_outcome: str
    workflow_behaviour: str
    evaluation: str
    incidents: str
    changes: str
    expansion: str
    support: str
    domain_expert: str
    builder: str
    """Who builds; never an approver of what was built."""


class Privacy(Record):
    """What may be seen, kept and reused."""

    allowed_sources: tuple[str, ...]
    mask_fields: tuple[str, ...]
    mask_patterns: tuple[Literal["email", "phone", "iban", "card"], ...]
    retention_days: int = Field(ge=1)
    client_owns: tuple[str, ...]
    audit_requirements: str
    regulated: bool


class Switching(Record):
    """What would be hard to move."""

    model_dependency: str
    stable_parts: tuple[str, ...]
    fallback_options: str


class Plan(Record):
    """One workflow, its edges, data, actions, acceptance, rollout, owners and economics."""

    workflow: str = Field(pattern=r"^[a-z][a-z0-9_]{1,40}$")
    title: str
    risk: Literal["low", "medium", "high"]
    goal: Goal
    scope: Scope
    contract: Contract
    context: Context
    learning: Learning = Field(
        default_factory=Learning, exclude_if=lambda learning: not learning.features
    )
    """Left out of the digest where no feature is named."""
    routing: Routing
    actions: Actions
    acceptance: Acceptance
    rollout: Rollout
    signals: tuple[SignalPlan, ...] = Field(min_length=1)
    economics: Economics
    owners: Owners
    privacy: Privacy
    switching: Switching
    handoff: str
    dataset: str
    """Name of the labelled dataset the domain expert owns."""


class Hole(Record):
    """A part of the plan that is missing, and who is asked for it."""

    field: str
    """Path, such as `owners.incidents`."""
    question: str
    person: str


class PlanRecord(Record):
    """A plan as one run wrote it, with what it rests on."""

    run: str
    plan: Plan
    lessons: tuple[str, ...]
    """Lessons that changed it."""
    changes: tuple[str, ...]
    """What each lesson changed, one sentence each."""


class PlanDraft(Record):
    """A plan with holes: it stops the run at its questions."""

    run: str
    holes: tuple[Hole, ...]
    text: Digest
    """Snapshot of the draft as it was brought."""
