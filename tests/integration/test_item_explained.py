"""Any past item: what it was, what it saw, what decided, what was done, and who said what."""

import json
from pathlib import Path
from typing import Any

import pytest

from policies import rules
from runs.records.version import PolicyValues
from tests.integration import api_home
from tests.unit.pilotage.homes import House, policy_of

LOW = policy_of(act_threshold="0.4")
"""What the scripted answer, half sure of it, passes."""


@pytest.fixture
def house(tmp_path: Path) -> House:
    """Answers of the desk go to customers at full; operations edit its values in a file."""
    house = api_home.desk_house(tmp_path / "home")
    house.wired.policy_files.write(house.customer, LOW)
    return house


def edit(house: House, threshold: str) -> PolicyValues:
    """Write another threshold into the file, as an editor does."""
    after = policy_of(act_threshold=threshold)
    file = house.wired.policy_files.file(house.customer, "desk")
    file.write_text(rules.write_policy(after), encoding="utf-8")
    return after


def worked(house: House, key: str) -> dict[str, Any]:
    """An item that was worked on, as a program reads it."""
    with api_home.asking(house) as client:
        id = api_home.work(house, api_home.send(client, key, "unsure: a refund?").json()["id"])
        told = client.get(f"/api/v1/items/{id}").json()
    shown = json.loads(house.run("item", "show", id, "--json", by="dan").stdout)
    assert {name: shown[name] for name in told} == told
    return told


def test_a_threshold_edited_in_a_file_is_that_of_the_next_item(house: House) -> None:
    """Each item names the digest of the values it was routed by; the earlier one keeps its own."""
    first = worked(house, "t1")
    after = edit(house, "0.95")
    second = worked(house, "t2")

    assert (first["item"]["route"], second["item"]["route"]) == ("act", "review")
    assert first["decided_by"]["policy"] == LOW.digest
    assert second["decided_by"]["policy"] == after.digest
    [routed] = [
        event.body["policy"]
        for event in house.store.events(house.customer)
        if event.kind == "item_processed" and event.subject == second["item"]["id"]
    ]
    assert routed == after.digest


def test_an_item_tells_everything_it_left_behind(house: House) -> None:
    """Input, what was seen, rules, route, output, people; and that no model was asked."""
    told = worked(house, "t1")
    text = house.run("item", "show", told["item"]["id"], by="dan").stdout

    assert told["input"]["text"] == "unsure: a refund?"
    assert told["seen"]["values"]["crm"]["tier"] == "plain"
    assert told["output"]["label"] == "refund"
    assert told["asked"][0]["status"] == "open"
    assert (told["decided_by"]["prompts"], told["decided_by"]["models"]) == ([], [])
    assert "no prompt and no model was asked" in text
    assert f"policy {LOW.digest[7:19]}" in text
