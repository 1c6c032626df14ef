"""Fixes of rank 2: one more routing rule, with a condition on one typed fact, or on two."""

import re
from collections.abc import Collection, Container, Sequence
from decimal import Decimal
from itertools import islice
from typing import NamedTuple

import numpy as np

from policies.routing import RESERVED, check, names_of
from runs.errors import InvalidInput
from runs.plan import Plan
from runs.records.version import PolicyValues, Route, Rule, Version
from workflow.patches.acceptance import REPAIRED, Terms, find_objection
from workflow.patches.conditions import LABEL, Both, Condition, Fact, conditions, finer, pairs
from workflow.patches.numbers import roundness
from workflow.patches.patch import Changed
from workflow.patches.standing import HARM, NEEDLESS, RIGHT, Codes, Standing, Tally


class Sketch(NamedTuple):
    """A condition as a rule at the end of the list, and what that does."""

    condition: Condition | Both
    route: Route
    after: Codes
    tally: Tally


def sketches(
    standing: Standing, version: Version, *, policy: PolicyValues, terms: Terms
) -> list[Sketch]:
    """Rules that repair the group, the sharpest first, each paying for itself beside those before.

    Of the limits on one number the one worth most is considered: the cases of the group it repairs
    at the cost of an error, less the needless reviews it adds at theirs; what it catches by chance
    does not count for it. Whatever the chosen rules repair counts for no other, so that a blunt
    rule is not proposed for what sharper ones do. Two conditions are put together only where no
    rule with one helps.
    """
    single = list(conditions(standing, version, policy))
    found = _chosen(standing, single, Changed(version, policy), terms=terms)
    if found:
        return found
    two = list(pairs(single, standing.group))
    best = _chosen(standing, two, Changed(version, policy), terms=terms)
    more = [
        one
        for sketch in best
        if isinstance(sketch.condition, Both)
        for one in finer(sketch.condition, single, standing.group)
    ]
    if not more:
        return best
    own = [sketch.condition for sketch in best]
    return _chosen(standing, [*own, *more], Changed(version, policy), terms=terms)


def sketches_on(
    standing: Standing, changed: Changed, paths: Collection[tuple[str, ...]], *, terms: Terms
) -> list[Sketch]:
    """The same, with one condition on one of these facts alone."""
    every = conditions(standing, changed.version, changed.policy)
    return _chosen(standing, [one for one in every if one.fact.path in paths], changed, terms=terms)


def _chosen(
    standing: Standing, tried: Sequence[Condition | Both], before: Changed, *, terms: Terms
) -> list[Sketch]:
    version, policy = before
    left = _all(standing, tried, terms)
    chosen: list[Sketch] = []
    reached = standing.now
    while len(chosen) < MOST and left:
        added = _added(standing, left, reached=reached, terms=terms)
        place = _sharpest(left, added)
        if place is None:
            break
        sketch = left.pop(place)
        if not _is_writable(sketch.condition, version, policy):
            facts = {part.fact for part in sketch.condition.parts}
            left = [one for one in left if _facts(one) != facts]
            continue
        chosen.append(sketch)
        reached = _joined(standing, reached, sketch.after)
    return chosen


def refused(
    standing: Standing, version: Version, *, policy: PolicyValues, terms: Terms
) -> list[Sketch]:
    """The two rules that repair the group best although the rule of acceptance refuses them."""
    found = [
        one
        for one in _sketched(standing, list(conditions(standing, version, policy)))
        if one.tally.repaired and find_objection(one.tally, terms)
    ]
    found.sort(key=lambda one: (-one.tally.repaired, one.tally.needless_added, one.condition.says))
    writable = (one for one in found if _is_writable(one.condition, version, policy))
    return list(islice(writable, SHOWN))


MOST = 6
"""Rules for one group."""
SHOWN = 2
"""Refused rules that are told of."""


class Added(NamedTuple):
    """What a rule does beside those chosen before it."""

    repaired: int
    needless: int
    """Below zero where it spares people more reviews than it asks of them."""
    worth: float

    @property
    def sharpness(self) -> float:
        """Share of the cases it moves that it repairs; of few cases nearer to a half (Laplace)."""
        return (self.repaired + 1) / (self.repaired + max(0, self.needless) + 2)


def _sharpest(left: Sequence[Sketch], added: Sequence[Added]) -> int | None:
    """Place of the sharpest rule among the best of each fact; None when none pays for itself."""

    def rank(i: int) -> tuple[float, ...]:
        values = (part.value for part in left[i].condition.parts)
        digits = [roundness(value) for value in values if isinstance(value, Decimal)]
        return (added[i].worth, *(-count for one in digits for count in one))

    best: dict[tuple[object, ...], int] = {}
    for i, one in enumerate(added):
        key = tuple(_key(part) for part in left[i].condition.parts)
        pays = one.worth > 0 and one.repaired >= REPAIRED
        if pays and (key not in best or rank(i) > rank(best[key])):
            best[key] = i
    return max(best.values(), key=lambda i: (added[i].sharpness, added[i].worth), default=None)


def _key(condition: Condition) -> tuple[object, ...]:
    is_plain = condition.sign == "=="
    return (condition.fact.path, condition.sign, condition.value if is_plain else "")


def _facts(sketch: Sketch) -> set[Fact]:
    return {part.fact for part in sketch.condition.parts}


def _all(standing: Standing, tried: Sequence[Condition | Both], terms: Terms) -> list[Sketch]:
    """Every rule that acceptance would let through and that costs no critical case its answer.

    Nor one that disturbs more right answers than it repairs of this group: what it catches of
    other kinds by chance may have a sharper fix of its own.
    """
    passing = (standing.now >= RIGHT) & standing.critical
    return [
        one
        for one in _sketched(standing, tried)
        if one.tally.spoilt <= max(0, one.tally.repaired)
        and not ((one.after == NEEDLESS) & passing).any()
        and not find_objection(one.tally, terms)
    ]


def _sketched(standing: Standing, found: Sequence[Condition | Both]) -> list[Sketch]:
    """Each condition as a rule, and what it would do."""
    route: Route = _route(standing)
    worth = standing.worth(route)
    rows = [np.where(one.holds & standing.free, worth, standing.now) for one in found]
    tallies = standing.tallies(np.stack(rows)) if rows else []
    return [
        Sketch(condition, route, row, tally)
        for condition, row, tally in zip(found, rows, tallies, strict=True)
    ]


def _joined(standing: Standing, reached: Codes, after: Codes) -> Codes:
    """Both changes together: they send cases the same way, so neither undoes the other."""
    return np.where(reached == standing.now, after, reached)


def _added(
    standing: Standing, left: Sequence[Sketch], *, reached: Codes, terms: Terms
) -> list[Added]:
    (before,) = standing.tallies(reached[None, :])
    together = standing.tallies(np.stack([_joined(standing, reached, one.after) for one in left]))
    found = []
    for tally in together:
        repaired = tally.repaired - before.repaired
        needless = tally.needless_added - before.needless_added
        worth = float(repaired * terms.cost_of_error - needless * terms.cost_of_review)
        found.append(Added(repaired, needless, worth))
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
    condition, names = sketch.condition, _limit_names(sketch.condition, policy)
    met = standing.now[condition.holds & standing.free & standing.alone]
    wrong = int((met == HARM).sum())
    rule = Rule(
        id=_id(condition, version),
        when=condition.written(names),
        route=sketch.route,
        owner=_owner(condition, version, policy=policy, plan=plan),
        why=f"{condition.says}: {wrong} of {len(met)} such cases were wrong alone in the dry run",
    )
    numbers = {n: one for n, one in zip(names, condition.parts, strict=True) if one.sign != "=="}
    bounds = {**version.bounds, **{name: one.fact.bound for name, one in numbers.items()}}
    values = {**policy.values, **{name: one.value for name, one in numbers.items()}}
    return Changed(
        version.model_copy(update={"rules": (*version.rules, rule), "bounds": bounds}),
        policy.model_copy(update={"values": values}),
    )


def _is_writable(condition: Condition | Both, version: Version, policy: PolicyValues) -> bool:
    """Whether the condition can be said in CEL: a field's name may be none there."""
    limits = _limit_names(condition, policy)
    rule = Rule(id="r", when=condition.written(limits), route="review", owner="o", why="w")
    names = names_of(
        version.contract, version.sources, values=[*policy.values, *limits], lists=policy.lists
    )
    try:
        check([rule], names)
    except InvalidInput:
        return False
    return True


def _limit_names(condition: Condition | Both, policy: PolicyValues) -> list[str]:
    """A name for the number of each part, none of them taken."""
    names: list[str] = []
    for part in condition.parts:
        names.append(_unused(f"{part.fact.path[-1]}_limit", {*policy.values, *names}))
    return names


def _id(condition: Condition | Both, version: Version) -> str:
    """Such as `amount_limit`, `not_verified`, `tier_gold`, `amount_limit_and_dispute`."""
    wanted = "_and_".join(map(_wanted, condition.parts))
    plain = re.sub(r"\W+", "_", wanted.lower()).strip("_")
    return _unused(plain, {*RESERVED, *(rule.id for rule in version.rules)})


def _wanted(condition: Condition) -> str:
    name, value = condition.fact.path[-1], condition.value
    if condition.sign != "==":
        return f"{name}_limit"
    if isinstance(value, bool):
        return name if value else f"not_{name}"
    return f"{name}_{value}"


def _unused(name: str, taken: Container[str]) -> str:
    number, found = 1, name
    while found in taken:
        number += 1
        found = f"{name}_{number}"
    return found


def _owner(
    condition: Condition | Both, version: Version, *, policy: PolicyValues, plan: Plan
) -> str:
    """Whoever already owns a rule on one of these facts, else who owns reviews."""
    known = [part.fact.name for part in condition.parts if part.fact.path != LABEL]
    if not known:
        return policy.review_owner
    asks = re.compile(rf"\b(?:{'|'.join(map(re.escape, known))})\b")
    named = (rule.owner for rule in (*version.rules, *plan.routing.rules) if asks.search(rule.when))
    return next(named, policy.review_owner)
