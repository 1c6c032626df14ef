"""Narrowing by a segment: its items go to the incumbent until people agree to have them back."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from rollout import advance
from rollout.assignment import HUMAN
from rollout.release import climb, way_back
from rollout.signals import measure
from runs.audit import verify
from runs.errors import Conflict, InvalidInput, NotAllowed
from runs.records.item import Item
from runs.records.release import Move, Release, Segment
from tests.world import World, make_world

GOLD = Segment(field="tier", value="gold")
PLAIN = Segment(field="tier", value="plain")


@pytest.fixture
def world(tmp_path: Path) -> World:
    """The desk, with nothing released."""
    return make_world(tmp_path)


def narrow(world: World, release: Release, segment: str = "tier=gold", **told: Any) -> Release:
    """Ben narrows it at once."""
    return way_back.narrow(
        world.store, world.customer, release=release, cause=world.asked(), segment=segment, **told
    )


def arms(items: list[Item]) -> set[str]:
    """Who serves them."""
    return {item.arm for item in items}


def test_the_items_of_a_segment_go_to_the_incumbent(world: World) -> None:
    """The others are served as before; the item says why, and keeps its arm."""
    narrowed = narrow(world, world.at("full", weight_bp=10_000))
    gold, plain = world.send(20, tier="gold"), world.send(20, prefix="p", tier="plain")

    assert (narrowed.without, narrowed.stage, narrowed.weight_bp) == ((GOLD,), 3, 10_000)
    assert (arms(gold), {item.version for item in gold}) == ({"incumbent"}, {HUMAN})
    assert arms(plain) == arms(world.send(20, prefix="none")) == {"canary"}
    assert gold[0].reason == f"release {narrowed.id}: was narrowed: tier=gold goes to its incumbent"


def test_beside_people_the_sandbox_leaves_a_segment_to_them(world: World) -> None:
    """Nothing of it is shadowed, so no evidence speaks of it."""
    narrow(world, world.at("sandbox"))

    assert arms(world.send(5, tier="gold")) == {"incumbent"}
    assert arms(world.send(5, prefix="p", tier="plain")) == {"shadow"}


def test_beside_a_version_in_use_the_sandbox_leaves_a_segment_to_it(world: World) -> None:
    """The version in use serves it, and no shadow works beside."""
    old = world.at("full", status="complete", weight_bp=10_000)
    world.clock.turn(timedelta(hours=1))
    young = world.put(world.open(run="r-2", retention_days=31), "sandbox")
    narrow(world, young)
    world.send(5, tier="gold")
    world.send(5, prefix="p", tier="plain")
    items = world.store.items.list(world.customer)

    assert {item.version for item in items if item.arm == "canary"} == {old.version}
    assert [item.key[:6] for item in items].count("shadow") == 5


def test_an_items_arm_does_not_move_with_the_release(world: World) -> None:
    """What was taken in before stays where it was; the same key again is the item there is."""
    release = world.at("full", weight_bp=10_000)
    before = world.send(5, tier="gold")
    narrow(world, release)

    assert world.send(5, tier="gold") == before
    assert arms(before) == {"canary"}


def test_a_segment_begins_the_evidence_of_its_stage_anew(world: World) -> None:
    """What was measured with it says nothing of what is left."""
    release = world.at("sandbox")
    for item in world.send(6):
        world.end(item)
        world.answer(item)
    now = world.clock.now()
    before = measure(world.store, world.customer, release=release, now=now)
    world.clock.turn(timedelta(seconds=1))
    narrowed = narrow(world, release)
    after = measure(world.store, world.customer, release=narrowed, now=world.clock.now())

    assert before.evidence is not None
    assert (narrowed.entered_at, after.evidence) == (world.clock.now(), None)


def test_evidence_says_which_segments_it_leaves_out(world: World) -> None:
    """Whoever reads it knows what it is not about."""
    narrowed = narrow(world, world.at("sandbox"))
    for item in world.send(6, tier="plain"):
        world.end(item)
        world.answer(item)
    now = world.clock.now()
    evidence = measure(world.store, world.customer, release=narrowed, now=now).evidence

    assert evidence is not None
    assert evidence.notes["without"] == "tier=gold"


def test_narrowing_twice_by_the_same_segment_changes_nothing(world: World) -> None:
    """Another segment, and a share, come to it; the audit names them and verifies."""
    once = narrow(world, world.at("full"))
    again = narrow(world, once)
    both = narrow(world, again, "tier=plain", weight_bp=100)
    events = world.store.events(world.customer, limit=1_000)
    told = [event.body["without"] for event in events if event.kind == "release_narrowed"]

    assert once == again
    assert (both.without, both.stage, both.weight_bp) == ((GOLD, PLAIN), 1, 100)
    assert told == ["tier=gold", "tier=gold, tier=plain"]
    assert verify(world.store.database).problems == ()


@pytest.mark.parametrize(
    ("segment", "says"),
    [
        ("tier=silver", "give tier one of gold, plain"),
        ("tier", "give tier one of gold, plain"),
        ("text=refund", "it has tier"),
        ("colour=red", "a choice or a flag of the data contract as field=value"),
    ],
)
def test_only_a_segment_of_the_data_contract_narrows(world: World, segment: str, says: str) -> None:
    """A field of free text is none; the message says what there is."""
    release = world.at("full")

    with pytest.raises(InvalidInput, match=says):
        narrow(world, release, segment)
    assert world.store.releases.get(world.customer, release.id) == release


def test_a_release_is_narrowed_by_something(world: World) -> None:
    """By a share, a segment or both."""
    with pytest.raises(InvalidInput, match="by a share, a segment or both"):
        narrow(world, world.at("full"), "")


def test_before_its_first_stage_a_release_has_no_segment_to_lose(world: World) -> None:
    """Nothing is served yet."""
    with pytest.raises(Conflict, match="nothing to narrow"):
        narrow(world, world.open())


def back(world: World, narrowed: Release, covers: dict[str, str]) -> Release:
    """The move that serves the segment again, with an approval that covers this."""
    rung = advance.target(narrowed)
    move = Move(kind="expand", **rung._asdict(), reason="all is there")
    approval = world.approve(covers, id="a-again")
    told: dict[str, Any] = {"release": narrowed, "move": move, "approval": approval}
    return climb.expand(world.store, world.customer, **told)


def test_the_way_up_first_serves_the_segment_again(world: World) -> None:
    """At the same stage and share, with people's word on exactly that, and fresh evidence."""
    release = world.agreed("slice_50")
    narrowed = narrow(world, release)
    world.clock.turn(timedelta(seconds=1))
    covers = advance.exact(narrowed, advance.target(narrowed)) | {"from": "2:5000 -tier=gold"}
    served = back(world, narrowed, covers)

    assert (served.without, served.stage, served.weight_bp) == ((), 2, 5_000)
    assert served.entered_at == world.clock.now()
    assert "canary" in arms(world.send(20, tier="gold"))


def test_the_approval_of_the_stage_does_not_bring_a_segment_back(world: World) -> None:
    """It was given before the segment was taken away."""
    narrowed = narrow(world, world.agreed("slice_50"))
    covers = advance.exact(narrowed, advance.target(narrowed)) | {"from": "1:500"}

    with pytest.raises(NotAllowed, match="covers another step"):
        back(world, narrowed, covers)
    assert world.store.releases.get(world.customer, narrowed.id) == narrowed


def test_resuming_brings_no_segment_back(world: World) -> None:
    """What a hold kept waiting is what it was narrowed to."""
    narrowed = narrow(world, world.agreed("slice_50"))
    told: dict[str, Any] = {"release": narrowed, "cause": world.asked()}
    resumed = world.resume(way_back.hold(world.store, world.customer, **told))

    assert (resumed.status, resumed.without) == ("open", (GOLD,))
