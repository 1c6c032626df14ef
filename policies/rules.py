"""check the text of the rule files; errors name file, key and remedy (the door reads the files).

Three kinds of files: the values operations own for one workflow, the installation's own rules, and
the delivery plan a person brings. Values are complete or refused. A plan may have holes, each a
question to a person; what is wrong in it, not only missing, is refused as any other file.
"""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple, TypeVar

from pydantic import Field

from policies import bounds, budgets, cautions, plans, texts
from policies.budgets import Spend
from policies.stopping import Limits
from policies.texts import Document, Problem
from policies.watchdog import Watchdog
from runs.errors import InvalidInput
from runs.plan import Plan
from runs.records.record import Record
from runs.records.version import Bound, PolicyValues

R = TypeVar("R", bound=Record)

DUE: Mapping[str, tuple[str, ...]] = {
    "values": bounds.REQUIRED,
    "gates": ("dry_run", "sandbox", "slice", "full"),
    "approvers": ("plan", "test_exit", "stage", "update"),
    "evidence_hours": ("dry_run", "stage", "drill", "source"),
}
"""Keys that the mappings of a policy must have."""
ROLES = frozenset(
    {
        "owner",
        "delivery_engineer",
        "engineering_lead",
        "product_owner",
        "business_owner",
        "domain_expert",
        "compliance",
        "ops_lead",
        "ops_manager",
        "rollout_owner",
        "incident_owner",
        "reviewer",
    }
)
"""Roles of the product; policies and plans name others as well."""
BLANKS = ("", "?", "tbd")
"""What people write into a plan where they do not know yet; a hole, as null is."""


class Installation(Record):
    """The rules of the installation, above every policy and every version."""

    policy: PolicyValues
    """The values a workflow starts from, where its plan names none."""
    bounds: dict[str, Bound]
    """How far any policy may go, by path; `*` stands for one part."""
    looks: int = Field(ge=1, le=20)
    """Looks at one holdout, which share the confidence."""
    stopping: Limits
    run_budget: Spend
    """What one run may spend."""
    item_budget: Spend
    """What one item may spend."""
    # The next two are left out of the digest while they are as shipped, as the watchdog is.
    day_budget: Spend = Field(default_factory=budgets.a_day, exclude_if=budgets.is_a_day)
    """What the models of the whole installation may take on one day, UTC; never seconds."""
    customer_budget: Spend = Field(default_factory=budgets.a_month, exclude_if=budgets.is_a_month)
    """What the models of one customer may take in one month, UTC; never seconds."""
    # Left out of the digest while it is as shipped, so that no paused run meets other rules by it.
    watchdog: Watchdog = Field(default_factory=Watchdog, exclude_if=lambda one: one == Watchdog())
    """From when on somebody is told that the work does not go on as it should."""
    is_solo: bool = False
    """One person works here alone: their decisions are stamped, and stay in the sandbox where a
    risk class is touched."""

    @property
    def model_limits(self) -> budgets.Limits:
        """What models may take."""
        return budgets.Limits(
            run=self.run_budget,
            item=self.item_budget,
            day=self.day_budget,
            customer=self.customer_budget,
        )


class PlanReading(NamedTuple):
    """A plan as far as it is there."""

    plan: Plan | None
    """None while parts are missing."""
    missing: tuple[str, ...]
    """Paths of the missing parts, such as `owners.incidents`."""
    warnings: tuple[str, ...]
    """What is no hole and not wrong, and yet should be looked at."""
    owners: Mapping[str, str]
    """The owners that are named, by area, however much else is missing."""


class AskedAt(NamedTuple):
    """A route to a model that a plan names."""

    field: str
    """Path, such as `models.0.endpoint`."""
    name: str
    line: int


class PlanLook(NamedTuple):
    """A plan as far as it is there, with everything that can be said of it at once."""

    reading: PlanReading
    wrong: InvalidInput | None
    """What is wrong with it, each with file, line, key and remedy; None where nothing is."""
    asked: tuple[AskedAt, ...]
    """Where its models are asked."""


def read_policy(text: str, file: str) -> PolicyValues:
    """The whole values of one workflow; InvalidInput, naming file, line, key and remedy, if not.

    A gate without bars, a question without approvers and a missing gate, time to live or threshold
    are refused: the empty policy is "no".
    """
    document = texts.read(text, file)
    policy = _record(PolicyValues, document)
    _refuse_any(document, list(_policy_problems(policy, ())))
    return policy


def roles_named(policy: PolicyValues) -> set[str]:
    """Roles, and ids of people, of whom these values ask something."""
    asked = {rule.role for rules in policy.approvers.values() for rule in rules}
    alone = policy.emergency.people if policy.emergency is not None else ()
    return asked | {policy.review_owner, *policy.escalation, *alone}


def write_policy(policy: PolicyValues) -> str:
    """A YAML text that `read_policy` reads as values of the same digest."""
    return texts.write(policy.model_dump())


def read_installation(text: str, file: str) -> Installation:
    """The installation's rules, its own values within its own bounds; InvalidInput if not."""
    document = texts.read(text, file)
    installation = _record(Installation, document)
    problems = [*_policy_problems(installation.policy, ("policy",))]
    if not installation.bounds:
        problems.append(Problem(("bounds",), "blank", "is empty; bound at least the gates"))
    _refuse_any(document, problems)
    own = {name: Bound(low=value, high=value) for name, value in installation.policy.values.items()}
    own |= {name: Bound(choices=entries) for name, entries in installation.policy.lists.items()}
    try:
        bounds.check(installation.policy, own, installation.bounds)
    except InvalidInput as error:
        raise InvalidInput(f"{file}: policy.{error}") from None
    return installation


def read_plan(text: str, file: str) -> PlanReading:
    """A plan and its holes; InvalidInput, naming file, line, key and remedy, for what is wrong.

    A hole is a part that is absent, null, blank, `?` or `tbd`, or a list without an entry where one
    is due. What the parts say of each other is checked as far as they are there.
    """
    look = look_at_plan(text, file)
    if look.wrong is not None:
        raise look.wrong
    return look.reading


def look_at_plan(text: str, file: str) -> PlanLook:
    """A plan with its holes and what is wrong beside them; InvalidInput where it is no YAML."""
    document = texts.read(text, file)
    written = _without_blanks(document.value)
    opened = Document(file, _opened(Plan, written or {}), document.lines)
    built = texts.build(Plan, opened)
    plan = built.record or texts.partly(Plan, opened, built.problems)
    found = [*built.problems, *plans.problems(plan)]
    wrong = [one for one in found if one.kind == "wrong"]
    missing = tuple(dict.fromkeys(one.key for one in found if one.kind != "wrong"))
    early = cautions.early_warnings(opened.value) if built.record is None else ()
    whole = None if missing else built.record
    reading = PlanReading(
        whole, missing, (*early, *cautions.warnings(plan)), plans.owners_in(opened.value)
    )
    refused = texts.refuse(document, wrong) if wrong else None
    return PlanLook(reading, refused, tuple(_asked_at(opened)))


def _asked_at(document: Document) -> Iterator[AskedAt]:
    """Every route that the models of a plan name, however much else of them is missing."""
    models = document.value.get("models")
    for number, one in enumerate(models if isinstance(models, list) else ()):
        name = one.get("endpoint") if isinstance(one, dict) else None
        if isinstance(name, str):
            path = ("models", number, "endpoint")
            yield AskedAt(f"models.{number}.endpoint", name, document.line(path))


def _record(kind: type[R], document: Document) -> R:
    built = texts.build(kind, document)
    if built.record is None:
        raise texts.refuse(document, built.problems)
    return built.record


def _refuse_any(document: Document, problems: list[Problem]) -> None:
    if problems:
        raise texts.refuse(document, problems)


def _policy_problems(policy: PolicyValues, above: texts.Path) -> Iterator[Problem]:
    """What is absent from values that are each right."""
    for part, wanted in DUE.items():
        for key in wanted:
            if key not in getattr(policy, part):
                yield Problem((*above, part, key), "missing", "is missing; add it")
    for kind, rules in policy.approvers.items():
        if not rules:
            says = "names nobody, so nobody could agree; name at least one role"
            yield Problem((*above, "approvers", kind), "blank", says)
    yield from plans.gate_problems(policy.gates, (*above, "gates"))
    for kind, hours in policy.evidence_hours.items():
        if hours < 1:
            says = f"is {hours}; write at least 1 hour"
            yield Problem((*above, "evidence_hours", kind), "wrong", says)
    for part in ("workflow", "review_owner", "escalation"):
        if not getattr(policy, part):
            yield Problem((*above, part), "blank", "is empty; name at least one")


def _without_blanks(value: Any) -> Any:
    """The same without what people write where they do not know yet; None if nothing is left."""
    if isinstance(value, dict):
        kept = {key: _without_blanks(inner) for key, inner in value.items()}
        return {key: inner for key, inner in kept.items() if inner is not None}
    if isinstance(value, list):
        return [one for one in map(_without_blanks, value) if one is not None]
    is_blank = isinstance(value, str) and value.strip().casefold() in BLANKS
    return None if is_blank else value


def _opened(kind: type[Record], value: dict[str, Any]) -> dict[str, Any]:
    """With an empty mapping for each part that is absent as a whole: so each hole has its name."""
    opened = dict(value)
    for name, field in kind.model_fields.items():
        inner = field.annotation
        if isinstance(inner, type) and issubclass(inner, Record):
            part = value.get(name, {})
            opened[name] = _opened(inner, part) if isinstance(part, dict) else part
    return opened
