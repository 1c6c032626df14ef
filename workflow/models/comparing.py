"""Two routes over the same cases, paired: quality, cost and seconds, each with its interval."""

from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple

from policies import intervals
from policies.asking import BASELINES
from runs.errors import InvalidInput
from runs.records.model import Comparison, ModelRoute, RouteMeasured, Span, Tried
from runs.records.version import Version
from workflow.grading import by_family
from workflow.models.economics import (
    Side,
    check_currencies,
    difference_of,
    mean_of,
    paid,
    paired,
    quantile,
)

BASELINE = "baseline"
CONFIDENCE = 0.95


class Measured(NamedTuple):
    """What one route did with each case, in their order."""

    name: str
    route: ModelRoute | None
    """None of the baseline."""
    side: Side
    is_right: Sequence[bool]
    """Whether its own answer is the expected one; False where it gave none."""


def version_of(version: Version, name: str, endpoints: Sequence[str]) -> Version:
    """The version with this route alone: one of its own, one at another endpoint, or no model.

    Another endpoint is asked exactly what the first route of the version asks. InvalidInput, with
    what there is, for any other name.
    """
    if name == BASELINE:
        return version.model_copy(update={"models": ()})
    own = {route.name: route for route in version.models}
    # One called as what answers without a model would be taken for that wherever it is silent.
    endpoints = [one for one in endpoints if one not in BASELINES]
    if name in own:
        return version.model_copy(update={"models": (own[name],)})
    if version.models and name in endpoints:
        told = {"name": name, "endpoint": name}
        return version.model_copy(update={"models": (version.models[0].model_copy(update=told),)})
    there = ", ".join(dict.fromkeys([BASELINE, *own, *(endpoints if own else ())]))
    more = "" if own else "; the version asks no model, so that no other endpoint can take its part"
    raise InvalidInput(f"there is no route {name!r} to compare; name one of {there}{more}")


def compare(workflow: str, a: Measured, b: Measured) -> Comparison:
    """Both routes and the differences, case by case.

    InvalidInput unless the cases are the same, and all that was paid is of one currency.
    """
    sides = [a.side, b.side]
    covered = paired(b.side, a.side)
    check_currencies([one for side in sides for asked in side.asked for one in asked])
    mine, theirs = _families(a), _families(b)
    only_a = sum(mine[name] and not theirs[name] for name in mine)
    only_b = sum(theirs[name] and not mine[name] for name in mine)
    costs = [[float(paid(asked)) for asked in side.asked] for side in sides]
    more = [two - one for one, two in zip(*costs, strict=True)]
    return Comparison(
        workflow=workflow,
        a=_measured(a),
        b=_measured(b),
        cases=len(a.side.results),
        families=len(mine),
        only_a=only_a,
        only_b=only_b,
        more_right=difference_of(only_b, only_a, len(mine)),
        chance=f"{_chance(only_a, only_b):.6f}",
        more_covered=covered.difference,
        more_cost=mean_of(more, a.side.results),
        more_seconds=_more_seconds(a, b),
        is_script=any(one.is_script for side in sides for asked in side.asked for one in asked),
    )


def _measured(one: Measured) -> RouteMeasured:
    side, table = one.side, by_family(one.side.results)
    tried = [asked for case in side.asked for asked in case]
    right = _families(one)
    seconds = [float(asked.seconds) for asked in tried if asked.end == "answered"]
    costs = [float(paid(case)) for case in side.asked]
    return RouteMeasured(
        route=one.name,
        endpoint=one.route.endpoint if one.route else "",
        model=next((asked.model for asked in tried if asked.model), ""),
        prompt=one.route.prompt if one.route else "",
        right=sum(right.values()),
        right_share=_share(sum(right.values()), len(right)),
        covered=table.covered,
        wrong_alone=table.wrong_auto,
        unanswered=sum(asked.end != "answered" for asked in tried),
        tokens=sum(asked.tokens for asked in tried),
        is_estimate=any(asked.is_estimate for asked in tried),
        cost=sum((asked.cost for asked in tried), Decimal(0)),
        cost_per_item=mean_of(costs, side.results),
        p50_s=quantile(seconds, 0.5),
        p95_s=quantile(seconds, 0.95),
    )


def _families(one: Measured) -> dict[str, bool]:
    """Whether every case of a family is answered rightly."""
    found: dict[str, bool] = {}
    for result, is_right in zip(one.side.results, one.is_right, strict=True):
        found[result.family] = found.get(result.family, True) and is_right
    return found


def _share(k: int, n: int) -> Span:
    low, high = intervals.wilson(k, n, CONFIDENCE)
    value, least, most = (Decimal(f"{one:.4f}") for one in (k / n if n else 0.0, low, high))
    return Span(value=value, low=least, high=most)


def _chance(one: int, other: int) -> float:
    return min(1.0, 2 * intervals.mcnemar(max(one, other), min(one, other)))


def _more_seconds(a: Measured, b: Measured) -> Span | None:
    """How much longer the second takes where both answered."""
    pairs = [
        (result, *(_seconds(one.side.asked[place]) for one in (a, b)))
        for place, result in enumerate(a.side.results)
    ]
    both = [(result, one, two) for result, one, two in pairs if one is not None and two is not None]
    if not both:
        return None
    return mean_of([two - one for _, one, two in both], [result for result, _, _ in both])


def _seconds(asked: Sequence[Tried]) -> float | None:
    return next((float(one.seconds) for one in asked if one.end == "answered"), None)
