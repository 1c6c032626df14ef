"""Answers that are spread otherwise are seen; chance alone is not."""

import random
from collections import Counter

import pytest

from rollout.drift import LEAST, compare

EVEN = {"refund": 50, "delivery": 50}


def test_the_same_spread_is_no_drift() -> None:
    """Its index is nought."""
    seen = compare(EVEN, EVEN)

    assert seen
    assert (round(seen.stability, 6), seen.is_over) == (0.0, False)


def test_another_spread_is() -> None:
    """Half and half became nine in ten."""
    seen = compare(EVEN, {"refund": 90, "delivery": 10})

    assert seen
    assert seen.is_over


def test_a_label_that_was_never_seen_counts() -> None:
    """And divides by nothing."""
    seen = compare(EVEN, {"refund": 40, "delivery": 40, "praise": 20})

    assert seen
    assert seen.is_over


@pytest.mark.parametrize("now", [{}, {"refund": LEAST - 1}, {"refund": LEAST - 2, "delivery": 1}])
def test_too_few_answers_tell_nothing(now: dict[str, int]) -> None:
    """Nothing is better than a guess."""
    assert compare(EVEN, now) is None


def test_one_label_alone_tells_nothing() -> None:
    """There is no other it could have moved to."""
    assert compare({"refund": 50}, {"refund": 50}) is None


@pytest.mark.parametrize("size", [50, 500])
def test_an_unchanged_world_raises_next_to_nothing(size: int) -> None:
    """At most a few of a thousand looks, whatever the size: the usual fixed limit raises more."""
    drawn = random.Random(size)
    labels = [f"l{n}" for n in range(5)]

    def draw() -> Counter[str]:
        return Counter(drawn.choices(labels, k=size))

    found = [compare(draw(), draw()) for _ in range(1_000)]
    raised = sum(one is not None and one.is_over for one in found)
    assert raised < 30
