"""What does the work of a home is made once, and holds nothing it was not handed."""

from datetime import timedelta
from pathlib import Path

import pytest

from pilotage.engines import NOBODY, Engines
from pilotage.home import Home, Mark
from pilotage.systems import ToolsFile, ToolSpec, write_specs
from policies.rules import write_policy
from runs import leases
from runs.errors import Conflict
from tests import acts, builders
from tests.builders import NOW
from tests.unit.pilotage.homes import House, make_house, policy_of, stopped


@pytest.fixture
def house(tmp_path: Path) -> House:
    """A home of customer acme, under a clock that stands still."""
    house = make_house(tmp_path / "home")
    stopped(house)
    return house


@pytest.fixture
def engines(house: House) -> Engines:
    """What a worker of this home uses."""
    return house.wired.engines("w1")


def test_only_a_worker_has_a_search_index(house: House) -> None:
    """Everybody else searches the record."""
    assert house.wired.engines("").index is None
    assert house.wired.engines("w1").index is not None


def test_a_customers_cases_are_learnt_from_in_one_place(house: House, engines: Engines) -> None:
    """So that nothing is learnt twice."""
    assert engines.bench(house.customer) is engines.bench(house.customer)


def test_a_release_lineage_has_a_text_of_its_own(house: House, engines: Engines) -> None:
    """Nobody can work out who is served by what."""
    deps = engines.deps(house.store, NOBODY)

    salts = {deps.salt() for _ in range(20)}

    assert len(salts) == 20
    assert min(len(salt) for salt in salts) >= 32


def test_a_demos_lineages_follow_from_its_seed(tmp_path: Path) -> None:
    """So that it can be played again."""
    drawn = []
    for name in ("one", "two"):
        Home(tmp_path / name).make(Mark(is_demo=True, seed="7"))
        house = make_house(tmp_path / name, is_demo=True)
        drawn.append(house.wired.engines("w1").deps(house.store, NOBODY).salt())

    assert drawn[0] == drawn[1]


def test_an_owner_is_a_person_by_id_or_by_role(house: House, engines: Engines) -> None:
    """Empty when there is nobody: then an item cannot end."""
    person = engines.process_deps(house.customer).person

    assert person(house.customer, "ana") == "ana"
    assert person(house.customer, "ops_lead") == "ben"
    assert person(house.customer, "pirate") == ""


def test_rules_are_compiled_once_a_version(house: House, engines: Engines) -> None:
    """A thousand items do not compile them a thousand times."""
    router = engines.process_deps(house.customer).router
    version = builders.version()

    assert router(version, builders.policy()) is router(version, builders.policy())
    assert router(version, builders.policy(review_owner="ana")) is not router(
        version, builders.policy()
    )


def test_an_edited_policy_leads_before_the_next_item(house: House, engines: Engines) -> None:
    """And a broken one leaves the last that led."""
    file = house.wired.policy_files.file(house.customer, "desk")
    file.write_text(write_policy(policy_of("desk")))
    engines.follow(house.customer, "desk")
    file.write_text("values: [")

    engines.follow(house.customer, "desk")

    assert house.store.policies.leading(house.customer, "desk") == policy_of("desk").digest


def act(house: House) -> str:
    """Let an action of a queued item be begun, then let its worker die; the action's key."""
    house.store.items.admit(house.customer, "dan", builders.item())
    action = builders.action(tool="queues", reserved_at=NOW - timedelta(minutes=9))
    acts.reserve(house.store, house.customer, action, 1)
    return action.key


def lay_folder(house: House) -> Path:
    """A system that remembers what it did under a key."""
    spec = {"name": "queues", "kind": "folder", "path": "queues", "operations": ("assign",)}
    specs = ToolsFile(tools=(ToolSpec.model_validate(spec),))
    write_specs(house.wired.home, house.customer, specs)
    return house.folder / "queues"


def test_an_action_a_crash_left_open_is_settled_by_asking_the_other_side(
    house: House, engines: Engines
) -> None:
    """What it says it did is done; it is not done again."""
    folder, key = lay_folder(house), act(house)
    content = {"workflow": "desk", "effect": "assign", "item": "t", "label": "a", "fields": {}}
    house.wired.tools(house.customer)["queues"].act("assign", content, key)

    engines.reconcile_actions(house.customer, timedelta(minutes=2))

    settled = house.store.actions.find(house.customer, key)
    assert settled is not None
    assert settled.status == "done"
    assert len(list(folder.iterdir())) == 1


def test_an_action_nobody_did_is_left_to_whoever_may_act(house: House, engines: Engines) -> None:
    """Looking over the ledger never acts."""
    folder, key = lay_folder(house), act(house)

    engines.reconcile_actions(house.customer, timedelta(minutes=2))

    found = house.store.actions.find(house.customer, key)
    assert found is not None
    assert found.status == "reserved"
    assert not folder.exists()


def test_an_action_that_nobody_will_do_any_more_is_stopped(house: House, engines: Engines) -> None:
    """Its item ended elsewhere: what surely was not done has an end as well, under its lease."""
    folder, key = lay_folder(house), act(house)
    item = house.store.items.get(house.customer, "i-1")
    house.store.items.finish(house.customer, item.model_copy(update={"status": "in_review"}))
    held = leases.take(house.store, house.customer, "item:i-1", holder="w1", ttl_s=60)
    assert held is not None
    engines.reconcile_actions(house.customer, timedelta(minutes=2))
    meanwhile = house.store.actions.get(house.customer, key).status
    leases.release(house.store, house.customer, held)
    engines.reconcile_actions(house.customer, timedelta(minutes=2))

    assert meanwhile == "reserved"
    assert house.store.actions.get(house.customer, key).status == "stopped"
    assert not folder.exists()


def test_an_action_that_has_just_begun_is_left_alone(house: House, engines: Engines) -> None:
    """Somebody may be doing it this moment."""
    acts.reserve(house.store, house.customer, builders.action(reserved_at=NOW), 1)

    engines.reconcile_actions(house.customer, timedelta(minutes=2))

    assert len(house.store.actions.unsettled(house.customer)) == 1


def test_a_lease_that_holds_nothing_lets_nothing_happen(house: House) -> None:
    """Whoever is handed it can look, and never act."""
    with (
        house.store.change(house.customer, "worker") as change,
        pytest.raises(Conflict, match="stops here"),
    ):
        leases.require(change, NOBODY)
