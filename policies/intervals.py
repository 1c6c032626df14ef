"""the only arithmetic on rates.

Clopper-Pearson decides, Wilson is shown: an exact one-sided bound never promises more than its
confidence. All rates, thresholds and confidences are 0 to 1. Counts that cannot be, and rates
outside 0 to 1, raise InvalidInput. Formulas are named where they are used; "spec" is the
evaluation specification of the project.
"""

import math
from functools import lru_cache
from statistics import NormalDist
from typing import NamedTuple

from runs.errors import InvalidInput

FORECAST_SIZES = (1_000, 20_000)
"""How many cases a forecast looks at, then how many at most: a rate closer to its threshold than
that is not settled by counting."""
STEADY_SIZES = 60
"""A size is stable when it and the next 59 all reach the assurance (spec 2.3)."""


class Interval(NamedTuple):
    """Where a rate or a difference lies."""

    low: float
    high: float


class Forecast(NamedTuple):
    """How many cases a pass takes; None where no size that is looked at is enough."""

    first: int | None
    """Smallest size that passes with the assurance asked for."""
    stable: int | None
    """Size from which the next 60 sizes all do; the curve is saw-toothed."""


@lru_cache(maxsize=65_536)
def lower(k: int, n: int, confidence: float) -> float:
    """The true rate is at least this, with `confidence`, when k of n were seen.

    One-sided Clopper-Pearson: the (1 - confidence) quantile of Beta(k, n - k + 1); 0 when k = 0.
    """
    from scipy.stats import beta

    _check_counts(k, n)
    _check_inside("confidence", confidence)
    return 0.0 if k == 0 else float(beta.ppf(1 - confidence, k, n - k + 1))


@lru_cache(maxsize=65_536)
def upper(k: int, n: int, confidence: float) -> float:
    """The true rate is at most this, with `confidence`, when k of n were seen.

    One-sided Clopper-Pearson: the confidence quantile of Beta(k + 1, n - k); 1 when k = n.
    """
    from scipy.stats import beta

    _check_counts(k, n)
    _check_inside("confidence", confidence)
    return 1.0 if k == n else float(beta.ppf(confidence, k + 1, n - k))


def wilson(k: int, n: int, confidence: float = 0.95) -> Interval:
    """Two-sided score interval of k of n, for showing only; no gate reads it.

    Wilson (1927). Nothing seen (n = 0) is the whole range.
    """
    _check_counts(k, n)
    _check_inside("confidence", confidence)
    if n == 0:
        return Interval(0.0, 1.0)
    z2 = _z((1 + confidence) / 2) ** 2
    middle = (k + z2 / 2) / (n + z2)
    half = math.sqrt(z2 * (k * (n - k) / n + z2 / 4)) / (n + z2)
    low = 0.0 if k == 0 else max(0.0, middle - half)
    return Interval(low, 1.0 if k == n else min(1.0, middle + half))


def mcnemar(gain: int, loss: int) -> float:
    """Chance of at least `gain` of the discordant pairs if neither side were better.

    Exact one-sided binomial test at one half (McNemar); 1 when no pair is discordant.
    """
    from scipy.stats import beta

    _check_counts(gain, gain + loss)
    return 1.0 if gain == 0 else float(beta.cdf(0.5, gain, loss + 1))


@lru_cache(maxsize=65_536)
def blindly(hits: int, drawn: int, *, marked: int, n: int) -> float:
    """Chance of at least `hits` marked ones when `drawn` of n, of which `marked` are, are drawn.

    Hypergeometric: Fisher's exact test, one-sided.
    """
    from scipy.stats import hypergeom

    _check_counts(marked, n)
    _check_counts(drawn, n)
    return float(hypergeom.sf(hits - 1, n, marked, drawn))


@lru_cache(maxsize=4_096)
def tango(gain: int, loss: int, n: int, confidence: float = 0.95) -> Interval:
    """Bounds of the paired difference (gain - loss) / n; each end alone holds with `confidence`.

    The two-sided 95 % interval is `confidence=0.975`. Tango's score interval (1998): the ends are
    the differences whose score statistic is z or -z, roots of the quartic of Yang, Sun and Hardin
    (2013). The statistic falls all the way, so bisection finds each without choosing among four
    roots. With no discordant pair the ends are -/+ z^2 / (n + z^2).
    """
    if gain < 0 or loss < 0:
        raise InvalidInput(f"{gain} gained, {loss} lost: count the pairs again")
    _check_counts(gain + loss, n)
    _check_inside("confidence", confidence)
    if n == 0:
        return Interval(-1.0, 1.0)
    z = _z(confidence)
    if gain + loss == 0:
        bound = z * z / (n + z * z)
        return Interval(-bound, bound)
    return Interval(_tango_low(gain, loss, n, z), -_tango_low(loss, gain, n, z))


@lru_cache(maxsize=4_096)
def failures_allowed(passed: int, n: int, threshold: float, *, confidence: float, more: int) -> int:
    """The most failures among `more` further cases that still pass; -1 when none does.

    The largest f with lower(passed + more - f, n + more) >= threshold (spec 2.2).
    """
    _check_counts(passed, n)
    low, high = -1, more
    while low < high:
        tried = (low + high + 1) // 2
        if lower(passed + more - tried, n + more, confidence) >= threshold:
            low = tried
        else:
            high = tried - 1
    return low


@lru_cache(maxsize=4_096)
def n_to_settle(
    passed: int, n: int, threshold: float, *, confidence: float, assurance: float = 0.8
) -> int | None:
    """Smallest total that passes with the assurance at the shrunken rate; None when none does.

    The shrunken rate is (passed + 1) / (n + 2) (spec 2.2).
    """
    _check_counts(passed, n)
    return forecast(threshold, (passed + 1) / (n + 2), confidence, assurance).first


@lru_cache(maxsize=1_024)
def forecast(threshold: float, rate: float, confidence: float, assurance: float = 0.8) -> Forecast:
    """How many cases it takes to pass `threshold` with the assurance, if `rate` is the truth.

    Exact: P(Bin(n, rate) in {k: lower(k, n) >= threshold}) >= assurance (spec 2.3).
    """
    for name, value in (("threshold", threshold), ("confidence", confidence)):
        _check_inside(name, value)
    _check_inside("assurance", assurance)
    if not 0 <= rate <= 1:
        raise InvalidInput(f"rate {rate}: give one from 0 to 1")
    found = Forecast(None, None)
    for largest in FORECAST_SIZES if rate > threshold else ():
        found = _look_up_to(largest, threshold, rate, confidence=confidence, assurance=assurance)
        if found.stable is not None:
            break
    return found


def _look_up_to(
    largest: int, threshold: float, rate: float, *, confidence: float, assurance: float
) -> Forecast:
    import numpy as np
    from scipy.stats import binom

    sizes = np.arange(1, largest + 1)
    failures = binom.ppf(1 - confidence, sizes, 1 - threshold) - 1
    chance = np.where(failures < 0, 0.0, binom.cdf(failures, sizes, 1 - rate))
    good = chance >= assurance
    bad_so_far = np.concatenate(([0], np.cumsum(~good)))
    steady = np.flatnonzero(bad_so_far[STEADY_SIZES:] == bad_so_far[:-STEADY_SIZES])
    return Forecast(
        int(good.argmax()) + 1 if good.any() else None,
        int(steady[0]) + 1 if steady.size else None,
    )


def _tango_low(gain: int, loss: int, n: int, z: float) -> float:
    """The difference at which the score statistic falls to z; it falls all the way."""
    low, high = -1.0, (gain - loss) / n
    for _ in range(60):
        middle = (low + high) / 2
        if _score(gain, loss, n, middle) > z:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def _score(gain: int, loss: int, n: int, difference: float) -> float:
    """Tango's statistic: how far the pairs lie above `difference`, in standard errors.

    Its variance rests on the share of lost pairs that is most likely under that difference, the
    larger root of 2n q^2 + b q + c.
    """
    slack = difference * (1 - difference)
    b = (2 * n - gain + loss) * difference - gain - loss
    c = -loss * slack
    lost = (math.sqrt(max(0.0, b * b - 8 * n * c)) - b) / (4 * n)
    variance = n * (2 * lost + slack)
    above = gain - loss - n * difference
    return math.copysign(math.inf, above) if variance <= 0 else above / math.sqrt(variance)


@lru_cache(maxsize=64)
def _z(confidence: float) -> float:
    return NormalDist().inv_cdf(confidence)


def _check_counts(k: int, n: int) -> None:
    if not 0 <= k <= n:
        raise InvalidInput(f"{k} of {n} cannot be counted; give a count from 0 to its total")


def _check_inside(name: str, value: float) -> None:
    if not 0 < value < 1:
        raise InvalidInput(f"{name} {value}: give one between 0 and 1 that is neither")
