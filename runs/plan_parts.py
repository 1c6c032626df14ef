"""what stands inside the areas of a plan: systems, edges, sources, ways, phases."""

from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from runs.records.model import Asking
from runs.records.record import Moment, Record
from runs.records.version import ApproverRule, Filling, Level, Route, Source

SignalName = Literal[
    "quality",
    "coverage",
    "latency",
    "escalation",
    "repeated_failure",
    "trace",
    "context",
    "fallback",
    "cost",
    "drift",
]
"""What is measured of the live items, each a share of those it counts.

quality            right, of those that acted alone and were looked at
coverage           right alone or rightly with a person, of those that were looked at
latency            slower than `acceptance.latency_ms` and their way allow, of those worked on
escalation         given to a person, of those that were worked on
repeated_failure   the most frequent same mistake, of those that were looked at
trace              whose whole way can be rebuilt, of those worked on and not erased
context            with a source missing, stale or changed before the act, of those that read some
fallback           not served by the version's first route, of those that were worked on
cost               dearer than `acceptance.cost_per_item`, of those that were worked on
drift              of a kind the dry run had fewer of, as far as chance does not explain it
"""
REFERENCES = ("env:", "file:")
"""How a secret is named; its value stands in no plan and no record."""
NO_SECRET = "none"


def as_reference(value: str) -> str:
    """Refuse what could be the secret itself, without repeating it."""
    kind, _, name = value.partition(":")
    if value != NO_SECRET and not (f"{kind}:" in REFERENCES and name.strip()):
        raise PydanticCustomError(
            "unsaid", "is no reference; write env:NAME, file:NAME or none, never the secret itself"
        )
    return value


def as_mapping(value: Any, example: str) -> Any:
    """Prose judges nothing: say how it is written instead."""
    if not isinstance(value, dict | Record):
        raise ValueError(f"write it as {example}")  # noqa: TRY004 - pydantic tells no TypeError
    return value


class System(Record):
    """One system or interface the workflow touches."""

    name: str
    used_for: str
    tool: str
    """Name of the declared tool through which it is reached."""
    access: str
    """The way there, for people: interface, folder or view, and where it runs."""
    credential: Annotated[str, AfterValidator(as_reference)]
    """A reference, `env:NAME` or `file:NAME`; `none` where the system asks for none."""
    owner: str
    """Person or team on the customer's side who answers for it."""
    person: str = Field(default="", exclude_if=lambda person: not person)
    """Id of the person here who answers for it, where `owner` is none; a hole where neither is."""
    mode: Literal["read", "write", "read_and_write"]

    @property
    def answering(self) -> str:
        """Who is asked about it: the person, or the owner where that is one."""
        return self.person or self.owner


class Included(Record):
    """The smallest usable version: what is in it."""

    path: str
    """The workflow path that is included, trigger to final action."""
    input_types: tuple[str, ...] = Field(min_length=1)
    sources: tuple[str, ...]
    """Names of the sources in `context` that this slice reads."""
    segments: tuple[str, ...] = Field(min_length=1)
    user_roles: tuple[str, ...] = Field(min_length=1)
    """Who works with it first."""
    actions: tuple[str, ...] = Field(min_length=1)
    """Names of the effects that this slice may do."""
    review_points: tuple[str, ...] = Field(min_length=1)


class Excluded(Record):
    """What is left for later, or for nobody, by kind."""

    adjacent_workflows: tuple[str, ...] = Field(min_length=1)
    unapproved_actions: tuple[str, ...] = Field(min_length=1)
    """Actions of higher risk for which there is no approval logic."""
    integrations: tuple[str, ...] = Field(min_length=1)
    segments: tuple[str, ...] = Field(min_length=1)
    """Those that wait until the behaviour is proven."""
    automation_depth: tuple[str, ...] = Field(min_length=1)
    """What would go deeper than can be evaluated yet."""


class PlannedSource(Source):
    """A source as a version reads it, and what is assumed of it; a plan says its freshness too."""

    truth_of: str
    """What this system is the source of truth for."""
    access: str
    """The access path in production."""
    traced_by: str
    """How a reader finds the very record again."""
    known_gaps: tuple[str, ...]
    """Where missing or stale values weaken the output."""

    def as_read(self) -> Source:
        """What of it goes into a version."""
        return Source.model_validate({name: getattr(self, name) for name in Source.model_fields})


class Drafting(Record):
    """A document that is made from a template, every field of it taken from a named place."""

    label: str
    """The one of `contract.labels` that stands for a whole draft."""
    template: str
    """Tone, format and task, with places such as `{{tier}}`; never a rule."""
    fillings: tuple[Filling, ...] = Field(min_length=1)
    """In the order in which they are filled."""


class PlannedRoute(Asking):
    """A model that is asked before the baseline, in the order of the plan."""

    task: str = Field(min_length=1, max_length=20_000)
    """Tone, format and task in words; never a rule, and never words of an item."""


class Forbidden(Record):
    """One action that the first release does not have."""

    name: str
    level: Level
    why: str


class RoleOutput(Record):
    """What one user role is given."""

    role: str
    receives: str


class Observed(Record):
    """What is visible of the live workflow beside its measured signals, and who looks."""

    trace: str
    quality: str
    context: str
    """How retrieval and sources behave."""
    latency: str
    cost: str
    """Cost and tokens by task."""
    fallback: str
    """Fallbacks and escalations."""
    repeated_failures: str
    response_owner: str
    """Person who answers when one of them weakens."""


class Way(Record):
    """One way through the workflow, with its price."""

    path: str
    cost_per_item: Decimal = Field(ge=0)
    latency_ms: int = Field(ge=1)
    """Target of this way."""
    takes: tuple[Route, ...] = Field(default=(), exclude_if=lambda takes: not takes)
    """Routes whose items go this way; every item where it names none. Left out of the digest
    then."""
    is_heavy: bool
    """Retrieval, long texts, several steps or retries make it slow or dear."""
    fallback: str = ""
    """What takes its place when it is too slow or too dear; a hole for a heavy one."""


class Redesign(Record):
    """A bar beyond which the workflow is designed anew."""

    measure: SignalName | Literal["cost_per_item", "cost_per_week"]
    direction: Literal["above", "below"]
    value: Decimal = Field(ge=0)
    """A share for a signal, money in `economics.currency` for a cost."""
    weeks: int = Field(ge=1, le=52)
    """So long in a row."""

    @model_validator(mode="before")
    @classmethod
    def _refuse_prose(cls, value: Any) -> Any:
        return as_mapping(value, "{measure: escalation, direction: above, value: 0.50, weeks: 4}")

    @model_validator(mode="after")
    def _is_share(self) -> "Redesign":
        if not self.measure.startswith("cost_") and self.value > 1:
            raise ValueError(f"write the value of {self.measure} as a share from 0 to 1")
        return self


class Retention(Record):
    """How long each kind of text is kept, in days."""

    prompts_days: int = Field(ge=1)
    """What a route was given: input and context."""
    outputs_days: int = Field(ge=1)
    """What it answered, what was done with it, and the receipt."""
    traces_days: int = Field(ge=1)
    """What people said of an item: reasons and corrections."""


class Phase(Record):
    """One phase of the delivery, entered and left by conditions that can be tested."""

    gate_in: tuple[str, ...] = Field(min_length=1)
    gate_out: tuple[str, ...] = Field(min_length=1)
    approvers: tuple[ApproverRule, ...] = Field(min_length=1)
    """Who agrees that it is left, by role or person id, beside those whom the policy names."""
    deadline: Moment | None = None


class Phases(Record):
    """The way from a concept to full operations."""

    design: Phase
    testing: Phase
    sandbox: Phase
    full_operations: Phase
