"""Which values an item is worked on under: those its own version was released with, or lead now."""

from datetime import timedelta
from pathlib import Path

import pytest

from policies import rules
from rollout.release import way_back
from runs.records.release import Release
from tests import builders
from tests.unit.pilotage.homes import House, make_house, policy_of
from tests.world import World, make_world

OURS = {"act_threshold": "0.6", "scope_floor": "0.0"}
THEIRS = {"act_threshold": "0.9", "scope_floor": "0.0"}


@pytest.fixture
def world(tmp_path: Path) -> World:
    """The desk, with nothing released."""
    return make_world(tmp_path)


def succeeded(world: World) -> tuple[Release, Release]:
    """A version in use under its own values, and a candidate in the sandbox whose values lead."""
    before = builders.policy(values=OURS)
    world.lead(before)
    old = world.at("full", status="complete", weight_bp=10_000)
    world.clock.turn(timedelta(hours=1))
    young = world.open(run="r-2", retention_days=31)
    world.lead(builders.policy(values=THEIRS))
    return old, world.put(young, "sandbox")


def test_beside_a_candidate_in_the_sandbox_the_version_in_use_keeps_its_values(
    world: World,
) -> None:
    """Its items are worked on under the values it was released with, the shadows under theirs."""
    old, young = succeeded(world)
    served = world.send(5)
    items = world.store.items.list(world.customer)
    shadows = [item for item in items if item.arm == "shadow"]

    assert {(item.arm, item.policy) for item in served} == {("canary", old.policy)}
    assert {item.policy for item in shadows} == {young.policy} != {old.policy}
    assert len(shadows) == 5


def test_the_values_before_a_release_are_those_of_the_version_it_replaced(world: World) -> None:
    """Not what led last; beside the human process there are none."""
    old, young = succeeded(world)
    before = way_back.find_values_before(world.store, world.customer, young)

    assert before == builders.policy(values=OURS)
    assert way_back.find_values_before(world.store, world.customer, old) is None


def put(house: House, id: str, values: dict[str, str], *, days: int, **changed: object) -> Release:
    """A release of the desk, its version and its values kept, its values leading."""
    bounds = {"act_threshold": {"low": "0.1", "high": "0.99"}, "scope_floor": {"low": "0"}}
    version = builders.version(bounds=bounds, retention_days=days)
    policy, plan = policy_of(**values), builders.plan_record()
    for record in (version, policy, plan):
        house.store.keep(house.customer, "worker", record, "r-1")
    named = {"version": version.digest, "policy": policy.digest, "plan": plan.digest}
    house.store.policies.lead(house.customer, "worker", policy)
    file = house.wired.policy_files.file(house.customer, "desk")
    file.write_text(rules.write_policy(policy), encoding="utf-8")
    opened = builders.release(id=id, **named | changed)
    return house.store.releases.open(house.customer, "worker", opened)


def test_a_rollback_to_an_earlier_version_brings_its_values_back(tmp_path: Path) -> None:
    """Into the file operations edit, and from there to the next item."""
    house = make_house(tmp_path / "home")
    here = {"stage": 2, "weight_bp": 5_000}
    there = {"stage": 3, "weight_bp": 10_000, "status": "complete"}
    old = put(house, "rel-1", OURS, days=30, **there)
    later = builders.NOW + timedelta(hours=1)
    told = {"incumbent": old.version, "opened_at": later, "entered_at": later}
    put(house, "rel-2", THEIRS, days=31, **here | told)

    done = house.run("release", "rollback", "rel-2", "--reason", "wrong queue", by="ben")
    file = house.wired.policy_files.file(house.customer, "desk")
    leads = house.wired.policy_files.find(house.customer, "desk")

    assert done.exit_code == 0, done.output
    assert rules.read_policy(file.read_text(encoding="utf-8"), "desk").digest == old.policy
    assert leads is not None
    assert leads.digest == old.policy
