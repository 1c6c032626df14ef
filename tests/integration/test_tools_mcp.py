"""An MCP server, a real program or a real server: asked only for what is declared and pinned."""

import json
import logging
import os
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from pilotage.pinned import Seen, look
from runs.clock import StoppedClock
from runs.errors import InvalidInput, NotAllowed, Unavailable
from tests import mcp_desk
from tests.builders import NOW
from tests.mcp_desk import SAYS, serving
from tests.receiver import Answering, receiving
from tools.addresses import Refused
from tools.mcp.declared import Mcp
from tools.mcp.line import Line
from tools.mcp.pins import pinned
from tools.mcp.system import McpActs, McpRecords
from tools.mcp.wire import Server
from tools.pace import NotYet
from tools.tool import ASKED, NotSent, probe, without_means

RAW = Path(mcp_desk.__file__).with_name("mcp_raw.py")
KEY = "item-1:assign:abc"
SECRET = "c4n4ry-mcp"
TICKET = {"workflow": "desk", "effect": "assign", "item": "t-1", "label": "refund", "fields": {}}
ASSIGN = {"ticket": "{item}", "queue": "{label}", "key": "{key}"}
DESK: dict[str, Any] = {
    "is_private": True,
    "timeout_s": 20,
    "tries": 2,
    "read": {"tool": "get_account", "arguments": {"id": "{key}"}, "field": "account"},
    "look_up": {"tool": "find_effect", "arguments": {"key": "{key}"}, "field": "found"},
    "operations": {"assign": {"tool": "assign", "arguments": ASSIGN, "keeps": ["id"]}},
}


def line(mcp: Mcp, folder: Path, secret: str = SECRET) -> Line:
    """The line to a server; tries are not waited for."""
    told = SecretStr(secret) if secret else None
    return Line(
        Server("desk", mcp, folder, told),
        known=Seen(folder / "seen").find,
        pause=lambda *_: None,
    )


def pins(mcp: Mcp, folder: Path) -> dict[str, Any]:
    """What is declared, with the pins of what the server offers now."""
    offers = {one.place: one.digest for one in look(line(mcp, folder), Seen(folder / "seen"))}
    told = mcp.model_dump(exclude_defaults=True)
    for place in ("read", "look_up"):
        if place in told:
            told[place]["pin"] = offers[place]
    for name, one in told.get("operations", {}).items():
        one["pin"] = offers[f"operations.{name}"]
    return told


class Desk:
    """A server over HTTP, and how it is declared."""

    def __init__(self, url: str, folder: Path) -> None:
        self.folder = folder
        self.declared = pins(Mcp.model_validate(DESK | {"url": url}), folder)

    def acts(self, **changed: Any) -> McpActs:
        """The tool that acts; `changed` are of its one operation, or of the server."""
        own = {n: changed.pop(n) for n in list(changed) if n in ("error_is_refusal", "pin")}
        assign = self.declared["operations"]["assign"] | own
        mcp = Mcp.model_validate(self.declared | {"operations": {"assign": assign}} | changed)
        return McpActs(line(mcp, self.folder), clock=StoppedClock(NOW), schema={"assign": ASKED})

    @property
    def effects(self) -> list[dict[str, Any]]:
        """What it did."""
        return [json.loads(one.read_text()) for one in self.folder.glob("*.effect")]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """A server in a process of its own."""
    folder = tmp_path_factory.mktemp("desk")
    (folder / "records.json").write_text('{"c-1": {"tier": "plus"}, "c-2": [1, 2]}')
    with serving(folder) as url:
        yield Desk(url, folder)


@pytest.fixture
def desk(server: Desk) -> Desk:
    """The server, having done nothing."""
    for one in server.folder.glob("*.effect"):
        one.unlink()
    return server


def raw(mode: str, folder: Path, pin: str = "", **declared: Any) -> McpRecords:
    """A program that speaks so, read by key; `pin` of the well-behaved one unless given."""
    told: dict[str, Any] = {
        "command": [sys.executable, "-I", str(RAW), mode, str(folder / "notes")],
        "secret_env": "DESK_SECRET",
        "timeout_s": 20,
        "tries": 2,
        "read": {"tool": "get", "arguments": {"id": "{key}"}, "pin": pin or GOOD},
    }
    made = line(Mcp.model_validate(told | declared), folder)
    return McpRecords(made, clock=StoppedClock(NOW))


READS = {"type": "object", "properties": {"id": {"type": "string"}}, "required": ["id"]}
PUT: dict[str, Any] = {"name": "put", "inputSchema": READS}
GET: dict[str, Any] = {"name": "get", "description": "One record.", "inputSchema": READS}
GOOD = pinned(GET)


def puts(mode: str, folder: Path, **declared: Any) -> McpActs:
    """A program that speaks so, acted on."""
    put = {"tool": "put", "arguments": {"id": "{item}", "key": "{key}"}, "pin": pinned(PUT)}
    told = {"operations": {"put": put | declared.pop("put", {})}, "read": None} | declared
    return McpActs(raw(mode, folder, **told).line, clock=StoppedClock(NOW), schema={"put": ASKED})


def notes(folder: Path) -> list[str]:
    """Every call of a tool that a program noted."""
    file = folder / "notes"
    return file.read_text().splitlines() if file.exists() else []


def test_what_is_declared_is_asked_once_with_its_key(desk: Desk) -> None:
    """The receipt keeps what it should, and the server is asked for it by the key."""
    tool = desk.acts()
    before = tool.find_receipt(KEY)
    receipt = tool.act("assign", TICKET, KEY)
    found = tool.find_receipt(KEY)

    assert [(one["key"], one["queue"], one["done"]) for one in desk.effects] == [(KEY, "refund", 1)]
    assert (before, receipt["answer"], receipt["key"]) == (None, {"id": "e-t-1"}, KEY)
    assert found is not None
    assert (found["found"], found["answer"]) == (True, {"id": "e-t-1"})
    assert tool.remembers_keys


def test_a_record_is_read_by_its_key(desk: Desk) -> None:
    """With a version that changes with it; more than one is none."""
    tool = desk.acts()
    first, second = tool.read("c-1"), tool.read("c-1")

    assert first is not None
    assert (first.value, first) == ({"tier": "plus"}, second)
    with pytest.raises(InvalidInput, match="more than one"):
        tool.read("c-2")


def test_an_error_of_a_look_is_no_record_only_where_that_is_declared(desk: Desk) -> None:
    """Its words, and the secret in them, are told to nobody."""
    read = desk.declared["read"] | {"error_is_absence": True}

    assert desk.acts(read=read).read("nobody") is None
    with pytest.raises(InvalidInput, match="answered with an error") as raised:
        desk.acts().read("nobody")
    assert SAYS not in str(raised.value)


@pytest.mark.parametrize(("is_refusal", "error"), [(True, InvalidInput), (False, Unavailable)])
def test_an_error_of_an_act_leaves_it_open_unless_it_is_a_refusal(
    desk: Desk, *, is_refusal: bool, error: type[Exception]
) -> None:
    """Only who declares the server knows what its errors mean."""
    tool = desk.acts(error_is_refusal=is_refusal)

    with pytest.raises(error) as raised:
        tool.act("assign", TICKET | {"label": "fail"}, KEY)
    assert SAYS not in str(raised.value)
    assert not isinstance(raised.value, NotSent)


def test_more_than_is_listened_to_leaves_an_act_open_and_refuses_a_record(
    desk: Desk, tmp_path: Path
) -> None:
    """It was done once, and asking by its key says so."""
    tool = desk.acts()
    with pytest.raises(Unavailable, match="more than 1000000 bytes"):
        tool.act("assign", TICKET | {"label": "large"}, KEY)

    assert [one["done"] for one in desk.effects] == [1]
    assert tool.find_receipt(KEY) is not None
    with pytest.raises(InvalidInput, match="more than 1000000 bytes"):
        raw("endless", tmp_path).read("c-1")


def test_a_program_is_asked_and_given_its_secret_and_nothing_of_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A number too large is text."""
    monkeypatch.setenv("PILOTAGE_TOKEN", "t0ken")
    reading = raw("good", tmp_path).read("c-1")

    assert reading is not None
    assert (reading.value["id"], reading.value["large"]) == ("c-1", str(2**70))
    assert reading.value["env"]["DESK_SECRET"] == SECRET
    assert "PILOTAGE_TOKEN" not in reading.value["env"]


@pytest.mark.parametrize(
    ("mode", "says"),
    [
        ("changed", "inputSchema.properties.id.type: string, now integer"),
        ("changed", "inputSchema.properties.why is there now"),
        ("changed", "inputSchema.required is gone"),
        ("reworded", "description says something else"),
        ("gone", "offers no 'get' any more"),
    ],
)
def test_a_tool_that_is_not_what_was_pinned_is_not_asked(
    tmp_path: Path, mode: str, says: str
) -> None:
    """With the difference, the remedy and none of the server's words."""
    Seen(tmp_path / "seen").keep(GET)

    with pytest.raises(NotAllowed, match="pilotage tool show desk") as raised:
        raw(mode, tmp_path).read("c-1")
    assert says in str(raised.value)
    assert "IGNORE" not in str(raised.value)
    assert notes(tmp_path) == []


@pytest.mark.parametrize(
    ("mode", "says"), [("good", "is not pinned"), ("refers", "another document")]
)
def test_what_is_not_wholly_pinned_is_not_asked(tmp_path: Path, mode: str, says: str) -> None:
    """Nobody agreed to it, or to what stands elsewhere."""
    schema = {"type": "object", "properties": {"id": {"$ref": "http://evil.example/id"}}}
    pin = pinned(GET | {"inputSchema": schema})
    read = {"tool": "get", "arguments": {"id": "{key}"}}
    read |= {"pin": pin} if mode == "refers" else {}

    with pytest.raises(NotAllowed, match=says):
        raw(mode, tmp_path, read=read).read("c-1")
    assert notes(tmp_path) == []


@pytest.mark.parametrize(
    ("mode", "error"),
    [
        ("garbage", NotSent),
        ("silent", NotSent),
        ("dies", Unavailable),
        ("hangs", Unavailable),
        ("endless", Unavailable),
        ("refuses", InvalidInput),
        ("fails", Unavailable),
    ],
)
def test_an_act_is_known_to_be_undone_or_left_open(
    tmp_path: Path, mode: str, error: type[Exception], caplog: pytest.LogCaptureFixture
) -> None:
    """It ends in time, is asked once at most, and nothing of it is logged."""
    caplog.set_level(logging.DEBUG)
    timeout_s = {"garbage": 0.3, "silent": 0.3, "hangs": 1.0}.get(mode, 20)

    with pytest.raises(error) as raised:
        puts(mode, tmp_path, timeout_s=timeout_s, tries=1).act("put", TICKET, KEY)
    assert isinstance(raised.value, NotSent) == (error is NotSent)
    assert len(notes(tmp_path)) == (error is Unavailable)
    assert "IGNORE" not in f"{raised.value}{raised.value.__context__}{caplog.text}"
    assert SECRET not in f"{raised.value!r}{caplog.text}"


@pytest.mark.parametrize(("is_idempotent", "asked"), [(True, 2), (False, 1)])
def test_only_what_is_done_once_a_key_is_asked_again(
    tmp_path: Path, *, is_idempotent: bool, asked: int
) -> None:
    """What may have been done is not repeated."""
    with pytest.raises(Unavailable):
        puts("dies", tmp_path, put={"is_idempotent": is_idempotent}).act("put", TICKET, KEY)

    assert notes(tmp_path) == [f'put {{"id": "t-1", "key": "{KEY}"}}'] * asked


@pytest.mark.parametrize(
    ("mode", "says"),
    [("words", "no JSON"), ("number", "no record"), ("nan", "no JSON"), ("deep", "no JSON")],
)
def test_an_answer_that_is_no_record_is_refused(tmp_path: Path, mode: str, says: str) -> None:
    """Garbage is no context."""
    with pytest.raises(InvalidInput, match=says):
        raw(mode, tmp_path).read("c-1")


def test_a_program_that_cannot_be_started_surely_did_nothing(tmp_path: Path) -> None:
    """It is not there."""
    with pytest.raises(NotSent, match="cannot be reached"):
        puts("good", tmp_path, command=[str(tmp_path / "nowhere")]).act("put", TICKET, KEY)


def test_a_program_that_does_not_end_is_ended(tmp_path: Path) -> None:
    """After the use nothing of it is left."""
    assert raw("stubborn", tmp_path).line.server.offers()

    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "notes").read_text().split()[0]), 0)


def test_a_private_server_is_reached_only_where_it_is_declared(desk: Desk) -> None:
    """A public name that leads into the network is refused at the connection itself."""
    url = desk.declared["url"].replace("http:", "https:")

    with pytest.raises(Refused, match="is_private"):
        desk.acts(is_private=False, url=url).act("assign", TICKET, KEY)
    assert desk.effects == []


@pytest.mark.parametrize(
    ("status", "error"),
    [(401, NotAllowed), (403, NotAllowed), (429, NotSent), (500, NotSent), (307, NotSent)],
)
def test_a_server_that_lets_nobody_in_is_not_followed_or_quoted(
    desk: Desk, status: int, error: type[Exception]
) -> None:
    """Another host never sees the secret, and an answer that repeats it is not repeated."""
    with receiving() as (url, received), receiving() as (other, strange):
        answer = Answering(status, SECRET.encode(), {"Location": f"{other}/mcp"})
        received.answers = [answer] * 20
        with pytest.raises(error) as raised:
            desk.acts(url=url, tries=1).act("assign", TICKET, KEY)

    assert received.headers[0]["Authorization"] == f"Bearer {SECRET}"
    assert SECRET not in f"{raised.value!r}{raised.value.__context__!r}"
    assert strange.asked == []


def test_it_is_reached_without_asking_any_of_its_tools(desk: Desk, tmp_path: Path) -> None:
    """It is there and what was pinned; otherwise that is told."""
    assert probe(desk.acts(), [], 5) == []
    assert probe(puts("good", tmp_path), [], 5) == []

    with pytest.raises(NotAllowed, match="not pinned"):
        probe(desk.acts(pin=""), [], 5)
    assert (desk.effects, notes(tmp_path)) == ([], [])


def test_without_means_none_of_its_tools_is_asked(desk: Desk, tmp_path: Path) -> None:
    """In the sandbox nothing is done; what only reads is read."""
    bare = without_means(desk.acts())

    with pytest.raises(NotAllowed, match="sandbox"):
        bare.act("assign", TICKET, KEY)
    with pytest.raises(NotAllowed, match="reads only"):
        raw("good", tmp_path).act("put", TICKET, KEY)
    assert (desk.effects, notes(tmp_path)) == ([], [])


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"url": "https://user:pass@desk.example/mcp"}, "credential"),
        ({"url": "http://desk.example/mcp", "is_private": False}, "encrypted"),
        ({"command": ["desk"]}, "only one of them"),
        ({"url": ""}, "url or command"),
        ({"auth": "basic"}, "bearer"),
        ({"read": {"tool": "get"}}, "{key}"),
        ({"read": {"tool": "get it", "arguments": {"a": "{key}"}}}, "pattern"),
        ({"operations": {"a": {"tool": "put", "is_idempotent": True}}}, "{key}"),
        ({"read": None, "look_up": None, "operations": {}}, "read or operations"),
    ],
)
def test_what_is_declared_wrongly_is_refused(changed: dict[str, Any], says: str) -> None:
    """Before anything is reached, and without repeating a secret."""
    with pytest.raises(ValidationError, match=says):
        Mcp.model_validate(DESK | {"url": "https://desk.example/mcp"} | changed)


def test_a_look_that_failed_is_an_outage_though_its_next_turn_comes_later(tmp_path: Path) -> None:
    """It counts as one, and whoever tries again is told how long its turn is off."""
    turns = iter([None, NotYet("its turn", after_s=42.0)])

    def turn(_: str) -> None:
        if (error := next(turns)) is not None:
            raise error

    tool = raw("silent", tmp_path, timeout_s=1)
    paced = replace(tool, line=replace(tool.line, turn=turn))
    with pytest.raises(Unavailable) as lost:
        paced.read("c-1")

    assert (lost.value.is_outage, lost.value.after_s) == (True, 42.0)
