"""Who may move a release back, and why: a named person with a reason, or the evidence."""

from pathlib import Path
from typing import Any

import pytest

from rollout.release import cause, way_back
from rollout.release.cause import SAID, Verb
from runs import snapshots
from runs.errors import InvalidInput, NotAllowed
from runs.events import Event, EventKind
from runs.records.release import Move
from tests import builders
from tests.world import World, make_world


@pytest.fixture
def world(tmp_path: Path) -> World:
    """The desk, with nothing released."""
    return make_world(tmp_path)


def events(world: World, *kinds: EventKind) -> list[Event]:
    """The events of these kinds, oldest first."""
    found = world.store.events(world.customer, limit=10_000)
    return [event for event in found if event.kind in kinds]


@pytest.mark.parametrize("role", cause.MAY_CONTRACT)
@pytest.mark.parametrize("verb", ["hold", "narrow", "roll_back"])
def test_one_authorised_person_is_enough(world: World, role: str, verb: str) -> None:
    """Nobody else is asked, and their name and reason stand in the event."""
    release = world.at("full")
    told: dict[str, Any] = {"release": release, "cause": world.asked("ana", role, "it errs")}
    more = {"weight_bp": 100} if verb == "narrow" else {}
    getattr(way_back, verb)(world.store, world.customer, **told, **more)
    done = events(world, "release_held", "release_narrowed", "release_rolled_back")[0]

    kept = snapshots.read(world.store, world.customer, str(done.body["reason"]))
    assert (done.actor, kept) == ("ana", {"text": "it errs"})
    assert world.store.releases.get(world.customer, release.id) != release


def refused(world: World, **changed: Any) -> cause.Asked:
    """Dan's word, whom the plan names for nothing, but for what changes of who he is."""
    identity = builders.identity(world.customer, "dan", roles=("ops_lead",))
    return world.asked()._replace(identity=identity.model_copy(update=changed))


@pytest.mark.parametrize(
    "changed",
    [
        {"roles": ("owner", "engineering_lead", "reviewer")},
        {"roles": ()},
        {"is_machine": True},
        {"person": ""},
    ],
)
@pytest.mark.parametrize("verb", ["hold", "narrow", "roll_back"])
def test_nobody_else_moves_a_release_back(
    world: World, changed: dict[str, Any], verb: Verb
) -> None:
    """Nothing changes, and the attempt is an event."""
    release = world.at("full")
    told: dict[str, Any] = {"release": release, "cause": refused(world, **changed)}
    more = {"weight_bp": 100} if verb == "narrow" else {}

    with pytest.raises(NotAllowed, match=f"{SAID[verb]} {release.id}: "):
        getattr(way_back, verb)(world.store, world.customer, **told, **more)
    assert world.store.releases.get(world.customer, release.id) == release
    assert [event.body["verb"] for event in events(world, "access_refused")] == [verb]


def test_whom_the_plan_names_for_containment_moves_a_release_back(tmp_path: Path) -> None:
    """Whatever their role; and lets nothing go on."""
    world = make_world(tmp_path, plan=builders.plan(rollout={"contained_by": "dan"}))
    release = world.at("full")
    way_back.hold(world.store, world.customer, release=release, cause=refused(world, roles=()))
    held = world.store.releases.get(world.customer, release.id)

    assert held.status == "held"
    with pytest.raises(NotAllowed, match="holds none of the roles rollout_owner"):
        world.resume(held, refused(world, roles=()))


def test_a_person_of_another_customer_is_refused(world: World) -> None:
    """Whatever their role is there."""
    release = world.at("full")
    other = builders.make_customer(world.store, "other")

    with pytest.raises(NotAllowed, match="another customer's release"):
        way_back.roll_back(
            world.store, world.customer, release=release, cause=refused(world, customer=other)
        )


@pytest.mark.parametrize("reason", ["", "  ", "x" * 4_001])
def test_a_person_gives_a_reason(world: World, reason: str) -> None:
    """Whoever reads the audit can ask why."""
    release = world.at("full")

    with pytest.raises(InvalidInput, match="a reason of 1 to 4000"):
        way_back.hold(
            world.store, world.customer, release=release, cause=world.asked(reason=reason)
        )
    assert world.store.releases.get(world.customer, release.id) == release


def test_the_evidence_moves_back_only_what_it_asks_for(world: World) -> None:
    """The worker carries a judged move out; a move of another kind is refused."""
    release = world.at("full")
    move = Move(kind="hold", stage=3, weight_bp=9_500, reason="inconclusive", missing=("verdict",))
    told: dict[str, Any] = {"release": release, "cause": cause.Judged(move)}

    with pytest.raises(NotAllowed, match="asks to hold"):
        way_back.roll_back(world.store, world.customer, **told)
    held = way_back.hold(world.store, world.customer, **told)
    assert held.status == "held"
    assert world.store.get(world.customer, Move, move.digest) == move
    assert events(world, "release_held")[0].body["reason"] == move.digest
