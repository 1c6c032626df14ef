"""Advance: every combination of what is there, stale, failed or missing."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rollout import advance
from rollout.advance import Facts, covers, judge, waits_for_approval
from rollout.assignment import lineage
from runs.records.evidence import VerdictKind
from runs.records.release import Release
from tests import builders
from tests.builders import DIGEST, NOW
from tests.unit.rollout.climbing import (
    LATER,
    OTHER,
    WEIGHTS,
    climber,
    drill,
    dry_run,
    facts,
    live,
    watched,
)

UP = {"enter", "expand", "complete"}


@pytest.mark.parametrize(
    ("stage", "kind", "rung"),
    [
        (-1, "enter", (0, 0)),
        (0, "expand", (1, 500)),
        (1, "expand", (2, 5_000)),
        (2, "expand", (3, 9_500)),
        (3, "complete", (3, 10_000)),
    ],
)
def test_with_everything_there_it_goes_one_rung_up(
    stage: int, kind: str, rung: tuple[int, int]
) -> None:
    """Entered, expanded, and completed at the top."""
    move = judge(facts(climber(stage)))

    assert (move.kind, move.stage, move.weight_bp, move.missing) == (kind, *rung, ())


Change = Callable[[Release], dict[str, Any]]

GAPS: list[tuple[str, Change]] = [
    ("policy", lambda r: {"policy": OTHER}),
    ("dry_run", lambda r: {"dry_run": None}),
    ("dry_run", lambda r: {"dry_run": dry_run(r, "inconclusive")}),
    ("dry_run", lambda r: {"dry_run": dry_run(r, "error")}),
    ("dry_run_failed", lambda r: {"dry_run": dry_run(r, "fail")}),
    ("dry_run", lambda r: {"dry_run": dry_run(r, version=OTHER)}),
    ("dry_run", lambda r: {"dry_run": dry_run(r, policy=OTHER)}),
    ("dry_run", lambda r: {"dry_run": dry_run(r, kind="drill")}),
    ("sample", lambda r: {"stage": None}),
    ("sample", lambda r: {"stage": None, "sample": ""}),
    ("sample", lambda r: {"stage": live(r, version=OTHER)}),
    ("sample", lambda r: {"stage": live(r, policy=OTHER)}),
    ("sample", lambda r: {"stage": live(r, subject="release:rel-1:9")}),
    ("sample", lambda r: {"stage": live(r, kind="dry_run")}),
    ("sample", lambda r: {"stage": live(r, measured_at=NOW - timedelta(seconds=1))}),
    ("sample", lambda r: {"stage": live(r, measured_at=LATER + timedelta(seconds=1))}),
    ("verdict", lambda r: {"stage": live(r, "inconclusive")}),
    ("verdict", lambda r: {"stage": live(r, "error")}),
    ("drill", lambda r: {"drill": None}),
    ("drill", lambda r: {"drill": drill(r, "fail")}),
    ("drill", lambda r: {"drill": drill(r, kind="stage")}),
    ("drill", lambda r: {"drill": drill(r, subject=lineage("other"))}),
    ("drill", lambda r: {"drill": drill(r, incumbent=OTHER)}),
    ("drill", lambda r: {"drill": drill(r, at=LATER - timedelta(days=14, seconds=1))}),
    ("drill", lambda r: {"drill": drill(r, at=LATER + timedelta(seconds=1))}),
    ("drill", lambda r: {"drill": drill(r, expires_at=LATER)}),
    ("drill", lambda r: {"drill": drill(r, expires_at=None)}),
    ("drill", lambda r: {"drill": drill(r, notes={})}),
    ("monitoring", lambda r: {"monitoring": None}),
    ("monitoring", lambda r: {"monitoring": watched(r, kind="stage")}),
    ("monitoring", lambda r: {"monitoring": watched(r, version=OTHER)}),
    ("monitoring", lambda r: {"monitoring": watched(r, policy=OTHER)}),
    ("monitoring", lambda r: {"monitoring": watched(r, subject="release:rel-1:9")}),
    ("monitoring", lambda r: {"monitoring": watched(r, expires_at=LATER)}),
    ("monitoring", lambda r: {"monitoring": watched(r, measured_at=LATER + timedelta(days=1))}),
    ("monitoring", lambda r: {"monitoring": watched(r, notes={"late": "quality"})}),
    ("monitoring", lambda r: {"monitoring": watched(r, notes={"unowned": "incidents"})}),
    ("monitoring", lambda r: {"monitoring": builders.evidence(kind="monitoring")}),
    ("signal", lambda r: {"monitoring": watched(r, notes={"unread": "quality"})}),
    ("signal", lambda r: {"monitoring": watched(r, notes={"breached": "quality 0.5"})}),
    ("approval", lambda r: {"approval": None}),
    ("approval", lambda r: {"approval": {"kind": "update"}}),
    ("approval", lambda r: {"approval": {"subject": OTHER}}),
    ("approval", lambda r: {"approval": {"covers": {"release": "rel-1"}}}),
    *(
        ("approval", lambda r, status=status: {"approval": {"status": status}})
        for status in ("open", "changes_asked", "rejected", "expired", "superseded", "withdrawn")
    ),
    ("hours", lambda r: {"release": r.model_copy(update={"entered_at": LATER})}),
    ("release", lambda r: {"release": r.model_copy(update={"status": "held"})}),
    ("release", lambda r: {"release": r.model_copy(update={"status": "rolled_back"})}),
    ("release", lambda r: {"release": r.model_copy(update={"status": "complete"})}),
]


@pytest.mark.parametrize(("name", "change"), GAPS)
@pytest.mark.parametrize("stage", [1, 3])
def test_whatever_is_missing_stale_or_other_holds_and_is_named(
    stage: int, name: str, change: Change
) -> None:
    """One gap is enough; where it stands it stays."""
    release = climber(stage)
    move = judge(facts(release, **change(release)))

    assert (move.kind, move.stage, move.weight_bp) == ("hold", stage, release.weight_bp)
    assert name in move.missing
    assert set(move.missing) <= {name, "sample"}
    assert move.reason


def combinations() -> Iterator[tuple[Facts, dict[str, Any]]]:
    """Every mix of what may be there, and what was put together."""
    outcomes: list[VerdictKind | None] = ["pass", "inconclusive", "error", "fail", None]
    parts = {
        "stage": [-1, 0, 1, 3],
        "status": ["open", "held", "rolled_back", "complete"],
        "dry_run": outcomes,
        "live": outcomes,
        "is_long": [True, False],
        "has_drill": [True, False],
        "is_watched": [True, False],
        "approval": ["approved", "open", None],
        "is_same_policy": [True, False],
    }
    for values in product(*parts.values()):
        mix: dict[str, Any] = dict(zip(parts, values, strict=True))
        began = NOW if mix["is_long"] else LATER
        release = climber(mix["stage"], status=mix["status"], entered_at=began)
        changed = {
            "dry_run": dry_run(release, mix["dry_run"]) if mix["dry_run"] else None,
            "stage": live(release, mix["live"]) if mix["live"] else None,
            "approval": {"status": mix["approval"]} if mix["approval"] else None,
            "policy": release.policy if mix["is_same_policy"] else OTHER,
        }
        changed |= {} if mix["has_drill"] else {"drill": None}
        changed |= {} if mix["is_watched"] else {"monitoring": None}
        yield facts(release, **changed), mix


def expected(mix: dict[str, Any]) -> str:
    """The rule, said once more in other words."""
    if mix["status"] == "rolled_back":
        return "hold"
    if mix["live"] == "fail" and mix["stage"] >= 0:
        return "hold" if mix["stage"] == 0 else "roll_back"
    always = mix["dry_run"] == "pass" and mix["is_watched"] and mix["approval"] == "approved"
    on_a_stage = mix["live"] == "pass" and mix["is_long"] and mix["has_drill"]
    on_a_stage = on_a_stage and mix["is_same_policy"]
    if mix["status"] != "open" or not always or not (mix["stage"] < 0 or on_a_stage):
        return "hold"
    return {-1: "enter", 3: "complete"}.get(mix["stage"], "expand")


def test_every_combination_gives_the_one_move_the_rule_names() -> None:
    """All 19,200 of them."""
    wrong = [(m, judge(f).kind) for f, m in combinations() if judge(f).kind != expected(m)]

    assert wrong == []


def part_of(gap: tuple[str, Change]) -> str:
    """The part of the facts a gap is in."""
    return next(iter(gap[1](climber(1))))


@settings(deadline=None, max_examples=300)
@given(
    stage=st.sampled_from(list(WEIGHTS)),
    gaps=st.lists(st.sampled_from(GAPS), min_size=1, max_size=5, unique_by=part_of),
)
def test_nothing_with_a_gap_ever_goes_up(stage: int, gaps: list[tuple[str, Change]]) -> None:
    """Whatever else is there, and however many are missing at once."""
    release = climber(stage)
    changed: dict[str, Any] = {}
    for _, change in gaps:
        changed |= change(release)
    matters = {name for name, _ in gaps} - (NOT_NEEDED_TO_ENTER if stage < 0 else set())
    move = judge(facts(release, **changed))

    assert move.kind not in UP or not matters


NOT_NEEDED_TO_ENTER = {"policy", "sample", "verdict", "hours", "drill"}


def test_more_than_the_stage_allows_is_narrowed() -> None:
    """Whoever brought it there."""
    move = judge(facts(climber(1).model_copy(update={"weight_bp": 900})))

    assert (move.kind, move.stage, move.weight_bp) == ("narrow", 1, 500)


def test_a_narrowed_release_is_expanded_to_its_own_stage_first() -> None:
    """Back to what that stage allows, with an approval of that."""
    move = judge(facts(climber(2).model_copy(update={"weight_bp": 700})))

    assert (move.kind, move.stage, move.weight_bp) == ("expand", 2, 5_000)


def test_people_are_asked_once_only_they_are_missing() -> None:
    """Not while anything else stands in the way, and not again once they agreed."""
    release = climber(1)

    assert waits_for_approval(judge(facts(release, approval=None)))
    assert not waits_for_approval(judge(facts(release, approval=None, drill=None)))
    assert not waits_for_approval(judge(facts(release)))


def test_an_approval_may_cover_more_than_the_move_needs() -> None:
    """Whoever asks adds what else was shown."""
    more = facts(climber(1), approval={"more": {"leading_policy": DIGEST}})

    assert judge(more).kind == "expand"


@pytest.mark.parametrize("part", ["dry_run", "stage", "drill"])
def test_an_approval_counts_only_for_the_evidence_it_was_given_on(part: str) -> None:
    """The same move on other evidence has to be asked for again."""
    release = climber(1)
    asked = facts(release)
    other = {
        "dry_run": dry_run(release, id="other"),
        "stage": live(release, id="other"),
        "drill": drill(release, id="other"),
    }
    move = judge(asked._replace(**{part: other[part]}))

    assert (move.kind, move.missing) == ("hold", ("approval",))


def test_an_approval_of_one_rung_does_not_count_for_the_next() -> None:
    """Each step is agreed to by itself."""
    below = facts(climber(1))
    above = facts(climber(2), approval=None)._replace(approval=below.approval)

    assert judge(above).missing == ("approval",)


def test_what_an_approval_covers_names_candidate_rung_and_evidence() -> None:
    """Enough for a stranger to make the digest again."""
    release = climber(1)

    assert covers(facts(release)) == {
        "release": "rel-1",
        "version": DIGEST,
        "policy": DIGEST,
        "plan": DIGEST,
        "incumbent": "human",
        "from": "1:500",
        "stage": "slice_50",
        "weight_bp": "5000",
        "dry_run": "r-1.dry.1",
        "evidence": "stage-1",
        "drill": "drill-1",
    }
    assert advance.exact(release, advance.target(release)).items() <= covers(facts(release)).items()
