"""A system that speaks HTTP, met on a real socket: asked once a key, and for nothing undeclared."""

import logging
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import respx
from pydantic import SecretStr, ValidationError

from runs.clock import StoppedClock
from runs.errors import InvalidInput, NotAllowed, NotFound, Unavailable
from tests.builders import NOW
from tests.receiver import Answering, Received, receiving
from tools.addresses import Refused, is_public
from tools.http.declared import Http
from tools.http.line import Line
from tools.http.system import HttpActs, HttpRecords
from tools.http.way import open_client
from tools.tool import ASKED, NotSent, Tool, probe, without_means

SECRET = "c4n4ry-s3cret"
KEY = "item-1:assign:abc"
TICKET = {"workflow": "desk", "effect": "assign", "item": "t/1", "label": "refund", "fields": {}}
WAY: dict[str, Any] = {
    "is_private": True,
    "timeout_s": 2,
    "look_up": {"path": "/effects/{key}"},
    "read": {"path": "/records/{key}"},
    "endpoints": {"assign": {"path": "/tickets/{item}/assign", "keeps": ["id"]}},
}
Outside = tuple[str, Received]


@pytest.fixture
def outside() -> Iterator[Outside]:
    """A system outside, and what it knows."""
    with receiving() as found:
        yield found


def line(url: str, client: httpx.Client | None = None, **changed: Any) -> Line:
    """The line to it; tries are not waited for."""
    declared = Http.model_validate(WAY | {"base_url": url} | changed)
    made = client or open_client(declared, lambda: 0.0)
    return Line(
        "desk", declared, made, SecretStr(SECRET), pause=lambda *_: None, seconds=lambda: 0.0
    )


def desk(url: str, client: httpx.Client | None = None, **changed: Any) -> HttpActs:
    """The tool that acts."""
    made = line(url, client, **changed)
    schema = dict.fromkeys(made.declared.endpoints, ASKED)
    return HttpActs(made, clock=StoppedClock(NOW), schema=schema)


def idempotent(**changed: Any) -> dict[str, Any]:
    """The endpoint, on a side that does it once a key."""
    return {"endpoints": {"assign": {"path": "/assign", "is_idempotent": True} | changed}}


def test_what_is_declared_is_done_once_under_its_key(outside: Outside) -> None:
    """The key is in the header, the content in the body, the item escaped in the path."""
    url, received = outside
    receipt = desk(url).act("assign", TICKET, KEY)

    [(key, effect)] = received.effects.items()
    assert (key, effect.path, effect.body) == (KEY, "/tickets/t%2F1/assign", TICKET)
    assert (receipt["key"], receipt["status"]) == (KEY, 201)
    assert set(receipt["answer"]) == {"id"}
    assert desk(url).find_receipt(KEY) is not None


def test_a_body_is_made_of_what_is_declared(outside: Outside) -> None:
    """A whole hole is the value, a hole in a text is text."""
    url, received = outside
    body = {"ticket": "{item}", "note": "goes to {label}", "all": ["{fields}"], "key": "{key}"}
    desk(url, endpoints={"assign": {"path": "/assign", "method": "PUT", "body": body}}).act(
        "assign", TICKET, KEY
    )

    assert received.effects[KEY].body == {
        "ticket": "t/1",
        "note": "goes to refund",
        "all": [{}],
        "key": KEY,
    }


@pytest.mark.parametrize(
    ("operation", "content", "says"),
    [
        ("delete", TICKET, "no operation"),
        ("assign", {"item": "t-1"}, "is missing"),
        ("assign", TICKET | {"item": ""}, "is empty"),
        ("assign", TICKET | {"item": ".."}, "leads out"),
    ],
)
def test_what_is_not_declared_is_not_asked(
    outside: Outside, operation: str, content: dict[str, Any], says: str
) -> None:
    """Nothing leaves this machine for it."""
    url, received = outside

    with pytest.raises(InvalidInput, match=says):
        desk(url).act(operation, content, KEY)
    assert received.asked == []


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, InvalidInput),
        (401, NotAllowed),
        (403, NotAllowed),
        (404, NotFound),
        (422, InvalidInput),
    ],
)
def test_a_refusal_says_that_nothing_was_done(
    outside: Outside, status: int, error: type[Exception]
) -> None:
    """And it is not tried again."""
    url, received = outside
    received.answers = [Answering(status=status, body=SECRET.encode())]

    with pytest.raises(error, match=f"POST /tickets/{{item}}/assign: answered {status}") as raised:
        desk(url).act("assign", TICKET, KEY)
    assert (received.effects, len(received.asked)) == ({}, 1)
    assert SECRET not in str(raised.value)


@pytest.mark.parametrize("broken", [Answering(status=500), Answering(does=True, hangs_up=True)])
def test_what_may_have_been_done_is_not_sent_again(outside: Outside, broken: Answering) -> None:
    """An answer that says nothing leaves it open, for whoever asks the other side."""
    url, received = outside
    received.answers = [broken]

    with pytest.raises(Unavailable) as raised:
        desk(url).act("assign", TICKET, KEY)
    assert not isinstance(raised.value, NotSent)
    assert len(received.asked) == 1
    assert (desk(url).find_receipt(KEY) is not None) == broken.does


def test_what_is_done_once_a_key_is_sent_again(outside: Outside) -> None:
    """The same request under the same key, and one effect."""
    url, received = outside
    received.answers = [Answering(does=True, hangs_up=True), Answering(status=503)]

    desk(url, **idempotent()).act("assign", TICKET, KEY)

    assert {headers["Idempotency-Key"] for headers in received.headers} == {KEY}
    assert (received.effects[KEY].done, received.effects[KEY].asked) == (1, 2)


def test_a_system_that_is_busy_is_asked_again(outside: Outside) -> None:
    """429 says that it did nothing."""
    url, received = outside
    received.answers = [Answering(status=429), Answering(status=429)]

    desk(url).act("assign", TICKET, KEY)

    assert received.effects[KEY].asked == 1


def test_a_system_that_is_not_there_surely_did_nothing() -> None:
    """Not a byte was sent: that is told apart from what may have been done."""
    with receiving() as (url, _):
        pass

    with pytest.raises(NotSent, match="cannot be reached"):
        desk(url).act("assign", TICKET, KEY)


def test_what_one_try_left_open_stays_open() -> None:
    """A later try that surely did nothing does not close it."""
    client = httpx.Client()
    with respx.mock(base_url="http://desk.test") as routes:
        routes.post("/assign").mock(side_effect=[httpx.ReadTimeout, httpx.ConnectError("")] * 2)
        with pytest.raises(Unavailable) as raised:
            desk("http://desk.test", client, **idempotent(), tries=2).act("assign", TICKET, KEY)

    assert not isinstance(raised.value, NotSent)


@pytest.mark.parametrize("is_done", [True, False])
def test_a_conflict_is_asked_about(outside: Outside, *, is_done: bool) -> None:
    """Done before is its receipt; under way, or another's, stays open."""
    url, received = outside
    received.answers = [Answering(status=409, does=is_done)]

    if is_done:
        assert desk(url).act("assign", TICKET, KEY)["found"]
    else:
        with pytest.raises(Unavailable, match="under way"):
            desk(url).act("assign", TICKET, KEY)


@pytest.mark.parametrize("status", [302, 303, 307, 308])
def test_an_act_follows_no_redirect(outside: Outside, status: int) -> None:
    """Where it leads was not declared, and what it means for the effect nobody knows."""
    url, received = outside
    received.answers = [Answering(status=status, headers={"Location": f"{url}/elsewhere"})]

    with pytest.raises(Unavailable, match=str(status)):
        desk(url).act("assign", TICKET, KEY)
    assert len(received.asked) == 1


def test_a_look_is_led_to_the_same_host_only(outside: Outside) -> None:
    """The secret is never shown to another host, not even to another port of this one."""
    url, received = outside
    received.records["c-1"] = {"tier": "plus"}
    received.answers = [Answering(status=307, headers={"Location": "/records/c-1"})]
    reading = desk(url).read("moved")
    with receiving() as (other, strange):
        received.answers = [Answering(status=307, headers={"Location": f"{other}/records/c-1"})]
        with pytest.raises(InvalidInput, match="another place"):
            desk(url).read("moved")

    assert reading is not None
    assert reading.value == {"tier": "plus"}
    assert strange.asked == []


def test_a_large_answer_is_not_read_to_its_end(outside: Outside) -> None:
    """Of a record that is an error; of an effect the receipt says what is known."""
    url, received = outside
    received.answers = [Answering(body=b"x" * 2_000), Answering(body=b"x" * 2_000)]
    small = desk(url, max_bytes=1_000)

    with pytest.raises(InvalidInput, match="more than 1000 bytes"):
        small.read("c-1")
    assert small.act("assign", TICKET, KEY)["status"] == 200


@pytest.mark.parametrize(
    ("body", "says"), [(b"<html>", "no JSON"), (b"[1, 2]", "more than one"), (b"7", "no record")]
)
def test_an_answer_that_is_no_record_is_refused(outside: Outside, body: bytes, says: str) -> None:
    """Garbage is no context."""
    url, received = outside
    received.answers = [Answering(body=body)]

    with pytest.raises(InvalidInput, match=says):
        desk(url).read("c-1")


def test_a_record_is_read_by_its_key(outside: Outside) -> None:
    """With a version that changes with it; nothing there is None; a number too large is text."""
    url, received = outside
    received.records["c-1"] = {"id": 2**60, "tier": "plus"}
    crm = HttpRecords(line(url, endpoints={}), clock=StoppedClock(NOW))
    first, second, missing = crm.read("c-1"), crm.read("c-1"), crm.read("c-2")

    assert first is not None
    assert first.value == {"id": str(2**60), "tier": "plus"}
    assert (first, missing) == (second, None)
    with pytest.raises(NotAllowed, match="reads only"):
        crm.act("assign", TICKET, KEY)


def test_the_secret_is_sent_and_told_to_nobody(
    outside: Outside, caplog: pytest.LogCaptureFixture
) -> None:
    """It is in no error, no log, no repr and no receipt."""
    url, received = outside
    received.answers = [Answering(), Answering(status=500)]
    caplog.set_level(logging.DEBUG)
    tool = desk(url, **idempotent(keeps=["authorization"]), tries=1)
    receipt = tool.act("assign", TICKET, KEY)
    with pytest.raises(Unavailable) as raised:
        tool.act("assign", TICKET, KEY)

    assert received.headers[0]["Authorization"] == f"Bearer {SECRET}"
    told = f"{receipt}{raised.value}{raised.value.__context__}{tool}{caplog.text}"
    assert SECRET not in told


@pytest.mark.parametrize(
    ("auth", "name", "value"),
    [
        ("basic", "Authorization", "Basic YzRuNHJ5LXMzY3JldDo="),
        ("header:X-Api-Key", "X-Api-Key", SECRET),
    ],
)
def test_the_secret_is_sent_as_declared(outside: Outside, auth: str, name: str, value: str) -> None:
    """As a user with a password, or in a header of its own."""
    url, received = outside
    desk(url, auth=auth).read("c-1")

    assert received.headers[0][name] == value


def test_without_a_look_up_nobody_can_tell(outside: Outside) -> None:
    """No receipt then means nothing."""
    url, _ = outside
    blind = desk(url, look_up=None)
    unsure = desk(url, look_up={"path": "/effects/{key}", "tells_absence": False})

    assert (blind.find_receipt(KEY), blind.remembers_keys) == (None, False)
    assert (unsure.find_receipt(KEY), unsure.remembers_keys) == (None, False)
    assert desk(url).remembers_keys


@pytest.mark.parametrize("body", [b"[]", b'{"found": []}', b""])
def test_an_empty_answer_to_a_look_up_is_no_receipt(outside: Outside, body: bytes) -> None:
    """A list that is searched for a key may be empty."""
    url, received = outside
    received.answers = [Answering(body=body)]
    look_up = {"path": "/payments?reference={key}", "field": "found"}

    assert desk(url, look_up=look_up).find_receipt(KEY) is None


def test_a_private_address_is_reached_only_where_it_is_declared(outside: Outside) -> None:
    """A public name that leads into the network is refused at the connection itself."""
    url, received = outside
    sly = Http.model_validate(WAY | {"base_url": "https://desk.example", "is_private": False})
    client = open_client(sly, lambda: 0.0)

    with pytest.raises(Refused, match="is_private"):
        client.get(url)
    assert received.asked == []


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("127.0.0.1", False),
        ("10.1.2.3", False),
        ("192.168.1.1", False),
        ("169.254.169.254", False),
        ("0.0.0.0", False),
        ("100.64.0.1", False),
        ("::1", False),
        ("fe80::1%eth0", False),
        ("fd00::1", False),
        ("::ffff:10.0.0.1", False),
        ("224.0.0.1", False),
        ("2002:7f00:1::", False),
        ("64:ff9b::a9fe:a9fe", False),
        ("::ffff:1.1.1.1", True),
        ("1.1.1.1", True),
        ("2606:4700::1111", True),
    ],
)
def test_only_addresses_of_the_open_internet_are_public(address: str, *, expected: bool) -> None:
    """Cloud metadata, link-local and mapped addresses are not."""
    assert is_public(address) is expected


def test_a_tool_without_means_asks_nobody(outside: Outside) -> None:
    """In the sandbox nothing is done and nothing is read of what acts."""
    url, received = outside
    tool: Tool = without_means(desk(url))

    with pytest.raises(NotAllowed, match="sandbox"):
        tool.act("assign", TICKET, KEY)
    with pytest.raises(NotAllowed, match="sandbox"):
        tool.read("c-1")
    assert received.asked == []


def test_it_is_reached_without_changing_it(outside: Outside) -> None:
    """By its probe where it has one, else by asking for a key that nobody used."""
    url, received = outside
    assert probe(desk(url), [], 5) == []
    received.answers = [Answering(status=503)] * 3

    with pytest.raises(Unavailable):
        probe(desk(url), [], 5)
    with pytest.raises(NotFound):
        probe(desk(url, probe={"path": "/nowhere"}), [], 5)
    assert {method for method, _ in received.asked} == {"GET"}


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"base_url": "https://user:pass@desk.example"}, "credential"),
        ({"base_url": "desk.example"}, "write it as"),
        ({"base_url": "http://desk.example", "is_private": False}, "https"),
        ({"look_up": None, "read": None}, "nobody could tell"),
        ({"look_up": {"path": "/effects"}}, "{key}"),
        ({"auth": "digest"}, "bearer"),
        ({"endpoints": {"assign": {"path": "//evil /x"}}}, "pattern"),
        ({"endpoints": {"assign": {"path": "/assign", "method": "GET"}}}, "method"),
    ],
)
def test_what_is_declared_wrongly_is_refused(changed: dict[str, Any], says: str) -> None:
    """Before anything is reached, and without repeating a secret."""
    with pytest.raises(ValidationError, match=says):
        Http.model_validate(WAY | {"base_url": "https://desk.example"} | changed)
