"""What an answer was worth, alone or in review, for a case and for its family."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runs.records.evidence import CaseResult, Outcome, OutcomeTable
from runs.records.version import Route
from tests.unit.workflow.builders import case
from workflow.grading import WORST_FIRST, by_family, by_item, by_segment, grade, worst


def result(id: str, outcome: Outcome, family: str = "f", epoch: int = 1) -> CaseResult:
    """What a trial did with one case."""
    return CaseResult(
        trial="t",
        case=id,
        family=family,
        epoch=epoch,
        outcome=outcome,
        label="refund",
        confidence=0.5,
        scope=0.5,
        route="act",
        rule="",
        failure="",
    )


@pytest.mark.parametrize(
    ("routes", "label", "route", "expected"),
    [
        (("act",), "refund", "act", "right_auto"),
        (("act",), "other", "act", "wrong_auto"),
        (("review",), "refund", "act", "wrong_auto"),
        (("act",), "refund", "review", "needless_review"),
        (("act",), "other", "review", "needless_review"),
        (("act", "review"), "other", "review", "right_review"),
        (("act", "review"), "refund", "act", "right_auto"),
        (("review",), "refund", "refuse", "needless_review"),
        (("refuse",), "other", "refuse", "right_review"),
    ],
)
def test_an_answer_is_worth_what_its_label_and_its_route_are(
    routes: tuple[Route, ...], label: str, route: Route, expected: Outcome
) -> None:
    """Acting needs the right label and leave to act; a review needs leave to review."""
    assert grade(case("a", routes=routes), label, route) == expected


@given(st.lists(st.sampled_from(WORST_FIRST), min_size=1))
def test_a_family_is_as_good_as_its_worst_case(outcomes: list[Outcome]) -> None:
    """One harm makes the family a harm, whatever the others are."""
    table = by_family([result(str(i), outcome) for i, outcome in enumerate(outcomes)])

    assert table.total == 1
    assert getattr(table, worst(outcomes)) == 1


def test_harm_is_worse_than_no_answer_and_no_answer_worse_than_a_needless_review() -> None:
    """The order is part of the gate's meaning."""
    order: list[Outcome] = [
        "wrong_auto", "error", "needless_review", "right_review", "right_auto",
    ]  # fmt: skip
    for one, other in product(order, order):
        assert worst([one, other]) == order[min(order.index(one), order.index(other))]


def test_a_case_tried_several_times_counts_once_with_its_worst() -> None:
    """Epochs are not items."""
    table = by_item([result("a", "right_auto", epoch=1), result("a", "wrong_auto", epoch=2)])

    assert table == OutcomeTable(wrong_auto=1)


def test_segments_are_counted_by_family_each_for_itself() -> None:
    """A family with cases in two segments is judged in each by what it did there."""
    results = [result("a", "right_auto"), result("b", "wrong_auto"), result("c", "error", "g")]

    assert by_segment(results, {"a": "x", "b": "y", "c": "y"}) == {
        "x": OutcomeTable(right_auto=1),
        "y": OutcomeTable(wrong_auto=1, error=1),
    }
