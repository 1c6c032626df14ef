"""check the text of the rule files; errors name file, key and remedy (the door reads the files).

Three kinds of files: the values operations own for one workflow, the installation's own rules, and
the delivery plan a person brings. Values are complete or refused. A plan may have holes, each a
question to a person; what is wrong in it, not only missing, is refused as any other file.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

from pydantic import Field

from policies import bounds, features, routing, texts
from policies.budgets import Spend
from policies.stopping import Limits
from policies.texts import Document, Problem
from runs.errors import InvalidInput
from runs.plan import Limit, Plan, RollbackRule, SignalPlan
from runs.records.record import Record
from runs.records.release import StageSpec
from runs.records.version import Bound, GateValues, PolicyValues

R = TypeVar("R", bound=Record)

DUE: Mapping[str, tuple[str, ...]] = {
    "values": bounds.REQUIRED,
    "gates": ("dry_run", "sandbox", "slice", "full"),
    "approvers": ("plan", "test_exit", "stage", "update"),
    "evidence_hours": ("dry_run", "stage", "drill", "source"),
}
"""Keys that the mappings of a policy must have."""
LEAST_CONFIDENCE = 0.5
"""A bound that holds less often than not decides nothing."""
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
    is_solo: bool = False
    """One person works here alone: their decisions are stamped, and stay in the sandbox where a
    risk class is touched."""


class PlanReading(NamedTuple):
    """A plan as far as it is there."""

    plan: Plan | None
    """None while parts are missing."""
    missing: tuple[str, ...]
    """Paths of the missing parts, such as `owners.incidents`."""


def read_policy(text: str, file: str) -> PolicyValues:
    """The whole values of one workflow; InvalidInput, naming file, line, key and remedy, if not.

    A gate without bars, a question without approvers and a missing gate, time to live or threshold
    are refused: the empty policy is "no".
    """
    document = texts.read(text, file)
    policy = _record(PolicyValues, document)
    _refuse_any(document, list(_policy_problems(policy, ())))
    return policy


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
    is due. What the parts say of each other is checked when none is missing.
    """
    document = texts.read(text, file)
    written = _without_blanks(document.value)
    opened = Document(file, _opened(Plan, written or {}), document.lines)
    built = texts.build(Plan, opened)
    _refuse_any(document, [one for one in built.problems if one.kind == "wrong"])
    if built.record is None:
        return PlanReading(None, tuple(one.key for one in built.problems))
    problems = list(_plan_problems(built.record))
    _refuse_any(document, [one for one in problems if one.kind == "wrong"])
    missing = tuple(one.key for one in problems)
    return PlanReading(None if missing else built.record, missing)


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
    yield from _gate_problems(policy.gates, (*above, "gates"))
    for kind, hours in policy.evidence_hours.items():
        if hours < 1:
            says = f"is {hours}; write at least 1 hour"
            yield Problem((*above, "evidence_hours", kind), "wrong", says)
    for part in ("workflow", "review_owner", "escalation"):
        if not getattr(policy, part):
            yield Problem((*above, part), "blank", "is empty; name at least one")


def _gate_problems(gates: Mapping[Any, GateValues], above: texts.Path) -> Iterator[Problem]:
    for name, gate in gates.items():
        if not LEAST_CONFIDENCE <= gate.confidence < 1:
            says = f"is {gate.confidence}; write a number from {LEAST_CONFIDENCE} to below 1"
            yield Problem((*above, name, "confidence"), "wrong", says)


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


def _plan_problems(plan: Plan) -> Iterator[Problem]:
    """What the parts of a plan, each right, say wrongly of each other, or leave open."""
    yield from _contract_problems(plan)
    yield from _routing_problems(plan)
    yield from _action_problems(plan)
    yield from _stage_problems(plan.rollout.stages, plan.rollout.agreed_stage)
    yield from _signal_problems(plan)
    yield from _gate_problems(plan.acceptance.gates, ("acceptance", "gates"))
    for name in dict.fromkeys(["dry_run", *(stage.kind for stage in plan.rollout.stages)]):
        if name not in plan.acceptance.gates:
            yield Problem(("acceptance", "gates", name), "missing", "is missing; add it")


def _contract_problems(plan: Plan) -> Iterator[Problem]:
    fields = [field.name for field in plan.contract.fields]
    for part, names in (
        ("fields", fields),
        ("labels", plan.contract.labels),
    ):
        if len(set(names)) < len(names):
            yield Problem(("contract", part), "wrong", "names one twice; keep one")
    text = plan.contract.text_field
    asked = [(("contract", "text_field"), text)] if text else []
    if not text and not plan.learning.features:
        says = "is missing; name the field whose words are learnt, or learning.features"
        yield Problem(("contract", "text_field"), "missing", says)
    asked += [
        (("context", "sources", at, "key_field"), source.key_field)
        for at, source in enumerate(plan.context.sources)
    ]
    for path, name in asked:
        if name not in fields:
            says = f"is {name}, which is no field of the contract; name one of {', '.join(fields)}"
            yield Problem(path, "wrong", says)
    yield from _feature_problems(plan)


def _feature_problems(plan: Plan) -> Iterator[Problem]:
    known = features.declared(plan.contract.fields, plan.context.sources, plan.privacy.mask_fields)
    for wrong in features.find_wrong(plan.learning.features, known):
        yield Problem(("learning", "features", wrong.number, wrong.part), "wrong", wrong.says)


def _routing_problems(plan: Plan) -> Iterator[Problem]:
    given = plan.routing
    for name in bounds.REQUIRED:
        if name not in given.values:
            yield Problem(("routing", "values", name), "missing", "is missing; add it")
    for name, value in [*given.values.items(), *given.lists.items()]:
        if name not in given.bounds:
            yield Problem(("routing", "bounds", name), "missing", "is missing; add low and high")
            continue
        try:
            bounds.within(name, value, given.bounds[name], plan.owners.workflow_behaviour)
        except InvalidInput as error:
            part = "lists" if name in given.lists else "values"
            yield Problem(("routing", part, name), "wrong", f"is out of bounds: {error}")
    names = routing.names_of(
        plan.contract.fields, plan.context.sources, values=given.values, lists=given.lists
    )
    try:
        routing.check(given.rules, names)
    except InvalidInput as error:
        yield Problem(("routing", "rules"), "wrong", f"hold a rule that cannot be asked: {error}")


def _action_problems(plan: Plan) -> Iterator[Problem]:
    allowed = [effect.name for effect in plan.actions.allowed]
    if len(set(allowed)) < len(allowed):
        yield Problem(("actions", "allowed"), "wrong", "names one action twice; keep one")
    for name in sorted(set(plan.actions.needing_approval) - set(allowed)):
        says = f"names {name}, which is not allowed; name one of {', '.join(allowed)}"
        yield Problem(("actions", "needing_approval"), "wrong", says)
    for name in sorted(set(plan.actions.excluded) & set(allowed)):
        says = f"names {name}, which is allowed; keep it in one of the two"
        yield Problem(("actions", "excluded"), "wrong", says)


def _stage_problems(stages: Sequence[StageSpec], agreed: str) -> Iterator[Problem]:
    """The ladder begins in the sandbox and only climbs."""
    path = ("rollout", "stages")
    names = [stage.name for stage in stages]
    if stages[0].kind != "sandbox":
        yield Problem(path, "wrong", f"begins with {names[0]}; begin with a sandbox stage")
    for at, stage in enumerate(stages):
        if (stage.kind == "sandbox") != (stage.weight_bp == 0):
            says = (
                f"is {stage.weight_bp} for a {stage.kind} stage; the sandbox alone serves nothing"
            )
            yield Problem((*path, at, "weight_bp"), "wrong", says)
        if at and stage.weight_bp < stages[at - 1].weight_bp:
            says = f"is {stage.weight_bp}, below the stage before it; order the stages upwards"
            yield Problem((*path, at, "weight_bp"), "wrong", says)
    if len(set(names)) < len(names):
        yield Problem(path, "wrong", "names one stage twice; give each a name of its own")
    if agreed not in names:
        says = f"is {agreed}, which is no stage; name one of {', '.join(names)}"
        yield Problem(("rollout", "agreed_stage"), "wrong", says)


def _signal_problems(plan: Plan) -> Iterator[Problem]:
    """Each signal is watched once, and a rollback bar lies beyond the limit of its signal."""
    watched: dict[str, SignalPlan] = {}
    for at, signal in enumerate(plan.signals):
        if signal.name in watched:
            yield Problem(("signals", at, "name"), "wrong", f"is {signal.name} again; keep one")
        watched[signal.name] = signal
        if signal.every_minutes > signal.silence_hours * 60:
            says = (
                f"is {signal.every_minutes}, longer than silence_hours ({signal.silence_hours}) "
                "allow; read it more often"
            )
            yield Problem(("signals", at, "every_minutes"), "wrong", says)
    for at, rule in enumerate(plan.rollout.rollback_when):
        path = ("rollout", "rollback_when", at)
        if rule.signal not in watched:
            says = f"is {rule.signal}, which nobody watches; name one of {', '.join(watched)}"
            yield Problem((*path, "signal"), "wrong", says)
        elif not _is_beyond(rule, watched[rule.signal].limit):
            limit = watched[rule.signal].limit
            asked = f"{limit.direction.replace('_', ' ')} {limit.value}"
            says = (
                f"is {rule.direction} {rule.value}, but the limit of {rule.signal} is {asked}; "
                "take it back where the limit is breached, not where it is kept"
            )
            yield Problem((*path, "value"), "wrong", says)


def _is_beyond(rule: RollbackRule, limit: Limit) -> bool:
    """Whether whatever crosses the rollback bar breaches the limit too."""
    if rule.direction == "below":
        return limit.direction == "at_least" and rule.value <= limit.value
    return limit.direction == "at_most" and rule.value >= limit.value
