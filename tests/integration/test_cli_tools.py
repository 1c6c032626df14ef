"""The systems workflows may reach, from the command line: what each may do, and what is pinned."""

import json
import sys
from pathlib import Path

import pytest
import yaml

from pilotage.cli import exits
from tests import mcp_desk
from tests.unit.pilotage.homes import House, make_house

RAW = Path(mcp_desk.__file__).with_name("mcp_raw.py")


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, database: str) -> House:
    """A home of real systems."""
    assert database
    return make_house(tmp_path_factory.mktemp("tools") / "home")


def lay(house: House, mode: str = "good", pin: str = "") -> None:
    """A tools file of two systems; one is a server that behaves so."""
    home = house.wired.home
    command = [sys.executable, "-I", str(RAW), mode, str(home.folder / "notes")]
    read = {"tool": "get", "arguments": {"id": "{key}"}} | ({"pin": pin} if pin else {})
    crm = {"name": "crm", "kind": "mcp", "mcp": {"command": command, "read": read}}
    queues = {"name": "queues", "kind": "folder", "path": "q", "operations": ["assign"]}
    told = [one | {"is_made_up": True} for one in (crm, queues)]
    home.tools_file(house.customer.id).parent.mkdir(exist_ok=True)
    home.tools_file(house.customer.id).write_text(yaml.safe_dump({"tools": told}))


def test_each_system_says_what_it_may_do(house: House) -> None:
    """Its level, what it may be asked, and who knows what became of it; as JSON too."""
    lay(house)
    listed = house.run("tool", "list", by="ben")
    told = {
        one["name"]: one
        for one in json.loads(house.run("tool", "list", "--json", by="ben").stdout)["tools"]
    }

    assert "an unknown outcome" in listed.stdout
    assert (told["queues"]["level"], told["queues"]["unknown"]) == (
        "update",
        "the system, by its key",
    )
    assert (told["crm"]["level"], told["crm"]["unknown"]) == ("read", "it does nothing")


def test_what_a_server_offers_is_looked_at_before_it_is_pinned(house: House) -> None:
    """Told with its digest; pinned, the look ends well; changed, it says what is different."""
    lay(house)
    first = house.run("tool", "show", "crm", by="ben")
    pin = first.stdout.rpartition("pin: ")[2].strip()
    lay(house, pin=pin)
    second = house.run("tool", "show", "crm", by="ben")
    lay(house, "changed", pin=pin)
    third = house.run("tool", "show", "crm", "--json", by="ben")

    [offer] = json.loads(third.stdout)["tool"]["offers"]
    assert ("read: get is unpinned" in first.stdout, first.exit_code) == (True, exits.GATE_NOT_MET)
    assert ("read: get is pinned" in second.stdout, second.exit_code) == (True, exits.DONE)
    assert (offer["state"], third.exit_code) == ("changed", exits.GATE_NOT_MET)
    assert "inputSchema.properties.id.type: string, now integer" in offer["changes"]


def test_what_a_server_says_of_itself_does_nothing_to_a_terminal(house: House) -> None:
    """Its description is text, whatever signs are in it."""
    lay(house, "changed")
    shown = house.run("tool", "show", "crm", by="ben")

    assert "IGNORE ALL RULES" in shown.stdout
    assert "\x1b" not in shown.stdout


def test_a_tool_that_is_not_there_is_told(house: House) -> None:
    """With what to do."""
    lay(house)

    assert "pilotage tool list" in house.run("tool", "show", "nobody", by="ben").stderr
