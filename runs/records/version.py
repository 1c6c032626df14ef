"""What is deployed: a version's parts, and the policy values that operations own."""

from decimal import Decimal
from typing import Any, Literal

from pydantic import Field, model_validator

from runs.records.record import Digest, Rate, Record

Route = Literal["act", "review", "refuse"]
Level = Literal["read", "suggest", "draft", "trigger", "update"]
Risk = Literal["sensitive", "irreversible", "financial", "customer_facing"]


class Bound(Record):
    """How far operations may move one value without a new version."""

    low: Decimal | None = None
    high: Decimal | None = None
    choices: tuple[str, ...] = ()


class FieldSpec(Record):
    """One field of the data contract."""

    name: str
    type: Literal["text", "number", "flag", "date", "choice"]
    required: bool = False
    """A required field may be neither missing nor null."""
    choices: tuple[str, ...] = ()
    low: Decimal | None = None
    high: Decimal | None = None
    max_chars: int = 20_000
    masked: bool = False
    """Personal or secret: replaced before it is kept or shown to a model."""


class Source(Record):
    """One system read for context: a tool, the record's key, the fields the version may see."""

    name: str
    tool: str
    """Name of a declared tool of level `read`."""
    key_field: str
    """Field of the item that names the record."""
    fields: tuple[str, ...]
    max_age_hours: int | None = None
    reread_before_act: bool = False


class Rule(Record):
    """One routing rule; the first that holds decides."""

    id: str
    when: str
    """CEL over `item`, `context`, `answer`, `values` and `lists`."""
    route: Route
    owner: str
    """Role or person id that receives the item."""
    why: str


class LearntRoute(Record):
    """The baseline route: which examples it learnt from, with which settings."""

    kind: Literal["baseline"] = "baseline"
    text_field: str
    dataset: Digest
    """Only the split `learn` is learnt from."""
    settings: dict[str, Any] = Field(default_factory=dict)


class Effect(Record):
    """One action the version may do."""

    name: str
    tool: str
    operation: str
    level: Level
    risks: tuple[Risk, ...] = ()


class Version(Record):
    """One immutable build of a workflow, named by its digest."""

    workflow: str
    plan: Digest
    contract: tuple[FieldSpec, ...]
    sources: tuple[Source, ...]
    rules: tuple[Rule, ...]
    bounds: dict[str, Bound]
    """One bound for each value and list of the policy."""
    routes: tuple[LearntRoute, ...]
    effects: tuple[Effect, ...]
    waiting: tuple[str, ...] = ()
    """Names of effects that wait for a person, item by item, whatever their risk."""
    labels: tuple[str, ...]
    mask: tuple[str, ...]
    """Fields and patterns compiled from the plan."""
    retention_days: int


class GateValues(Record):
    """The bars of one gate; every bar is judged by a one-sided exact bound."""

    wrong_auto_max: Rate
    coverage_min: Rate
    confidence: Rate = 0.95
    min_cases: int = Field(ge=1)
    max_review_budget: int = Field(default=1000, ge=1)
    """Above this many further cases an inconclusive verdict is called not settleable."""

    @model_validator(mode="after")
    def _bars_exclude_something(self) -> "GateValues":
        if self.wrong_auto_max >= 1 or self.coverage_min <= 0:
            raise ValueError("a gate that nothing can fail is not a gate")
        return self


Question = Literal[
    "plan",
    "test_exit",
    "stage",
    "stage_sandbox",
    "stage_slice",
    "stage_full",
    "update",
    "lesson",
]
"""What people are asked."""


class ApproverRule(Record):
    """How many people of which role must agree."""

    role: str
    count: int = Field(default=1, ge=1)


class PolicyValues(Record):
    """What operations own for one workflow."""

    workflow: str
    values: dict[str, Decimal]
    """Named numbers used by the rules; `act_threshold` and `scope_floor` always exist."""
    lists: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    """Named lists used by the rules: tiers, exclusions."""
    gates: dict[Literal["dry_run", "sandbox", "slice", "full"], GateValues]
    approvers: dict[Question, tuple[ApproverRule, ...]]
    """A stage's kind may have its own; otherwise `stage` says who."""
    review_owner: str
    """Role or person id."""
    review_due_hours: int = Field(ge=1)
    audit_share: Rate
    """Share of the items that act alone which a person checks afterwards, chosen by hash."""
    approval_due_hours: int = Field(ge=1)
    evidence_hours: dict[Literal["dry_run", "stage", "drill", "source"], int]
    """Time to live of evidence, by kind."""
    escalation: tuple[str, ...]
    """Roles or person ids, in order, who are told when nobody answers."""
