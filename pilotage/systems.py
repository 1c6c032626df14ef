"""which systems a customer's workflows may reach: the tools file of the home, read and made.

`tools/<customer>.yaml` names each tool once; a path is relative to the home. Without the file a
workflow reaches nothing but the outbox.
"""

import random
import threading
import time
from collections.abc import Iterator, Mapping
from typing import Any, Literal, NamedTuple

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
from tools.http.declared import Http
from tools.notify import MESSAGE, Outbox
from tools.sql.declared import Sql
from tools.tool import ASKED, Closed, Schema, Tool, admitted

OUTBOX = "outbox"
"""The tool that sends the customer's update; every home has it."""
TAKE_UPDATES = ("http", "sql")
"""What may stand in the outbox's place: a system that updates are handed to."""


class ToolSpec(Record):
    """One system of the customer."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")
    """As plans name it."""
    kind: Literal["records", "folder", "http", "sql"]
    """`records` reads records by key; `folder` acts by leaving one file for each key; `http` and
    `sql` read, or do, what they declare."""
    path: str = ""
    """Of records and a folder: file or folder, relative to the home."""
    key_field: str = ""
    """Of records: the field that names one."""
    operations: tuple[str, ...] = ()
    """Of a folder: what may be asked of it."""
    http: Http | None = None
    sql: Sql | None = None
    undo: dict[str, str] = Field(default_factory=dict)
    """By operation: the operation that takes back what it did, asked for with the same content."""
    is_reversible: bool | None = None
    """Whether what it did can be taken back; only a folder says yes by itself."""
    level: Level = "update"
    risks: tuple[Risk, ...] = ()
    credential: str = Field(default="", pattern=REFERENCE)
    """Where its secret stands: `env:NAME`, or `file:NAME` below `secrets/` of the home; never the
    secret itself. A folder signs its files with it; records are read only where it is there."""
    is_made_up: bool = False
    """A demo's own; a system of a real customer is refused in a demo."""

    @model_validator(mode="after")
    def _is_whole(self) -> "ToolSpec":
        for wrong in self._problems():
            raise ValueError(wrong)
        return self

    @property
    def forms(self) -> dict[str, Schema]:
        """The form of what each operation is asked for, by operation."""
        default = MESSAGE if self.name == OUTBOX else ASKED
        if self.http is not None:
            return {name: one.form or default for name, one in self.http.endpoints.items()}
        if self.sql is not None:
            return {name: one.form or default for name, one in self.sql.operations.items()}
        return dict.fromkeys(self.operations, default)

    @property
    def acts(self) -> bool:
        """False for what only reads, whatever level it says."""
        return bool(self.forms)

    def _problems(self) -> Iterator[str]:
        """What its parts say wrongly of each other."""
        for kind in ("http", "sql"):
            if (getattr(self, kind) is not None) != (self.kind == kind):
                yield f"`{kind}` belongs to kind {kind}, and only there; mend one of the two"
        if self.kind in ("records", "folder") and not self.path:
            yield f"give {self.kind} a path" if self.kind == "records" else "give a folder a path"
        if self.kind == "records" and not self.key_field:
            yield "give records a key_field"
        if self.kind == "folder" and not self.operations:
            yield "give a folder its operations"
        if self.operations and self.kind != "folder":
            yield "operations are a folder's; write `http.endpoints` or `sql.operations`"
        if self.acts and self.level == "read":
            yield "level read, and it declares what it does; leave that away, or say what level"
        if self.http is not None:
            yield from self.http.strange_holes(self.forms)
        named = {*self.undo, *self.undo.values()}
        if unknown := sorted(named - set(self.forms)):
            yield f"undo names {', '.join(unknown)}, which is no operation of it; name one that is"


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
    if not any(tool.name == OUTBOX for tool in made):
        made.append(Outbox(home.outbox(customer.id), clock=clock, is_real=not customer.is_demo))
    return admitted(made, is_demo=customer.is_demo)


def read_specs(home: Home, customer: Customer) -> ToolsFile:
    """What the tools file says; nothing where there is none."""
    file = home.tools_file(customer.id)
    if not file.exists():
        return ToolsFile()
    document = texts.read(file.read_text(encoding="utf-8"), str(file))
    built = texts.build(ToolsFile, document)
    if built.record is None:
        raise texts.refuse(document, built.problems)
    for number, spec in enumerate(built.record.tools):
        if spec.name == OUTBOX and (says := _wrong_outbox(spec)):
            raise InvalidInput(f"{file}: tools[{number}]: {says}")
    return built.record


def write_specs(home: Home, customer: Customer, specs: ToolsFile) -> None:
    """Lay a tools file down, as a whole."""
    replace(home.tools_file(customer.id), texts.write(specs.as_json()))


def _wrong_outbox(spec: ToolSpec) -> str:
    """Why a tool may not stand in the outbox's place; empty when it may."""
    if spec.kind not in TAKE_UPDATES:
        return f"a tool is called {OUTBOX}, which every home has; rename it"
    if set(spec.forms) != {"send"} or spec.level != "trigger":
        return f"what takes updates declares `send` alone, and `level: trigger`; or rename {OUTBOX}"
    return ""


def _closed(spec: ToolSpec) -> Closed:
    return Closed(
        name=spec.name,
        level=spec.level if spec.acts else "read",
        risks=spec.risks,
        schema=spec.forms,
        is_real=not spec.is_made_up,
        credential=spec.credential,
    )


def _make(home: Home, spec: ToolSpec, *, clock: Clock, secret: SecretStr | None) -> Tool:
    if spec.kind == "http":
        return _http(spec, clock, secret)
    if spec.kind == "sql":
        return _sql(home, spec, clock, secret)
    path = home.folder / spec.path
    is_real = not spec.is_made_up
    if spec.kind == "records":
        return FileRecords(spec.name, path, spec.key_field, clock=clock, is_real=is_real)
    return FolderSink(
        spec.name,
        path,
        clock=clock,
        schema=spec.forms,
        level=spec.level,
        risks=spec.risks,
        reversible=spec.is_reversible is not False,
        is_real=is_real,
        credential=secret,
        undo=spec.undo,
    )


def _http(spec: ToolSpec, clock: Clock, secret: SecretStr | None) -> Tool:
    # httpx is a fifth of a second that only whoever has such a system pays.
    from tools.http.line import Line
    from tools.http.system import HttpActs, HttpRecords
    from tools.http.way import open_client

    assert spec.http is not None
    client = open_client(spec.http)
    line = Line(spec.name, spec.http, client, secret, pause=_pause, seconds=time.monotonic)
    if not spec.acts:
        return HttpRecords(line, clock=clock, risks=spec.risks, is_real=not spec.is_made_up)
    return HttpActs(line, **_acting(spec, clock))


def _pause(number: int) -> None:
    """A little longer each time, and never for all at once."""
    time.sleep(0.2 * 2**number * (0.5 + random.random() / 2))


def _sql(home: Home, spec: ToolSpec, clock: Clock, secret: SecretStr | None) -> Tool:
    from tools.sql.system import Reach, SqlActs, SqlListed, SqlRecords
    from tools.sql.way import open_engine

    assert spec.sql is not None
    reach = Reach(spec.name, spec.sql, open_engine(spec.name, spec.sql, secret, home.folder))
    if spec.acts:
        return SqlActs(reach, **_acting(spec, clock))
    kind = SqlListed if spec.sql.all else SqlRecords
    return kind(reach, clock=clock, risks=spec.risks, is_real=not spec.is_made_up)


def _acting(spec: ToolSpec, clock: Clock) -> dict[str, Any]:
    """What a tool that acts is told beside its way there."""
    return {
        "clock": clock,
        "schema": spec.forms,
        "level": spec.level,
        "risks": spec.risks,
        "reversible": bool(spec.is_reversible),
        "is_real": not spec.is_made_up,
        "undo": spec.undo,
    }
