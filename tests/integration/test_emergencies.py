"""What rests on an emergency approval that nobody confirmed goes back, and its owners are told."""

from pathlib import Path

import pytest

from pilotage.emergencies import announce, take_back
from policies.approvals import rule_on
from runs import approvals
from runs.approvals import Answer, Rules
from runs.events import BodyValue
from runs.records.approval import Need
from runs.records.release import Release
from runs.records.version import EmergencyRule
from runs.words import AS_SAID
from tests import builders
from tests.unit.pilotage.homes import make_house
from tests.world import World, make_world


@pytest.fixture
def world(tmp_path: Path) -> World:
    """The desk, with a run that is under way."""
    folder = tmp_path / "world"
    folder.mkdir()
    world = make_world(folder)
    world.store.runs.open(world.customer, "dan", builders.trigger(), builders.run())
    return world


class Desk:
    """A home over the world's record, as far as emergencies look at it."""

    def __init__(self, world: World, folder: Path) -> None:
        self.store = world.store
        self.notices = make_house(folder).wired.notices


def alone(world: World, id: str, **covers: str) -> None:
    """Ben approves alone what Ana and Olga are asked, in an emergency."""
    needs = (
        Need(role="business_owner", count=1, people=("ana",)),
        Need(role="owner", count=1, people=("olga",)),
    )
    asked = builders.approval(id=id, kind="stage", covers=covers, needs=needs)
    asked = approvals.open_approval(world.store, world.customer, "worker", asked)
    rule = EmergencyRule(people=("ben",), kinds=("stage",), confirm_hours=4)
    policy = builders.policy(emergency=rule)
    rules = Rules(rule_on, lambda one: one.subject, AS_SAID, lambda _: policy)
    answer = Answer(id, "approve_in_emergency", "the desk stands still", asked.subject)
    approvals.decide(world.store, world.person("ben"), answer, rules)


def entered(world: World, release: Release, approval: str) -> Release:
    """The release at its first slice, entered with this approval."""
    after = release.model_copy(update={"stage": 1, "weight_bp": 500})
    body: dict[str, BodyValue] = {"approval": approval, "weight_bp": 500}
    return world.store.releases.change(
        world.customer, "worker", before=release, after=after, event=("stage_entered", body)
    )


def refuse(world: World, id: str) -> None:
    """Ana does not stand by it."""
    asked = approvals.get(world.store, world.customer, id)
    rules = Rules(rule_on, lambda one: one.subject)
    answer = Answer(id, "reject", "not so", asked.subject)
    approvals.decide(world.store, world.person("ana"), answer, rules)


def test_a_release_goes_back_to_the_share_it_had_before(world: World, tmp_path: Path) -> None:
    """Given two steps, one by one person alone; when it is refused; then the other stands."""
    first = world.at("sandbox")
    alone(world, "a-2", release=first.id, stage="slice_5", weight_bp="500")
    second = entered(world, first, "a-2")
    desk = Desk(world, tmp_path / "home")
    announce(desk, world.customer, approvals.get(world.store, world.customer, "a-2.confirm"))
    take_back(desk, world.customer)
    untouched = world.store.releases.get(world.customer, first.id)
    refuse(world, "a-2.confirm")

    for _ in range(2):
        take_back(desk, world.customer)

    after = world.store.releases.get(world.customer, first.id)
    assert (untouched.weight_bp, untouched.status) == (second.weight_bp, "open")
    assert (after.weight_bp, after.status) == (0, "held")
    told = [file.read_text() for file in (tmp_path / "home" / "notices" / "acme").glob("*.txt")]
    assert sorted(text.splitlines()[1] for text in told) == [
        "Title: EMERGENCY approval withdrawn: stage",
        "Title: EMERGENCY approval: stage",
    ]
    assert all(text.startswith("To: ana, olga, dan\n") for text in told)
    again = after.model_copy(update={"status": "open"})
    resumed = world.store.releases.change(
        world.customer, "ana", before=after, after=again, event=("release_resumed", {})
    )
    take_back(desk, world.customer)
    assert world.store.releases.get(world.customer, first.id).status == resumed.status == "open"
