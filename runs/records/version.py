"""What is deployed: a version's parts, and the policy values that operations own."""

from decimal import Decimal
from typing import Any, Literal

from pydantic import Field, model_validator

from runs.records.record import Digest, Rate, Record, digest_of

Route = Literal["act", "review", "refuse"]
Level = Literal["read", "suggest", "draft", "trigger", "update"]
Risk = Literal["sensitive", "irreversible", "financial", "customer_facing"]


class Bound(Record):
    """How far operations may move one value without a new version."""

    low: Decimal | None = None
    high: Decimal | None = None
    choices: tuple[str, ...] = ()
    looser: Literal["up", "down"] | None = Field(
        default=None, exclude_if=lambda looser: looser is None
    )
    """Which way lets more act alone: `up` a greater number or another entry, `down` the reverse.

    Without it operations move the value alone. Left out of the digest where it says nothing.
    """


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
    added: tuple[str, ...] = Field(default=(), exclude_if=lambda added: not added)
    """Fields that a fix declared: a case that brought this source without them reads them now."""


class Rule(Record):
    """One routing rule; the first that holds decides."""

    id: str
    when: str
    """CEL over `item`, `context`, `answer`, `values` and `lists`."""
    route: Route
    owner: str
    """Role or person id that receives the item."""
    why: str


class Feature(Record):
    """One thing the learnt route looks at."""

    kind: Literal["text", "number", "flag", "choice", "date", "compare"]
    """`compare` holds a field of the item against another field; the others say how to read one."""
    field: str
    """A field of the item, or `context.<source>.<field>`."""
    against: str = ""
    """Of `compare`: the field it is held against, written as `field` is."""


class LearntRoute(Record):
    """The baseline route: which examples it learnt from, with which settings."""

    kind: Literal["baseline"] = "baseline"
    text_field: str
    """The field whose words are looked at; empty where the features alone are."""
    dataset: Digest
    """Only the split `learn` is learnt from."""
    settings: dict[str, Any] = Field(default_factory=dict)
    features: tuple[Feature, ...] = Field(default=(), exclude_if=lambda features: not features)
    """What is looked at beside the text; a route without any keeps the digest it always had."""
    added: tuple[Digest, ...] = Field(default=(), exclude_if=lambda added: not added)
    """Cases of the split `dev` that are learnt from as well; their families are never scored."""
    removed: tuple[Digest, ...] = Field(default=(), exclude_if=lambda removed: not removed)
    """Cases of the split `learn`, or added, that are not learnt from after all."""


class Filling(Record):
    """One field of a drafted document, and the place its value is taken from, word for word."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    """Of the output's field, and of its place in the template."""
    kind: Literal["text", "number", "date", "choice", "list", "flag"]
    """How the value is read; of a text and `choices`: the only one of them that stands in it."""
    field: str = ""
    """A field of the item, or `context.<source>.<field>`; empty where `ways` says it."""
    choices: tuple[str, ...] = ()
    """Where there are some, anything else is no value."""
    by: tuple[str, ...] = ()
    """Fields filled before, by whose values one of `ways` is taken."""
    ways: dict[str, str] = Field(default_factory=dict)
    """By the values of `by`, with a blank between them, the place."""
    against: tuple[str, ...] = ()
    """Places that have to say the same; one that says otherwise is a conflict."""
    required: bool = True
    """Without a value there is no draft; one that is not required is left empty."""


class TemplateRoute(Record):
    """A route that fills a template: its text is content of the version."""

    kind: Literal["template"] = "template"
    label: str
    """What a whole draft is."""
    text: str
    """Tone, format and task, with places such as `{{tier}}`; never a rule."""
    fillings: tuple[Filling, ...]
    """In the order in which they are filled."""
    dataset: Digest
    """The labelled cases it is measured with; nothing is learnt from them."""

    @property
    def template(self) -> str:
        """The name of the text: one letter changed, and it is another template."""
        return digest_of(self.text)


class Effect(Record):
    """One action the version may do."""

    name: str
    tool: str
    operation: str
    level: Level
    risks: tuple[Risk, ...] = ()


Answering = LearntRoute | TemplateRoute
"""What gives a version its answers."""


class Version(Record):
    """One immutable build of a workflow, named by its digest."""

    workflow: str
    plan: Digest
    contract: tuple[FieldSpec, ...]
    sources: tuple[Source, ...]
    rules: tuple[Rule, ...]
    bounds: dict[str, Bound]
    """One bound for each value and list of the policy."""
    routes: tuple[Answering, ...]
    effects: tuple[Effect, ...]
    waiting: tuple[str, ...] = ()
    """Names of effects that wait for a person, item by item, whatever their risk."""
    labels: tuple[str, ...]
    mask: tuple[str, ...]
    """Fields and patterns compiled from the plan."""
    retention_days: int
    retention: dict[str, int] = Field(default_factory=dict, exclude_if=lambda days: not days)
    """Days by kind of snapshot, where the plan says others; a version without keeps its digest."""


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
            raise ValueError(
                "nothing can fail this gate; write wrong_auto_max below 1 and coverage_min above 0"
            )
        return self


Question = Literal[
    "plan",
    "test_exit",
    "stage",
    "stage_sandbox",
    "stage_slice",
    "stage_full",
    "update",
    "action",
    "action_sensitive",
    "action_irreversible",
    "action_financial",
    "action_customer_facing",
    "lesson",
]
"""What people are asked. `action_RISK` comes before `action`. `lesson` stands in values of an
earlier time and asks nobody: lessons are decided with the update that shows them."""


class ApproverRule(Record):
    """How many people of which role must agree."""

    role: str
    """A role, or the id of one person."""
    count: int = Field(default=1, ge=1)


class EmergencyRule(Record):
    """Who may approve alone when there is no time, and what; whatever is not named is forbidden."""

    people: tuple[str, ...] = Field(min_length=1)
    """Roles or person ids."""
    kinds: tuple[Literal["plan", "test_exit", "stage", "update", "action", "policy"], ...] = Field(
        min_length=1
    )
    """Questions it may be done for."""
    risks: tuple[Risk, ...] = ()
    """Risk classes it reaches up to; a question of any other class waits for those it names."""
    confirm_hours: int = Field(ge=1, le=168)
    """Within so long the ordinary approvers confirm it, or it is withdrawn."""


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
    ops_review_days: int = Field(default=7, ge=1, le=92, exclude_if=lambda days: days == 7)
    """From one ops review to the next; left out of the digest where it is a week."""
    emergency: EmergencyRule | None = Field(default=None, exclude_if=lambda rule: rule is None)
    """What one person may approve alone; nobody, and left out of the digest, where it is absent."""
    retry_minutes: int = Field(default=60, ge=0, le=1_440, exclude_if=lambda minutes: minutes == 60)
    """So long a run tries again what does not answer before it ends as a blocker; left out of the
    digest where it is an hour."""
    queue_most: int = Field(default=10_000, ge=1, exclude_if=lambda most: most == 10_000)
    """Beyond so many items that wait nothing more is taken in; left out of the digest where it is
    ten thousand."""
    concurrency: int = Field(default=0, ge=0, exclude_if=lambda most: most == 0)
    """So many items are worked on at once, over all workers; 0, as everywhere below: no limit."""
    priority: int = Field(default=0, ge=-9, le=9, exclude_if=lambda priority: priority == 0)
    """Of an item whose sender says none; a greater one comes first, among all workflows."""
    priority_least: int = Field(default=0, ge=-9, le=9, exclude_if=lambda least: least == 0)
    priority_most: int = Field(default=0, ge=-9, le=9, exclude_if=lambda most: most == 0)
    """What senders may say lies between these two."""
    deadline_minutes: int = Field(default=0, ge=0, exclude_if=lambda minutes: minutes == 0)
    """An item that has not ended so long after it came in goes to a person."""
    deadline_context_s: int = Field(default=0, ge=0, exclude_if=lambda seconds: seconds == 0)
    """Reading its sources may take so long; then it goes to a person."""
    deadline_decide_s: int = Field(default=0, ge=0, exclude_if=lambda seconds: seconds == 0)
    """So may its answer."""
    deadline_act_s: int = Field(default=0, ge=0, exclude_if=lambda seconds: seconds == 0)
    """No further effect of it begins once its acting has taken so long."""

    @model_validator(mode="after")
    def _is_within(self) -> "PolicyValues":
        if not self.priority_least <= self.priority <= self.priority_most:
            raise ValueError("write priority between priority_least and priority_most")
        return self


class ChangedValue(Record):
    """One value that an edit changes."""

    key: str
    """Its path, such as `gates.slice.wrong_auto_max`."""
    before: str
    """As people read it; a dash where there was none."""
    after: str
    roles: tuple[str, ...]
    """Who must agree to it."""


class PolicyEdit(Record):
    """Values that were put in the place of those that lead, and by whom."""

    id: str
    """The same for the same edit; that of the approval where one is asked for it."""
    workflow: str
    since: int
    """Event from which the values before had led: an edit made again later is another."""
    before: Digest
    after: Digest
    changes: tuple[ChangedValue, ...]
    editors: tuple[str, ...]
    """Who is known to have edited; they are not asked."""
    is_known: bool
    """False where somebody edited the file itself: anybody who can write it."""
    is_decided: bool = False
    """The release it belongs to was approved, or is taken back: nobody is asked again."""
    reason: str = ""
    """Snapshot of the editor's words; empty without any."""
