"""what the parts of a plan say wrongly of each other or leave open, and whom each area asks.

The parts themselves are checked as they are read; here is what only shows when they stand side by
side. A problem is wrong (the writer mends it) or missing (a person is asked). A warning stops
nothing and is shown wherever the plan is.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from policies import asking, bounds, drafting, features, routing
from policies.texts import Path, Problem, as_far
from runs.errors import InvalidInput
from runs.plan import Limit, Plan, RollbackRule, SignalPlan
from runs.records.version import GateValues

LEAST_CONFIDENCE = 0.5
"""A bound that holds less often than not decides nothing."""
GOOD = ("quality", "coverage", "trace")
"""Signals of which more is better; of each other less is."""
ALERTS_ALONE = ("drift",)
"""Signals that hold a release and never take it back: they do not say that anything is wrong."""
COMPLIANCE = "compliance"
"""The role that takes part in the gate of the design where data is regulated."""
ASKED: Mapping[str, str] = {
    "workflow": "workflow_behaviour",
    "title": "workflow_behaviour",
    "risk": "business_outcome",
    "goal": "business_outcome",
    "systems": "builder",
    "scope": "workflow_behaviour",
    "contract": "domain_expert",
    "context": "builder",
    "learning": "changes",
    "drafting": "changes",
    "models": "changes",
    "routing": "workflow_behaviour",
    "actions": "workflow_behaviour",
    "acceptance": "evaluation",
    "acceptance.business_effect": "business_outcome",
    "acceptance.cost_per_item": "business_outcome",
    "rollout": "expansion",
    "signals": "incidents",
    "observed": "incidents",
    "economics": "business_outcome",
    "owners": "business_outcome",
    "privacy": "business_outcome",
    "switching": "changes",
    "phases": "expansion",
    "phases.design": "workflow_behaviour",
    "phases.testing": "evaluation",
    "phases.sandbox": "support",
    "handoff": "support",
    "dataset": "domain_expert",
}
"""Whose area each part of the plan is: that owner is asked what it leaves open."""


def owner_of(field: str) -> str:
    """The area of ownership that answers for a path of the plan; empty for none of it."""
    parts = field.split(".")
    above = (".".join(parts[:length]) for length in range(len(parts), 0, -1))
    return next((ASKED[path] for path in above if path in ASKED), "")


def who_answers(plan: Plan, tools: Collection[str]) -> str:
    """Who answers for the first system reached by one of these tools; the builder where none is."""
    theirs = (one.answering for one in plan.systems if one.tool in tools)
    return next(theirs, plan.owners.builder)


def owners_in(written: Mapping[str, Any]) -> dict[str, str]:
    """The owners a plan names, by area, however much else of it is missing."""
    owners = written.get("owners")
    named = owners if isinstance(owners, dict) else {}
    return {area: name for area, name in named.items() if isinstance(name, str)}


def problems(plan: Plan) -> Iterator[Problem]:
    """What the parts of a plan, each right, say wrongly of each other, or leave open.

    Of a plan of which parts are not there yet: what those say that are.
    """
    for check in (
        _scope_problems,
        _contract_problems,
        _feature_problems,
        _drafting_problems,
        _model_problems,
        _reach_problems,
        _routing_problems,
        _action_problems,
        _acceptance_problems,
        _phase_problems,
        _stage_problems,
        _signal_problems,
    ):
        yield from as_far(check(plan))


def _scope_problems(plan: Plan) -> Iterator[Problem]:
    """What the first release leaves out is not in it."""
    out = plan.scope.excluded
    waits = set(plan.actions.needing_approval)
    alone = {one.name for one in plan.actions.allowed if one.name not in waits}
    systems = {name for one in plan.systems for name in (one.name, one.tool)}
    for part, named, has in (
        ("adjacent_workflows", out.adjacent_workflows, {plan.workflow, plan.title}),
        ("unapproved_actions", out.unapproved_actions, alone),
        ("integrations", out.integrations, systems),
        ("segments", out.segments, set(plan.scope.included.segments)),
    ):
        for name in named:
            if name in has:
                says = f"names {name}, which the plan has; keep it in one of the two"
                yield Problem(("scope", "excluded", part), "wrong", says)


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
    if not text and not plan.learning.features and plan.drafting is None:
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


def _drafting_problems(plan: Plan) -> Iterator[Problem]:
    """A plan drafts or learns; what it drafts from is declared, and its template holds no rule."""
    if plan.drafting is None:
        return
    if plan.contract.text_field or plan.learning.features:
        says = "stands beside contract.text_field or learning.features; draft or learn, not both"
        yield Problem(("drafting",), "wrong", says)
    known = features.declared(plan.contract.fields, plan.context.sources, plan.privacy.mask_fields)
    made = plan.drafting
    drafted = drafting.Drafted(made.label, made.template, made.fillings)
    owned = [entry for entries in plan.routing.lists.values() for entry in entries]
    for wrong in drafting.find_wrong(drafted, known, labels=plan.contract.labels, owned=owned):
        yield Problem(("drafting", *wrong.path), "wrong", wrong.says)


def _model_problems(plan: Plan) -> Iterator[Problem]:
    """A model is told what is declared and not masked, and no rule stands in its task."""
    known = features.declared(plan.contract.fields, plan.context.sources, plan.privacy.mask_fields)
    owned = [entry for entries in plan.routing.lists.values() for entry in entries]
    found = asking.find_wrong(plan.models, known, labels=plan.contract.labels, owned=owned)
    for wrong in found:
        yield Problem(("models", *wrong.path), "wrong", wrong.says)


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
    for at, one in enumerate(plan.actions.excluded):
        if one.name in allowed:
            says = f"is {one.name}, which is allowed; keep it in one of the two"
            yield Problem(("actions", "excluded", at, "name"), "wrong", says)
    yield from _unknown(plan.scope.included.actions, allowed, ("scope", "included", "actions"))
    for at, name in enumerate(allowed):
        if name not in plan.scope.included.actions:
            says = f"is {name}, which scope.included.actions leaves out; add it there, or drop it"
            yield Problem(("actions", "allowed", at, "name"), "wrong", says)


def _reach_problems(plan: Plan) -> Iterator[Problem]:
    """What is read is in the scope and allowed, and every tool leads to a system that is named."""
    sources = [source.name for source in plan.context.sources]
    yield from _unknown(plan.scope.included.sources, sources, ("scope", "included", "sources"))
    for at, source in enumerate(plan.context.sources):
        path = ("context", "sources", at)
        for part, names in (
            ("privacy.allowed_sources", plan.privacy.allowed_sources),
            ("scope.included.sources", plan.scope.included.sources),
        ):
            if source.name not in names:
                says = f"is {source.name}, which {part} leaves out; add it there, or do not read it"
                yield Problem((*path, "name"), "wrong", says)
        if source.max_age_hours is None:
            yield Problem(
                (*path, "max_age_hours"), "missing", "is missing; say how fresh it must be"
            )
        yield from _tool_problems(plan, source.tool, (*path, "tool"), unfit="write")
    for at, effect in enumerate(plan.actions.allowed):
        unfit = "read" if effect.level in ("trigger", "update") else ""
        yield from _tool_problems(plan, effect.tool, ("actions", "allowed", at, "tool"), unfit)


def _tool_problems(plan: Plan, tool: str, path: Path, unfit: str) -> Iterator[Problem]:
    modes = {system.tool: system.mode for system in plan.systems}
    if tool not in modes:
        says = f"is {tool}, the tool of no entry of systems; name one of {', '.join(modes)}"
        yield Problem(path, "wrong", says)
    elif modes[tool] == unfit:
        says = f"is {tool}, which its entry in systems lets {unfit} only; mend one of the two"
        yield Problem(path, "wrong", says)


def _acceptance_problems(plan: Plan) -> Iterator[Problem]:
    """Each stage has a gate, each gate the confidence asked for, each heavy way its fallback."""
    gates, path = plan.acceptance.gates, ("acceptance", "gates")
    yield from gate_problems(gates, path)
    for name in dict.fromkeys(["dry_run", *(stage.kind for stage in plan.rollout.stages)]):
        if name not in gates:
            yield Problem((*path, name), "missing", "is missing; add it")
    for name, gate in gates.items():
        if gate.confidence < float(plan.acceptance.release_confidence):
            says = (
                f"is {gate.confidence}, below acceptance.release_confidence "
                f"({plan.acceptance.release_confidence}); raise it, or ask for less"
            )
            yield Problem((*path, name, "confidence"), "wrong", says)
    for at, way in enumerate(plan.economics.ways):
        if way.is_heavy and not way.fallback:
            says = "is missing; say what takes the place of this heavy way"
            yield Problem(("economics", "ways", at, "fallback"), "missing", says)


def _phase_problems(plan: Plan) -> Iterator[Problem]:
    """Regulated data are compliance's business from the design on."""
    asked = [rule.role for rule in plan.phases.design.approvers]
    if plan.privacy.regulated and COMPLIANCE not in asked:
        says = (
            f"names {', '.join(asked)}, and privacy.regulated is true; add {COMPLIANCE}, which "
            "takes part in the gate of the design"
        )
        yield Problem(("phases", "design", "approvers"), "wrong", says)


def _unknown(names: Sequence[str], known: Sequence[str], path: Path) -> Iterator[Problem]:
    for name in names:
        if name not in known:
            says = f"names {name}, which is none; name one of: {', '.join(known) or 'none'}"
            yield Problem(path, "wrong", says)


def _stage_problems(plan: Plan) -> Iterator[Problem]:
    """The ladder begins in the sandbox and only climbs."""
    path, stages, agreed = ("rollout", "stages"), plan.rollout.stages, plan.rollout.agreed_stage
    names = [stage.name for stage in stages]
    if stages[0].kind != "sandbox":
        yield Problem(path, "wrong", f"begins with {names[0]}; begin with a sandbox stage")
    for at, stage in enumerate(stages):
        if (stage.kind == "sandbox") != (stage.weight_bp == 0):
            says = f"is {stage.weight_bp} for a {stage.kind} stage; give 0 to the sandbox alone"
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
        yield from _unfit_signal(plan, signal, at)
    for at, rule in enumerate(plan.rollout.rollback_when):
        path = ("rollout", "rollback_when", at)
        if rule.signal in ALERTS_ALONE:
            says = (
                f"is {rule.signal}, which alerts and holds and takes nothing back alone; leave it "
                "out"
            )
            yield Problem((*path, "signal"), "wrong", says)
        elif rule.signal not in watched:
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


def _unfit_signal(plan: Plan, signal: SignalPlan, at: int) -> Iterator[Problem]:
    """A limit on the side where a signal is well, or a signal that could never show anything."""
    asked = "at_least" if signal.name in GOOD else "at_most"
    if signal.limit.direction != asked:
        says = f"is {signal.limit.direction}, and {signal.name} is kept {asked}; write {asked}"
        yield Problem(("signals", at, "limit", "direction"), "wrong", says)
    if signal.name == "context" and not plan.context.sources:
        says = "is context, and context.sources is empty: nothing is read; leave it out"
        yield Problem(("signals", at, "name"), "wrong", says)


def _is_beyond(rule: RollbackRule, limit: Limit) -> bool:
    """Whether whatever crosses the rollback bar breaches the limit too."""
    if rule.direction == "below":
        return limit.direction == "at_least" and rule.value <= limit.value
    return limit.direction == "at_most" and rule.value >= limit.value


def gate_problems(gates: Mapping[Any, GateValues], above: Path) -> Iterator[Problem]:
    """Gates that a coin could pass."""
    for name, gate in gates.items():
        if not LEAST_CONFIDENCE <= gate.confidence < 1:
            says = f"is {gate.confidence}; write a number from {LEAST_CONFIDENCE} to below 1"
            yield Problem((*above, name, "confidence"), "wrong", says)
