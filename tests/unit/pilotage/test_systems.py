"""Which systems a customer's workflows may reach is what the tools file says, and nothing else."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from pilotage.credentials import Credentials
from pilotage.home import Home
from pilotage.systems import Systems, ToolsFile, ToolSpec, tools_of, write_specs
from runs.clock import StoppedClock
from runs.errors import InvalidInput, NotAllowed
from runs.records.person import Customer
from tests.builders import NOW
from tools.files.records import FileRecords

ACME = Customer(id="acme", name="Acme", is_demo=False)
DEMO = Customer(id="acme", name="Acme", is_demo=True)
CLOCK = StoppedClock(NOW)
CANARY = "c4n4ry-s3cret"
CREDENTIALS = Credentials({"CRM_KEY": CANARY}, Path("no-such-folder"))


def at_once(*_: Any) -> float:
    """Every turn is there."""
    return 0.0


GIVEN: Any = {"clock": CLOCK, "credentials": CREDENTIALS, "take": at_once}
CRM = {"name": "crm", "kind": "records", "path": "outside/crm.json", "key_field": "id"}
QUEUES = {"name": "queues", "kind": "folder", "path": "outside/queues", "operations": ("assign",)}


def lay(folder: Path, text: str) -> Home:
    """A home with this tools file."""
    home = Home(folder)
    home.tools_file("acme").parent.mkdir(exist_ok=True)
    home.tools_file("acme").write_text(text)
    return home


def lay_specs(folder: Path, *specs: Mapping[str, object]) -> Home:
    """A home with these tools."""
    write_specs(Home(folder), ACME, ToolsFile.model_validate({"tools": specs}))
    return Home(folder)


def test_without_a_file_there_is_only_the_outbox(home: Path) -> None:
    """Nothing is reached that nobody named."""
    assert set(tools_of(Home(home), ACME, **GIVEN)) == {"outbox"}


@pytest.mark.parametrize(("customer", "is_real"), [(ACME, True), (DEMO, False)])
def test_an_outbox_is_as_real_as_its_customer(
    home: Path, customer: Customer, *, is_real: bool
) -> None:
    """What is sent to somebody real is never taken for a play."""
    assert tools_of(Home(home), customer, **GIVEN)["outbox"].is_real is is_real


def test_the_tools_of_the_file_are_made_with_paths_below_the_home(home: Path) -> None:
    """Records can be read, a folder can be acted on."""
    (home / "outside").mkdir()
    (home / "outside" / "crm.json").write_text('[{"id": "c1", "tier": "plus"}]')
    tools = tools_of(lay_specs(home, CRM, QUEUES), ACME, **GIVEN)

    reading = tools["crm"].read("c1")
    asked = {"workflow": "desk", "effect": "assign", "item": "t1", "label": "a", "fields": {}}
    tools["queues"].act("assign", asked, "i-1:assign:abc")

    assert reading is not None
    assert reading.value["tier"] == "plus"
    assert (home / "outside" / "queues" / "i-1:assign:abc.json").exists()


def test_what_was_written_is_read_back(home: Path) -> None:
    """The file holds the specs, digit by digit."""
    specs = ToolsFile(tools=(ToolSpec.model_validate(CRM), ToolSpec.model_validate(QUEUES)))

    write_specs(Home(home), ACME, specs)

    assert set(tools_of(Home(home), ACME, **GIVEN)) == {"crm", "queues", "outbox"}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("tools: [{name: crm, kind: records, path: a.json}]", "key_field"),
        ("tools: [{name: q, kind: folder, path: a}]", "operations"),
        ("tools: [{name: crm, kind: soap, path: a}]", "kind"),
        ("tools: [{name: Crm, kind: records, path: a, key_field: b}]", "name"),
        ("tools: [{name: crm, kind: records, path: '', key_field: b}]", "path"),
        (
            "tools: [{name: c, kind: records, path: a, key_field: b, credential: c4n4ry}]",
            "credential",
        ),
        ("tool: []", "tool"),
        ("tools: [", "line 1"),
        ("tools: [{name: outbox, kind: folder, path: a, operations: [b]}]", "rename it"),
        (
            "tools:\n- {name: a, kind: folder, path: a, operations: [b]}\n"
            "- {name: a, kind: folder, path: c, operations: [b]}",
            "two tools",
        ),
    ],
)
def test_a_file_that_is_wrong_is_refused(home: Path, text: str, says: str) -> None:
    """With what is wrong, and nothing is reached meanwhile."""
    with pytest.raises(InvalidInput, match=says):
        tools_of(lay(home, text), ACME, **GIVEN)


def test_a_demo_reaches_only_what_is_made_up(home: Path) -> None:
    """A system of a real customer is refused there."""
    with pytest.raises(NotAllowed, match="demo"):
        tools_of(lay_specs(home, CRM), DEMO, **GIVEN)

    made_up = tools_of(lay_specs(home, CRM | {"is_made_up": True}), DEMO, **GIVEN)

    assert set(made_up) == {"crm", "outbox"}


def test_tools_are_made_once_and_again_when_the_file_changed(home: Path) -> None:
    """An edit holds without a restart."""
    systems = Systems(lay_specs(home, CRM), **GIVEN)
    first, again = systems.of(ACME), systems.of(ACME)
    file = Home(home).tools_file("acme")
    lay_specs(home, CRM, QUEUES)
    touch_later(file)

    changed = systems.of(ACME)

    assert first is again
    assert set(changed) == {"crm", "queues", "outbox"}


def test_a_tool_whose_credential_is_nowhere_reaches_nothing(home: Path) -> None:
    """It says which reference leads to nothing; with the secret there it is the tool itself."""
    lost = lay_specs(home, CRM | {"credential": "env:OTHER_KEY"})
    closed = tools_of(lost, ACME, **GIVEN)["crm"]
    found = tools_of(lay_specs(home, CRM | {"credential": "env:CRM_KEY"}), ACME, **GIVEN)["crm"]

    with pytest.raises(NotAllowed, match="env:OTHER_KEY leads to nothing"):
        closed.read("c1")
    assert isinstance(found, FileRecords)


def test_a_secret_file_that_comes_opens_the_tool(home: Path) -> None:
    """Without a restart."""
    specs = lay_specs(home, QUEUES | {"credential": "file:queues.key"})
    systems = Systems(specs, CLOCK, Credentials({}, specs.secrets), take=at_once)
    before = systems.of(ACME)["queues"]
    specs.secrets.mkdir()
    (specs.secrets / "queues.key").write_text(CANARY + "\n")
    after = systems.of(ACME)["queues"]

    assert (type(before).__name__, type(after).__name__) == ("Closed", "FolderSink")


def test_what_a_folder_signs_with_stands_in_no_file_repr_or_receipt(home: Path) -> None:
    """The signature does, and another secret gives another."""
    tools = tools_of(lay_specs(home, QUEUES | {"credential": "env:CRM_KEY"}), ACME, **GIVEN)
    asked = {"workflow": "desk", "effect": "assign", "item": "t1", "label": "a", "fields": {}}
    receipt = tools["queues"].act("assign", asked, "i-1")

    text = (home / "outside" / "queues" / "i-1.json").read_text()
    assert "hmac-sha256:" in text
    assert CANARY not in text + repr(receipt) + repr(tools) + repr(CREDENTIALS)


def touch_later(file: Path) -> None:
    """Say that the file was written a second later than it was."""
    seen = file.stat()
    os.utime(file, ns=(seen.st_atime_ns, seen.st_mtime_ns + 10**9))


DESK: Any = {
    "name": "desk",
    "kind": "http",
    "level": "update",
    "credential": "env:CRM_KEY",
    "http": {
        "base_url": "https://desk.example/api",
        "look_up": {"path": "/effects/{key}"},
        "endpoints": {"assign": {"path": "/tickets/{item}"}, "unassign": {"path": "/t/{item}"}},
    },
    "undo": {"assign": "unassign"},
}
LEDGER: Any = {
    "name": "ledger",
    "kind": "sql",
    "sql": {
        "url": "sqlite:///outside/ledger.db",
        "keys": {"table": "done", "column": "key"},
        "operations": {"book": {"do": ["INSERT INTO done (key) VALUES (:key)"]}},
    },
}
SENDS: Any = {
    "name": "outbox",
    "kind": "http",
    "level": "trigger",
    "risks": ["customer_facing", "irreversible"],
    "http": {
        "base_url": "https://mail.example",
        "probe": {"path": "/health"},
        "endpoints": {"send": {"path": "/mails", "body": {"subject": "{title}"}}},
    },
}


def test_systems_that_speak_http_or_sql_say_what_they_do(home: Path) -> None:
    """Level, risks, what can be taken back and the form of each operation are the file's."""
    tools = tools_of(lay_specs(home, DESK, LEDGER), ACME, **GIVEN)
    desk, ledger = tools["desk"], tools["ledger"]

    assert (desk.level, desk.reversible, desk.remembers_keys) == ("update", False, True)
    assert set(desk.schema) == {"assign", "unassign"}
    assert (set(ledger.schema), ledger.remembers_keys) == ({"book"}, True)
    assert CANARY not in repr(desk)


def test_what_declares_nothing_to_do_only_reads(home: Path) -> None:
    """Whatever level it names; so it can be a source."""
    http = {"base_url": "https://crm.example", "read": {"path": "/accounts/{key}"}}
    sql = {"url": "sqlite:///outside/crm.db", "read": "SELECT * FROM a WHERE id = :key"}
    crm = {"name": "crm", "kind": "http", "http": http}
    tools = tools_of(
        lay_specs(home, crm, {"name": "old", "kind": "sql", "sql": sql}), ACME, **GIVEN
    )

    assert [(tools[name].level, tools[name].schema) for name in ("crm", "old")] == [
        ("read", {})
    ] * 2


def test_without_its_secret_a_system_is_closed(home: Path) -> None:
    """It says what it would do, and reaches nothing."""
    tools = tools_of(lay_specs(home, DESK | {"credential": "env:NONE"}), ACME, **GIVEN)

    with pytest.raises(NotAllowed, match="env:NONE"):
        tools["desk"].act("assign", {}, "i-1:assign:abc")
    assert set(tools["desk"].schema) == {"assign", "unassign"}


LETTER: Any = {"to": ["{fields.email}"], "subject": "Your {item}", "text": "{label}"}
LETTERS: Any = {
    "name": "letters",
    "kind": "mail",
    "level": "trigger",
    "risks": ["customer_facing", "irreversible"],
    "credential": "env:CRM_KEY",
    "mail": {
        "host": "smtp.acme.example",
        "sender": "Acme <desk@acme.example>",
        "operations": {"answer": LETTER},
    },
}


def test_a_mail_server_sends_and_takes_nothing_back(home: Path) -> None:
    """Its level, risks and form are the file's; what was sent cannot be asked for."""
    letters = tools_of(lay_specs(home, LETTERS), ACME, **GIVEN)["letters"]

    assert (letters.level, letters.reversible, letters.remembers_keys) == ("trigger", False, False)
    assert letters.risks == ("customer_facing", "irreversible")
    assert set(letters.schema) == {"answer"}
    assert CANARY not in repr(letters)


PINNED = "sha256:" + "0" * 64
SERVER: Any = {
    "name": "server",
    "kind": "mcp",
    "credential": "env:CRM_KEY",
    "mcp": {
        "url": "https://mcp.acme.example/mcp",
        "operations": {"assign": {"tool": "put", "arguments": {"id": "{item}"}, "pin": PINNED}},
    },
}


def test_an_mcp_server_says_no_level_or_risk_of_its_own(home: Path) -> None:
    """They are the file's, and so is what may be asked; nothing is reached to make it."""
    server = tools_of(lay_specs(home, SERVER | {"risks": ["financial"]}), ACME, **GIVEN)["server"]

    assert (server.level, server.risks, server.reversible) == ("update", ("financial",), False)
    assert (set(server.schema), server.remembers_keys) == ({"assign"}, False)
    assert CANARY not in repr(server)


def test_updates_may_be_mailed(home: Path) -> None:
    """A mail server in the outbox's place is asked for exactly an update."""
    send = {"to": ["{to}"], "subject": "{title}", "text": "{text}"}
    mail = LETTERS["mail"] | {"operations": {"send": send}, "people": {"Eva": "eva@acme.example"}}
    outbox = LETTERS | {"name": "outbox", "mail": mail}

    assert set(tools_of(lay_specs(home, outbox), ACME, **GIVEN)["outbox"].schema) == {"send"}


def test_updates_may_be_handed_to_a_system(home: Path) -> None:
    """What is called the outbox stands in its place, where it takes exactly an update."""
    tools = tools_of(lay_specs(home, SENDS), ACME, **GIVEN)

    assert (tools["outbox"].level, set(tools["outbox"].schema)) == ("trigger", {"send"})


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        (DESK | {"sql": LEDGER["sql"]}, "belongs to kind sql"),
        (DESK | {"http": None}, "belongs to kind http"),
        (DESK | {"level": "read"}, "level read"),
        (DESK | {"undo": {"assign": "erase"}}, "undo names erase"),
        (DESK | {"operations": ["assign"]}, "operations are a folder's"),
        (DESK | {"http": DESK["http"] | {"base_url": "https://a:b@desk.example"}}, "credential"),
        (
            DESK | {"undo": {}, "http": DESK["http"] | {"endpoints": {"a": {"path": "/{nobody}"}}}},
            "nobody",
        ),
        (LEDGER | {"sql": LEDGER["sql"] | {"keys": None}}, "keys"),
        (SENDS | {"level": "update"}, "level: trigger"),
        (LETTERS | {"mail": None}, "belongs to kind mail"),
        (SERVER | {"mcp": None}, "belongs to kind mcp"),
        (SERVER | {"mcp": SERVER["mcp"] | {"url": "", "command": ["desk"]}}, "secret_env"),
        (SERVER | {"mcp": SERVER["mcp"] | {"secret_env": "DESK"}}, "secret_env"),
        (
            SERVER
            | {
                "mcp": {
                    "command": ["a"],
                    "operations": {"a": {"tool": "a", "arguments": {"a": "{who}"}}},
                }
            }
            | {"credential": ""},
            "who",
        ),
        (LETTERS | {"level": "update"}, "level trigger"),
        (LETTERS | {"risks": []}, "only_to"),
        (LETTERS | {"is_reversible": True}, "taken back"),
        (LETTERS | {"mail": LETTERS["mail"] | {"is_private": True, "security": "none"}}, "encrypt"),
        (
            LETTERS | {"mail": LETTERS["mail"] | {"operations": {"a": LETTER | {"text": "{who}"}}}},
            "who",
        ),
    ],
)
def test_a_system_that_is_declared_wrongly_is_refused(home: Path, spec: Any, says: str) -> None:
    """With the file, the place in it and what is wrong."""
    laid = lay(home, json.dumps({"tools": [spec]}))

    with pytest.raises(InvalidInput, match=says) as raised:
        tools_of(laid, ACME, **GIVEN)
    assert "acme.yaml" in str(raised.value)
