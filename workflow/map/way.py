"""From trigger to final action: what each part does, and where an item goes that it stops."""

from typing import Literal, NamedTuple

from policies.permissions import waits
from runs.plan import Plan
from runs.records.model import Asking
from runs.records.record import Record
from runs.records.version import Effect, Feature, FieldSpec, Filling, Source, Version
from workflow.map.parts import Parts, Values, first_of, of_plan, of_version
from workflow.map.tree import Branch, Who, tree_of


class Path(Record):
    """Where an item goes that does not go straight on."""

    when: str
    ends: str
    """The state it is in then, in the words of `item show`."""
    owner: str
    """Who has it then, as people read it; empty where nobody has to look."""


class Step(Record):
    """One part of the way."""

    name: Literal["trigger", "intake", "context", "decide", "route", "act", "look"]
    title: str
    by: Literal["customer", "code", "model", "rules", "people"]
    does: tuple[str, ...]
    paths: tuple[Path, ...] = ()


class Map(Record):
    """The workflow on one page."""

    workflow: str
    title: str
    version: str
    """Digest; empty for a plan without a version."""
    policy: str
    """Digest of the values that are shown; empty for the plan's first ones."""
    steps: tuple[Step, ...]
    tree: tuple[Branch, ...]


class _Drawn(NamedTuple):
    plan: Plan
    parts: Parts
    values: Values
    who: Who

    @property
    def reviewer(self) -> str:
        return self.who(self.values.review_owner)


def map_of(plan: Plan, version: Version, *, values: Values, policy: str, who: Who) -> Map:
    """The map of a version under these values; `policy` is their digest."""
    drawn = _Drawn(plan, of_version(version), values, who)
    return _map(drawn, version=version.digest, policy=policy)


def map_of_plan(plan: Plan, who: Who) -> Map:
    """The map of what a plan promises, before a version is built."""
    return _map(_Drawn(plan, of_plan(plan), first_of(plan), who), version="", policy="")


def _map(drawn: _Drawn, *, version: str, policy: str) -> Map:
    plan = drawn.plan
    return Map(
        workflow=plan.workflow,
        title=plan.title,
        version=version,
        policy=policy,
        steps=(
            _trigger(drawn),
            _intake(drawn),
            _context(drawn),
            _decide(drawn),
            _route(drawn),
            _act(drawn),
            _look(drawn),
        ),
        tree=tree_of(drawn.parts, drawn.values, drawn.who),
    )


def _trigger(drawn: _Drawn) -> Step:
    scope, rollout = drawn.plan.scope.included, drawn.plan.rollout
    does = (
        scope.path,
        f"comes as: {', '.join(scope.input_types)}",
        f"for: {', '.join(scope.segments)}",
    )
    not_served = Path(
        when="it is outside the share of the release, or the release is paused",
        ends="handed over",
        owner=f"the incumbent: {rollout.fallback}",
    )
    return Step(name="trigger", title="Trigger", by="customer", does=does, paths=(not_served,))


def _intake(drawn: _Drawn) -> Step:
    fields = drawn.parts.contract
    needed = [field.name for field in fields if field.required]
    does = [
        "holds the item against the data contract",
        "; ".join(map(_field, fields)),
        f"must be there: {', '.join(needed) or 'none of them'}",
    ]
    if drawn.parts.masked:
        does.append(f"masked before anything is kept: {', '.join(drawn.parts.masked)}")
    wrong = Path(
        when="a field is missing or breaks the contract", ends="quarantined", owner=drawn.reviewer
    )
    return Step(name="intake", title="Intake", by="code", does=tuple(does), paths=(wrong,))


def _context(drawn: _Drawn) -> Step:
    does = [_source(source) for source in drawn.parts.sources]
    paths = [
        Path(
            when=f"{source.name} is out of reach, empty, garbage or too old",
            ends="in review",
            owner=drawn.reviewer,
        )
        for source in drawn.parts.sources
    ]
    title = "Context"
    does = [*does, "what was read is kept with the item"] if does else ["reads no other system"]
    return Step(name="context", title=title, by="code", does=tuple(does), paths=tuple(paths))


def _decide(drawn: _Drawn) -> Step:
    step = _draft(drawn) if drawn.parts.template else _learnt(drawn)
    if not drawn.parts.models:
        return step
    asked = (
        "rules that do not look at the answer come first: what they decide is asked of no model",
        *map(_asked, drawn.parts.models),
        "what it cites is looked up; how sure it counts is learnt on dev; else the baseline:",
    )
    doubted = Path(
        when="a model's answer is flagged, or nothing was calibrated for it",
        ends="in review",
        owner=drawn.reviewer,
    )
    told = {"by": "model", "does": (*asked, *step.does), "paths": (*step.paths, doubted)}
    return step.model_copy(update=told)


def _asked(route: Asking) -> str:
    """One model, what it is told, and what it may take of an item."""
    most = route.budget
    return (
        f"asks {route.name} at {route.endpoint} ({route.kind}), which reads "
        f"{', '.join(route.reads)}; at most {most.calls} calls, {most.tokens} tokens, cost "
        f"{most.cost}; where it gives nothing of use, the next"
    )


def _learnt(drawn: _Drawn) -> Step:
    parts = drawn.parts
    looks = [*(f"the words of {name}" for name in parts.texts), *map(_feature, parts.features)]
    does = (
        f"a route learnt from {_short(parts.learnt_from)} looks at {', '.join(looks)}",
        f"answers with one of {len(parts.labels)}: {', '.join(parts.labels)}",
        "and says how sure it is, and whether the item is in scope",
    )
    none = Path(when="no answer, or one that is no label", ends="in review", owner=drawn.reviewer)
    return Step(name="decide", title="Decide", by="model", does=does, paths=(none,))


def _draft(drawn: _Drawn) -> Step:
    parts = drawn.parts
    does = (
        f"fills template {parts.template.removeprefix('sha256:')[:12]}, which asks no model",
        *map(_filling, parts.fillings),
        "says how many fields are filled, and how many nothing contradicts",
    )
    needed = ", ".join(one.name for one in parts.fillings if one.required)
    none = Path(
        when=f"one of {needed} has no value: no draft", ends="in review", owner=drawn.reviewer
    )
    return Step(name="decide", title="Decide", by="code", does=does, paths=(none,))


def _route(drawn: _Drawn) -> Step:
    rules, who, values = drawn.parts.rules, drawn.who, drawn.values
    paths = [
        Path(
            when=f"rule {rule.id}: {rule.why}",
            ends="in review" if rule.route == "review" else "refused",
            owner=who(rule.owner or values.review_owner),
        )
        for rule in rules
        if rule.route != "act"
    ]
    limits = ", ".join(f"{name} {number}" for name, number in values.numbers.items())
    below = Path(
        when="out of scope, or not sure enough", ends="in review", owner=who(values.review_owner)
    )
    acting = [f"rule {rule.id} lets it act: {rule.why}" for rule in rules if rule.route == "act"]
    does = (
        f"asks the rules in order ({len(rules)}), then scope and confidence",
        "the first that holds ends it",
        f"values now: {limits}",
        *acting,
    )
    paths.append(below)
    return Step(name="route", title="Route", by="rules", does=does, paths=tuple(paths))


def _act(drawn: _Drawn) -> Step:
    does = [_effect(effect, drawn) for effect in drawn.parts.effects]
    does.append("each at most once, with a receipt")
    to = drawn.reviewer
    paths = [
        Path(when="the release stands in the sandbox: nothing is done", ends="drafted", owner=to),
        Path(when="its version was rolled back meanwhile", ends="stopped", owner=to),
        Path(when="an action is unknown or not allowed here", ends="in review", owner=to),
        Path(when="an action failed, or nobody knows whether it was", ends="in review", owner=to),
        Path(when="still out of reach after the last try", ends="in review", owner=to),
    ]
    if drawn.parts.sources:
        changed = Path(when=_changed(drawn.parts.sources), ends="in review", owner=to)
        paths.insert(2, changed)
    waiting = [effect.name for effect in drawn.parts.effects if waits(effect, drawn.parts.waiting)]
    if waiting:
        says = f"{', '.join(waiting)} waits for a yes to exactly that action"
        paths.insert(0, Path(when=says, ends="asked", owner="whom the policy names"))
        paths.insert(
            1, Path(when="anything but a yes, or none in time", ends="in review", owner=to)
        )
    return Step(name="act", title="Act", by="code", does=tuple(does), paths=tuple(paths))


def _look(drawn: _Drawn) -> Step:
    values = drawn.values
    points = tuple(drawn.plan.scope.included.review_points)
    due = "" if values.review_due_hours is None else f" within {values.review_due_hours} hours"
    does = [f"{drawn.reviewer} approves, edits, rejects or hands on{due}"]
    if values.audit_share is not None:
        does.append(f"{values.audit_share:.0%} of what acted alone is looked at afterwards")
    paths = []
    if values.escalation:
        next_ones = ", then ".join(map(drawn.who, values.escalation))
        paths.append(Path(when="nobody answers in time", ends="escalated", owner=next_ones))
    told = (*does, *(f"looked at: {point}" for point in points))
    return Step(name="look", title="People look", by="people", does=told, paths=tuple(paths))


def _field(spec: FieldSpec) -> str:
    edges = [
        *([f"one of {', '.join(spec.choices)}"] if spec.choices else []),
        *([f"from {spec.low}"] if spec.low is not None else []),
        *([f"to {spec.high}"] if spec.high is not None else []),
    ]
    return f"{spec.name}: {' '.join([spec.type, *edges])}"


def _source(source: Source) -> str:
    age = "" if source.max_age_hours is None else f", at most {source.max_age_hours} hours old"
    again = ", read again before it acts" if source.reread_before_act else ""
    fields = ", ".join(source.fields)
    return f"{source.name} ({source.tool}) by {source.key_field}: {fields}{age}{again}"


def _feature(feature: Feature) -> str:
    return f"{feature.field} against {feature.against}" if feature.against else feature.field


def _filling(filling: Filling) -> str:
    """A field and its place; where others have to agree, those too."""
    ways = f"one of {len(filling.ways)} places by {', '.join(filling.by)}"
    held = f", held against {', '.join(filling.against)}" if filling.against else ""
    return f"{filling.name} from {filling.field or ways}{held}"


def _effect(effect: Effect, drawn: _Drawn) -> str:
    risks = f", {', '.join(effect.risks).replace('_', '-')}" if effect.risks else ""
    asked = ", waits for a person" if waits(effect, drawn.parts.waiting) else ""
    return f"{effect.name}: {effect.level} {effect.tool}.{effect.operation}{risks}{asked}"


def _changed(sources: tuple[Source, ...]) -> str:
    names = ", ".join(source.name for source in sources if source.reread_before_act)
    return f"{names} changed since it was read" if names else "what was read is too old by now"


def _short(name: str) -> str:
    return f"dataset {name.removeprefix('sha256:')[:12] if name.startswith('sha256:') else name}"
