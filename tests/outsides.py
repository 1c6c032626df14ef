"""One tool of every kind there is, made as a home makes them, and everything outside they reach.

`SPECS` holds at least one of each kind that a tools file knows; a test compares.
"""

import gc
import importlib
import inspect
import pkgutil
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tools
from pilotage.credentials import Credentials
from pilotage.home import Home
from pilotage.systems import ToolsFile, tools_of, write_specs
from runs.clock import Clock
from runs.records.person import Customer
from tests import mcp_raw_pins
from tests.postbox import CERTIFICATE, USER, Postbox, posting
from tests.receiver import Received, receiving
from tools.tool import Tool

RAW = Path(__file__).with_name("mcp_raw.py")
CANARY = "c4n4ry-m4il"
"""The one secret of every tool; the postbox knows it as its password."""
ENVIRONMENT = {"CANARY": CANARY, "MAIL": f"{USER}:{CANARY}"}
TABLES = (
    "CREATE TABLE accounts (id text PRIMARY KEY, tier text)",
    "CREATE TABLE done (key text UNIQUE)",
    "INSERT INTO accounts VALUES ('A-1', 'plus')",
)
FIELDS = {"email": "eva@acme.example", "name": "Eva"}


@dataclass(frozen=True)
class Outside:
    """Every system outside, real and of this machine."""

    home: Home
    url: str
    received: Received
    postbox: Postbox

    def specs(self) -> list[dict[str, Any]]:
        """A tools file of them all: what reads first, then what acts."""
        return [*_readers(self), *_actors(self)]

    def tools(self, customer: Customer, clock: Clock, **changed: Any) -> dict[str, Tool]:
        """The tools of that file, with notices to people."""
        specs = [one | changed for one in self.specs()]
        write_specs(self.home, customer, ToolsFile.model_validate({"tools": specs}))
        credentials = Credentials(ENVIRONMENT, self.home.secrets)
        given = {"clock": clock, "credentials": credentials, "take": lambda *_: 0.0}
        return dict(tools_of(self.home, customer, **given))

    def state(self) -> dict[str, Any]:
        """Everything an act could change, anywhere outside; reading changes nothing of it."""
        folder = self.home.folder
        files = [one for one in folder.rglob("*") if one.is_file() and one.name != "notes"]
        kept = {str(one): one.read_bytes() for one in files if "tools" not in one.parts}
        notes = folder / "notes"
        called = notes.read_text().splitlines() if notes.exists() else []
        return {
            "files": kept,
            "http": [one for one in self.received.asked if one[0] != "GET"],
            "letters": len(self.postbox.letters),
            "called": [one for one in called if not one.startswith("get ")],
        }


def _readers(at: Outside) -> Iterator[dict[str, Any]]:
    made_up = {"is_made_up": True}
    yield made_up | {"name": "files", "kind": "records", "path": "crm.json", "key_field": "id"}
    http = {"base_url": at.url, "is_private": True, "read": {"path": "/records/{key}"}}
    yield made_up | {"name": "web", "kind": "http", "credential": "env:CANARY", "http": http}
    sql = {"url": "sqlite:///crm.db", "read": "SELECT * FROM accounts WHERE id = :key"}
    yield made_up | {"name": "base", "kind": "sql", "sql": sql}
    listed = sql | {"all": "SELECT * FROM accounts"}
    yield made_up | {"name": "listed", "kind": "sql", "sql": listed}
    get = {"tool": "get", "arguments": {"id": "{key}"}, "pin": mcp_raw_pins.GET}
    yield made_up | {"name": "server", "kind": "mcp", "mcp": _raw(at, read=get)} | SECRET


def _actors(at: Outside) -> Iterator[dict[str, Any]]:
    acts = {"is_made_up": True, "level": "update"}
    yield acts | {"name": "queues", "kind": "folder", "path": "queues", "operations": ["assign"]}
    endpoints = {"assign": {"path": "/assign"}, "close": {"path": "/close", "method": "DELETE"}}
    http = {"base_url": at.url, "is_private": True, "look_up": {"path": "/effects/{key}"}}
    http |= {"read": {"path": "/records/{key}"}, "endpoints": endpoints}
    yield acts | {"name": "desk", "kind": "http", "credential": "env:CANARY", "http": http}
    book = {"do": ["INSERT INTO done (key) VALUES (:key)"]}
    keys = {"table": "done", "column": "key"}
    sql = {"url": "sqlite:///crm.db", "keys": keys, "operations": {"book": book}}
    sql |= {"read": "SELECT * FROM accounts WHERE id = :key"}
    yield acts | {"name": "ledger", "kind": "sql", "sql": sql}
    put = {"tool": "put", "arguments": {"id": "{item}"}, "pin": mcp_raw_pins.PUT}
    yield acts | {"name": "board", "kind": "mcp", "mcp": _raw(at, operations={"put": put})} | SECRET
    letter = {"to": ["{fields.email}"], "subject": "{label}", "text": "Dear {fields.name}"}
    mail = {"host": "127.0.0.1", "port": at.postbox.ports["starttls"], "is_private": True}
    mail |= {"sender": "desk@acme.example", "trust": CERTIFICATE, "operations": {"write": letter}}
    mail |= {"only_to": ["@acme.example"]}
    yield acts | {
        "name": "letters",
        "kind": "mail",
        "level": "trigger",
        "credential": "env:MAIL",
        "mail": mail,
    }


SECRET = {"credential": "env:CANARY"}


def _raw(at: Outside, **declared: Any) -> dict[str, Any]:
    command = [sys.executable, "-I", str(RAW), "good", str(at.home.folder / "notes")]
    return {"command": command, "secret_env": "CANARY", **declared}


@contextmanager
def outside(folder: Path) -> Iterator[Outside]:
    """Every system outside, for as long as the block runs."""
    (folder / "crm.json").write_text('[{"id": "A-1", "tier": "plus"}]')
    with sqlite3.connect(folder / "crm.db") as connection:
        for statement in TABLES:
            connection.execute(statement)
    connection.close()
    letters = folder / "letters"
    letters.mkdir()
    with receiving() as (url, received), posting(letters) as postbox:
        (folder / CERTIFICATE).write_bytes((letters / CERTIFICATE).read_bytes())
        received.records["A-1"] = {"id": "A-1", "tier": "plus"}
        yield Outside(Home(folder), url, received, postbox)


def kinds_of_tool() -> set[str]:
    """The name of every class of ours that is a tool: it reads, acts and finds receipts."""
    names = [one.name for one in pkgutil.walk_packages(tools.__path__, "tools.")]
    found = [thing for name in names for thing in vars(importlib.import_module(name)).values()]
    return {
        thing.__name__
        for thing in found
        if isinstance(thing, type)
        and not inspect.isabstract(thing)
        and thing.__module__.startswith("tools.")
        and all(hasattr(thing, way) for way in ("read", "act", "find_receipt"))
    }


def reachable(start: object) -> list[object]:
    """Everything a holder of `start` could get at, modules and classes left out."""
    seen, wanted = {id(start)}, [start]
    for thing in wanted:
        for other in gc.get_referents(thing):
            plain = not isinstance(other, type) and type(other).__name__ != "module"
            if plain and id(other) not in seen and "__builtins__" not in _names(other):
                seen.add(id(other))
                wanted.append(other)
    return wanted


def _names(thing: object) -> set[object]:
    """What a namespace of a module holds; nothing for anything else."""
    return set(thing) if isinstance(thing, dict) else set()
