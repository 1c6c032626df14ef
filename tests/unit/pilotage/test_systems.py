"""Which systems a customer's workflows may reach is what the tools file says, and nothing else."""

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
GIVEN: Any = {"clock": CLOCK, "credentials": CREDENTIALS}
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
        ("tools: [{name: crm, kind: sql, path: a}]", "kind"),
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
    systems = Systems(specs, CLOCK, Credentials({}, specs.secrets))
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
