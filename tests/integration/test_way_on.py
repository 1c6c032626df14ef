"""The way on after a hold: what was agreed to, no more, once somebody else has looked."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from policies.gates import Judgement
from rollout import ladder
from rollout.advance import Judged
from rollout.release import way_back
from rollout.release.cause import Asked
from runs import people, snapshots
from runs.audit import verify
from runs.errors import Conflict, NotAllowed
from runs.events import Event
from runs.records.evidence import VerdictKind
from runs.records.release import Release
from tests import builders
from tests.world import World, make_world

pytestmark = pytest.mark.both_databases


@pytest.fixture
def world(tmp_path: Path) -> World:
    """The desk, with nothing released."""
    return make_world(tmp_path)


def hold(world: World, release: Release, cause: Asked | None = None) -> Release:
    """Ben pauses it."""
    cause = cause or world.asked()
    return way_back.hold(world.store, world.customer, release=release, cause=cause)


def events(world: World, kind: str) -> list[Event]:
    """The events of this kind, oldest first."""
    found = world.store.events(world.customer, limit=10_000)
    return [event for event in found if event.kind == kind]


def stage_of(release: Release, outcome: VerdictKind) -> Judged:
    """What the whole sample of its stage says."""
    evidence = builders.evidence(
        kind="stage",
        split="live",
        subject=ladder.subject(release),
        version=release.version,
        policy=release.policy,
    )
    return Judged(evidence, Judgement(outcome, f"it is a {outcome}", ()))


def test_a_paused_release_serves_again_exactly_what_it_served(world: World) -> None:
    """The stage and share are what they were, the evidence begins anew, the reason is kept."""
    release = world.agreed("slice_50")
    held = hold(world, release)
    assert {item.arm for item in world.send(20)} == {"incumbent"}
    world.clock.turn(timedelta(hours=3))
    resumed = world.resume(held)

    assert resumed == release.model_copy(update={"entered_at": world.clock.now()})
    assert "canary" in {item.arm for item in world.send(20, prefix="after")}
    (told,) = events(world, "release_resumed")
    kept = snapshots.read(world.store, world.customer, str(told.body["reason"]))
    assert (told.actor, kept) == ("ana", {"text": "the source answers again"})
    assert verify(world.store.database).problems == ()


def test_pausing_and_resuming_twice_changes_nothing_more(world: World) -> None:
    """One event each."""
    held = hold(world, world.agreed("slice_50"))
    again = hold(world, held)
    resumed = world.resume(held)

    assert (again, world.resume(resumed)) == (held, resumed)
    assert len(events(world, "release_held")) == len(events(world, "release_resumed")) == 1


def test_before_its_first_stage_there_is_nothing_to_pause(world: World) -> None:
    """The question is rejected, or it is rolled back."""
    with pytest.raises(Conflict, match="has not entered a stage"):
        hold(world, world.open())


def asked_by(world: World, name: str, *roles: str) -> Asked:
    """A person's word."""
    return Asked(world.person(name, *roles), "it looks well", builders.TERMS)


@pytest.mark.parametrize(
    ("name", "roles", "says"),
    [
        ("ben", ("ops_lead", "incident_owner"), "holds none of the roles rollout_owner"),
        ("dan", ("rollout_owner",), "dan asked for it or built it"),
        ("", ("rollout_owner",), "a machine does not decide this"),
    ],
)
def test_who_may_stop_a_release_may_not_for_that_let_it_go_on(
    world: World, name: str, roles: tuple[str, ...], says: str
) -> None:
    """Only its rollout owner, and never who built or asked for it; the attempt is an event."""
    held = hold(world, world.agreed("slice_50"))

    with pytest.raises(NotAllowed, match=says):
        world.resume(held, asked_by(world, name, *roles))
    assert world.store.releases.get(world.customer, held.id) == held
    assert [event.body["verb"] for event in events(world, "access_refused")] == ["resume"]


@pytest.mark.parametrize("outcome", ["fail", "inconclusive", "error"])
def test_a_stage_whose_gate_does_not_pass_is_not_resumed(
    world: World, outcome: VerdictKind
) -> None:
    """Until it is narrowed, which begins its evidence anew."""
    held = hold(world, world.agreed("slice_50"))

    with pytest.raises(NotAllowed, match=f"gate (is|fails).*it is a {outcome}"):
        world.resume(held, stage=stage_of(held, outcome))


def test_a_release_that_nobody_watches_is_not_resumed(world: World) -> None:
    """Serving unwatched is what a hold is for."""
    held = hold(world, world.agreed("slice_50"))

    with pytest.raises(NotAllowed, match="nobody says that it is watched"):
        world.resume(held, monitoring=None)


def test_a_release_whose_run_has_ended_is_not_resumed(world: World) -> None:
    """Nobody would look at it: the message says what to do instead."""
    held = hold(world, world.agreed("slice_50"))
    end = builders.terminal(proof=(held.version,))
    world.store.keep(world.customer, "worker", end, "r-1")

    with pytest.raises(NotAllowed, match=r"its run r-1 has come to its end.*roll it back"):
        world.resume(held)


def test_what_nobody_agreed_to_is_not_resumed(world: World) -> None:
    """Neither another share than the approved one."""
    release = world.agreed("slice_50")
    wider = release.model_copy(update={"weight_bp": 5_001})
    world.store.releases.change(
        world.customer, "worker", before=release, after=wider, event=("stage_entered", {})
    )
    held = hold(world, wider)

    with pytest.raises(NotAllowed, match=r"nobody agreed to 50\.01 % of the items"):
        world.resume(held)


def test_only_what_is_held_is_resumed(world: World) -> None:
    """What was rolled back stays gone."""
    release = world.agreed("slice_50")
    way_back.roll_back(world.store, world.customer, release=release, cause=world.asked())
    gone = world.store.releases.get(world.customer, release.id)

    with pytest.raises(Conflict, match="only a held one is resumed"):
        world.resume(gone)


def test_a_release_narrowed_while_it_is_held_goes_on_with_less(world: World) -> None:
    """Less than what was agreed to needs no other approval."""
    held = hold(world, world.agreed("slice_50"))
    told: dict[str, Any] = {"release": held, "cause": world.asked(), "weight_bp": 300}
    narrowed = way_back.narrow(world.store, world.customer, **told)
    resumed = world.resume(narrowed)

    assert (resumed.status, resumed.stage, resumed.weight_bp) == ("open", 1, 300)


def left_alone(world: World, *others: str) -> Release:
    """A held release, and nobody but Dan, who built it, and these."""
    held = hold(world, world.agreed("slice_50"))
    roles = ("owner", "rollout_owner")
    people.change_person(world.store, world.customer, "olga", id="dan", roles=roles)
    for name in {"olga", "ana", "ben"} - {*others}:
        people.disable_person(world.store, world.customer, "olga", name)
    return held


def test_alone_a_person_resumes_their_own_where_the_installation_says_so(world: World) -> None:
    """The event is stamped."""
    held = left_alone(world)
    resumed = world.resume(held, asked_by(world, "dan", "rollout_owner"), is_solo=True)

    assert resumed.status == "open"
    assert events(world, "release_resumed")[0].body["solo"] is True


@pytest.mark.parametrize(("is_solo", "others"), [(True, ("olga",)), (False, ())])
def test_beside_others_or_unsaid_nobody_resumes_their_own(
    world: World, is_solo: bool, others: tuple[str, ...]
) -> None:
    """Solo ends by itself when there is a second person."""
    held = left_alone(world, *others)

    with pytest.raises(NotAllowed, match="dan asked for it or built it"):
        world.resume(held, asked_by(world, "dan", "rollout_owner"), is_solo=is_solo)
