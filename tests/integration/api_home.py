"""A home whose API is asked: two customers, items that wait in every way, and everybody's token."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from starlette.testclient import TestClient

from console.app import make
from pilotage.systems import ToolsFile, write_specs
from pilotage.web import Web
from runs import people
from runs.approvals import of_item
from runs.records.webhook import Webhook
from tests import builders
from tests.integration.desk import answer, version
from tests.integration.test_cli_asked import SEND, TICKET, TOOLS, edit_account
from tests.integration.test_cli_items import release
from tests.unit.pilotage.homes import House, make_house
from workflow import offers, review
from workflow.process.item import process_item
from workflow.review import Said

BOUNDS = {"act_threshold": {"low": "0.1", "high": "0.99"}, "scope_floor": {"low": "0"}}
"""How far operations may set the desk's values."""
STRANGER = "zoe"
"""Owner of another customer of the same home."""


def desk_house(folder: Path, **changed: Any) -> House:
    """Answers of the desk go to customers at full; a program may send and read.

    `changed` is what its version has otherwise.
    """
    house = make_house(folder)
    store, customer = house.store, house.customer
    edit_account(house, "plain")
    write_specs(house.wired.home, customer, ToolsFile(tools=TOOLS))
    store.runs.open(customer, "dan", builders.trigger(), builders.run())
    built = version(effects=(SEND,), rules=(), bounds=BOUNDS, **changed)
    store.keep(customer, "worker", built, "r-1")
    release(house, version=built.digest, stage=1, weight_bp=10_000)
    scopes = ("submit", "read")
    house.tokens["program"] = people.create_program_token(
        store, customer, "olga", person="dan", scopes=scopes
    )
    return house


def add_stranger(house: House) -> None:
    """Another customer of the same home, with an owner who may everything there."""
    other = people.add_customer(house.store, "other", "Other")
    people.add_person(house.store, other, "cli", builders.person(id=STRANGER, roles=("owner",)))
    house.tokens[STRANGER] = people.create_token(house.store, other, "cli", person=STRANGER)


def app_of(house: House) -> FastAPI:
    """The application over the home; time passes at once for whoever waits."""
    moments = count(0, 10)
    return make(Web(house.wired, lambda _: None, lambda: float(next(moments))))


def by(house: House, person: str) -> dict[str, str]:
    """The header of somebody."""
    return {"Authorization": f"Bearer {house.tokens[person]}"}


@contextmanager
def asking(house: House, person: str = "program") -> Iterator[TestClient]:
    """Somebody who asks the API; what fails there is an answer."""
    app = app_of(house)
    with TestClient(app, raise_server_exceptions=False, headers=by(house, person)) as client:
        yield client


def send(client: TestClient, key: str = "t1", text: str = TICKET["text"]) -> Any:
    """Send one item."""
    body = {"key": key, "input": {**TICKET, "text": text}}
    return client.post("/api/v1/workflows/desk/items", json=body)


def asked_item(house: House, client: TestClient, key: str = "t1") -> str:
    """An item that waits for a yes to what it would do; its id."""
    return work(house, send(client, key).json()["id"])


def waiting_item(house: House, client: TestClient, key: str = "r1") -> str:
    """An item of which the version was not sure, so that it waits for a person; its id."""
    return work(house, send(client, key, "unsure: where is my refund?").json()["id"])


def edited_item(house: House, client: TestClient, key: str = "e1") -> str:
    """An item whose answer a person set otherwise, which no dataset holds yet; its id."""
    item = waiting_item(house, client, key)
    said = Said("edit", ("act",), label="parcel", reason="it is about a parcel")
    review.answer(house.wired.reviews(), house.wired.identify(house.tokens["ben"]), item, said)
    return item


def declare_webhook(house: House) -> None:
    """An address that is told of ends; nobody is told here."""
    hook = Webhook(
        id="crm-hook",
        url="https://crm.example/in",
        events=("item.ended",),
        secret="env:CRM_HOOK",
        owner="ben",
        hours=24,
        declared_by="olga",
        declared_at=house.store.clock.now(),
    )
    house.store.webhooks.declare(house.customer, "olga", hook)


def known(house: House) -> dict[str, list[str]]:
    """For each place of a path every name of ours that may stand there; who waits comes first."""
    items = sorted(
        house.store.items.list(house.customer), key=lambda one: (one.status != "in_review", one.id)
    )
    asked = [one.id for item in items for one in of_item(house.store, house.customer, item.id)]
    store, customer = house.store, house.customer
    return {
        "workflow": ["desk"],
        "item": [one.id for one in items],
        "approval": asked,
        "edit": [one.review.id for one in offers.offered(store, customer)],
        "webhook": [one.id for one in store.webhooks.every(customer)],
    }


def work(house: House, id: str) -> str:
    """One job of the worker on an item, with a scripted answer."""
    deps = replace(house.wired.engines("w").process_deps(house.customer), answer=answer)
    process_item(deps, house.customer, id)
    return id
