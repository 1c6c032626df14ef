"""which systems a customer's workflows may reach: the tools file of the home, read and made.

`tools/<customer>.yaml` names each tool once; a path is relative to the home. Without the file a
workflow reaches nothing but the outbox.
"""

import threading
from collections.abc import Mapping
from typing import Literal, NamedTuple

from pydantic import Field, SecretStr, model_validator

from pilotage.credentials import REFERENCE, Credentials
from pilotage.home import Home, replace
from policies import texts
from runs.clock import Clock
from runs.errors import InvalidInput
from runs.records.person import Customer
from runs.records.record import Record
from runs.records.version import Level, Risk
from tools.files.records import FileRecords
from tools.files.sink import FolderSink
from tools.notify import Outbox
from tools.tool import Closed, Schema, Tool, admitted

OUTBOX = "outbox"
"""The tool that sends the customer's update; every home has it."""
ASKED: Schema = {
    "type": "object",
    "properties": {
        "workflow": {"type": "string"},
        "effect": {"type": "string"},
        "item": {"type": "string"},
        "label": {"type": "string"},
        "fields": {"type": "object"},
    },
    "required": ["workflow", "effect", "item", "label", "fields"],
    "additionalProperties": False,
}
"""What every effect of a version asks of its tool."""


class ToolSpec(Record):
    """One system of the customer."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")
    """As plans name it."""
    kind: Literal["records", "folder"]
    """`records` reads records by key; `folder` acts by leaving one file for each key."""
    path: str = Field(min_length=1)
    """File or folder, relative to the home."""
    key_field: str = ""
    """Of records: the field that names one."""
    operations: tuple[str, ...] = ()
    """Of a folder: what may be asked of it."""
    level: Level = "update"
    risks: tuple[Risk, ...] = ()
    credential: str = Field(default="", pattern=REFERENCE)
    """Where its secret stands: `env:NAME`, or `file:NAME` below `secrets/` of the home; never the
    secret itself. A folder signs its files with it; records are read only where it is there."""
    is_made_up: bool = False
    """A demo's own; a system of a real customer is refused in a demo."""

    @model_validator(mode="after")
    def _is_whole(self) -> "ToolSpec":
        if self.kind == "records" and not self.key_field:
            raise ValueError("records need a key_field")
        if self.kind == "folder" and not self.operations:
            raise ValueError("a folder needs operations")
        return self


class ToolsFile(Record):
    """Every system of one customer."""

    tools: tuple[ToolSpec, ...] = ()


class Systems:
    """The tools of every customer, made once and again when their file changed."""

    def __init__(self, home: Home, clock: Clock, credentials: Credentials) -> None:
        self._home = home
        self._clock = clock
        self._credentials = credentials
        self._made: dict[str, Made] = {}
        self._lock = threading.Lock()

    def of(self, customer: Customer) -> Mapping[str, Tool]:
        """The customer's tools by name; raises what `tools_of` raises."""
        file = self._home.tools_file(customer.id)
        stamp = (file.stat().st_mtime_ns if file.exists() else 0, self._credentials.stamp())
        with self._lock:
            made = self._made.get(customer.id)
            if made is None or made.stamp != stamp:
                tools = tools_of(
                    self._home, customer, clock=self._clock, credentials=self._credentials
                )
                made = Made(stamp, tools)
                self._made[customer.id] = made
            return made.tools


class Made(NamedTuple):
    """Tools, and when the file they were made from and the secrets were written."""

    stamp: tuple[int, int]
    tools: Mapping[str, Tool]


def tools_of(
    home: Home, customer: Customer, *, clock: Clock, credentials: Credentials
) -> Mapping[str, Tool]:
    """The customer's tools by name; one whose credential is not there reaches nothing.

    Raises InvalidInput for a file that is wrong, NotAllowed for a real system in a demo.
    """
    specs = read_specs(home, customer)
    made: list[Tool] = []
    for spec in specs.tools:
        secret = credentials.find(spec.credential) if spec.credential else None
        is_closed = bool(spec.credential) and secret is None
        made.append(_closed(spec) if is_closed else _make(home, spec, clock=clock, secret=secret))
    outbox = Outbox(home.outbox(customer.id), clock=clock, is_real=not customer.is_demo)
    return admitted([*made, outbox], is_demo=customer.is_demo)


def read_specs(home: Home, customer: Customer) -> ToolsFile:
    """What the tools file says; nothing where there is none."""
    file = home.tools_file(customer.id)
    if not file.exists():
        return ToolsFile()
    document = texts.read(file.read_text(encoding="utf-8"), str(file))
    built = texts.build(ToolsFile, document)
    if built.record is None:
        raise texts.refuse(document, built.problems)
    reserved = [spec.name for spec in built.record.tools if spec.name == OUTBOX]
    if reserved:
        raise InvalidInput(f"{file}: a tool is called {OUTBOX}, which every home has; rename it")
    return built.record


def write_specs(home: Home, customer: Customer, specs: ToolsFile) -> None:
    """Lay a tools file down, as a whole."""
    replace(home.tools_file(customer.id), texts.write(specs.as_json()))


def _closed(spec: ToolSpec) -> Closed:
    return Closed(
        name=spec.name,
        level="read" if spec.kind == "records" else spec.level,
        risks=spec.risks,
        schema=dict.fromkeys(spec.operations, ASKED),
        is_real=not spec.is_made_up,
        credential=spec.credential,
    )


def _make(home: Home, spec: ToolSpec, *, clock: Clock, secret: SecretStr | None) -> Tool:
    path = home.folder / spec.path
    is_real = not spec.is_made_up
    if spec.kind == "records":
        return FileRecords(spec.name, path, spec.key_field, clock=clock, is_real=is_real)
    return FolderSink(
        spec.name,
        path,
        clock=clock,
        schema=dict.fromkeys(spec.operations, ASKED),
        level=spec.level,
        risks=spec.risks,
        is_real=is_real,
        credential=secret,
    )
