"""Between two observations stands one number, as round as can be."""

from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runs.records.version import Bound
from workflow.patches.numbers import find_simplest, gaps, number_of

OPEN = Bound()
NUMBERS = st.decimals(-1000, 1000, places=4)


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        ("178.20", "210.00", "200"),
        ("87", "310", "200"),
        ("0.7019", "0.7421", "0.72"),
        ("0.2", "0.3", "0.25"),
        ("-5", "7", "0"),
        ("-0.031", "-0.029", "-0.03"),
        ("1", "1.0000000000001", None),
        ("3", "3", None),
    ],
)
def test_the_roundest_number_nearest_the_middle_is_taken(
    low: str, high: str, expected: str | None
) -> None:
    """Hundreds before tens, one decimal before two; None where twelve decimals do not suffice."""
    found = find_simplest(Decimal(low), Decimal(high), OPEN)

    assert (None if found is None else str(found)) == expected


@given(NUMBERS, NUMBERS)
def test_it_lies_strictly_between_and_no_shorter_one_does(one: Decimal, other: Decimal) -> None:
    """Strictly, so that it never matters whether a condition says above or at least."""
    low, high = sorted((one, other))
    found = find_simplest(low, high, OPEN)

    assert found is None if low == high else found is not None and low < found < high


@given(st.lists(NUMBERS, min_size=1, max_size=20), NUMBERS, NUMBERS)
def test_one_number_stands_in_every_gap_within_the_bound(
    observed: list[Decimal], one: Decimal, other: Decimal
) -> None:
    """Rising, within the bound, and never one that was observed."""
    low, high = sorted((one, other))
    found = list(gaps(observed, Bound(low=low, high=high)))
    points = [low, *sorted({n for n in observed if low < n < high}), high]

    assert len(found) == (len(points) - 1 if low < high else 0)
    assert all(
        left < number < right
        for number, (left, right) in zip(found, pairwise(points), strict=False)
    )


def test_an_end_without_a_bound_is_left_out() -> None:
    """Nobody said how far it may go."""
    assert list(gaps([Decimal(1), Decimal(3)], OPEN)) == [Decimal(2)]


@pytest.mark.parametrize(
    ("value", "expected"),
    [(1, "1"), (0.1, "0.1"), (Decimal("2.50"), "2.50"), (True, None), ("3", None), (None, None)],
)
def test_only_numbers_are_numbers(value: object, expected: str | None) -> None:
    """A flag is none, a text is none; a float is what it is written as."""
    found = number_of(value)

    assert (None if found is None else str(found)) == expected
