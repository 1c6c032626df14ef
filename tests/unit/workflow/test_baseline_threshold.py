"""The threshold from which answers are accepted: the lowest that the bound allows."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policies import intervals
from runs.errors import InvalidInput
from workflow.baseline.route import Answer
from workflow.baseline.threshold import thresholds


def answered(*pairs: tuple[str, float]) -> list[Answer]:
    """Answers by label and confidence."""
    return [Answer(label, confidence, 0.5, "other", 0.1) for label, confidence in pairs]


def test_the_threshold_is_the_lowest_that_the_bound_allows() -> None:
    """100 right above 0.5 hold 95 %; the wrong ones below do not enter."""
    answers = answered(*[("a", 0.5 + n / 1000) for n in range(100)], *[("b", 0.4)] * 20)

    found = thresholds(
        answers, ["a"] * 120, list(map(str, range(120))), precision=0.95, confidence=0.95
    )

    assert found == 0.5


def test_too_few_answers_give_no_threshold() -> None:
    """58 right answers without an error do not prove 95 %."""
    answers = answered(*[("a", 0.9)] * 58)

    found = thresholds(
        answers, ["a"] * 58, list(map(str, range(58))), precision=0.95, confidence=0.95
    )

    assert found is None


def test_a_family_counts_once_for_the_threshold() -> None:
    """A hundred answers of one family prove as little as one."""
    answers = answered(*[("a", 0.9)] * 100)

    assert thresholds(answers, ["a"] * 100, ["same"] * 100, precision=0.95, confidence=0.95) is None


def test_answers_of_one_confidence_are_accepted_together() -> None:
    """No threshold lies between equal confidences, so the wrong half counts too."""
    answers = answered(*[("a", 0.9)] * 100, *[("b", 0.9)] * 100)

    found = thresholds(
        answers, ["a"] * 200, list(map(str, range(200))), precision=0.95, confidence=0.95
    )

    assert found is None


def test_lists_of_unequal_length_are_refused() -> None:
    """A label too few would shift all others."""
    with pytest.raises(InvalidInput, match="2 answers, 1 labels"):
        thresholds(answered(("a", 1), ("a", 1)), ["a"], ["f"], precision=0.9, confidence=0.9)


CASES = st.lists(
    st.tuples(st.integers(0, 20).map(lambda n: n / 20), st.booleans(), st.integers(0, 40)),
    max_size=120,
)


def bound(cases: list[tuple[float, bool, int]], level: float) -> float:
    """The lower bound of precision by family among what `level` accepts; 0 for nothing."""
    taken = [(right, family) for confidence, right, family in cases if confidence >= level]
    families = {family for _, family in taken}
    wrong = {family for right, family in taken if not right}
    return intervals.lower(len(families - wrong), len(families), 0.8) if families else 0.0


@settings(deadline=None)
@given(cases=CASES)
def test_the_threshold_holds_and_none_below_it_does(cases: list[tuple[float, bool, int]]) -> None:
    """The search misses no lower level, and returns none that does not hold."""
    found = thresholds(
        answered(*[("a", confidence) for confidence, _, _ in cases]),
        ["a" if right else "b" for _, right, _ in cases],
        [str(family) for _, _, family in cases],
        precision=0.7,
        confidence=0.8,
    )

    holding = [level for level in {c for c, _, _ in cases} if bound(cases, level) >= 0.7]
    assert found == min(holding, default=None)
