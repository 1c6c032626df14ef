"""Is the model worth it: a trial with models beside the same trial without, case by case.

Both see the same cases under the same values. What is right is counted by family, as every gate
counts it; what is paid and saved is counted by case, as live items are, and told with an interval.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

import numpy as np

from policies import intervals
from runs.errors import InvalidInput
from runs.records.evidence import CaseResult, Outcome
from runs.records.model import Economics, Span, Tried
from workflow.grading import by_family, families
from workflow.models.cases import LOST, LOST_MOST

COVERED: tuple[Outcome, ...] = ("right_auto", "right_review")
LEAST = 30
"""Fewer families, drawn anew, say nothing of those that were not seen."""
DRAWS, SEED = 2_000, 0
"""Resamples of families behind an interval of money; the same every time."""
FINE, MONEY, SECOND = Decimal("0.0001"), Decimal("0.000001"), Decimal("0.001")


class Prices(NamedTuple):
    """What goes wrong and what people do."""

    error: Decimal
    """Of one item that acted alone and was wrong."""
    review: Decimal
    """Of one item that a person looks at."""
    currency: str
    """The plan's."""


class Side(NamedTuple):
    """One trial of some cases."""

    results: Sequence[CaseResult]
    asked: Sequence[Sequence[Tried]]
    """The models that were asked about each case, in the order of `results`; none, where a rule
    spares it."""
    used: Sequence[str]
    """What answered each case."""


def economics(models: Side, baseline: Side, prices: Prices) -> Economics:
    """What models bring and take beside the baseline; `worth` only where an interval shows it.

    No model that gave too few answers is called worth it.
    InvalidInput unless both are of the same cases, and all money is of one currency.
    """
    pairs = paired(models, baseline)
    tried = [one for asked in models.asked for one in asked]
    check_currencies(tried, prices.currency)
    costs = [paid(asked) for asked in models.asked]
    cost = sum(costs, Decimal(0))
    saved = mean_of(_savings(models, baseline, prices), models.results)
    net = pairs.gained - pairs.lost
    return Economics(
        served=dict(Counter(models.used)),
        failed=dict(Counter(_ended(one) for one in tried if one.end != "answered")),
        asked=sum(map(bool, models.asked)),
        lost=sum(any(one.end in LOST for one in asked) for asked in models.asked),
        tokens=sum(one.tokens for one in tried),
        is_estimate=any(one.is_estimate for one in tried),
        cost=cost,
        cost_per_item=mean_of(list(map(float, costs)), models.results),
        p50_s=quantile(_seconds(tried), 0.5),
        p95_s=quantile(_seconds(tried), 0.95),
        families=pairs.families,
        right=pairs.right,
        baseline_right=pairs.other_right,
        gained=pairs.gained,
        spoiled=pairs.lost,
        more_right=pairs.difference,
        wrong_alone=by_family(models.results).wrong_auto,
        baseline_wrong_alone=by_family(baseline.results).wrong_auto,
        cost_per_gained=(cost / net).quantize(MONEY) if net > 0 else None,
        saved_per_item=saved,
        worth=_worth(saved, models.asked),
        is_script=any(one.is_script for one in tried),
    )


def check_currencies(tried: Sequence[Tried], *others: str) -> None:
    """Raise InvalidInput, with what is named, where what was paid is of several currencies."""
    named = sorted({*others, *(one for asked in tried for one in asked.currencies)})
    if len(named) > 1:
        raise InvalidInput(
            f"money of {' and '.join(named)} is not added up: name the prices of models.yaml "
            "(price.currency) and the plan (economics.currency) in one"
        )


class Paired(NamedTuple):
    """Two trials of the same cases, by family."""

    families: int
    right: int
    other_right: int
    gained: int
    """Only the first is right."""
    lost: int
    """Only the other is."""
    difference: Span


def paired(one: Side, other: Side) -> Paired:
    """How often either is right, and the difference; InvalidInput unless the cases are the same."""
    if [r.case for r in one.results] != [r.case for r in other.results]:
        raise InvalidInput("the two trials are of other cases; run both over the same")
    mine, theirs = _right(families(one.results)), _right(families(other.results))
    gained = sum(mine[name] and not theirs[name] for name in mine)
    lost = sum(theirs[name] and not mine[name] for name in mine)
    return Paired(
        len(mine),
        sum(mine.values()),
        sum(theirs.values()),
        gained,
        lost,
        difference_of(gained, lost, len(mine)),
    )


def difference_of(gained: int, lost: int, n: int) -> Span:
    """The paired difference of two shares, and where it lies with 95 % (Tango)."""
    low, high = intervals.tango(gained, lost, n, 0.975)
    value = (gained - lost) / n if n else 0.0
    return Span(value=_as(value, FINE), low=_as(low, FINE), high=_as(high, FINE))


def mean_of(values: Sequence[float], results: Sequence[CaseResult]) -> Span:
    """The mean a case, and where it lies with 95 % when families are drawn anew.

    Without ends where the families are fewer than `LEAST`.
    """
    if not values:
        return Span(value=Decimal(0))
    members: dict[str, list[float]] = defaultdict(list)
    for value, result in zip(values, results, strict=True):
        members[result.family].append(value)
    mean = _as(sum(values) / len(values), MONEY)
    if len(members) < LEAST:
        return Span(value=mean)
    sums = np.array([sum(held) for held in members.values()])
    sizes = np.array([len(held) for held in members.values()])
    draws = np.random.default_rng(SEED).multinomial(
        len(sums), np.full(len(sums), 1 / len(sums)), size=DRAWS
    )
    means = (draws @ sums) / (draws @ sizes)
    low, high = np.quantile(means, [0.025, 0.975])
    return Span(
        value=mean,
        low=_as(float(low), MONEY),
        high=_as(float(high), MONEY),
    )


def quantile(seconds: Sequence[float], share: float) -> Span | None:
    """A quantile and, by order of size, where it lies with 95 %; an end is None where too few.

    None without any.
    """
    from scipy.stats import binom

    ordered, n = sorted(seconds), len(seconds)
    if not n:
        return None
    at = ordered[min(n - 1, int(np.ceil(share * n)) - 1)]
    below, above = int(binom.ppf(0.025, n, share)), int(binom.ppf(0.975, n, share)) + 1
    low = _as(ordered[below - 1], SECOND) if below >= 1 else None
    high = _as(ordered[above - 1], SECOND) if above <= n else None
    return Span(value=_as(at, SECOND), low=low, high=high)


def paid(asked: Sequence[Tried]) -> Decimal:
    """What every model cost that was asked about one case."""
    return sum((one.cost for one in asked), Decimal(0))


def _savings(models: Side, baseline: Side, prices: Prices) -> list[float]:
    """What each case costs without models, less what it costs with them."""
    return [
        float(_price(before, prices) - _price(after, prices) - paid(asked))
        for before, after, asked in zip(baseline.results, models.results, models.asked, strict=True)
    ]


def _price(result: CaseResult, prices: Prices) -> Decimal:
    """What a case costs by how it was routed, and whether that was harm."""
    if result.route == "act":
        return prices.error if result.outcome == "wrong_auto" else Decimal(0)
    return prices.review


def _right(outcomes: Mapping[str, Outcome]) -> dict[str, bool]:
    return {family: outcome in COVERED for family, outcome in outcomes.items()}


def _seconds(tried: Sequence[Tried]) -> list[float]:
    return [float(one.seconds) for one in tried if one.end == "answered"]


def _ended(one: Tried) -> str:
    return f"{one.route} {one.end.replace('_', ' ')}"


def _worth(saved: Span, asked: Sequence[Sequence[Tried]]) -> Any:
    """What the interval shows; what people saved where no model answered is no worth of one."""
    if saved.low is not None and saved.low > 0:
        cases = [tried for tried in asked if tried]
        fell = sum(all(one.end != "answered" for one in tried) for tried in cases)
        return "yes" if fell <= LOST_MOST * len(cases) else "unknown"
    return "no" if saved.high is not None and saved.high < 0 else "unknown"


def _as(value: float, unit: Decimal) -> Decimal:
    return Decimal(repr(float(value))).quantize(unit)
