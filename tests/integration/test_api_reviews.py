"""Items that wait for a person, over HTTP: seen whole, claimed, answered once, handed on."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.integration import api_home
from tests.integration.api_home import by
from tests.unit.pilotage.homes import House


@pytest.fixture
def house(tmp_path: Path) -> House:
    """Answers of the desk go to customers at full; a program may send and read."""
    return api_home.desk_house(tmp_path / "home")


@pytest.fixture
def client(house: House) -> Iterator[TestClient]:
    """A program; people send their own tokens."""
    with api_home.asking(house) as client:
        yield client


@pytest.fixture
def item(house: House, client: TestClient) -> str:
    """An item that waits for Ben."""
    return api_home.waiting_item(house, client)


def act(client: TestClient, item: str, verb: str, **told: Any) -> Any:
    """Do something about what waits."""
    who = told.pop("who")
    path = f"/api/v1/items/{item}/review/{verb}"
    return client.post(path, json=told or None, headers=who)


def test_what_waits_is_listed_with_its_question_and_its_holder(
    client: TestClient, house: House, item: str
) -> None:
    """Mine is what I may answer."""
    listed = client.get("/api/v1/reviews", params={"workflow": "desk"}).json()
    mine = client.get("/api/v1/reviews", params={"mine": True}, headers=by(house, "ben")).json()
    not_mine = client.get("/api/v1/reviews", params={"mine": True}, headers=by(house, "dan")).json()

    [one] = listed["waiting"]
    assert (one["item"]["id"], one["review"]["owner"], one["held_by"]) == (item, "ben", "")
    assert (len(mine["waiting"]), not_mine["waiting"]) == (1, [])


def test_a_reviewer_sees_what_was_produced_on_what_ground_and_why_it_came(
    client: TestClient, house: House, item: str
) -> None:
    """With what follows from each answer; an item that waits for nobody has no such page."""
    told = client.get(f"/api/v1/items/{item}/review", headers=by(house, "ben")).json()
    other = client.get(f"/api/v1/items/{api_home.asked_item(house, client)}/review")

    assert told["item"]["output"]["label"] == "refund"
    assert told["item"]["seen"]["values"]["crm"]["tier"] == "plain"
    assert told["waits"]["review"]["reason"]
    assert {"approve", "reject", "escalate"} <= set(told["waits"]["follows"])
    assert other.status_code == 404


def test_a_claim_is_seen_by_others_until_it_is_let_go(
    client: TestClient, house: House, item: str
) -> None:
    """Who holds it is named; who may not judge it may not claim it."""
    ben, dan = by(house, "ben"), by(house, "dan")
    first = act(client, item, "claim", who=ben)
    builder = act(client, item, "claim", who=dan)
    freed = act(client, item, "release", who=ben)

    assert (first.json()["held_by"], freed.json()["held_by"]) == ("ben", "")
    assert builder.status_code == 403


def test_an_item_is_answered_once(client: TestClient, house: House, item: str) -> None:
    """The second learns who answered; what was right is kept with the route that was."""
    ben = by(house, "ben")
    bare = act(client, item, "answer", who=ben, answer="approve")
    first = act(client, item, "answer", who=ben, answer="edit", label="parcel", routes=["act"])
    again = act(client, item, "answer", who=ben, answer="approve", routes=["act"])

    assert (bare.status_code, first.status_code, again.status_code) == (400, 200, 409)
    assert (first.json()["label"], first.json()["decided_by"]) == ("parcel", "ben")
    assert "ben" in again.json()["error"]["message"]
    assert house.store.items.get(house.customer, item).status == "closed"


def test_a_program_answers_nothing_and_its_try_is_on_record(
    client: TestClient, house: House, item: str
) -> None:
    """Whatever scopes it has."""
    answer = act(client, item, "answer", who={}, answer="reject", reason="no")
    refused = [e for e in house.store.events(house.customer) if e.kind == "access_refused"]

    assert answer.status_code == 403
    assert refused[-1].body["verb"] == "answer"


def test_it_is_handed_on_with_a_reason(client: TestClient, house: House, item: str) -> None:
    """To the next of the escalation, who has it from then on."""
    answer = act(client, item, "escalate", who=by(house, "ben"), reason="not my desk")
    bare = act(client, item, "escalate", who=by(house, "ben"))

    assert answer.status_code == 200, answer.text
    assert answer.json()["owner"] != "ben"
    assert bare.status_code == 422
