"""What was done outside, from the command line: seen, settled, asked again, taken back."""

import json

import pytest

from pilotage.systems import ToolsFile, ToolSpec, write_specs
from runs import snapshots, words
from runs.moves import ActionStatus
from runs.records.item import Action
from tests import acts, builders
from tests.unit.pilotage.homes import House, make_house
from tools.tool import ASKED

CONTENT = {"workflow": "desk", "effect": "assign", "item": "t-1", "label": "a", "fields": {}}
QUEUES = ToolSpec(
    name="queues",
    kind="folder",
    path="outside/queues",
    operations=("assign", "unassign"),
    undo={"assign": "unassign"},
)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, database: str) -> House:
    """A home whose desk can take an assignment back."""
    assert database
    house = make_house(tmp_path_factory.mktemp("actions") / "home")
    write_specs(house.wired.home, house.customer, ToolsFile(tools=(QUEUES,)))
    house.store.items.admit(house.customer, "cli", builders.item(status="queued"))
    return house


def left(house: House, name: str, status: ActionStatus) -> Action:
    """An action of the item that was left so."""
    store, customer = house.store, house.customer
    kept = snapshots.keep(
        store, customer, "worker", kind="action", value=CONTENT, terms=words.AS_SAID
    )
    told = {"id": name, "key": f"i-1:assign:{name}", "tool": "queues", "content": kept}
    action = acts.reserve(store, customer, builders.action(**told), 1).action
    if status == "reserved":
        return action
    receipt = kept if status == "done" else ""
    return acts.settle(
        store, customer, action.key, status=status, receipt=receipt, reason="so it was left"
    )


def test_what_nobody_can_tell_of_is_listed_and_settled(house: House) -> None:
    """By whoever looked there, with a reason; the list says whom and why."""
    key = left(house, "aaa", "unknown").key
    listed = house.run("action", "list", "--unknown", by="ben")
    refused = house.run("action", "settle", key, "--done", "--reason", "seen", by="dan")
    settled = house.run("action", "settle", key, "--done", "--reason", "seen there", by="ben")
    shown = house.run("action", "show", key, by="ben")

    assert key in listed.stdout
    assert refused.exit_code != 0
    assert "none of the roles" in refused.stderr
    assert settled.stdout == f"{key}: done, by the word of ben\n"
    assert "by the word of ben: seen there" in shown.stdout
    assert house.run("action", "list", "--unknown", by="ben").stdout == "no action is unknown\n"


def test_what_was_found_has_to_be_said(house: House) -> None:
    """Neither yes nor no is no answer."""
    key = left(house, "bbb", "unknown").key
    result = house.run("action", "settle", key, "--reason", "seen", by="ben")

    assert result.exit_code == 2
    assert "--not-done" in result.stderr


def test_the_other_side_is_asked_again(house: House) -> None:
    """One that surely was not done, and that its item will still do, stays as it is."""
    key = left(house, "ccc", "reserved").key
    asked = house.run("action", "reconcile", key, "--json", by="olga")

    assert json.loads(asked.stdout)["status"] == "reserved"
    assert not (house.folder / "outside" / "queues").exists()


def test_what_was_done_is_taken_back(house: House) -> None:
    """As an action of its own, which the desk received."""
    key = left(house, "ddd", "done").key
    shown = house.run("action", "show", key, "--json", by="ben")
    taken = house.run("action", "compensate", key, "--reason", "wrong", "--json", by="ben")

    assert json.loads(shown.stdout)["undo"] == {"operation": "unassign", "why_not": ""}
    told = json.loads(taken.stdout)
    assert (told["status"], told["undoes"], told["operation"]) == ("done", key, "unassign")
    [file] = (house.folder / "outside" / "queues").glob("*.json")
    assert json.loads(file.read_text())["operation"] == "unassign"
    assert sorted(ASKED["required"]) == sorted(CONTENT)
