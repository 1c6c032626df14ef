"""The drill on a real record: the very way back, on rows of its own, and nothing left behind."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from rollout import admission
from rollout.release import rehearsal, way_back
from runs.audit import verify
from runs.errors import Conflict
from runs.events import Event, EventKind
from runs.records.evidence import Evidence
from runs.records.release import Release
from runs.store.filtered import ItemFilter
from tests.world import World, make_world


@pytest.fixture
def world(tmp_path: Path) -> World:
    """The desk, with nothing released."""
    return make_world(tmp_path)


def events(world: World, *kinds: EventKind) -> list[Event]:
    """The events of these kinds, oldest first."""
    found = world.store.events(world.customer, limit=10_000)
    return [event for event in found if event.kind in kinds]


def roll_back(world: World, release: Release) -> way_back.RolledBack:
    """Ben rolls it back."""
    return way_back.roll_back(world.store, world.customer, release=release, cause=world.asked())


def rehearse(world: World, release: Release) -> Evidence:
    """Walk the way back once."""
    return rehearsal.rehearse(world.store, world.customer, release=release)


def test_a_drill_performs_the_way_back_on_rows_of_its_own(world: World) -> None:
    """Twenty items in, served, stopped and closed; a release rolled back; a proof that counts."""
    release = world.at("sandbox")
    proof = rehearse(world, release)
    drills = world.store.releases.list(world.customer, "desk.drill")
    wanted = ItemFilter(workflow="desk.drill")

    assert (proof.kind, proof.notes["outcome"], proof.notes["occasion"]) == (
        "drill",
        "pass",
        "drill",
    )
    assert (proof.notes["served"], proof.notes["stopped"]) == ("20", "20")
    assert [(one.status, one.salt) for one in drills] == [("rolled_back", release.salt)]
    assert world.store.items.count(world.customer, wanted) == {"closed": 20}
    assert [one.body["evidence"] for one in events(world, "drill_performed")] == [proof.id]
    assert verify(world.store.database).problems == ()


def test_a_drill_leaves_the_release_and_its_items_alone(world: World) -> None:
    """Nobody is asked to look at anything, and whoever looks for the release finds the release."""
    release = world.at("sandbox")
    sent = world.send(5)
    rehearse(world, release)
    found = world.store.items.list(world.customer, ItemFilter(workflow="desk"))

    assert world.store.releases.find_open(world.customer, "desk") == release
    assert world.store.releases.of_run(world.customer, release.run) == [release]
    assert sorted(found, key=lambda i: i.key) == sorted(sent, key=lambda i: i.key)
    assert world.store.reviews.list(world.customer, status="open") == []


def test_a_drill_takes_the_steps_of_a_real_rollback(world: World) -> None:
    """The same events about a release and its items, in the same order."""
    release = world.at("slice_50")
    start = len(world.store.events(world.customer, limit=10_000))
    rehearse(world, release)
    kinds = [e.kind for e in world.store.events(world.customer, limit=10_000)[start:]]
    begin = kinds.index("release_rolled_back")
    world.send(60)
    start = len(world.store.events(world.customer, limit=10_000))
    roll_back(world, release)
    real = [e.kind for e in world.store.events(world.customer, limit=10_000)[start:]]

    walked = real[real.index("release_rolled_back") :][:61]
    assert kinds[begin:][:61] == walked
    assert set(walked) == {"release_rolled_back", "item_processed", "review_opened"}


def left_open(world: World, release: Release, weight_bp: int = 10_000) -> Release:
    """A drill that was opened and then left."""
    told: dict[str, Any] = {"id": f"{release.id}-drill-1", "run": "", "workflow": "desk.drill"}
    told |= {"stages": (rehearsal.STAGE,), "stage": 0, "weight_bp": weight_bp}
    drill = release.model_copy(update=told)
    return world.store.releases.open(world.customer, "worker", drill)


def test_a_drill_left_by_a_crash_is_ended_first(world: World) -> None:
    """Its items are stopped and closed with the next rehearsal; then the count goes on."""
    release = world.at("sandbox")
    left = left_open(world, release)
    sent = [admission.Sent(f"{left.id}-3", {"drill": left.id})]
    admission.submit_many(world.deps, world.customer, left.workflow, sent)
    first, second = rehearse(world, release), rehearse(world, release)

    assert (first.notes["release"], first.notes["outcome"]) == (left.id, "pass")
    assert second.notes["release"] == f"{release.id}-drill-2"
    assert world.store.items.count(world.customer, ItemFilter(workflow="desk.drill")) == {
        "closed": 40
    }


def test_a_drill_that_served_nothing_proves_nothing(world: World) -> None:
    """Where nothing was served before, nothing was taken back."""
    release = world.at("sandbox")
    left_open(world, release, weight_bp=0)
    proof = rehearse(world, release)

    assert (proof.notes["served"], proof.notes["outcome"]) == ("0", "fail")


def test_a_drill_over_a_version_in_use_returns_to_that_version(world: World) -> None:
    """As the real way back would."""
    old = world.at("full", status="complete", weight_bp=10_000)
    world.clock.turn(timedelta(hours=1))
    young = world.put(world.open(run="r-2", retention_days=31), "sandbox")
    world.clock.turn(timedelta(hours=1))
    proof = rehearse(world, young)

    assert (proof.notes["outcome"], proof.notes["incumbent"]) == ("pass", old.version)
    assert proof.run == "r-2"


def test_the_way_back_is_rehearsed_from_the_sandbox_on(world: World) -> None:
    """Before the first stage there is nothing to come back from."""
    with pytest.raises(Conflict, match="while it stands in the sandbox or above"):
        rehearse(world, world.open())
