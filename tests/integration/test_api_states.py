"""Sending many at once, and learning what became of an item without asking again and again."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from console.app import make
from pilotage.web import LOOK_S, MOST_WAITING, Web
from rollout.sent import MAX_BYTES
from tests.integration import api_home
from tests.integration.test_cli_asked import TICKET
from tests.unit.pilotage.homes import House


class Waits:
    """Time that passes only while somebody waits; `meanwhile` happens at the third look."""

    def __init__(self) -> None:
        self.now = 0.0
        self.looks = 0
        self.meanwhile: Callable[[], object] = lambda: None

    def pause(self, seconds: float) -> None:
        """Wait so long."""
        self.now += seconds
        self.looks += 1
        if self.looks == 3:
            self.meanwhile()


@pytest.fixture
def house(tmp_path: Path) -> House:
    """Answers of the desk go to customers at full; a program may send and read."""
    return api_home.desk_house(tmp_path / "home")


@pytest.fixture
def waits() -> Waits:
    """Time of its own."""
    return Waits()


@pytest.fixture
def web(house: House, waits: Waits) -> Web:
    """The home as the application meets it."""
    return Web(house.wired, waits.pause, lambda: waits.now)


@pytest.fixture
def client(house: House, web: Web) -> Iterator[TestClient]:
    """A program that sends its own token."""
    with TestClient(make(web), headers=api_home.by(house, "program")) as client:
        yield client


def send_many(client: TestClient, items: list[dict[str, Any]], **more: Any) -> Any:
    """Send items together."""
    return client.post("/api/v1/workflows/desk/batches", json={"items": items, **more})


def sent(key: str, **changed: Any) -> dict[str, Any]:
    """One item as it is sent."""
    return {"key": key, "input": TICKET | changed}


def state(client: TestClient, id: str, **told: Any) -> Any:
    """How an item stands."""
    known = told.pop("known", "")
    headers = {"If-None-Match": known} if known else {}
    return client.get(f"/api/v1/items/{id}/state", params=told, headers=headers)


def test_a_partial_request_takes_what_it_can_and_tells_the_rest(client: TestClient) -> None:
    """By place and key, with why; sent again it brings nothing anew."""
    api_home.send(client, "used")
    items = [
        sent("a"),
        sent("used", text="another"),
        sent("b "),
        sent("a"),
        sent("a", text="another"),
        sent("huge", text="x" * (MAX_BYTES + 1)),
        sent("c"),
    ]
    first = send_many(client, items, is_partial=True).json()
    again = send_many(client, items, is_partial=True).json()

    assert [one["key"] for one in first["items"]] == ["a", "a", "c"]
    assert [(one["number"], one["kind"]) for one in first["refused"]] == [
        (1, "Conflict"),
        (2, "InvalidInput"),
        (4, "Conflict"),
        (5, "InvalidInput"),
    ]
    assert (first["new"], again["new"], again["refused"]) == (2, 0, first["refused"])


def test_a_whole_request_takes_all_or_none(client: TestClient, house: House) -> None:
    """One used key keeps the others out."""
    api_home.send(client, "used")
    answer = send_many(client, [sent("a"), sent("used", text="another")])

    assert answer.status_code == 409
    assert [one.key for one in house.store.items.list(house.customer)] == ["used"]


def test_an_input_that_is_too_large_says_so_by_its_status(client: TestClient) -> None:
    """As a body that is."""
    body = sent("huge", text="x" * (MAX_BYTES + 1))
    answer = client.post("/api/v1/workflows/desk/items", json=body)

    assert (answer.status_code, answer.json()["error"]["kind"]) == (413, "InvalidInput")


def test_an_item_is_found_by_the_key_it_was_sent_under(client: TestClient) -> None:
    """For whoever lost the answer."""
    id = api_home.send(client, "mine").json()["id"]
    found = client.get("/api/v1/items", params={"workflow": "desk", "key": "mine"}).json()
    other = client.get("/api/v1/items", params={"workflow": "desk", "key": "none"}).json()
    bare = client.get("/api/v1/items", params={"key": "mine"})

    assert [one["id"] for one in found["items"]] == [id]
    assert (other["items"], bare.status_code) == ([], 400)


def test_the_state_of_an_item_says_what_it_waits_for(client: TestClient, house: House) -> None:
    """A worker, a yes, a person, or nobody any more."""
    id = api_home.send(client, "t1").json()["id"]
    queued = state(client, id).json()
    api_home.work(house, id)
    asked = state(client, id).json()
    unsure = state(client, api_home.waiting_item(house, client)).json()
    client.post(f"/api/v1/items/{id}/cancel", json={"reason": "sent by mistake"})
    closed = state(client, id).json()

    waited = [one["waits_for"] for one in (queued, asked, unsure, closed)]
    assert waited == ["worker", "approval", "person", ""]
    assert (closed["is_ended"], queued["is_ended"]) == (True, False)
    assert (asked["label"], unsure["status"]) == ("refund", "in_review")


def test_an_item_is_waited_for_until_it_ends(
    client: TestClient, house: House, waits: Waits
) -> None:
    """As soon as it does, and no longer."""
    id = api_home.asked_item(house, client)
    dan = house.wired.identify(house.tokens["dan"])
    waits.meanwhile = lambda: house.wired.call_off(dan, id, "sent by mistake")
    answer = state(client, id, wait=20)

    assert answer.json()["status"] == "closed"
    assert waits.now == 3 * LOOK_S


def test_a_wait_is_over_when_its_time_is(client: TestClient, house: House, waits: Waits) -> None:
    """What has not ended by then is told as it is; longer than allowed is refused."""
    id = api_home.asked_item(house, client)
    answer = state(client, id, wait=2)

    assert answer.json()["status"] == "asked"
    assert waits.now == 2
    assert state(client, id, wait=31).status_code == 422


def test_what_is_as_before_is_not_sent_again(client: TestClient, house: House) -> None:
    """Until anything about it is another."""
    id = api_home.send(client, "t1").json()["id"]
    tag = state(client, id).headers["ETag"]
    same = state(client, id, known=f'"other", W/{tag}')
    api_home.work(house, id)
    other = state(client, id, known=tag)

    assert (same.status_code, same.content, same.headers["ETag"]) == (304, b"", tag)
    assert (other.status_code, other.json()["status"]) == (200, "asked")


def test_a_change_is_waited_for_by_the_tag_that_is_known(
    client: TestClient, house: House, waits: Waits
) -> None:
    """Whatever it is; where nothing changed the answer is that it did not."""
    id = api_home.send(client, "t1").json()["id"]
    tag = state(client, id).headers["ETag"]
    waits.meanwhile = lambda: api_home.work(house, id)
    changed = state(client, id, known=tag, wait=20)
    same = state(client, id, known=changed.headers["ETag"], wait=1)

    assert (changed.status_code, changed.json()["status"]) == (200, "asked")
    assert waits.now == 3 * LOOK_S + 1
    assert same.status_code == 304


def test_more_than_so_many_do_not_wait(web: Web, waits: Waits) -> None:
    """They are answered at once, so that others are answered at all."""

    def nested(depth: int) -> None:
        if depth:
            web.wait_until(lambda: nested(depth - 1) is None, 1)

    nested(MOST_WAITING + 5)

    assert waits.looks == MOST_WAITING
