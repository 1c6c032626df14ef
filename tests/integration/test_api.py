"""The JSON API over a real home: what programs send and read, and what is refused."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from console.app import MOST_BYTES
from runs import people
from runs.approvals import of_item
from runs.records.item import Item
from runs.records.version import PolicyValues
from tests import builders
from tests.integration import api_home
from tests.integration.api_home import by
from tests.integration.test_cli_asked import TICKET, work
from tests.unit.pilotage.homes import House

SENT = {"key": "t1", "input": TICKET}


@pytest.fixture
def house(tmp_path: Path) -> House:
    """Answers of the desk go to customers at full; a program may send and read."""
    return api_home.desk_house(tmp_path / "home")


@pytest.fixture
def client(house: House) -> Iterator[TestClient]:
    """A program that sends its own token."""
    with api_home.asking(house) as client:
        yield client


def send(client: TestClient, body: Any = None, **headers: str) -> Any:
    """Send one item."""
    told = SENT if body is None else body
    return client.post("/api/v1/workflows/desk/items", json=told, headers=headers)


def test_an_item_is_taken_in_once_a_key(client: TestClient, house: House) -> None:
    """New it is 201, sent again 200 and the same; another input under the key is a conflict."""
    first, again = send(client), send(client)
    other = send(client, {"key": "t1", "input": {**TICKET, "text": "another"}})

    assert (first.status_code, again.status_code, other.status_code) == (201, 200, 409)
    assert Item.model_validate(first.json()) == Item.model_validate(again.json())
    assert other.json()["error"]["kind"] == "Conflict"
    assert len(house.store.items.list(house.customer)) == 1


@pytest.mark.both_databases
def test_more_than_may_wait_is_refused_until_later(client: TestClient, house: House) -> None:
    """429 with when to send again, and nothing is taken in; what is there already is found."""
    store, customer = house.store, house.customer
    [release] = store.releases.list(customer, "desk")
    values = store.get(customer, PolicyValues, release.policy)
    tight = values.model_copy(update={"queue_most": 2})
    store.keep(customer, "cli", tight)
    store.policies.lead(customer, "cli", tight)
    path = "/api/v1/workflows/desk/batches"
    items = [{"key": f"t{n}", "input": TICKET} for n in range(3)]
    taken = client.post(path, json={"items": items[:2]})
    refused = client.post(path, json={"items": items})
    again = client.post(path, json={"items": items[:2]})

    assert (taken.status_code, refused.status_code, again.status_code) == (200, 429, 200)
    assert refused.headers["Retry-After"] == "30"
    assert refused.json()["error"]["kind"] == "Busy"
    assert "2 items of desk wait" in refused.json()["error"]["message"]
    assert len(store.items.list(customer)) == 2


def test_how_urgent_an_item_is_stays_within_what_its_policy_lets_senders_say(
    client: TestClient, house: House
) -> None:
    """Refused with both bounds; without one it is as urgent as the policy says."""
    store, customer = house.store, house.customer
    [release] = store.releases.list(customer, "desk")
    values = store.get(customer, PolicyValues, release.policy)
    led = values.model_copy(update={"priority": 1, "priority_most": 3})
    store.keep(customer, "cli", led)
    store.policies.lead(customer, "cli", led)
    usual, urgent = send(client), send(client, {**SENT, "key": "t2", "priority": 3})
    refused = send(client, {**SENT, "key": "t3", "priority": 4})
    items = [{"key": "t4", "input": TICKET, "priority": -1}, {"key": "t5", "input": TICKET}]
    path = "/api/v1/workflows/desk/batches"
    partly = client.post(path, json={"items": items, "is_partial": True}).json()

    assert (usual.json()["priority"], urgent.json()["priority"]) == (1, 3)
    assert refused.status_code == 400
    assert "senders of desk may say from 0 to 3" in refused.json()["error"]["message"]
    assert [one["key"] for one in partly["refused"]] == ["t4"]
    of_items = [job.subject for job in store.jobs.waiting() if job.kind == "process_item"]
    assert of_items[0] == urgent.json()["id"]


def test_the_key_may_stand_in_the_header(client: TestClient) -> None:
    """One of both is enough; two that differ, or none, are refused with the remedy."""
    bare = {"input": TICKET}

    assert send(client, bare, **{"Idempotency-Key": "t1"}).json()["key"] == "t1"
    assert send(client, SENT, **{"Idempotency-Key": "t2"}).status_code == 400
    assert "Idempotency-Key" in send(client, bare).json()["error"]["message"]


def test_many_items_are_taken_in_or_none(client: TestClient, house: House) -> None:
    """One that cannot be accepted keeps the others out; how many are new is told."""
    items = [{"key": f"t{n}", "input": TICKET} for n in range(3)]
    path = "/api/v1/workflows/desk/batches"
    bad = client.post(path, json={"items": [*items, {"key": "x\n", "input": TICKET}]})
    none = len(house.store.items.list(house.customer))
    good = client.post(path, json={"items": items, "batch": "monday"})
    again = client.post(path, json={"items": items[:1]})

    assert (bad.status_code, none) == (422, 0)
    assert (good.json()["new"], again.json()["new"]) == (3, 0)
    assert {one["batch"] for one in good.json()["items"]} == {"monday"}


def test_items_are_listed_and_read_with_all_they_left_behind(
    client: TestClient, house: House
) -> None:
    """Input, what was seen, the answer, who was asked."""
    id = send(client).json()["id"]
    work(house)
    listed = client.get("/api/v1/items", params={"status": "asked"}).json()
    told = client.get(f"/api/v1/items/{id}").json()

    assert ([one["id"] for one in listed["items"]], listed["has_more"]) == ([id], False)
    assert (told["item"]["status"], told["output"]["label"]) == ("asked", "refund")
    assert told["asked"][0]["status"] == "open"


def test_a_person_decides_by_the_digest_they_saw(client: TestClient, house: House) -> None:
    """A program may not, another digest is a conflict, the right one is recorded."""
    id = send(client).json()["id"]
    work(house)
    [asked] = of_item(house.store, house.customer, id)
    path = f"/api/v1/approvals/{asked.id}/decisions"
    yes = {"kind": "approve", "seen": asked.subject}
    program = client.post(path, json=yes)
    other = client.post(path, json=yes | {"seen": builders.DIGEST}, headers=by(house, "ben"))
    person = client.post(path, json=yes, headers=by(house, "ben"))

    assert (program.status_code, other.status_code, person.status_code) == (403, 409, 200)
    assert person.json()["status"] == "approved"
    assert work(house).status == "acted"


def test_an_item_is_called_off_until_something_was_begun(client: TestClient, house: House) -> None:
    """What was asked about it is withdrawn; called off again it is a conflict."""
    id = send(client).json()["id"]
    work(house)
    path, why = f"/api/v1/items/{id}/cancel", {"reason": "sent by mistake"}
    first, again = client.post(path, json=why), client.post(path, json=why)

    assert (first.status_code, first.json()["status"], again.status_code) == (200, "closed", 409)
    assert of_item(house.store, house.customer, id)[0].status == "withdrawn"
    assert work(house).status == "closed"


@pytest.mark.parametrize("header", ["", "Basic abc", "Bearer plt_x_y", "Bearer unknown", "plt_x_y"])
def test_without_a_valid_token_nothing_is_told(client: TestClient, header: str) -> None:
    """The refusal says how to sign in."""
    answer = client.get("/api/v1/items", headers={"Authorization": header})

    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_a_program_does_only_what_its_scopes_name(client: TestClient, house: House) -> None:
    """The refusal names the command that makes a token which may."""
    scopes = ("read",)
    token = people.create_program_token(
        house.store, house.customer, "olga", person="dan", scopes=scopes
    )
    answer = send(client, **{"Authorization": f"Bearer {token}"})

    assert answer.status_code == 403
    assert "--scope submit" in answer.json()["error"]["message"]


def test_a_persons_token_without_the_scope_decides_nothing(
    client: TestClient, house: House
) -> None:
    """The same as on the command line; the refusal names the scope."""
    send(client)
    item = work(house)
    [asked] = of_item(house.store, house.customer, item.id)
    reading = people.create_token(
        house.store, house.customer, "olga", person="ben", scopes=("read",)
    )
    yes = {"kind": "approve", "seen": asked.subject}
    path, head = f"/api/v1/approvals/{asked.id}/decisions", {"Authorization": f"Bearer {reading}"}
    answer = client.post(path, json=yes, headers=head)

    assert answer.status_code == 403
    assert "--scope decide" in answer.json()["error"]["message"]
    assert of_item(house.store, house.customer, item.id)[0].status == "open"


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{", 422),
        (b"[]", 422),
        (b'{"input": {}, "more": 1}', 422),
        (b'{"key": 7, "input": {}}', 422),
        (b"\xff\xfe", 422),
        (b'{"key": "t1", "input": {"a": 1e400}}', 400),
        (b'{"key": "' + b"k" * 201 + b'", "input": {}}', 422),
    ],
)
def test_a_malformed_body_is_told_by_field(client: TestClient, body: bytes, status: int) -> None:
    """Never a failure of ours, and nothing is taken in."""
    answer = client.post(
        "/api/v1/workflows/desk/items", content=body, headers={"Content-Type": "application/json"}
    )

    assert answer.status_code == status
    assert answer.json()["error"]["message"]


def test_a_body_that_is_too_large_is_refused(client: TestClient) -> None:
    """Whether it says how long it is or not."""
    part = b"x" * (1024 * 1024)

    def endless() -> Iterator[bytes]:
        for _ in range(MOST_BYTES // len(part) + 1):
            yield part

    path = "/api/v1/workflows/desk/items"
    said = client.post(path, content=part * (MOST_BYTES // len(part) + 1))
    unsaid = client.post(path, content=endless())

    assert (said.status_code, unsaid.status_code) == (413, 413)


def test_an_unknown_route_says_where_the_routes_stand(client: TestClient) -> None:
    """In the form of every refusal."""
    answer = client.get("/api/v1/nothing")

    assert answer.status_code == 404
    assert "/openapi.json" in answer.json()["error"]["message"]


def test_the_process_says_whether_it_lives_and_is_ready(client: TestClient) -> None:
    """Alive without a token; not ready while no worker does the jobs."""
    alive, ready = client.get("/healthz"), client.get("/readyz")

    assert (alive.status_code, ready.status_code) == (200, 503)
    assert ready.json()["database"].startswith("revision")
    assert "pilotage worker" in ready.json()["worker"]


def test_figures_are_prometheus_text_for_who_may_read(client: TestClient, house: House) -> None:
    """Without a token nothing is told."""
    send(client)
    work(house)
    text = client.get("/metrics").text

    assert 'pilotage_items{status="asked",workflow="desk"} 1.0' in text
    assert 'pilotage_approvals_open{kind="action"} 1.0' in text
    assert 'pilotage_release_share{workflow="desk"} 1.0' in text
    assert client.get("/metrics", headers={"Authorization": ""}).status_code == 401


def test_every_answer_forbids_what_a_browser_could_do_with_it(client: TestClient) -> None:
    """Not kept, not sniffed, not framed, nothing loaded."""
    for answer in (client.get("/healthz"), client.get("/api/v1/items"), client.get("/nothing")):
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_the_document_names_every_route_with_its_refusals(client: TestClient) -> None:
    """What programs are made from, with the way to sign in."""
    told = client.get("/openapi.json").json()
    refusals = {"401", "403", "404", "409", "413", "503"}

    assert {"/healthz", "/readyz", "/metrics"} <= set(told["paths"])
    for path, operations in told["paths"].items():
        for operation in operations.values() if path.startswith("/api/") else ():
            assert refusals <= set(operation["responses"])
            assert operation["security"] == [{"token": []}]
