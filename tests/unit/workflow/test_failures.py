"""Failures get their code by rule and are grouped so that the worst is mended first."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runs.records.evidence import CaseResult
from tests.unit.workflow.builders import case, many, plan, policy, seen, trial, version
from workflow.failures import Cause, Decided, Doubt, break_even, cause_of, find_cause, group

DOUBT = Doubt(unsure=0.8, out_of_scope="oos")
ALONE: dict[str, Any] = {"outcome": "wrong_auto", "route": "act", "rule": "threshold"}
REVIEWED: dict[str, Any] = {"outcome": "needless_review", "route": "review"}


def decided(**changed: Any) -> Decided:
    """A wrong answer given alone, sure of itself."""
    return Decided(**{"label": "delivery", "confidence": 0.9, **ALONE, **changed})


@pytest.mark.parametrize(
    ("of_case", "did", "key"),
    [
        ({}, {}, "decide/label/misclassified/refund/delivery"),
        ({}, {"confidence": 0.79}, "route/confidence/threshold/review/act"),
        ({"routes": ("review",)}, {}, "route/route/should_have_escalated/review/act"),
        ({"routes": ("refuse",)}, {}, "route/route/should_have_escalated/refuse/act"),
        (
            {"routes": ("review",), "label": "oos"},
            {},
            "route/label/out_of_scope/review/act",
        ),
        ({}, REVIEWED | {"rule": "threshold"}, "route/confidence/threshold/act/review"),
        ({}, REVIEWED | {"rule": "scope"}, "route/scope/threshold/act/review"),
        ({}, REVIEWED | {"rule": "large"}, "route/large/needless_escalation/act/review"),
        ({}, REVIEWED | {"rule": "context"}, "context/source/missing_context/act/review"),
        (
            {"routes": ("review",)},
            REVIEWED | {"rule": "contract", "route": "refuse"},
            "intake/contract/malformed_input/review/refuse",
        ),
        ({}, REVIEWED | {"rule": ""}, "route/rule/unexplained/act/review"),
        ({}, {"outcome": "error", "rule": ""}, "decide/answer/tool_error/act/error"),
        ({}, {"outcome": "right_auto"}, None),
        ({"routes": ("review",)}, {"outcome": "right_review", "route": "review"}, None),
    ],
)
def test_the_code_follows_from_what_was_expected_and_what_decided(
    of_case: dict[str, Any], did: dict[str, Any], key: str | None
) -> None:
    """Step, field, code, expected and actual."""
    cause = find_cause(case("a", **of_case), decided(**did), doubt=DOUBT)

    assert (None if cause is None else cause.key) == key


@given(st.builds(Cause, *[st.text()] * 5))
def test_a_key_stands_for_its_cause(cause: Cause) -> None:
    """Whatever labels and rules are called."""
    assert cause_of(cause.key) == cause


@pytest.mark.parametrize(
    ("error", "review", "expected"), [("10", "2", 0.8), ("4", "4", 0.0), ("0", "2", 0.0)]
)
def test_acting_alone_pays_from_a_confidence_the_costs_give(
    error: str, review: str, expected: float
) -> None:
    """(1 - p) of an error against one review."""
    assert break_even(plan(error, review)) == pytest.approx(expected)


def test_groups_come_by_severity_then_weight_then_count() -> None:
    """One critical harm before many minor ones; needless reviews last, however critical."""
    found = [
        *many(9, "minor", label="delivery", severity="minor"),
        *many(4, "major", confidence=0.6, label="delivery"),
        *many(1, "critical", routes=("review",), severity="critical"),
        *many(30, "asked", confidence=0.4, severity="critical"),
    ]
    tried = trial(found, version(), policy())
    groups = group(tried.results, tried.cases)

    assert [(one.severity, one.code, len(one.cases)) for one in groups] == [
        ("critical", "should_have_escalated", 1),
        ("major", "threshold", 4),
        ("minor", "threshold", 30),
        ("minor", "misclassified", 9),
    ]


def test_a_group_holds_every_case_of_its_key_once() -> None:
    """Also one that failed in several epochs; what is right is in none."""
    tried = trial([*many(3, "w", label="delivery"), *many(2)], version(), policy())
    again = [result.model_copy(update={"epoch": 2}) for result in tried.results]
    (failed,) = group([*tried.results, *again], tried.cases)

    assert failed.cases == ("w-0", "w-1", "w-2")
    assert failed.explained


def test_what_no_trace_explains_is_said_to_be_unexplained() -> None:
    """It is looked into before anything is changed."""
    result = CaseResult(
        trial="t",
        case="a",
        family="f",
        epoch=1,
        outcome="needless_review",
        label="",
        confidence=0,
        scope=0,
        route="review",
        rule="",
        failure="route/rule/unexplained/act/review",
    )
    (failed,) = group([result], [seen("a").case])

    assert not failed.explained
