"""Fixes of rank 2: one more routing rule, with one condition on one typed fact."""

import re
from collections.abc import Container, Sequence
from typing import NamedTuple

import numpy as np

from policies.routing import RESERVED, check, names_of
from runs.errors import InvalidInput
from runs.plan import Plan
from runs.records.version import PolicyValues, Route, Rule, Version
from workflow.patches.acceptance import REPAIRED, Terms, find_objection
from workflow.patches.conditions import LABEL, Condition, conditions
from workflow.patches.patch import Changed
from workflow.patches.standing import NEEDLESS, RIGHT, Codes, Standing, Tally


class Sketch(NamedTuple):
    """A condition as a rule at the end of the list, and what that does."""

    condition: Condition
    route: Route
    after: Codes
    tally: Tally


def sketches(
    standing: Standing, version: Version, *, policy: PolicyValues, terms: Terms
) -> list[Sketch]:
    """Rules that repair the group, each paying for itself beside the ones before it.

    A rule is worth the cases of the group it repairs, less the needless reviews it adds; what it
    catches by chance does not count for it. The rule worth most comes first, and each other is
    weighed on the cases the chosen ones leave: none is proposed for what a sharper one does.
    """
    left = _all(standing, version, policy=policy, terms=terms)
    chosen: list[Sketch] = []
    reached = standing.now
    while left:
        added = _added(standing, left, reached, terms)
        place = max(range(len(left)), key=lambda i: (added[i], -i))
        if added[place] <= NOTHING:
            break
        sketch = left.pop(place)
        if _is_writable(sketch.condition, version, policy):
            chosen.append(sketch)
            reached = _joined(standing, reached, sketch.after)
    return chosen


NOTHING = (0.0, 0, 0)


def _all(
    standing: Standing, version: Version, *, policy: PolicyValues, terms: Terms
) -> list[Sketch]:
    """Every rule that acceptance would let through and that costs no critical case its answer."""
    route: Route = _route(standing)
    worth = standing.worth(route)
    found = list(conditions(standing, version, policy))
    rows = [np.where(one.holds & standing.free, worth, standing.now) for one in found]
    tallies = standing.tallies(np.stack(rows)) if rows else []
    passing = (standing.now >= RIGHT) & standing.critical
    return [
        Sketch(condition, route, row, tally)
        for condition, row, tally in zip(found, rows, tallies, strict=True)
        if not ((row == NEEDLESS) & passing).any() and not find_objection(tally, terms)
    ]


def _joined(standing: Standing, reached: Codes, after: Codes) -> Codes:
    """Both changes together: they send cases the same way, so neither undoes the other."""
    return np.where(reached == standing.now, after, reached)


def _added(
    standing: Standing, left: Sequence[Sketch], reached: Codes, terms: Terms
) -> list[tuple[float, int, int]]:
    """What each rule adds to those chosen: its worth, families, brevity."""
    (before,) = standing.tallies(reached[None, :])
    together = standing.tallies(np.stack([_joined(standing, reached, one.after) for one in left]))
    found = []
    for sketch, tally in zip(left, together, strict=True):
        repaired = tally.repaired - before.repaired
        needless = tally.needless_added - before.needless_added
        worth = float(repaired * terms.cost_of_error - needless * terms.cost_of_review)
        families = (tally.gain - tally.loss) - (before.gain - before.loss)
        brevity = -len(str(sketch.condition.value))
        found.append((worth, families, brevity) if repaired >= REPAIRED else NOTHING)
    return found


def _route(standing: Standing) -> Route:
    """Where the cases of the group are to go: to a person, unless most may only be refused."""
    allowed = [
        one.case.routes for one, inside in zip(standing.seen, standing.group, strict=True) if inside
    ]
    refused = sum("refuse" in routes for routes in allowed)
    return "refuse" if refused > sum("review" in routes for routes in allowed) else "review"


def write(
    sketch: Sketch, standing: Standing, version: Version, *, policy: PolicyValues, plan: Plan
) -> Changed:
    """The candidate with the rule at the end of its list, and the number it names in the policy."""
    condition, name = sketch.condition, _limit_name(sketch.condition, policy)
    wrong = int((standing.now[condition.holds & standing.free] == 0).sum())
    total = int((condition.holds & standing.free).sum())
    rule = Rule(
        id=_id(condition, version),
        when=condition.written(name),
        route=sketch.route,
        owner=_owner(condition, version, policy=policy, plan=plan),
        why=f"{condition.says}: {wrong} of {total} such cases were wrong alone in the dry run",
    )
    changed = version.model_copy(update={"rules": (*version.rules, rule)})
    if condition.sign == "==":
        return Changed(changed, policy)
    bounds = {**version.bounds, name: condition.fact.bound}
    values = {**policy.values, name: condition.value}
    return Changed(
        changed.model_copy(update={"bounds": bounds}), policy.model_copy(update={"values": values})
    )


def _is_writable(condition: Condition, version: Version, policy: PolicyValues) -> bool:
    """Whether the condition can be said in CEL: a field's name may be none there."""
    name = _limit_name(condition, policy)
    rule = Rule(id="r", when=condition.written(name), route="review", owner="o", why="w")
    names = names_of(
        version.contract, version.sources, values=[*policy.values, name], lists=policy.lists
    )
    try:
        check([rule], names)
    except InvalidInput:
        return False
    return True


def _limit_name(condition: Condition, policy: PolicyValues) -> str:
    return _unused(f"{condition.fact.path[-1]}_limit", policy.values)


def _id(condition: Condition, version: Version) -> str:
    """Such as `amount_limit`, `dispute`, `not_verified`, `tier_gold`, `label_other`."""
    name, value = condition.fact.path[-1], condition.value
    if condition.sign != "==":
        wanted = f"{name}_limit"
    elif isinstance(value, bool):
        wanted = name if value else f"not_{name}"
    else:
        wanted = f"{name}_{value}"
    plain = re.sub(r"\W+", "_", wanted.lower()).strip("_")
    return _unused(plain, {*RESERVED, *(rule.id for rule in version.rules)})


def _unused(name: str, taken: Container[str]) -> str:
    number, found = 1, name
    while found in taken:
        number += 1
        found = f"{name}_{number}"
    return found


def _owner(condition: Condition, version: Version, *, policy: PolicyValues, plan: Plan) -> str:
    """Whoever already owns a rule on this fact, else who owns reviews."""
    if condition.fact.path == LABEL:
        return policy.review_owner
    asks = re.compile(rf"\b{re.escape(condition.fact.name)}\b")
    named = (rule.owner for rule in (*version.rules, *plan.routing.rules) if asks.search(rule.when))
    return next(named, policy.review_owner)
