"""Addresses that are told what happens: signed, at least once, by id, whoever dies in between."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from pilotage import postman, watchdog
from pilotage.postman import Ways, round_of
from runs import tables
from runs.clock import StoppedClock
from runs.records.webhook import Told, Webhook
from tests.builders import NOW
from tests.integration import api_home
from tests.receiver import Answering, Received, receiving
from tests.unit.pilotage.homes import House, stopped
from tools import webhooks
from tools.http.way import Reached
from tools.webhooks import Line, Message, Sent

SECRET = "whsec_" + base64.b64encode(b"a secret of twenty-four or more bytes").decode()
OLDER = "an older secret, written as plain text"
MANY = 1_100
DELIVERED = {"status": "delivered"}
EVENTS: tuple[Told, ...] = ("item.ended", "review.opened", "approval.asked")


class Killed(BaseException):
    """The process is gone; nothing that catches errors catches this."""


@pytest.fixture
def receiver() -> Iterator[tuple[str, Received]]:
    """The customer's system: its URL, and what it was asked."""
    with receiving() as made:
        yield made


@pytest.fixture
def house(tmp_path: Path) -> House:
    """A home with secrets; its clock stands still."""
    house = api_home.desk_house(tmp_path / "home")
    folder = house.wired.home.secrets
    folder.mkdir(exist_ok=True)
    (folder / "hook").write_text(SECRET, encoding="utf-8")
    (folder / "older").write_text(OLDER, encoding="utf-8")
    stopped(house)
    return house


def declare(house: House, url: str, **changed: Any) -> Webhook:
    """An address that is told of items, reviews and questions."""
    told = {
        "id": "crm",
        "url": f"{url}/in",
        "events": EVENTS,
        "secret": "file:hook",
        "is_private": True,
        "owner": "ben",
        "declared_by": "olga",
        "declared_at": NOW,
    }
    made = Webhook.model_validate(told | changed)
    return house.store.webhooks.declare(house.customer, "olga", made)


def ask(house: House, key: str = "t1") -> str:
    """An item that waits for a yes: one question is asked."""
    with api_home.asking(house) as client:
        return api_home.asked_item(house, client, key)


def tell(house: House, ways: Ways = postman.WAYS) -> int:
    """One round of the worker."""
    return round_of(house.wired, house.customer, ways)


def turn(house: House, **by: float) -> None:
    """Let time pass."""
    clock = house.wired.clock
    assert isinstance(clock, StoppedClock)
    clock.turn(timedelta(**by))


def is_signed(headers: dict[str, str], body: bytes, key: bytes) -> bool:
    """Whether one of the signatures is made with this key, as Standard Webhooks says."""
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    made = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    return f"v1,{made}" in headers["webhook-signature"].split()


def low(headers: dict[str, str]) -> dict[str, str]:
    """Names of headers as they are compared."""
    return {name.lower(): value for name, value in headers.items()}


@pytest.mark.both_databases
def test_what_happened_is_told_once_signed_by_ids_and_states(
    house: House, receiver: tuple[str, Received]
) -> None:
    """Nothing that happened before; nobody's words; a second round tells nothing."""
    url, received = receiver
    ask(house, "before")
    declare(house, url)
    item = ask(house)
    first, again = tell(house), tell(house)

    [asked] = house.store.webhooks.deliveries(house.customer, limit=9)
    [body] = received.bodies
    [headers] = map(low, received.headers)
    told = json.loads(body)
    assert (first, again, asked.status, asked.answer) == (1, 0, "delivered", "201")
    assert (told["type"], told["data"]["kind"]) == ("approval.asked", "action")
    assert told["data"]["approval"].startswith(item)
    assert headers["webhook-id"] == asked.id
    assert is_signed(headers, body, base64.b64decode(SECRET.removeprefix("whsec_")))
    assert b"refund" not in body


@pytest.mark.both_databases
def test_an_items_end_is_told_with_its_status(house: House, receiver: tuple[str, Received]) -> None:
    """Called off it is closed."""
    declare(house, receiver[0])
    item = ask(house)
    house.wired.call_off(house.wired.identify(house.tokens["dan"]), item, "sent by mistake")
    tell(house)

    ended = json.loads(receiver[1].bodies[-1])
    assert ended["type"] == "item.ended"
    assert ended["data"] | {"release": ""} == {
        "item": item,
        "status": "closed",
        "workflow": "desk",
        "release": "",
    }
    assert "mistake" not in str(receiver[1].bodies)


def test_what_is_not_taken_is_told_again_under_the_same_id(
    house: House, receiver: tuple[str, Received]
) -> None:
    """Never sooner than the other side asks for, and the body is the same to the byte."""
    url, received = receiver
    received.answers = [Answering(503, headers={"Retry-After": "600"}), Answering(500)]
    declare(house, url)
    ask(house)
    tell(house)
    early = tell(house)
    turn(house, seconds=599)
    asked_for = tell(house)
    turn(house, seconds=1)
    second = tell(house)
    turn(house, hours=1)
    third = tell(house)

    [one] = house.store.webhooks.deliveries(house.customer, limit=9)
    assert (early, asked_for, second, third) == (0, 0, 1, 1)
    assert (one.status, one.tries) == ("delivered", 3)
    assert len({low(each)["webhook-id"] for each in received.headers}) == 1
    assert len(set(received.bodies)) == 1


@pytest.mark.both_databases
def test_whoever_dies_between_sending_and_writing_it_down_sends_it_again(
    house: House, receiver: tuple[str, Received]
) -> None:
    """At least once, under one id, so that the other side does it once."""
    declare(house, receiver[0])
    ask(house)

    class Mortal(Line):
        def send(self, message: Message, keys: Any) -> Sent:
            super().send(message, keys)
            raise Killed

    @contextmanager
    def mortal(place: Reached) -> Iterator[Line]:
        with webhooks.opened(place, time.monotonic) as line:
            yield Mortal(line.place, line.client)

    with pytest.raises(Killed):
        tell(house, Ways(open=mortal))
    tell(house)

    [one] = house.store.webhooks.deliveries(house.customer, limit=9)
    assert one.status == "delivered"
    assert [low(each)["webhook-id"] for each in receiver[1].headers] == [one.id, one.id]


def test_what_nobody_takes_in_time_is_given_up_and_its_owner_is_told_once(
    house: House, receiver: tuple[str, Received]
) -> None:
    """Told again it goes under the same id, and then all is well."""
    url, received = receiver
    received.answers = [Answering(500) for _ in range(3)]
    declare(house, url, hours=1)
    ask(house)
    for _ in range(3):
        tell(house, Ways(chance=lambda: 1.0))
        turn(house, hours=1)
    [one] = house.store.webhooks.deliveries(house.customer, limit=9)
    watchdog.look(house.wired, house.customer)
    watchdog.look(house.wired, house.customer)
    notices = sorted((house.folder / "notices" / "acme").glob("*webhook*"))
    count = house.store.webhooks.resend(house.customer, "ben", one.id)
    received.answers = []
    tell(house)
    watchdog.look(house.wired, house.customer)

    [after] = house.store.webhooks.deliveries(house.customer, limit=9)
    assert (one.status, after.status, after.id) == ("dead", "delivered", one.id)
    assert len(notices) == 1
    left = [one.kind for one in watchdog.open_now(house.wired, house.customer)]
    assert "webhook_given_up" not in left
    assert "To: ben" in notices[0].read_text(encoding="utf-8")
    assert count == 1


@pytest.mark.both_databases
def test_all_that_was_given_up_is_told_again_however_much_it_is(house: House) -> None:
    """Of this address alone; what was delivered is not. One event says how many."""
    declare(house, "https://crm.example/in")
    rows = [_given_up(house, "crm", n) for n in range(MANY)]
    rows += [_given_up(house, "other", MANY), _given_up(house, "crm", MANY) | DELIVERED]
    with house.store.database.writing() as connection:
        connection.execute(tables.deliveries.insert(), rows)
    again = house.run("webhook", "resend", "crm", "--dead", by="ben")
    counted = house.store.webhooks.count(house.customer, "crm")
    event = house.store.events(house.customer, limit=None)[-1]

    assert f"{MANY} told again" in again.stdout
    assert (counted.waiting, counted.dead, counted.delivered) == (MANY, 0, 1)
    assert (event.kind, event.body["deliveries"], event.body["first"]) == (
        "webhook_resent",
        MANY,
        "crm-0",
    )


def _given_up(house: House, webhook: str, seq: int) -> dict[str, Any]:
    """The row of a delivery that nobody took."""
    told = {"id": f"{webhook}-{seq}", "webhook": webhook, "seq": seq, "tries": 3, "answer": "500"}
    told |= {"customer": house.customer.id, "type": "item.ended", "subject": "i-1", "body": {}}
    times = dict.fromkeys(("made_at", "due_at", "ended_at"), "2026-04-01T00:00:00.000000Z")
    return told | times | {"status": "dead"}


def test_while_two_secrets_hold_each_of_them_proves_it(
    house: House, receiver: tuple[str, Received]
) -> None:
    """So that the other side takes the next one over at its own time."""
    url, received = receiver
    declare(house, url, secret="file:older")
    house.run("webhook", "change", "crm", "--secret", "file:hook")
    ask(house)
    tell(house)
    house.run("webhook", "change", "crm", "--retire")
    ask(house, "t2")
    tell(house)

    newer, older = base64.b64decode(SECRET.removeprefix("whsec_")), OLDER.encode()
    [both, one] = zip(map(low, received.headers), received.bodies, strict=True)
    assert (is_signed(*both, newer), is_signed(*both, older)) == (True, True)
    assert (is_signed(*one, newer), is_signed(*one, older)) == (True, False)


def test_a_public_address_that_leads_inside_is_never_reached(
    house: House, receiver: tuple[str, Received]
) -> None:
    """The very address is looked at when it is connected to."""
    url, received = receiver
    declare(house, url, is_private=False)
    ask(house)
    tell(house)

    [one] = house.store.webhooks.deliveries(house.customer, limit=9)
    assert received.asked == []
    assert "private network" in one.answer


def test_a_redirect_is_followed_nowhere(house: House, receiver: tuple[str, Received]) -> None:
    """It is an answer that took nothing."""
    url, received = receiver
    received.answers = [Answering(302, headers={"Location": f"{url}/other"})]
    declare(house, url)
    ask(house)
    tell(house)

    [one] = house.store.webhooks.deliveries(house.customer, limit=9)
    assert (one.status, one.answer, len(received.asked)) == ("waiting", "302", 1)


def test_an_address_that_does_not_answer_keeps_no_other_waiting(
    house: House, receiver: tuple[str, Received]
) -> None:
    """Of one that took nothing the next is not even tried."""
    url, received = receiver
    declare(house, "http://127.0.0.1:1")
    declare(house, url, id="desk")
    ask(house)
    ask(house, "t2")
    tell(house)

    tries = [one.tries for one in house.store.webhooks.deliveries(house.customer, "crm", limit=9)]
    assert sorted(tries) == [0, 1]
    assert len(received.bodies) == 2


def test_a_stopped_address_is_told_of_nothing_that_happens_meanwhile(
    house: House, receiver: tuple[str, Received]
) -> None:
    """Nor afterwards, once it goes on."""
    declare(house, receiver[0])
    house.run("webhook", "change", "crm", "--stop")
    ask(house)
    tell(house)
    house.run("webhook", "change", "crm", "--go-on")
    ask(house, "t2")
    tell(house)

    assert len(receiver[1].bodies) == 1


ADD = ("webhook", "add", "crm", "https://crm.example/in", "--event", "run.ended", "--owner", "ben")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((*ADD, "--secret", "file:none"), "nothing stands there"),
        ((*ADD, "--secret", SECRET), "nothing stands there"),
        ((*ADD[:-1], "nobody", "--secret", "file:hook"), "is nobody here"),
        (("webhook", "add", "crm", "http://a/", *ADD[4:], "--secret", "file:hook"), "https"),
        (
            ("webhook", "add", "crm", "https://u:p@a/", *ADD[4:], "--secret", "file:hook"),
            "credential",
        ),
        ((*ADD, "--secret", "file:short"), "at least 24"),
    ],
)
def test_what_cannot_be_told_is_not_declared(
    house: House, arguments: tuple[str, ...], says: str
) -> None:
    """With the remedy, and never with the secret."""
    (house.wired.home.secrets / "short").write_text("short", encoding="utf-8")
    result = house.run(*arguments)

    assert result.exit_code != 0
    assert says in result.stderr
    assert SECRET not in result.output
    assert house.store.webhooks.every(house.customer) == []


def test_an_address_and_what_it_was_told_are_shown(
    house: House, receiver: tuple[str, Received]
) -> None:
    """With what it answered and where its secret stands; only an owner declares one."""
    url = f"{receiver[0]}/in"
    told = ("--private", "--secret", "file:hook", "--event", "approval.asked", "--owner", "ben")
    refused = house.run("webhook", "add", "crm", url, *told, by="ben")
    house.run("webhook", "add", "crm", url, *told)
    ask(house)
    tell(house)
    shown = house.run("webhook", "show", "crm", by="dan").stdout
    listed = json.loads(house.run("webhook", "list", "--json", by="dan").stdout)["webhooks"]
    [one] = house.store.webhooks.deliveries(house.customer, limit=9)
    again = house.run("webhook", "resend", one.id, by="ben")

    assert refused.exit_code != 0
    assert "1 told again" in again.stdout
    assert "file:hook" in shown
    assert "delivered, 1 tries, 201" in shown
    assert (listed[0]["id"], listed[0]["delivered"], listed[0]["waiting"]) == ("crm", 1, 0)
    assert house.run("audit", "verify").exit_code == 0
