"""Signals in a plan: typed limits and rollback bars, and what is wrong with them told plainly."""

from decimal import Decimal

import pytest

from policies import rules
from runs.errors import InvalidInput
from tests.unit.policies.builders import PLAN

LIMIT = "limit: {direction: at_least, value: 0.95, min_items: 50}"
BAR = "{signal: quality, direction: below, value: 0.80}"


def plan_with(old: str, put: str) -> str:
    """The plan with one part written differently."""
    assert old in PLAN
    return PLAN.replace(old, put, 1)


def refusal(text: str) -> str:
    """Why a plan is refused."""
    with pytest.raises(InvalidInput) as refused:
        rules.read_plan(text, "desk.yaml")
    return str(refused.value)


def test_limits_and_bars_are_read_as_they_are_written() -> None:
    """Digits stay; what is not said has the default that is documented."""
    plan = rules.read_plan(PLAN, "plan.yaml").plan
    assert plan is not None
    (signal,), (bar,) = plan.signals, plan.rollout.rollback_when

    assert (signal.limit.direction, str(signal.limit.value)) == ("at_least", "0.95")
    assert (bar.direction, bar.value, bar.min_items) == ("below", Decimal("0.80"), 30)
    assert (signal.limit.min_items, signal.every_minutes, signal.silence_hours) == (50, 60, 24)


@pytest.mark.parametrize(
    ("old", "put", "says"),
    [
        (
            "name: quality",
            "name: mood",
            "signals.0.name is mood; write 'quality', 'coverage', 'latency', 'escalation', 'rep",
        ),
        (BAR, BAR.replace("quality", "mood"), "rollout.rollback_when.0.signal is mood; write 'q"),
        (
            BAR,
            BAR.replace("quality", "drift"),
            "is drift, which alerts and holds and takes nothing back alone",
        ),
        (BAR, BAR.replace("quality", "latency"), "is latency, which nobody watches; name one of q"),
        (LIMIT, "limit: at most 5 % wrong", "limit is at most 5 % wrong; write it as {direction"),
        (LIMIT, "limit: 0.95", "signals.0.limit is 0.95; write it as {direction: at_least,"),
        (BAR, "the gate fails", "rollback_when.0 is the gate fails; write it as {signal: quality,"),
        (LIMIT, LIMIT.replace("at_least", "over"), "limit.direction is over; write 'at_most' or"),
        (LIMIT, LIMIT.replace("0.95", "95"), "signals.0.limit.value is 95"),
        (LIMIT, LIMIT.replace("50}", "0}"), "signals.0.limit.min_items is 0"),
        (LIMIT, LIMIT.replace("50}", "5000}"), "signals.0.limit.min_items is 5000"),
        (LIMIT, LIMIT.replace("at_least", "at_most"), "quality is kept at_least; write at_least"),
        ("name: quality", "name: escalation", "escalation is kept at_most; write at_most"),
        (LIMIT, LIMIT.replace("min_items", "items"), "did you mean min_items?"),
        (BAR, BAR.replace("0.80", "0.96"), "value is below 0.96, but the limit of quality is at l"),
        (BAR, BAR.replace("below", "above"), "value is above 0.80, but the limit of quality is"),
        (LIMIT, f"{LIMIT}, every_minutes: 90, silence_hours: 1", "every_minutes is 90, longer"),
        (LIMIT, f"{LIMIT}, every_minutes: 0", "signals.0.every_minutes is 0"),
    ],
)
def test_what_is_wrong_with_a_signal_is_refused(old: str, put: str, says: str) -> None:
    """With file, line, key, value and remedy."""
    message = refusal(plan_with(old, put))

    assert message.startswith("desk.yaml, line ")
    assert says in message


def test_a_signal_is_watched_once() -> None:
    """Two limits of one signal would contradict each other."""
    twice = f"- {{name: quality, owner: ana, {LIMIT}}}\n  - {{name: quality"
    message = refusal(plan_with("- {name: quality", twice))

    assert "signals.1.name is quality again; keep one" in message


@pytest.mark.parametrize(
    ("old", "missing"),
    [(f", {LIMIT}", "signals.0.limit"), (f"    - {BAR}\n", "rollout.rollback_when")],
)
def test_a_limit_or_bar_that_is_missing_is_a_question(old: str, missing: str) -> None:
    """Not a default: somebody decides it."""
    reading = rules.read_plan(plan_with(old, ""), "plan.yaml")

    assert (reading.plan, reading.missing) == (None, (missing,))
