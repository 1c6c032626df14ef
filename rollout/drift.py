"""whether live answers are spread as those of the dry run; pure.

Population stability index with add-half smoothing. Its limit grows with the samples' own noise, so
that 99 of 100 looks at an unchanged world raise nothing, whatever their size.
"""

import math
from collections.abc import Mapping
from typing import NamedTuple

CONFIDENCE = 0.99
LEAST = 30
"""Fewer answers on either side tell nothing."""


class Drift(NamedTuple):
    """How far two spreads are apart."""

    stability: float
    limit: float
    before: int
    now: int

    @property
    def is_over(self) -> bool:
        """Whether they are further apart than chance explains."""
        return self.stability > self.limit


def compare(before: Mapping[str, int], now: Mapping[str, int]) -> Drift | None:
    """How far the counts of each answer moved; None where too few were counted to say."""
    from scipy.stats import chi2

    n, m = sum(before.values()), sum(now.values())
    names = sorted({*before, *now})
    if min(n, m) < LEAST or len(names) < 2:
        return None
    half = 0.5 * len(names)
    index = 0.0
    for name in names:
        p = (before.get(name, 0) + 0.5) / (n + half)
        q = (now.get(name, 0) + 0.5) / (m + half)
        index += (q - p) * math.log(q / p)
    limit = float(chi2.ppf(CONFIDENCE, len(names) - 1)) * (1 / n + 1 / m)
    return Drift(index, limit, n, m)
