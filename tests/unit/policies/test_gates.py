"""A gate passes only what fresh, whole evidence of exactly this version and policy proves."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from policies import gates, intervals
from policies.gates import Judgement
from runs.errors import InvalidInput
from runs.records.evidence import Evidence, OutcomeTable
from runs.records.record import digest_of
from runs.records.version import GateValues
from tests.builders import DIGEST, NOW, evidence
from tests.unit.policies.builders import measured

GATE = GateValues(wrong_auto_max=0.05, coverage_min=0.6, min_cases=50)


def judged(given: Evidence | None, gate: GateValues | None = GATE, **changed: Any) -> Judgement:
    """The gate's answer now, for the version and policy the evidence is of."""
    return gates.judge(given, gate, **({"version": DIGEST, "policy": DIGEST, "now": NOW} | changed))


def bar(judgement: Judgement, name: str) -> Any:
    """One bar of a judgement."""
    return next(one for one in judgement.bars if one.name == name)


def test_proof_on_both_bars_passes() -> None:
    """Nothing wrong alone in 200 and everything covered."""
    judgement = judged(measured(right_auto=180, right_review=20))

    assert judgement.outcome == "pass"
    assert [one.outcome for one in judgement.bars] == ["pass"] * 3


@pytest.mark.parametrize(
    ("counts", "outcome", "failing"),
    [
        ({"right_auto": 160, "wrong_auto": 40}, "fail", {"wrong_auto"}),
        ({"right_auto": 190, "wrong_auto": 10}, "inconclusive", set()),
        ({"right_auto": 100, "needless_review": 100}, "fail", {"coverage"}),
        ({"right_auto": 125, "needless_review": 75}, "inconclusive", set()),
        ({"needless_review": 200}, "fail", {"coverage"}),
        ({"wrong_auto": 200}, "fail", {"wrong_auto", "coverage"}),
    ],
)
def test_each_bar_answers_by_its_bounds(
    counts: dict[str, int], outcome: str, failing: set[str]
) -> None:
    """Fail only where the bound on the other side says so, whatever the share."""
    judgement = judged(measured(**counts))

    assert judgement.outcome == outcome
    assert {one.name for one in judgement.bars if one.outcome == "fail"} == failing


def test_sending_everything_to_review_passes_one_bar_and_fails_the_gate() -> None:
    """A threshold of 1 is never wrong alone, and covers nothing that needed no person."""
    judgement = judged(measured(needless_review=300))

    assert bar(judgement, "wrong_auto").outcome == "pass"
    assert judgement.outcome == "fail"


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"given": None}, "no evidence"),
        ({"gate": None}, "no gate"),
        ({"version": digest_of("other")}, "another version"),
        ({"policy": digest_of("other")}, "other policy"),
        ({"now": NOW + timedelta(days=31)}, "expired"),
        ({"now": NOW + timedelta(days=30)}, "expired"),
        ({"now": NOW - timedelta(seconds=1)}, "later than now"),
        ({"given": evidence(expires_at=None)}, "until when"),
        ({"given": evidence(kind="drill")}, "holds no answers"),
        ({"given": measured(right_auto=49)}, "49 of 50 cases"),
        ({"given": measured(wrong_auto=49)}, "49 of 50 cases"),
        ({"given": measured()}, "0 of 50 cases"),
    ],
)
def test_what_is_missing_stale_thin_or_other_is_inconclusive(
    changed: dict[str, Any], reason: str
) -> None:
    """Nothing missing passes, and nothing missing fails."""
    given: dict[str, Any] = {"given": evidence(), **changed}
    judgement = judged(**given)

    assert judgement.outcome == "inconclusive"
    assert reason in judgement.reason


def test_a_bar_nothing_was_counted_for_may_lie_anywhere() -> None:
    """It shows no figure that was not measured."""
    (only,) = judged(None).bars

    assert (only.name, only.events, only.total) == ("subject", 0, 0)
    assert (only.low, only.high, only.threshold) == (0, 1, 0)


def test_exactly_enough_cases_at_exactly_the_bounds_pass() -> None:
    """A bar is reached where the bound equals it, and a case less is thin."""
    gate = GateValues(
        wrong_auto_max=intervals.upper(0, 50, 0.95),
        coverage_min=intervals.lower(49, 50, 0.95),
        min_cases=50,
    )

    assert judged(measured(right_auto=49, needless_review=1), gate).outcome == "pass"
    assert judged(measured(right_auto=48, needless_review=1), gate).outcome == "inconclusive"


def test_an_error_is_a_failure_on_both_bars() -> None:
    """Ten errors in 200 count as wrong alone and as not covered."""
    judgement = judged(measured(right_auto=190, error=10))

    assert bar(judgement, "errors").outcome == "pass"
    assert bar(judgement, "wrong_auto").events == 10
    assert bar(judgement, "coverage").events == 190
    assert judgement.outcome == "inconclusive"


@pytest.mark.parametrize("errors", [11, 100, 200])
def test_more_than_one_error_in_twenty_is_the_infrastructure(errors: int) -> None:
    """What was measured then is not the version, however bad the figures are."""
    judgement = judged(measured(right_auto=200 - errors, error=errors))

    assert judgement.outcome == "inconclusive"
    assert judgement.reason.startswith("infrastructure")


@pytest.mark.parametrize(
    ("unlabelled", "outcome"), [(0, "pass"), (10, "pass"), (11, "inconclusive")]
)
def test_items_nobody_has_labelled_are_never_right(unlabelled: int, outcome: str) -> None:
    """Up to one in twenty of the sample may be open; the open ones are in no share."""
    live = evidence(
        kind="stage", split="live", items=OutcomeTable(right_auto=190), unlabelled=unlabelled
    )
    judgement = judged(live)

    assert judgement.outcome == outcome
    assert bar(judgement, "coverage").total == 190


def test_live_evidence_is_judged_by_items_and_a_trial_by_families() -> None:
    """The unit of a dataset is the family; the unit of the world is the item."""
    both: dict[str, Any] = {
        "families": OutcomeTable(right_auto=200),
        "items": OutcomeTable(wrong_auto=200),
    }

    assert judged(evidence(**both)).outcome == "pass"
    assert judged(evidence(split="live", kind="stage", **both)).outcome == "fail"


def test_counts_that_cannot_be_are_an_error() -> None:
    """A broken measurement is neither bad nor good."""
    assert judged(measured(right_auto=300, wrong_auto=-1)).outcome == "error"
    assert judged(evidence(unlabelled=-1)).outcome == "error"


def test_looks_share_the_confidence() -> None:
    """What passes at one look of 95 % does not at one of five."""
    once = measured(right_auto=131, wrong_auto=2)

    assert gates.shared_confidence(0.95, 5) == pytest.approx(0.99)
    assert judged(once).outcome == "pass"
    assert judged(once, looks=5).outcome == "inconclusive"
    with pytest.raises(InvalidInput, match="0 looks"):
        judged(once, looks=0)


def test_an_inconclusive_bar_says_what_would_settle_it() -> None:
    """The worked example of 108 of 115, as coverage of at least nine in ten."""
    gate = GateValues(wrong_auto_max=0.05, coverage_min=0.9, min_cases=50)
    settle = bar(judged(measured(right_auto=108, needless_review=7), gate), "coverage").settle

    assert settle.failures_allowed_in_next[100] == 7
    assert settle.n_to_settle == intervals.forecast(0.9, 109 / 117, 0.95).first
    assert settle.settleable


def test_what_settles_the_share_of_wrong_answers_counts_them_as_failures() -> None:
    """Eight of 200 wrong, at most one in twenty allowed."""
    wrong = bar(judged(measured(right_auto=192, wrong_auto=8)), "wrong_auto")
    allowed = intervals.failures_allowed(192, 200, 0.95, confidence=0.95, more=200)

    assert wrong.reason.startswith("wrong alone: 8 of 200, between ")
    assert set(wrong.settle.failures_allowed_in_next) == {50, 100, 200}
    assert wrong.settle.failures_allowed_in_next[200] == allowed
    assert wrong.settle.n_to_settle == intervals.n_to_settle(192, 200, 0.95, confidence=0.95)


def test_settleable_is_what_the_review_budget_reaches() -> None:
    """To the last case of it."""
    counts = measured(right_auto=108, needless_review=7)
    further = (intervals.n_to_settle(108, 115, 0.9, confidence=0.95) or 0) - 115
    for budget, reached in ((further, True), (further - 1, False)):
        gate = GateValues(
            wrong_auto_max=0.05, coverage_min=0.9, min_cases=50, max_review_budget=budget
        )
        assert bar(judged(counts, gate), "coverage").settle.settleable is reached


def test_a_rate_too_close_to_its_bar_is_not_settleable() -> None:
    """More cases than the review budget would be needed, and it says so."""
    gate = GateValues(wrong_auto_max=0.05, coverage_min=0.9, min_cases=50, max_review_budget=100)
    judgement = judged(measured(right_auto=106, needless_review=9), gate)

    assert not bar(judgement, "coverage").settle.settleable
    assert bar(judgement, "wrong_auto").settle is None


@pytest.mark.parametrize(("wrong", "coverage"), [(0.0, 0.6), (0.05, 1.0)])
def test_a_bar_without_room_is_never_passed_and_never_settled(
    wrong: float, coverage: float
) -> None:
    """No number of cases proves a rate of exactly nothing or all."""
    gate = GateValues(wrong_auto_max=wrong, coverage_min=coverage, min_cases=50)
    judgement = judged(measured(right_auto=100_000), gate)

    assert judgement.outcome == "inconclusive"
    assert [one.settle for one in judgement.bars if one.outcome == "inconclusive"] == [None]


def test_a_gate_that_nothing_can_fail_is_no_gate() -> None:
    """It cannot even be written."""
    with pytest.raises(ValidationError, match="nothing can fail this gate"):
        GateValues(wrong_auto_max=1.0, coverage_min=0.5, min_cases=1)
    with pytest.raises(ValidationError, match="nothing can fail this gate"):
        GateValues(wrong_auto_max=0.1, coverage_min=0.0, min_cases=1)


TABLES = st.builds(
    OutcomeTable,
    right_auto=st.integers(0, 400),
    right_review=st.integers(0, 100),
    wrong_auto=st.integers(0, 60),
    needless_review=st.integers(0, 200),
    error=st.integers(0, 20),
)


@settings(deadline=None)
@given(TABLES)
def test_a_wrong_answer_in_place_of_a_right_one_never_helps(table: OutcomeTable) -> None:
    """From worse evidence no better verdict follows."""
    order = ["fail", "inconclusive", "pass"]
    worse = table.model_copy(
        update={"right_auto": max(0, table.right_auto - 1), "wrong_auto": table.wrong_auto + 1}
    )
    if table.right_auto and table.error <= 0.05 * table.total:
        before, after = judged(evidence(families=table)), judged(evidence(families=worse))
        assert order.index(after.outcome) <= order.index(before.outcome)


@settings(deadline=None)
@given(TABLES)
def test_the_verdict_is_the_worst_bar(table: OutcomeTable) -> None:
    """Any bar that fails fails it; else any that is inconclusive holds it."""
    judgement = judged(evidence(families=table))
    outcomes = {one.outcome for one in judgement.bars}
    worst = next(one for one in ("error", "fail", "inconclusive", "pass") if one in outcomes)

    assert judgement.outcome == worst
    assert all(0 <= one.low <= one.high <= 1 for one in judgement.bars)
