"""Nothing missing passes: each line of the go-live checklist stands, or nothing acts."""

from datetime import timedelta
from typing import Any

import pytest

from rollout.advance import judge
from rollout.assignment import lineage
from rollout.milestones import Ground, Line, checklist, find_gap, is_asked
from runs.records.evidence import Access, Evidence
from runs.records.release import Release
from tests import builders
from tests.unit.rollout.climbing import LATER, OTHER, climber, every_line, facts, watched

FRESH = {"measured_at": LATER - timedelta(hours=2), "expires_at": LATER + timedelta(hours=2)}


def made(release: Release, kind: str, **changed: Any) -> Evidence:
    """Evidence of the release that passed two hours ago."""
    subjects = {"access": release.plan, "drill": lineage(release.salt)}
    told = {"id": f"{kind}-1", "kind": kind, "subject": subjects.get(kind, release.id)}
    told |= {"version": release.version, "policy": release.policy, "notes": {"outcome": "pass"}}
    return builders.evidence(**told | FRESH | changed)


def lines(**changed: Any) -> dict[str, Line]:
    """The checklist of a release in the sandbox, each kind of evidence changed as asked."""
    release, plan = climber(0), builders.plan(models=changed.get("models", ()))
    kinds = ("contract", "access", "faults", "drill", "alert_drill")
    kept = [made(release, kind, **changed.get(kind, {})) for kind in kinds]
    ground = Ground(
        release=release,
        plan=plan,
        kept=[one for one in kept if changed.get("without") != one.kind],
        watched=changed.get("watched", watched(release)),
        active=changed.get("active", {person for _, person in plan.owners}),
        now=LATER,
    )
    return {line.name: line for line in checklist(ground)}


def test_what_is_all_there_lacks_nothing() -> None:
    """Each line with its evidence, its age and its owner."""
    found = lines()

    assert find_gap(found.values()) == ""
    assert (found["faults"].evidence, found["faults"].hours) == ("faults-1", 2.0)
    assert found["access"].who == builders.plan().owners.builder


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("contract", "contract"),
        ("access", "access"),
        ("faults", "faults"),
        ("drill", "way_back"),
        ("alert_drill", "alerts"),
    ],
)
@pytest.mark.parametrize(
    ("changed", "verdict"),
    [
        (None, "missing"),
        ({"notes": {"outcome": "fail"}}, "fail"),
        ({"notes": {}}, "fail"),
        ({"expires_at": LATER}, "stale"),
        ({"expires_at": None}, "stale"),
        ({"measured_at": LATER + timedelta(hours=1)}, "stale"),
        ({"subject": "another", "version": OTHER}, "missing"),
    ],
)
def test_missing_failed_stale_or_other_evidence_is_no_pass(
    kind: str, name: str, changed: dict[str, Any] | None, verdict: str
) -> None:
    """The line says which, and who answers."""
    found = lines(without=kind) if changed is None else lines(**{kind: changed})

    assert found[name].verdict == verdict
    assert found[name].who in find_gap(found.values())


MODEL = {
    "name": "primary",
    "kind": "classification",
    "endpoint": "near",
    "task": "Say what the ticket is about.",
    "reads": ["text"],
    "budget": {"calls": 2, "tokens": 6_000, "cost": "0.01"},
}


def test_faults_without_dead_models_are_no_evidence_for_a_plan_that_names_models() -> None:
    """Such as what was practised before there was a drill of them; with them it says so."""
    tried = {"notes": {"outcome": "pass", "models": "all of them were dead"}}

    without = lines(models=(MODEL,))["faults"]
    whole = lines(models=(MODEL,), faults=tried)["faults"]

    assert (without.verdict, without.evidence) == ("missing", "")
    assert (whole.verdict, whole.says) == ("pass", "all of them were dead")


def test_a_source_that_was_not_reached_is_named() -> None:
    """With its error."""
    lost = Access(
        name="crm", part="source", tool="crm", level="read", reached=False, error="unavailable"
    )
    found = lines(access={"notes": {"outcome": "fail"}, "access": (lost,)})

    assert "source crm (unavailable)" in found["access"].says


def test_an_owner_who_left_and_a_watch_that_sleeps_are_named() -> None:
    """Nothing is without an owner, and nothing acts unwatched."""
    sleeping = watched(climber(0), notes={"late": "quality"})
    found = lines(active={"ben"}, watched=sleeping)

    assert (found["owners"].verdict, found["watch"].verdict) == ("fail", "fail")
    assert "late quality" in found["watch"].says
    assert lines(watched=None)["watch"].verdict == "missing"


@pytest.mark.parametrize("name", [line.name for line in every_line()])
def test_a_release_is_not_let_act_while_a_line_is_missing(name: str) -> None:
    """Whatever else is there; later stages are not asked again."""
    without = tuple(line for line in every_line() if line.name != name)
    move = judge(facts(climber(0), checklist=without))
    later = judge(facts(climber(1), checklist=()))

    assert (move.kind, "milestones" in move.missing) == ("hold", True)
    assert f"{name.replace('_', ' ')} was not looked at" in move.reason
    assert later.kind == "expand"


def test_only_the_first_step_at_which_it_acts_is_asked() -> None:
    """Not the sandbox, not a wider slice."""
    assert [is_asked(climber(stage)) for stage in (-1, 0, 1, 2)] == [False, True, False, False]


def test_a_changed_source_voids_the_dry_run_by_name() -> None:
    """Whatever the gate said of it."""
    says = "source crm, field tier: text, now number"
    move = judge(facts(climber(0), changed=says))

    assert (move.kind, "dry_run" in move.missing) == ("hold", True)
    assert says in move.reason
