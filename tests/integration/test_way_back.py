"""The way back on a real record: one person or one verdict is enough, and the proof is kept."""

from contextlib import suppress
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from rollout.assignment import HUMAN
from rollout.release import way_back
from runs.audit import verify
from runs.clock import StoppedClock
from runs.errors import Conflict, InvalidInput
from runs.events import Event, EventKind
from runs.records.evidence import Evidence
from runs.records.item import Item
from runs.records.person import Customer
from runs.records.release import Release
from runs.store.filtered import ItemFilter
from runs.store.items import Items
from runs.store.releases import Releases
from tests import acts, builders
from tests.builders import NOW
from tests.world import World, make_world


@pytest.fixture
def world(tmp_path: Path) -> World:
    """The desk, with nothing released."""
    return make_world(tmp_path)


def events(world: World, *kinds: EventKind) -> list[Event]:
    """The events of these kinds, oldest first."""
    found = world.store.events(world.customer, limit=10_000)
    return [event for event in found if event.kind in kinds]


def items(world: World, release: Release, **wanted: Any) -> dict[str, int]:
    """How many items of the release stand in each status."""
    return world.store.items.count(world.customer, ItemFilter(release=release.id, **wanted))


def test_narrowing_serves_less_at_a_lower_stage_and_may_be_repeated(world: World) -> None:
    """At once, with one event; wider is refused."""
    release = world.at("full")
    told: dict[str, Any] = {"release": release, "cause": world.asked()}
    world.clock.turn(timedelta(hours=1))
    first = way_back.narrow(world.store, world.customer, **told, weight_bp=100)
    again = way_back.narrow(world.store, world.customer, **told, weight_bp=100)

    assert first == again
    assert (first.stage, first.weight_bp, first.entered_at) == (1, 100, world.clock.now())
    assert [one.body["before_bp"] for one in events(world, "release_narrowed")] == [9_500]
    with pytest.raises(InvalidInput, match="narrowing never widens"):
        way_back.narrow(world.store, world.customer, **told, weight_bp=200)


def test_a_release_narrowed_to_nothing_works_in_the_shadow(world: World) -> None:
    """It is back in the sandbox."""
    release = world.at("full")
    narrowed = way_back.narrow(
        world.store, world.customer, release=release, cause=world.asked(), weight_bp=0
    )

    assert (narrowed.stage, narrowed.status) == (0, "open")
    assert {item.arm for item in world.send(20)} == {"shadow"}


def test_a_held_release_stays_held_when_it_is_narrowed(world: World) -> None:
    """Becoming smaller never makes it serve again."""
    release = world.at("full")
    cause_ = world.asked()
    way_back.hold(world.store, world.customer, release=release, cause=cause_)
    narrowed = way_back.narrow(
        world.store, world.customer, release=release, cause=cause_, weight_bp=500
    )

    assert narrowed.status == "held"


def roll_back(world: World, release: Release) -> way_back.RolledBack:
    """Ben rolls it back."""
    return way_back.roll_back(world.store, world.customer, release=release, cause=world.asked())


def test_a_rollback_stops_what_was_not_begun_and_asks_a_person(world: World) -> None:
    """More items than one transaction holds; what people serve and what ended stays as it is."""
    release = world.at("slice_50")
    sent = world.send(300)
    done = world.end(next(item for item in sent if item.arm == "canary"))
    before = items(world, release)
    rolled = roll_back(world, release)
    waiting = world.store.items.list(
        world.customer, ItemFilter(release=release.id, status="in_review"), limit=500
    )

    assert len(waiting) == before["queued"] == len(rolled.walked.stopped) > way_back.CHUNK
    assert items(world, release) == {
        "in_review": before["queued"],
        "acted": 1,
        "handed_over": before["handed_over"],
    }
    assert {(item.owner, item.rule, item.route) for item in waiting} == {
        ("ben", "rolled_back", "review")
    }
    reviews = world.store.reviews.of_items(world.customer, [item.id for item in waiting])
    assert {(review.kind, review.owner, review.status) for review in reviews} == {
        ("exception", "ben", "open")
    }
    assert len(reviews) == len(waiting)
    assert world.store.items.get(world.customer, done.id) == done


def test_a_rollback_proves_that_people_serve_again(world: World) -> None:
    """Kept as evidence, with its times; the audit still verifies."""
    release = world.at("full")
    world.send(5)
    rolled = roll_back(world, release)
    kept = world.store.get(world.customer, Evidence, rolled.evidence.id)

    assert kept == rolled.evidence
    assert rolled.walked.release.status == "rolled_back"
    assert rolled.walked.release.weight_bp == 0
    assert kept.notes["outcome"] == "pass"
    assert kept.notes["probes"] == "20 of 20"
    assert kept.notes["incumbent"] == HUMAN
    assert {item.arm for item in world.send(50, prefix="after")} == {"incumbent"}
    assert verify(world.store.database).problems == ()


def test_a_rollback_lists_what_was_begun_outside(world: World) -> None:
    """Done, failed or unknown: a person decides what is made good."""
    release = world.at("full")
    mine = next(item for item in world.send(5) if item.arm == "canary")
    acts.reserve(world.store, world.customer, builders.action(item=mine.id), fence=1)
    other = builders.item(id="i-2", release="another")
    world.store.items.admit(world.customer, "cli", other)
    acts.reserve(world.store, world.customer, builders.action(item="i-2", key="k-2"), fence=1)
    rolled = roll_back(world, release)

    assert [action.item for action in rolled.walked.effects] == [mine.id]
    assert rolled.evidence.notes["effects"] == "1"


def test_a_rollback_done_again_changes_nothing(world: World) -> None:
    """The proof there is is given again."""
    release = world.at("full")
    world.send(5)
    first = roll_back(world, release)
    count = len(events(world, "item_processed", "release_rolled_back"))
    again = roll_back(world, release)

    assert (again.evidence, again.walked.stopped) == (first.evidence, ())
    assert len(events(world, "item_processed", "release_rolled_back")) == count


def test_a_rollback_that_died_half_way_is_ended_by_the_next(world: World) -> None:
    """The share is gone at once; what was left queued is stopped then."""
    release = world.at("full")
    sent = [item for item in world.send(10) if item.arm == "canary"]
    gone = release.model_copy(update={"status": "rolled_back", "weight_bp": 0})
    world.store.releases.change(
        world.customer, "ben", before=release, after=gone, event=("release_rolled_back", {})
    )
    rolled = roll_back(world, release)

    assert set(rolled.walked.stopped) == {item.id for item in sent}
    assert rolled.evidence.notes["outcome"] == "pass"


def test_work_that_ends_after_the_rollback_is_not_believed(world: World) -> None:
    """The item was stopped; whoever still held it gets what stands on record."""
    release = world.at("full")
    item = next(item for item in world.send(5) if item.arm == "canary")
    roll_back(world, release)

    assert world.end(item).status == "in_review"


class Overtaken(Items):
    """Items of which a worker ends one between the look and the stop."""

    world: World

    def in_order(self, customer: Customer, wanted: ItemFilter, *, limit: int) -> list[Item]:
        """The items as they were seen, the first of them ended since."""
        found = super().in_order(customer, wanted, limit=limit)
        if found:
            self.world.end(found[0])
        return found


def test_what_a_worker_ended_first_stays_as_the_worker_left_it(world: World) -> None:
    """The rest is stopped."""
    release = world.at("full")
    count = sum(item.arm == "canary" for item in world.send(10))
    world.store.items = overtaken = Overtaken(world.store.ledger)
    overtaken.world = world
    rolled = roll_back(world, release)

    assert len(rolled.walked.stopped) == count - 1
    assert items(world, release, arm="canary") == {"acted": 1, "in_review": count - 1}


class Restless(Releases):
    """A release that somebody else moves after each of the first looks at it."""

    moves = 0

    def get(self, customer: Customer, id: str) -> Release:
        """The release as it was seen, and moved since."""
        seen = super().get(customer, id)
        if self.moves:
            self.moves -= 1
            told = {"before": seen, "event": ("release_narrowed", {})}
            smaller = seen.model_copy(update={"weight_bp": seen.weight_bp - 1})
            self.change(customer, "worker", after=smaller, **told)
        return seen


@pytest.mark.parametrize(("moves", "status"), [(4, "rolled_back"), (5, "open")])
def test_a_rollback_starts_again_from_whatever_it_finds(
    world: World, moves: int, status: str
) -> None:
    """Four moves meanwhile do not hinder it; after the fifth it says that it was not done."""
    release = world.at("full")
    world.store.releases = restless = Restless(world.store.ledger)
    restless.moves = moves
    with suppress(Conflict):
        roll_back(world, release)

    assert world.store.releases.get(world.customer, release.id).status == status


@pytest.mark.parametrize(("hours", "days"), [(24, 1), (10_000, 14)])
def test_a_walked_way_back_counts_for_fourteen_days_at_most(
    world: World, hours: int, days: int
) -> None:
    """Or for as long as the policy says, if that is shorter."""
    told = builders.policy().evidence_hours | {"drill": hours}
    world.lead(builders.policy(evidence_hours=told))
    proof = roll_back(world, world.at("full")).evidence

    assert proof.expires_at == world.clock.now() + timedelta(days=days)


def test_a_rollback_returns_to_the_version_in_use_before(world: World) -> None:
    """Its digest serves, by its own release."""
    old = world.at("full", status="complete", weight_bp=10_000)
    world.clock.turn(timedelta(hours=1))
    young = world.put(world.open(run="r-2", retention_days=31), "slice_50")
    rolled = roll_back(world, young)
    item = world.send(1)[0]

    assert rolled.evidence.notes["outcome"] == "pass"
    assert rolled.evidence.notes["incumbent"] == old.version
    assert (item.release, item.version, item.arm) == (old.id, old.version, "canary")


def test_a_rollback_whose_incumbent_is_gone_is_not_verified(world: World) -> None:
    """Nothing is served by the version, people serve, and the proof says fail."""
    old = world.at("full", status="complete", weight_bp=10_000)
    world.clock.turn(timedelta(hours=1))
    young = world.put(world.open(run="r-2", retention_days=31), "slice_50")
    roll_back(world, old)
    rolled = roll_back(world, young)
    again = roll_back(world, young)

    assert not rolled.walked.is_verified
    assert (rolled.evidence.notes["outcome"], rolled.evidence.notes["probes"]) == (
        "fail",
        "0 of 20",
    )
    assert again.evidence.id != rolled.evidence.id
    assert world.send(1)[0].version == HUMAN


def test_a_rollback_of_a_version_that_still_serves_elsewhere_is_not_verified(world: World) -> None:
    """Another release of the very same version is in use: it is not gone."""
    world.at("full", status="complete", weight_bp=10_000)
    world.clock.turn(timedelta(hours=1))
    again = world.put(world.open(run="r-2"), "slice_50")

    assert roll_back(world, again).evidence.notes["outcome"] == "fail"


def test_nothing_slips_into_a_release_that_is_rolled_back_meanwhile(world: World) -> None:
    """Items are sent in one thread while another rolls back; none is left with the version."""
    release = world.at("full")

    def send() -> None:
        for number in range(15):
            world.send(10, prefix=f"batch {number}")

    sender = Thread(target=send)
    sender.start()
    roll_back(world, release)
    sender.join()

    assert "queued" not in items(world, release)
    assert sum(items(world, release).values()) == 150


class TickingClock(StoppedClock):
    """A second passes whenever somebody looks."""

    def now(self) -> Any:
        """The time, a second later than last time."""
        self.turn(timedelta(seconds=1))
        return super().now()


def test_a_way_back_is_timed_from_the_order_to_the_proof(tmp_path: Path) -> None:
    """The seconds are those between its first and its last step, and fit its notes."""
    world = make_world(tmp_path, TickingClock(NOW))
    rolled = roll_back(world, world.at("full"))
    walked = rolled.walked

    assert walked.began_at < walked.cut_at < walked.ended_at
    passed = (walked.ended_at - walked.began_at).total_seconds()
    assert Decimal(rolled.evidence.seconds) == Decimal(str(passed)) > 0
    assert rolled.evidence.notes["ended_at"] == walked.ended_at.isoformat()
