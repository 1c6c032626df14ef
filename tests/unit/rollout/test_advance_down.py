"""Advance: what goes down by itself, and what pauses."""

from typing import Any

import pytest

from rollout.advance import find_fall, find_hold, judge, pauses
from runs.records.release import Move
from tests.unit.rollout.climbing import (
    LATER,
    OTHER,
    climber,
    dry_run,
    facts,
    live,
    noted,
    watched,
)


def test_a_failing_stage_falls_whatever_else_is_missing() -> None:
    """The way down waits for nobody."""
    release = climber(2)
    nothing = {"dry_run": None, "drill": None, "monitoring": None, "approval": None}
    move = judge(facts(release, stage=live(release, "fail"), **nothing))

    assert (move.kind, move.weight_bp) == ("roll_back", 0)
    assert move.reason == "the stage's gate fails: it is a fail"


def test_a_complete_release_still_falls() -> None:
    """What was proven once may fail later."""
    release = climber(3, status="complete")

    assert judge(facts(release, stage=live(release, "fail"))).kind == "roll_back"


def test_the_failure_of_another_stage_or_candidate_is_no_reason_to_fall() -> None:
    """It says nothing about what is served now."""
    release = climber(2)

    for changed in ({"subject": "release:rel-1:1"}, {"version": OTHER}, {"policy": OTHER}):
        assert judge(facts(release, stage=live(release, "fail", **changed))).kind == "hold"


CROSSED = {"breached": "quality 0.4, owner ben", "crossed": "quality 0.4, below 0.5, owner ben"}


@pytest.mark.parametrize("status", ["open", "held", "complete"])
def test_a_signal_that_crossed_its_bar_falls_whatever_else_is_missing(status: str) -> None:
    """By itself, and naming the signal; the gate's own failure goes before it."""
    release = climber(2, status=status)
    seen = noted(release, CROSSED)
    nothing = {"dry_run": None, "stage": None, "drill": None, "approval": None}
    move = judge(facts(release, monitoring=seen, **nothing))
    failed = judge(facts(release, monitoring=seen, stage=live(release, "fail")))

    assert (move.kind, move.weight_bp) == ("roll_back", 0)
    assert "crossed the bar at which it goes back: quality 0.4, below 0.5" in move.reason
    assert move == find_fall(release, seen, LATER)
    assert failed.reason == "the stage's gate fails: it is a fail"


def test_only_the_watch_over_what_acts_now_takes_it_back() -> None:
    """Not in the sandbox, nor of another stage or candidate, nor what is back already."""
    acting, shadow = climber(2), climber(0)
    others = [{"subject": "release:rel-1:1"}, {"version": OTHER}, {"kind": "stage"}]
    moves = [judge(facts(acting, monitoring=watched(acting, notes=CROSSED, **o))) for o in others]
    moves.append(judge(facts(shadow, monitoring=noted(shadow, CROSSED))))
    gone = judge(facts(climber(2, status="rolled_back"), monitoring=noted(acting, CROSSED)))

    assert {move.kind for move in [*moves, gone]} == {"hold"}
    assert moves[-1].missing == ("signal",)
    assert "quality 0.4, owner ben" in gone.reason


def test_a_watch_that_says_nothing_of_limits_holds() -> None:
    """What was not judged was not kept."""
    release = climber(1)
    notes = {"unread": "", "late": "", "unowned": "", "crossed": ""}
    silent = watched(release).model_copy(update={"notes": notes})

    assert "signal" in judge(facts(release, monitoring=silent)).missing


def test_a_held_release_may_serve_again_after_a_silence_that_is_over() -> None:
    """Its evidence begins anew; a silence that lasts, or a crossed bar, holds it again."""
    held = climber(1, status="held")
    late, over = {"late": "quality"}, {"expires_at": LATER}
    fine = facts(held, monitoring=watched(held, notes=late), approval=None)

    assert find_hold(fine) == ""
    assert "last sign of life" in find_hold(fine._replace(monitoring=watched(held, **over)))
    assert "crossed the bar" in find_hold(fine._replace(monitoring=noted(held, CROSSED)))


PAUSES = [
    ({"stage": "inconclusive"}, 1, True),
    ({"stage": "inconclusive"}, 0, True),
    ({"stage": "fail"}, 0, True),
    ({"dry_run": "fail"}, 1, True),
    ({"dry_run": "inconclusive"}, 1, False),
    ({"monitoring": None}, 1, True),
    ({"monitoring": None}, 0, False),
    ({"monitoring": None}, -1, False),
    ({"monitoring": {"late": "quality"}}, 1, True),
    ({"monitoring": {"unread": "quality"}}, 1, False),
    ({"monitoring": {"breached": "quality 0.5"}}, 1, False),
    ({"dry_run": "fail"}, -1, False),
    ({"approval": None}, 1, False),
    ({"drill": None}, 1, False),
    ({"policy": OTHER}, 1, False),
]


@pytest.mark.parametrize(("changed", "stage", "is_pause"), PAUSES)
def test_a_hold_pauses_where_waiting_will_not_mend_it(
    changed: dict[str, Any], stage: int, *, is_pause: bool
) -> None:
    """A verdict that is no pass, a failed dry run, a version that acts unwatched."""
    release = climber(stage)
    made = {"stage": live, "dry_run": dry_run, "monitoring": noted}
    changed = {k: made[k](release, v) if k in made and v else v for k, v in changed.items()}

    assert pauses(judge(facts(release, **changed))) is is_pause


def test_what_is_held_already_is_not_paused_again() -> None:
    """Nor is what goes up or down."""
    held = climber(1, status="held")

    assert not pauses(judge(facts(held, monitoring=None)))
    assert not pauses(judge(facts(climber(1))))
    assert not pauses(Move(kind="roll_back", stage=1, weight_bp=0, reason="it fails"))
