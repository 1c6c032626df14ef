"""the delivery plan and its parts."""

from decimal import Decimal
from typing import Any, Literal

from pydantic import Field, model_validator

from runs.errors import InvalidInput
from runs.plan_parts import (
    Drafting,
    Excluded,
    Forbidden,
    Included,
    Observed,
    Phases,
    PlannedSource,
    Redesign,
    Retention,
    RoleOutput,
    SignalName,
    System,
    Way,
    as_mapping,
)
from runs.records.record import Digest, Moment, Record
from runs.records.release import StageSpec
from runs.records.version import Bound, Effect, Feature, FieldSpec, GateValues, Rule

COUNTED = 1_000
"""The most items a signal is counted on."""


class Goal(Record):
    """Why this workflow, now."""

    business_goal: str
    why_now: str
    metric: str
    """The operating outcome it supports."""
    success_criteria: tuple[str, ...] = Field(min_length=1)
    """What must be seen for the goal to count as reached."""
    affected_users: tuple[str, ...] = Field(min_length=1)
    volume_per_week: int = Field(ge=1)
    cost_of_error: Decimal = Field(ge=0)
    """Per wrong item, in `economics.currency`."""
    due: Moment | None = None


class Scope(Record):
    """The edges of the first release."""

    included: Included
    excluded: Excluded
    not_responsible_for: tuple[str, ...] = Field(min_length=1)


class Contract(Record):
    """The data contract: what comes in, what goes out."""

    fields: tuple[FieldSpec, ...] = Field(min_length=1)
    text_field: str = ""
    """Whose words the learnt route looks at; a hole unless `learning` names features."""
    labels: tuple[str, ...] = Field(min_length=2)
    """The typed output: one of these."""
    known_gaps: tuple[str, ...]
    """Where inputs are missing, null or of another form."""


class Context(Record):
    """What the workflow may read."""

    sources: tuple[PlannedSource, ...]
    """Empty where the item alone is looked at."""
    known_gaps: tuple[str, ...]
    """What no source says, and what follows for the first release."""


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
    """What the workflow may do, and what it may not, at each of the five levels."""

    reads: tuple[str, ...] = Field(min_length=1)
    """What it may read: the level `read`."""
    allowed: tuple[Effect, ...] = Field(min_length=1)
    """Each at its level: suggest, draft, trigger or update."""
    needing_approval: tuple[str, ...]
    """Names of effects that wait for a person, item by item."""
    excluded: tuple[Forbidden, ...] = Field(min_length=1)
    audited: tuple[str, ...] = Field(min_length=1)
    """Events that need a trail or a later look."""
    outputs: tuple[RoleOutput, ...] = Field(min_length=1)
    """The expected output, by user role."""


class Acceptance(Record):
    """What turns launch into a decision."""

    business_effect: str
    gates: dict[Literal["dry_run", "sandbox", "slice", "full"], GateValues]
    """Output quality, stage by stage."""
    review_pass_min: Decimal = Field(gt=0, le=1)
    """Share of the reviewed items that people pass as they are."""
    latency_ms: int = Field(ge=1)
    cost_per_item: Decimal = Field(ge=0)
    """What an item may cost in the mean: its way, and the people it needs."""
    fallback: str
    """What happens to a weak or ambiguous output."""
    release_confidence: Decimal = Field(ge=Decimal("0.5"), lt=1)
    """No gate decides with less."""


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
        return as_mapping(value, "{signal: quality, direction: below, value: 0.85, min_items: 50}")


class Rollout(Record):
    """First exposure, expansion and the way back."""

    stages: tuple[StageSpec, ...] = Field(min_length=1)
    agreed_stage: str
    """Name of the stage at which this priority is done."""
    first_exposure: str
    """Who or what meets it first: the segment, group or slice of the first stage that acts."""
    expand_when: tuple[str, ...] = Field(min_length=1)
    """Beside the gate of each stage, its approval and its signals, which always count."""
    blockers: tuple[str, ...] = Field(min_length=1)
    """What blocks expansion, for people to read."""
    rollback_when: tuple[RollbackRule, ...] = Field(min_length=1)
    """Beside the gate of a stage that fails and the word of one person, which always roll back."""
    fallback: str
    """What serves the items when the version does not."""
    contained_by: str
    """Person who can pause, narrow and take it back, beside the owners of incidents and expansion.
    """


class Limit(Record):
    """The share of items a signal has to keep; nothing is expanded while it does not."""

    direction: Literal["at_most", "at_least"]
    value: Decimal = Field(ge=0, le=1)
    min_items: int = Field(default=30, ge=1, le=COUNTED)
    """Fewer items breach nothing: too little was seen."""

    @model_validator(mode="before")
    @classmethod
    def _refuse_prose(cls, value: Any) -> Any:
        return as_mapping(value, "{direction: at_least, value: 0.92, min_items: 50}")


class SignalPlan(Record):
    """One signal that is watched, and who answers for it."""

    name: SignalName
    owner: str
    limit: Limit
    every_minutes: int = Field(default=60, ge=1, le=1_440)
    """It is read and kept at least so often while its release serves."""
    silence_hours: int = Field(default=24, ge=1, le=168)
    """Unread for longer, nobody was watching."""


class Economics(Record):
    """What it may cost, and what it is hoped to bring."""

    currency: str = Field(min_length=3, max_length=3)
    cost_of_review: Decimal = Field(gt=0)
    """Of one item looked at by a person: what a needless review is weighed with."""
    roi_hypothesis: str
    cost_ceiling_per_week: Decimal = Field(ge=0)
    """What all items of a week may cost, by the same count."""
    ways: tuple[Way, ...] = Field(min_length=1)
    """What each way through the workflow costs and takes."""
    token_risk: str
    """What would make the use of tokens grow, and by how much."""
    redesign_when: tuple[Redesign, ...] = Field(min_length=1)


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
    """Of everything that `retention` does not name."""
    retention: Retention
    client_owns: tuple[str, ...] = Field(min_length=1)
    """Artefacts that are the client's."""
    audit_requirements: str
    constraints: tuple[str, ...]
    """Rights, commitments and limits that narrow the first release."""
    regulated: bool
    """Regulated data, customer records or decisions with legal consequences: compliance takes part
    in the gate of the design."""


class Switching(Record):
    """What would be hard to move."""

    model_dependency: str
    portability: str
    """What of prompts and routing moves along."""
    evaluation_assets: tuple[str, ...] = Field(min_length=1)
    """What a later change is measured with."""
    fallback_options: str
    integration_points: tuple[str, ...]
    """Those that would be dear to replace."""
    stable_parts: tuple[str, ...] = Field(min_length=1)
    """What stays as it is whatever is exchanged."""


class Plan(Record):
    """One workflow, its edges, data, actions, acceptance, rollout, owners and economics."""

    workflow: str = Field(pattern=r"^[a-z][a-z0-9_]{1,40}$")
    title: str
    risk: Literal["low", "medium", "high"]
    goal: Goal
    systems: tuple[System, ...] = Field(min_length=1)
    scope: Scope
    contract: Contract
    context: Context
    learning: Learning = Field(
        default_factory=Learning, exclude_if=lambda learning: not learning.features
    )
    """Left out of the digest where no feature is named."""
    drafting: Drafting | None = Field(default=None, exclude_if=lambda drafting: drafting is None)
    """In place of a route that learns; left out of the digest where nothing is drafted."""
    routing: Routing
    actions: Actions
    acceptance: Acceptance
    rollout: Rollout
    signals: tuple[SignalPlan, ...] = Field(min_length=1)
    observed: Observed
    economics: Economics
    owners: Owners
    privacy: Privacy
    switching: Switching
    phases: Phases
    handoff: str
    """Who runs and supports it after launch."""
    dataset: str
    """Name of the labelled dataset the domain expert owns."""


class Hole(Record):
    """A part of the plan that is missing, and who is asked for it."""

    field: str
    """Path, such as `owners.incidents`."""
    question: str
    person: str


class Filled(Record):
    """A part of a plan that a model filled from the customer's words."""

    path: str
    proposal: str
    """Id of the record of what was proposed, and on which words."""


class PlanRecord(Record):
    """A plan as one run wrote it, with what it rests on."""

    run: str
    plan: Plan
    lessons: tuple[str, ...]
    """Lessons that changed it."""
    changes: tuple[str, ...]
    """What each lesson changed, one sentence each."""
    filled: tuple[Filled, ...] = Field(default=(), exclude_if=lambda filled: not filled)
    """What nobody brought and a model filled; left out of the digest where there is nothing."""

    @model_validator(mode="before")
    @classmethod
    def _refuse_former(cls, value: Any) -> Any:
        """What only people can add is never made up: a plan of the former form is brought again."""
        plan = value.get("plan") if isinstance(value, dict) else None
        if isinstance(plan, dict) and "phases" not in plan:
            raise InvalidInput(
                f"the kept plan of {plan.get('workflow', 'a workflow')!r} has the form of an "
                "earlier version of Pilotage, without phases and systems; bring it again, "
                "completed, with `pilotage run start --plan FILE`"
            )
        return value


class PlanDraft(Record):
    """A plan with holes: it stops the run at its questions."""

    run: str
    holes: tuple[Hole, ...]
    warnings: tuple[str, ...] = Field(default=(), exclude_if=lambda warnings: not warnings)
    """What is no hole and yet should be looked at."""
    text: Digest
    """Snapshot of the draft as it was brought."""
