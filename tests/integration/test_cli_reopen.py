"""A kind of failure is reopened from the command line, by its owner and in writing."""

import json
from pathlib import Path

import pytest

from runs.records.evidence import FixTrial, Patch
from tests import builders
from tests.unit.pilotage.homes import House, make_house

KEY = "decide/label/misclassified/refund"


@pytest.fixture
def house(tmp_path: Path) -> House:
    """A home in which a run of the desk changed examples three times for one kind of failure."""
    house = make_house(tmp_path / "home")
    store, customer = house.store, house.customer
    plan, version, policy = builders.plan_record(), builders.version(), builders.policy()
    store.runs.open(customer, "dan", builders.trigger(), builders.run(workflow="desk"))
    for record in (plan, version, policy):
        store.keep(customer, "worker", record, "r-1")
    for number in (1, 2, 3):
        store.keep(customer, "worker", trial(number), "r-1")
    return house


def trial(number: int) -> FixTrial:
    """One accepted change of examples."""
    says = f"learn from case {number}"
    patch = Patch(rank=4, document="version", operations=(), tokens=1, says=says)
    counts = dict.fromkeys(("repaired", "broken", "critical_broken", "gain", "loss", "look"), 0)
    told = {"id": f"r-1.fix.{number}", "run": "r-1", "group": f"{KEY}/delivery", "patch": patch}
    told |= {"version": builders.version().digest, "policy": builders.policy().digest}
    said = {"p_improve": "0.1", "holdout_low": "", "accepted": True, "reason": "it mends"}
    return FixTrial.model_validate(told | counts | said | {"tried_at": builders.NOW})


def test_the_owner_reopens_what_three_changes_did_not_mend(house: House) -> None:
    """The workflow's page shows it closed before and its count anew afterwards."""
    before = house.run("workflow", "show", "desk").stdout
    done = house.run("workflow", "reopen", "desk", KEY, "--reason", "other cases came", by="ana")
    after = json.loads(house.run("workflow", "show", "desk", "--json").stdout)

    assert f"{KEY}: closed, 3 of 3: learn from case 1; learn from case 2" in before
    assert (done.exit_code, done.stdout) == (
        0,
        f"desk: {KEY} is open again; 3 changes count no more\n",
    )
    assert [(one["is_closed"], one["rewrites"]) for one in after["rewrites"]] == [(False, [])]


def test_nobody_else_reopens_it(house: House) -> None:
    """Who asks without being its owner is refused, whatever their reason."""
    refused = house.run("workflow", "reopen", "desk", KEY, "--reason", "hurry", by="dan")

    assert refused.exit_code != 0
    assert "dan is not ana" in refused.stderr
