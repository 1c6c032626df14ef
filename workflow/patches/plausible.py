"""Which rank of fix could mend the largest group of failures, told from what a dry run kept.

No model is asked and nothing is tried: the kept results are routed once more in thought. A fix is
plausible where it repairs at least half of the group and saves more than it costs; whether it
proves itself is the loop's work.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple, TypeVar

from runs.plan import Plan
from runs.records.case import Case
from runs.records.evidence import CaseResult, FailureGroup, FixTrial, Outcome
from runs.records.version import Bound, LearntRoute, PolicyValues, Route, Version
from workflow import failures
from workflow.grading import grade
from workflow.patches.examples import LEARNT, label_of
from workflow.patches.numbers import number_of
from workflow.patches.places import SLIPPED
from workflow.patches.standing import LIMIT_RULES
from workflow.version import FIELD

N = TypeVar("N", float, Decimal)

UNKNOWN = 8
"""The highest rank: where no fix is known, the way on is to ask somebody."""
MOST = 64
"""So many limits are looked at for one number."""


class Kept(NamedTuple):
    """What a dry run of a candidate left behind."""

    results: Sequence[CaseResult]
    cases: Sequence[Case]
    version: Version
    policy: PolicyValues
    plan: Plan
    tried: Sequence[FixTrial] = ()
    """Changes tried since: a rank that was only refused for the group is not plausible."""


class Plausible(NamedTuple):
    """The smallest fix that could mend a workflow."""

    rank: int
    why: str


Routed = Callable[[CaseResult, Case], Route | None]
"""The route a change would give a case; None where it leaves it as it is."""


def smallest(kept: Kept) -> Plausible:
    """The lowest rank of fix that could mend the largest group; the highest where none is known."""
    groups = failures.group(kept.results, kept.cases)
    if not groups:
        return Plausible(UNKNOWN, "no failure of it is kept, so no fix is known")
    group = max(groups, key=lambda one: len(one.cases))
    told = f"{len(group.cases)} times {group.code.replace('_', ' ')}"
    if not group.explained:
        return Plausible(UNKNOWN, f"{told}: nobody can say yet why")
    refused = _refused(kept, group)
    for rank, find in _RANKS.items():
        why = "" if rank in refused else find(kept, group)
        if why:
            return Plausible(rank, f"{told}: {why}")
    return Plausible(UNKNOWN, f"{told}: every smaller fix was refused")


def _refused(kept: Kept, group: FailureGroup) -> set[int]:
    mine = [trial for trial in kept.tried if trial.group == group.key]
    return {one.patch.rank for one in mine} - {one.patch.rank for one in mine if one.accepted}


def _by_value(kept: Kept, group: FailureGroup) -> str:
    """A limit that tells the wrong answers from the right ones, within its bound."""
    for name, number in (("act_threshold", "confidence"), ("scope_floor", "scope")):
        bound = kept.version.bounds.get(name)
        # Without a bound operations may not move it.
        for limit in _limits(kept, group, number, bound) if bound else ():
            if _pays(kept, group, _limited(kept, number, limit)):
                return f"another {name} tells them apart"
    return ""


def _limits(kept: Kept, group: FailureGroup, number: str, bound: Bound) -> list[float]:
    """Limits at the group's own numbers; a little above them, where it acted and should not."""
    own = {getattr(one, number) for one in kept.results if one.failure == group.key}
    above = 1e-6 if _is_harm(kept, group) else 0.0
    low = 0.0 if bound.low is None else float(bound.low)
    high = 1.0 if bound.high is None else float(bound.high)
    return [one for one in _spread(sorted(value + above for value in own)) if low <= one <= high]


def _limited(kept: Kept, number: str, limit: float) -> Routed:
    least = {
        "confidence": float(kept.policy.values.get("act_threshold", 1)),
        "scope": float(kept.policy.values.get("scope_floor", 0)),
    } | {number: limit}

    def routed(result: CaseResult, _: Case) -> Route | None:
        if result.rule not in LIMIT_RULES:
            return None
        reaches = all(getattr(result, name) >= value for name, value in least.items())
        return "act" if reaches else "review"

    return routed


def _by_rule(kept: Kept, group: FailureGroup) -> str:
    """One condition on one known fact; or another word for the rule that decided."""
    if not _is_harm(kept, group):
        is_by_rule = group.code == "needless_escalation"
        return f"rule {group.field} decides them and can be changed" if is_by_rule else ""
    known = {case.id: case for case in kept.cases}
    for name, values in _facts(kept).items():
        own = [values[id] for id in group.cases if id in known and values.get(id) is not None]
        for holds in _conditions(own):
            if _pays(kept, group, _ruled(values, holds)):
                return f"a rule on {name} tells them apart"
    return ""


def _facts(kept: Kept) -> dict[str, dict[str, Any]]:
    """Every number, flag and choice by its name, and by case; never a text or a masked field."""
    typed = ("number", "flag", "choice")
    fields = [one.name for one in kept.version.contract if one.type in typed]
    told = [name for name in fields if FIELD + name not in kept.version.mask]
    facts = {f"item.{name}": {c.id: c.input.get(name) for c in kept.cases} for name in told}
    for source in kept.version.sources:
        for name in source.fields:
            read = {c.id: c.context.get(source.name, {}).get(name) for c in kept.cases}
            facts[f"context.{source.name}.{name}"] = read
    facts["answer.label"] = {result.case: result.label for result in kept.results}
    return facts


def _conditions(own: Sequence[Any]) -> Iterator[Callable[[Any], bool]]:
    numbers = sorted({number for value in own if (number := number_of(value)) is not None})
    for limit in _spread(numbers):
        yield lambda value, limit=limit: _compares(value, lambda number: number >= limit)
        yield lambda value, limit=limit: _compares(value, lambda number: number <= limit)
    plain = {value for value in own if isinstance(value, str | bool)}
    for wanted in sorted(plain, key=str)[:MOST]:
        yield lambda value, wanted=wanted: value == wanted and type(value) is type(wanted)


def _compares(value: Any, holds: Callable[[Decimal], bool]) -> bool:
    number = number_of(value)
    return number is not None and holds(number)


def _ruled(values: Mapping[str, Any], holds: Callable[[Any], bool]) -> Routed:
    def routed(result: CaseResult, case: Case) -> Route | None:
        return "review" if result.route == "act" and holds(values.get(case.id)) else None

    return routed


def _by_source(_: Kept, group: FailureGroup) -> str:
    if group.code in SLIPPED and group.expected:
        return f"{group.field} can be taken from {group.expected}"
    return "a field of a connected source is missing" if group.code == "missing_context" else ""


def _by_example(kept: Kept, group: FailureGroup) -> str:
    has_learnt = any(isinstance(route, LearntRoute) for route in kept.version.routes)
    is_learnt = group.code in LEARNT and has_learnt
    return f"more examples of {label_of(group, kept.version)} can be learnt" if is_learnt else ""


def _by_model(kept: Kept, group: FailureGroup) -> str:
    has_other = len(kept.version.models) > 1
    return "another route has to answer" if has_other or group.code == "tool_error" else ""


def _by_step(_: Kept, __: FailureGroup) -> str:
    return "nothing smaller than another step tells them apart"


def _is_harm(kept: Kept, group: FailureGroup) -> bool:
    outcomes = {one.outcome for one in kept.results if one.failure == group.key}
    return "wrong_auto" in outcomes


def _pays(kept: Kept, group: FailureGroup, routed: Routed) -> bool:
    """Whether it repairs half of the group and saves more than it costs, by the plan's costs."""
    known = {case.id: case for case in kept.cases}
    repaired, failing, net = 0, 0, Decimal(0)
    for result in kept.results:
        case = known.get(result.case)
        failing += result.failure == group.key
        route = routed(result, case) if case is not None and not result.error else None
        if case is None or route is None:
            continue
        after = grade(case, result.label, route, wrong=result.wrong)
        repaired += result.failure == group.key and after in ("right_auto", "right_review")
        net += _cost(kept.plan, result.outcome) - _cost(kept.plan, after)
    return net > 0 and 0 < failing <= 2 * repaired


def _cost(plan: Plan, outcome: Outcome) -> Decimal:
    if outcome == "wrong_auto":
        return plan.goal.cost_of_error
    return plan.economics.cost_of_review if outcome == "needless_review" else Decimal(0)


def _spread(values: Sequence[N]) -> list[N]:
    """At most so many of them, evenly, both ends among them."""
    if len(values) <= MOST:
        return [*values]
    return [values[at * (len(values) - 1) // (MOST - 1)] for at in range(MOST)]


_RANKS: Mapping[int, Callable[[Kept, FailureGroup], str]] = {
    1: _by_value,
    2: _by_rule,
    3: _by_source,
    4: _by_example,
    6: _by_model,
    7: _by_step,
}
"""How each rank of fix is thought of, the smallest first. Rank 5 changes words, which no stored
number tells apart from rank 4."""
