"""Offered cases and addresses over HTTP: seen by who may read, judged by whom they are asked of."""

from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from pilotage import due
from tests.integration import api_home
from tests.unit.pilotage.homes import House


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, database: str) -> House:
    """A home with two edits that nobody has judged, and an address."""
    house = api_home.desk_house(tmp_path_factory.mktemp("offers") / "home")
    with api_home.asking(house) as client:
        api_home.edited_item(house, client, "e1")
        api_home.edited_item(house, client, "e2")
        api_home.declare_webhook(house)
    return house


@pytest.fixture(scope="module")
def program(house: House) -> Iterator[TestClient]:
    """A program that may read and send."""
    with api_home.asking(house) as client:
        yield client


def test_an_offered_edit_says_whose_word_is_asked_for(house: House, program: TestClient) -> None:
    """And what was set otherwise, by whom."""
    told = program.get("/api/v1/offers").json()
    first = program.get("/api/v1/offers?limit=1").json()

    assert [one["edit"] for one in told["offered"]] == api_home.known(house)["edit"]
    assert {(one["label"], one["edited_by"]) for one in told["offered"]} == {("parcel", "ben")}
    assert all(one["owner"] and one["dataset"] for one in told["offered"])
    assert (told["has_more"], first["has_more"], len(first["offered"])) == (False, True, 1)


def test_a_program_judges_no_edit(house: House, program: TestClient) -> None:
    """It is told whom to ask; the edit stays offered."""
    edit = api_home.known(house)["edit"][0]
    answer = program.post(f"/api/v1/offers/{edit}/refuse", json={"reason": "no"})

    assert answer.status_code == 403
    assert "ask one of them" in answer.json()["error"]["message"]
    assert edit in api_home.known(house)["edit"]


def test_its_owner_is_told_of_each_edit_once(house: House) -> None:
    """However often somebody looks."""
    for _ in range(2):
        due.tell_offered(house.wired, house.customer)

    folder = house.wired.home.folder / "notices" / "acme"
    told = [one.read_text() for one in folder.iterdir() if "offered" in one.read_text()]
    assert len(told) == 2
    assert all("pilotage data accept" in one for one in told)


def test_an_address_tells_how_it_stands_and_never_its_secret(program: TestClient) -> None:
    """Only where the secret stands; a program tells nothing again."""
    [one] = program.get("/api/v1/webhooks").json()["webhooks"]
    shown = program.get("/api/v1/webhooks/crm-hook").json()
    again = program.post("/api/v1/webhooks/crm-hook/resend")

    assert (one["webhook"]["id"], one["dead"]) == ("crm-hook", 0)
    assert shown == {"standing": one, "deliveries": []}
    assert one["webhook"]["secret"] == "env:CRM_HOOK"
    assert again.status_code == 403


def test_what_has_not_the_form_says_how_to_go_on(program: TestClient) -> None:
    """In the sentence that names what is wrong."""
    answer = program.post("/api/v1/workflows/desk/items", json={"input": 7, "more": 1})

    assert answer.status_code == 422
    message = answer.json()["error"]["message"]
    assert "body.input" in message
    assert message.endswith("correct that and send it again: its form stands in /openapi.json")
