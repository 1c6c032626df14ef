"""whether live answers are spread as those of the dry run; pure.

What falls into kinds is held by the population stability index with add-half smoothing, numbers by
the two-sample Kolmogorov-Smirnov test. Their limits grow with the samples' own noise, so that 99 of
100 looks at an unchanged world raise nothing, whatever their size. Drift alerts and holds; it takes
nothing back by itself.
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

CONFIDENCE = 0.99
LEAST = 30
"""Fewer answers on either side tell nothing."""
WEEKS = 13
"""Of a quarter: numbers are compared at a level that so many looks share."""


class Drift(NamedTuple):
    """How far two spreads are apart."""

    stability: float
    """The index of kinds, or the greatest distance of two distributions of numbers."""
    limit: float
    """What chance explains."""
    before: int
    now: int
    share: float
    """Of what there is now, as much as would have to be otherwise to be spread as before."""

    @property
    def is_over(self) -> bool:
        """Whether they are further apart than chance explains."""
        return self.stability > self.limit


class Spread(NamedTuple):
    """How one thing is spread: over kinds, and over numbers."""

    kinds: Mapping[str, int]
    numbers: Sequence[float] = ()


class Moved(NamedTuple):
    """What moved furthest, of everything that was compared."""

    compared: int
    """Comparisons that had enough on both sides."""
    now: int
    """Most things counted now in any of them."""
    over: Mapping[str, Drift]
    """Those further apart than chance explains, by name, the furthest first."""

    @property
    def share(self) -> float:
        """The greatest share that moved; 0 where none did."""
        return max((one.share for one in self.over.values()), default=0.0)


def compare(
    before: Mapping[str, int], now: Mapping[str, int], *, confidence: float = CONFIDENCE
) -> Drift | None:
    """How far the counts of each kind moved; None where too few were counted to say."""
    from scipy.stats import chi2

    n, m = sum(before.values()), sum(now.values())
    names = sorted({*before, *now})
    if min(n, m) < LEAST or len(names) < 2:
        return None
    half = 0.5 * len(names)
    index = moved = 0.0
    for name in names:
        p = (before.get(name, 0) + 0.5) / (n + half)
        q = (now.get(name, 0) + 0.5) / (m + half)
        index += (q - p) * math.log(q / p)
        moved += max(0.0, now.get(name, 0) / m - before.get(name, 0) / n)
    limit = float(chi2.ppf(confidence, len(names) - 1)) * (1 / n + 1 / m)
    return Drift(index, limit, n, m, moved)


def compare_numbers(
    before: Sequence[float], now: Sequence[float], *, confidence: float = CONFIDENCE
) -> Drift | None:
    """How far apart two distributions are; None where too few were counted to say."""
    from scipy.stats import kstwobign

    n, m = len(before), len(now)
    if min(n, m) < LEAST:
        return None
    level = (1 - confidence) / WEEKS
    limit = float(kstwobign.isf(level)) * math.sqrt(1 / n + 1 / m)
    apart = _distance(sorted(before), sorted(now))
    return Drift(apart, limit, n, m, apart)


def compare_all(before: Mapping[str, Spread], now: Mapping[str, Spread]) -> Moved:
    """Everything that is known of both sides, at a level that the comparisons share."""
    names = [name for name in before if name in now]
    shared = 1 - (1 - CONFIDENCE) / max(1, 2 * len(names))
    found: dict[str, Drift] = {}
    for name in names:
        kinds = compare(before[name].kinds, now[name].kinds, confidence=shared)
        numbers = compare_numbers(before[name].numbers, now[name].numbers, confidence=shared)
        told = ((name, kinds), (f"size of {name}", numbers))
        found |= {what: one for what, one in told if one is not None}
    apart = sorted(found.items(), key=lambda one: (-one[1].share, one[0]))
    most = max((one.now for one in found.values()), default=0)
    return Moved(len(found), most, {name: one for name, one in apart if one.is_over})


def _distance(before: Sequence[float], now: Sequence[float]) -> float:
    """The greatest distance of the two distribution functions, ties taken together."""
    seen, new = Counter(before), Counter(now)
    low = high = apart = 0.0
    for value in sorted({*seen, *new}):
        low += seen[value] / len(before)
        high += new[value] / len(now)
        apart = max(apart, abs(high - low))
    return apart
