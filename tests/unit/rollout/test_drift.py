"""Answers that are spread otherwise are seen; chance alone is not."""

import random
from collections import Counter

import pytest

from rollout.drift import LEAST, Spread, compare, compare_all, compare_numbers

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


def test_numbers_that_moved_are_seen_by_their_greatest_distance() -> None:
    """Half of what there is now lies beyond everything there was."""
    seen = compare_numbers(list(range(100)), [*range(50), *range(200, 250)])

    assert seen
    assert (round(seen.share, 2), seen.is_over) == (0.5, True)


@pytest.mark.parametrize("size", [30, 300])
def test_unchanged_numbers_raise_next_to_nothing(size: int) -> None:
    """Ties taken together: prices and lengths have many."""
    drawn = random.Random(size)

    def draw() -> list[float]:
        return [float(drawn.randrange(20)) for _ in range(size)]

    found = [compare_numbers(draw(), draw()) for _ in range(300)]
    assert sum(one is not None and one.is_over for one in found) < 5


@pytest.mark.parametrize("counts", [(LEAST, LEAST - 1), (LEAST - 1, LEAST), (0, 0)])
def test_too_few_numbers_tell_nothing(counts: tuple[int, int]) -> None:
    """On either side."""
    before, now = counts

    assert compare_numbers([1.0] * before, [2.0] * now) is None


def test_everything_is_compared_at_a_level_that_the_comparisons_share() -> None:
    """What moves a little is chance among many; what moved most comes first."""
    before = {f"f{at}": Spread(EVEN) for at in range(20)}
    alone = compare(EVEN, {"refund": 69, "delivery": 31})
    moved = compare_all(
        before | {"gone": Spread(EVEN)},
        before
        | {
            "f1": Spread({"refund": 69, "delivery": 31}),
            "f2": Spread({"refund": 10, "delivery": 90}),
            "f3": Spread({"refund": 90, "delivery": 10}, [1.0] * 100),
            "f4": Spread({"refund": 100}),
        },
    )

    assert alone
    assert alone.is_over
    assert (list(moved.over), moved.compared, moved.share) == (["f4", "f2", "f3"], 20, 0.5)


def test_nothing_compared_is_no_share() -> None:
    """Neither moved nor still."""
    moved = compare_all({"tier": Spread(EVEN)}, {"tier": Spread({})})

    assert (moved.compared, moved.now, moved.share) == (0, 0, 0.0)
