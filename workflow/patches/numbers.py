"""The simplest number that separates what was observed."""

from collections.abc import Iterable, Iterator
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Any

from runs.records.version import Bound

COARSEST, FINEST = 9, -12
"""Powers of ten that are tried, from a thousand million down."""


def gaps(observed: Iterable[Decimal], bound: Bound) -> Iterator[Decimal]:
    """One number in each gap between neighbours, and beyond the ends, within the bound; rising.

    Any number of a gap routes the observed items alike, so the simplest stands for all of them.
    An end without a bound is left out.
    """
    points = sorted(set(observed))
    for low, high in zip([bound.low, *points], [*points, bound.high], strict=True):
        if low is None or high is None:
            continue
        found = find_simplest(low, high, bound)
        if found is not None:
            yield found


def find_simplest(low: Decimal, high: Decimal, bound: Bound) -> Decimal | None:
    """The roundest number strictly between two, nearest the middle; None if none is in bounds."""
    least = low if bound.low is None else max(low, bound.low)
    most = high if bound.high is None else min(high, bound.high)
    if least >= most:
        return None
    middle = (least + most) / 2
    for power in range(COARSEST, FINEST - 1, -1):
        step = Decimal(1).scaleb(power)
        near = [
            (middle / step).to_integral_value(way) * step for way in (ROUND_FLOOR, ROUND_CEILING)
        ]
        inside = [one for one in near if least < one < most]
        if inside:
            return _plain(min(inside, key=lambda one: abs(one - middle)))
    return None


def roundness(value: Decimal) -> tuple[int, int]:
    """Significant digits, then characters: the less the rounder."""
    return len(value.normalize().as_tuple().digits), len(f"{value:f}")


def number_of(value: Any) -> Decimal | None:
    """A fact as a number; None for what is not one."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return None
    return Decimal(repr(value)) if isinstance(value, float) else Decimal(value)


def _plain(value: Decimal) -> Decimal:
    """Without an exponent or zeros behind the point: the text is what a person would write."""
    return Decimal(f"{value.normalize():f}")
