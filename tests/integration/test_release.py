"""Releases on a real record, carried up rung by rung by approvals of exactly that rung."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from policies.gates import judge
from rollout import advance, ladder, watch
from rollout.advance import Facts, Judged
from rollout.assignment import HUMAN
from rollout.ladder import Rung
from rollout.release import climb, rehearsal, way_back
from rollout.signals import measure
from runs import approvals
from runs.audit import verify
from runs.errors import Conflict, InvalidInput, NotAllowed
from runs.events import Event, EventKind
from runs.records.evidence import Evidence
from runs.records.release import Move, Release
from runs.records.version import PolicyValues
from tests import builders
from tests.unit.rollout.climbing import every_line
from tests.world import World, make_world

pytestmark = pytest.mark.both_databases


@pytest.fixture
def world(tmp_path: Path) -> World:
    """The desk, with nothing released."""
    return make_world(tmp_path)


def events(world: World, *kinds: EventKind) -> list[Event]:
    """The events of these kinds, oldest first."""
    found = world.store.events(world.customer, limit=10_000)
    return [event for event in found if event.kind in kinds]


def up(world: World, release: Release, changed: dict[str, str] | None = None) -> tuple[Move, str]:
    """The next move upwards, and an approval of it, or of something that was changed."""
    rung = advance.target(release)
    is_last = ladder.find_next(release) is None
    kind = "complete" if is_last else "enter" if release.stage < 0 else "expand"
    covers = advance.exact(release, rung) | (changed or {})
    move = Move(kind=kind, **rung._asdict(), reason="all is there")
    return move, world.approve(covers, id=f"a-{rung.stage}-{rung.weight_bp}")


STEPS = {"enter": climb.enter, "expand": climb.expand, "complete": climb.complete}


ENOUGH = (6, 250, 24, 8)
"""Tickets by stage, of which six or more are served."""


def dry_run(world: World) -> Evidence:
    """A look at the holdout that the desk's wide bar passes."""
    release = world.open()
    told = {"version": release.version, "policy": release.policy, "kind": "holdout"}
    evidence = builders.evidence(**told)
    world.store.keep(world.customer, "worker", evidence, release.run)
    return evidence


def gather(world: World, release: Release, dry: Evidence) -> Facts:
    """What the record holds now."""
    store, customer, now = world.store, world.customer, world.clock.now()
    seen = measure(store, customer, release=release, now=now)
    watch.keep(store, customer, "worker", release=release, read=seen.signals)
    found = store.of_run(customer, Evidence, release.run)
    bars = store.get(customer, PolicyValues, release.policy).gates

    def judged(evidence: Evidence | None, gate: str) -> Judged | None:
        if evidence is None:
            return None
        bar = {str(name): one for name, one in bars.items()}[gate]
        version, policy = release.version, release.policy
        return Judged(evidence, judge(evidence, bar, version=version, policy=policy, now=now))

    stage = ladder.find_stage(release)
    return Facts(
        release=release,
        now=now,
        policy=store.policies.find_leading(customer, "desk") or "",
        dry_run=judged(dry, "dry_run"),
        stage=judged(seen.evidence, stage.kind) if stage else None,
        sample=seen.says,
        checklist=every_line(),
        drill=max(
            (e for e in found if e.kind == "drill"), key=lambda e: e.measured_at, default=None
        ),
        monitoring=watch.watch(store, customer, release=release, now=now),
        approval=None,
    )


def prove(world: World, release: Release) -> None:
    """Rehearse the way back, serve a sample that is all right, and watch the stage to its end."""
    rehearsal.rehearse(world.store, world.customer, release=release)
    for item in world.send(ENOUGH[release.stage], prefix=f"at {release.stage}"):
        if item.status == "queued":
            world.end(item)
            world.answer(item)
    for _ in range(release.stages[release.stage].min_hours // 12):
        world.clock.turn(timedelta(hours=12))
        now = world.clock.now()
        watch.read_if_due(world.store, world.customer, release=release, now=now)


def test_a_release_climbs_to_its_end_on_evidence_of_live_items(world: World) -> None:
    """Sandbox, 5, 50, 95 and 100 %: each rung judged, asked for and entered; nothing by hand."""
    dry, release, seen = dry_run(world), world.open(), []
    while release.status == "open":
        if release.stage >= 0:
            prove(world, release)
        facts = gather(world, release, dry)
        assert advance.waits_for_approval(advance.judge(facts))
        approval = world.approve(advance.covers(facts), id=f"a-{len(seen)}")
        asked = approvals.get(world.store, world.customer, approval)
        move = advance.judge(facts._replace(approval=asked))
        do = STEPS[move.kind]
        release = do(world.store, world.customer, release=release, move=move, approval=approval)
        seen.append((move.kind, release.weight_bp))

    assert seen == [
        ("enter", 0),
        ("expand", 500),
        ("expand", 5_000),
        ("expand", 9_500),
        ("complete", 10_000),
    ]
    assert verify(world.store.database).problems == ()


def test_opening_twice_is_one_release(world: World) -> None:
    """The one that is there, with its own salt."""
    first = world.open()
    again = climb.open(world.store, world.customer, candidate=world.candidate, salt="another")

    assert again == first
    assert (first.stage, first.weight_bp, first.incumbent) == (-1, 0, HUMAN)
    assert len(events(world, "release_opened")) == 1


def test_one_release_of_a_workflow_is_on_its_way_at_a_time(world: World) -> None:
    """Another candidate waits until it is complete or back; then it stands over what is in use."""
    first = world.at("full")

    with pytest.raises(Conflict, match=f"{first.id} of desk is still open"):
        world.open(run="r-2", retention_days=31)
    world.put(first, "full", status="complete")
    assert world.open(run="r-2", retention_days=31).incumbent == first.version


def test_what_was_rolled_back_is_not_opened_again(world: World) -> None:
    """The candidate has to change first."""
    release = world.at("full")
    way_back.roll_back(world.store, world.customer, release=release, cause=world.asked())

    with pytest.raises(Conflict, match="was rolled back; change the candidate"):
        world.open()


def test_a_candidate_of_two_workflows_is_refused(world: World) -> None:
    """Plan, version and policy belong together."""
    other = world.lead(builders.policy(workflow="other"))
    candidate = world.candidate._replace(policy=other)

    with pytest.raises(InvalidInput, match="of different workflows"):
        climb.open(world.store, world.customer, candidate=candidate, salt="s")


def test_the_candidates_values_lead_from_the_first_stage_on(world: World) -> None:
    """Entering again later does not take operations' own values away."""
    release = world.open()
    move, approval = up(world, release)
    before = world.store.policies.find_leading(world.customer, "desk")
    told: dict[str, Any] = {"release": release, "move": move, "approval": approval}
    entered = climb.enter(world.store, world.customer, **told)
    led = world.store.policies.leading(world.customer, "desk")
    edited = world.lead(builders.policy(audit_share=0.5))
    again = climb.enter(world.store, world.customer, **told)

    assert (before, led, again) == (None, release.policy, entered)
    assert world.store.policies.leading(world.customer, "desk") == edited


def test_each_step_done_twice_is_done_once(world: World) -> None:
    """One event a rung, all the way up."""
    release = world.open()
    while release.status == "open":
        move, approval = up(world, release)
        do = STEPS[move.kind]
        told: dict[str, Any] = {"release": release, "move": move, "approval": approval}
        release = do(world.store, world.customer, **told)
        assert do(world.store, world.customer, **told) == release

    assert len(events(world, "stage_entered", "release_completed")) == 5


@pytest.mark.parametrize(
    "changed", [{"stage": "full"}, {"weight_bp": "9500"}, {"release": "other"}, {"policy": "other"}]
)
def test_a_step_needs_an_approval_of_exactly_that_step(
    world: World, changed: dict[str, str]
) -> None:
    """Of this candidate, this stage and this share."""
    release = world.at("sandbox")
    move, approval = up(world, release, changed)

    with pytest.raises(NotAllowed, match="covers another step"):
        climb.expand(world.store, world.customer, release=release, move=move, approval=approval)
    assert world.store.releases.get(world.customer, release.id) == release


def test_an_approval_of_another_kind_carries_nothing_up(world: World) -> None:
    """Whatever it covers."""
    release = world.at("sandbox")
    move, _ = up(world, release)
    approval = world.approve(advance.exact(release, Rung(1, 500)), id="a-plan", kind="plan")

    with pytest.raises(NotAllowed, match="covers another step"):
        climb.expand(world.store, world.customer, release=release, move=move, approval=approval)


def test_a_question_that_is_still_open_is_no_approval(world: World) -> None:
    """Silence carries nothing up."""
    release = world.at("sandbox")
    move, _ = up(world, release)
    covers = advance.exact(release, Rung(1, 500)) | {"more": "x"}
    asked = builders.approval(id="a-open", kind="stage", covers=covers, run="r-2")
    approvals.open_approval(world.store, world.customer, "worker", asked)

    with pytest.raises(NotAllowed, match="a-open is open"):
        climb.expand(world.store, world.customer, release=release, move=move, approval="a-open")


def test_an_approval_that_is_voided_at_the_last_moment_carries_nothing_up(world: World) -> None:
    """Other values began to lead while the step was taken: it is proposed anew."""
    release = world.at("sandbox")
    move, approval = up(world, release)
    racing = world.store.guarded(lambda change: approvals.void_in(change, approval))

    with pytest.raises(NotAllowed, match="is superseded"):
        climb.expand(racing, world.customer, release=release, move=move, approval=approval)
    assert world.store.releases.get(world.customer, release.id) == release


def test_a_step_judged_on_a_release_that_moved_is_refused(world: World) -> None:
    """A person narrowed it meanwhile; the approval it had does not widen it again."""
    release = world.at("slice_50")
    move, approval = up(world, release)
    narrowed = way_back.narrow(
        world.store, world.customer, release=release, cause=world.asked(), weight_bp=100
    )

    for seen in (release, narrowed):
        with pytest.raises(Conflict):
            climb.expand(world.store, world.customer, release=seen, move=move, approval=approval)
    assert world.store.releases.get(world.customer, release.id) == narrowed


def test_a_step_of_another_kind_than_was_judged_is_refused(world: World) -> None:
    """What acts does what it was told."""
    release = world.at("sandbox")
    move, approval = up(world, release)

    with pytest.raises(NotAllowed, match="to expand, not to complete"):
        climb.complete(world.store, world.customer, release=release, move=move, approval=approval)


def test_other_values_restart_the_evidence_and_keep_the_stage(world: World) -> None:
    """Once; with an event that names both."""
    release = world.at("slice_50")
    before = release.policy
    world.lead(builders.policy())
    same = climb.restart_evidence(world.store, world.customer, release=release)
    leading = world.lead(builders.policy(audit_share=0.5))
    world.clock.turn(timedelta(hours=5))
    after = climb.restart_evidence(world.store, world.customer, release=release)
    again = climb.restart_evidence(world.store, world.customer, release=release)
    change = events(world, "policy_changed")[-1]

    assert (same, again) == (release, after)
    assert (after.policy, after.entered_at) == (leading, world.clock.now())
    assert (after.stage, after.weight_bp) == (release.stage, release.weight_bp)
    assert change.body == {"policy": leading, "before": before}
