"""Ship, hold, narrow or expand: what the judgement of a release makes of each."""

from typing import Any

import pytest

from console.pages.decision import decision
from tests import builders
from tests.unit.rollout.climbing import climber, dry_run, facts, live, noted

PLAN = builders.plan()


def now(rung: int, /, **changed: Any) -> dict[str, str]:
    """What each word comes to for a release on this stage."""
    return {one.word: one.now for one in decision(PLAN, facts(climber(rung), **changed))}


def test_before_there_is_a_release_nothing_is_said_of_now() -> None:
    """What decides each is the plan's alone."""
    told = decision(PLAN, None)

    assert [one.word for one in told] == ["ship", "hold", "narrow", "expand"]
    assert {one.now for one in told} == {""}
    assert "quality below 0.3 on 5 items" in told[2].by


def test_a_release_before_its_first_stage_may_ship_once_all_is_there() -> None:
    """And says which approval is missing when only that is."""
    at = climber(-1)

    assert now(-1)["ship"] == "yes, sandbox at 0 %: all is there for sandbox at 0 %"
    assert (
        now(-1, approval=None)["ship"] == "ready for sandbox at 0 %: only the approval is missing"
    )
    assert "the dry run is fail" in now(-1, dry_run=dry_run(at, "fail"))["ship"]


def test_a_release_that_may_expand_is_held_by_nothing() -> None:
    """One word is yes, the others say so."""
    told = now(1)

    assert told["ship"] == "done: it stands on slice_5, serves 5 %"
    assert told["hold"] == "nothing holds it"
    assert told["narrow"] == "nothing asks for it"
    assert told["expand"].startswith("yes, slice_50 at 50 %")


def test_what_is_missing_holds_and_is_named() -> None:
    """The same reason stands against expanding."""
    told = now(1, drill=None)

    assert told["hold"] == "yes: the way back was never rehearsed"
    assert told["expand"] == "no, not slice_50 at 50 % yet: the way back was never rehearsed"


def test_a_failed_gate_narrows() -> None:
    """All the way back."""
    at = climber(1)
    told = now(1, stage=live(at, "fail"))

    assert told["narrow"] == "yes: the stage's gate fails: it is a fail"
    assert told["hold"] == "nothing holds it"
    assert not told["expand"].startswith("yes")


def test_a_breached_limit_is_near() -> None:
    """It holds, and is one step from the way back."""
    at = climber(1)
    told = now(1, monitoring=noted(at, {"breached": "quality 0.5 (5 of 10 items)"}))

    assert told["narrow"] == "near: quality 0.5 (5 of 10 items)"
    assert "a signal breaches its limit" in told["hold"]


@pytest.mark.parametrize(("status", "narrow"), [("rolled_back", "done"), ("complete", "nothing")])
def test_a_release_that_is_over_expands_no_more(status: str, narrow: str) -> None:
    """Its status is the reason."""
    told = {one.word: one.now for one in decision(PLAN, facts(climber(3, status=status)))}

    assert told["expand"] == f"no: it is {status.replace('_', ' ')}"
    assert told["hold"] == f"nothing to hold: it is {status.replace('_', ' ')}"
    assert told["narrow"].startswith(narrow)
