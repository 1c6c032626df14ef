"""A change that was proposed from outside, made a patch like any other: written and sized by code.

What is proposed is typed: a value, a condition, cases, a model's name or its task. The rule, its
owner and its bounds are the code's. Words of a proposal get further in one place alone: in the task
that a model is told, checked, and seen by whoever approves the version.
"""

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple

import numpy as np

from policies.routing import check, names_of
from runs.errors import InvalidInput
from runs.plan import Plan
from runs.records.evidence import FailureGroup, Patch
from workflow.evaluate.bench import Taught
from workflow.evaluate.trial import TrialRun
from workflow.patches import examples, routes, search
from workflow.patches.conditions import Both, Condition, Fact, facts
from workflow.patches.patch import Changed, apply, between
from workflow.patches.rules import Sketch, write
from workflow.patches.standing import Standing, stand
from workflow.patches.values import find_compared
from workflow.version import within

RANKS: Mapping[str, int] = {
    "value": 1,
    "rule": 2,
    "examples": search.EXAMPLES,
    "prompt": routes.WORDS,
    "route": routes.ROUTE,
}
"""What may be proposed, and the rank of it."""
SIGNS = ("==", ">", "<")


class Ground(NamedTuple):
    """What a proposal is made for."""

    pair: Changed
    trial: TrialRun
    """On dev."""
    group: FailureGroup
    plan: Plan
    taught: Sequence[Taught]
    """What the version learnt from."""

    @property
    def standing(self) -> Standing:
        """The trial by case, for this group."""
        return stand(self.trial, self.group)


def patch_of(change: Mapping[str, Any], ground: Ground) -> Patch:
    """The patch that a proposed change comes to; InvalidInput says what cannot be made of it.

    `change` has a `kind` of `RANKS` and the fields of that kind. Whether the patch is kept is not
    asked here: it is tried like any other.
    """
    make = _MAKERS.get(change["kind"])
    if make is None:
        raise InvalidInput(f"kind {change['kind']!r} is none of {', '.join(RANKS)}; name one")
    patch = make(change, ground)
    if not patch.operations:
        raise InvalidInput(f"{patch.says}: that changes nothing; propose another change")
    # Both records are read again as they would be kept.
    apply(patch, *ground.pair)
    return patch


def _value(change: Mapping[str, Any], ground: Ground) -> Patch:
    version, policy = ground.pair
    name, value = _due(change, "name"), _number(_due(change, "value"))
    if name not in policy.values:
        known = ", ".join(sorted(policy.values))
        raise InvalidInput(f"there is no value {name!r}; name one of {known}")
    if not find_compared(name, version.rules):
        raise InvalidInput(
            f"{name} is compared with nothing, or used otherwise; leave it to people"
        )
    if not within(version.bounds.get(name), value):
        raise InvalidInput(
            f"{name}: {value} lies outside the bound of the version; name a number within it"
        )
    values = {**policy.values, name: value}
    after = Changed(version, policy.model_copy(update={"values": values}))
    says = f"{name} from {policy.values[name]} to {value}"
    return between(ground.pair, after, rank=RANKS["value"], says=says)


def _rule(change: Mapping[str, Any], ground: Ground) -> Patch:
    """A rule never lets anything act: it asks a person, or refuses."""
    version, policy = ground.pair
    route = change.get("route", "review")
    if route not in ("review", "refuse"):
        raise InvalidInput(f"route {route!r}: a rule sends to review or refuse; name one of them")
    known = {fact.name: fact for fact in facts(ground.standing, version, policy)}
    both = _joined([_condition(one, known) for one in _due(change, "conditions")])
    standing = ground.standing
    sketch = Sketch(both, route, standing.now, standing.tallies(standing.now[None, :])[0])
    after = write(sketch, standing, version, policy=policy, plan=ground.plan)
    _check_rules(after)
    says = f"to {route} when {both.says}"
    return between(ground.pair, after, rank=RANKS["rule"], says=says)


def _joined(parts: Sequence[Condition]) -> Condition | Both:
    if len(parts) > 2:
        raise InvalidInput(f"{len(parts)} conditions: one or two make a rule; leave some out")
    first, last = parts[0], parts[-1]
    return first if len(parts) == 1 else Both((first, last), first.holds & last.holds)


def _condition(told: Mapping[str, Any], known: Mapping[str, Fact]) -> Condition:
    fact, sign = known.get(str(told["fact"])), told["sign"]
    if fact is None:
        names = ", ".join(sorted(known))
        raise InvalidInput(f"there is no fact {told['fact']!r}; name one of {names}")
    if sign not in SIGNS:
        raise InvalidInput(f"sign {sign!r} is none of {', '.join(SIGNS)}; write one of them")
    if sign != "==":
        return _limit(fact, sign, _number(str(told["value"])))
    value = _same(fact, str(told["value"]))
    holds = np.array([one == value for one in fact.values], dtype=bool)
    return Condition(fact, sign, value, holds)


def _limit(fact: Fact, sign: str, limit: Decimal) -> Condition:
    if not any(number is not None for number in fact.numbers):
        raise InvalidInput(f"{fact.name} is no number; compare it with ==")
    if not within(fact.bound, limit):
        raise InvalidInput(
            f"{fact.name}: {limit} lies outside what was seen of it; name a number within it"
        )
    there = np.array([number is not None for number in fact.numbers])
    numbers = np.array([float(number or 0) for number in fact.numbers])
    holds = numbers > float(limit) if sign == ">" else numbers < float(limit)
    return Condition(fact, sign, limit, there & holds)


def _same(fact: Fact, told: str) -> str | bool:
    """A value that the fact was seen with, by how it is written in JSON."""
    seen = {_written(value): value for value in fact.values if isinstance(value, str | bool)}
    if told not in seen:
        shown = ", ".join(sorted(seen)[:12]) or "none to compare with =="
        raise InvalidInput(f"{fact.name} was never {told!r}; name what it was: {shown}")
    return seen[told]


def _written(value: str | bool) -> str:
    return json.dumps(value) if isinstance(value, bool) else value


def _check_rules(after: Changed) -> None:
    version, policy = after
    names = names_of(version.contract, version.sources, values=policy.values, lists=policy.lists)
    check(version.rules, names)


def _examples(change: Mapping[str, Any], ground: Ground) -> Patch:
    names = change.get("added", []), change.get("removed", [])
    return examples.chosen(
        ground.group, ground.trial, pair=ground.pair, taught=ground.taught, names=names
    )


def _prompt(change: Mapping[str, Any], ground: Ground) -> Patch:
    """Words of a model's task: no place, and no rule that operations should own."""
    return routes.reworded(_due(change, "model"), _due(change, "text"), ground.pair, ground.plan)


def _route(change: Mapping[str, Any], ground: Ground) -> Patch:
    """Another of the declared models first; one that nobody declared is never proposed."""
    return routes.first(_due(change, "first"), ground.pair)


_MAKERS = {
    "value": _value,
    "rule": _rule,
    "examples": _examples,
    "prompt": _prompt,
    "route": _route,
}


def _due(change: Mapping[str, Any], name: str) -> Any:
    found = change.get(name)
    if not found:
        raise InvalidInput(f"a change of kind {change['kind']} says `{name}`; add it")
    return found


def _number(text: str) -> Decimal:
    try:
        number = Decimal(str(text))
    except InvalidOperation:
        raise InvalidInput(f"{text!r} is no number; write it in digits") from None
    if not number.is_finite():
        raise InvalidInput(f"{text!r} is no finite number; write one")
    return number
