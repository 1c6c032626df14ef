"""which systems a customer's workflows may reach: the tools file of the home, read and made.

`tools/<customer>.yaml` names each tool once; a path is relative to the home. Without the file a
workflow reaches nothing but the outbox.
"""

import random
import threading
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NamedTuple

from pydantic import SecretStr

from pilotage.credentials import Credentials
from pilotage.home import Home, read, replace
from pilotage.tool_specs import OUTBOX, ToolsFile, ToolSpec
from policies import texts
from runs.clock import Clock
from runs.errors import InvalidInput
from runs.records.person import Customer
from tools.files.records import FileRecords
from tools.files.sink import FolderSink
from tools.notify import Outbox
from tools.pace import Pace, Rate, Turn, free
from tools.tool import Closed, Tool, admitted

TAKE_UPDATES = ("http", "sql", "mail")
"""What may stand in the outbox's place: a system that updates are handed to."""


Take = Callable[[Customer, Mapping[str, Rate], float], float]
"""Takes the next turn of names of a customer's where it comes soon enough; how long until then."""


class Systems:
    """The tools of every customer, made once and again when their file changed."""

    def __init__(self, home: Home, clock: Clock, credentials: Credentials, *, take: Take) -> None:
        self._home = home
        self._clock = clock
        self._credentials = credentials
        self._take = take
        self._made: dict[str, Made] = {}
        self._lock = threading.Lock()

    def of(self, customer: Customer) -> Mapping[str, Tool]:
        """The customer's tools by name; raises what `tools_of` raises."""
        file = self._home.tools_file(customer.id)
        stamp = (file.stat().st_mtime_ns if file.exists() else 0, self._credentials.stamp())
        with self._lock:
            made = self._made.get(customer.id)
            if made is None or made.stamp != stamp:
                told = {"clock": self._clock, "credentials": self._credentials}
                tools = tools_of(self._home, customer, **told, take=self._take)
                made = Made(stamp, tools)
                self._made[customer.id] = made
            return made.tools


class Made(NamedTuple):
    """Tools, and when the file they were made from and the secrets were written."""

    stamp: tuple[int, int]
    tools: Mapping[str, Tool]


class Way(NamedTuple):
    """What a system is reached with, beside what its file declares."""

    home: Home
    clock: Clock
    secret: SecretStr | None
    turn: Turn
    """Taken before it is asked, where a rate is declared."""


def tools_of(
    home: Home, customer: Customer, *, clock: Clock, credentials: Credentials, take: Take
) -> Mapping[str, Tool]:
    """The customer's tools by name; one whose credential is not there reaches nothing.

    Raises InvalidInput for a file that is wrong, NotAllowed for a real system in a demo.
    """
    specs = read_specs(home, customer)
    made: list[Tool] = []
    for spec in specs.tools:
        secret = credentials.find(spec.credential) if spec.credential else None
        is_closed = bool(spec.credential) and secret is None
        way = Way(home, clock, secret, _turn(spec, customer, take))
        made.append(_closed(spec) if is_closed else _make(spec, way))
    if not any(tool.name == OUTBOX for tool in made):
        made.append(Outbox(home.outbox(customer.id), clock=clock, is_real=not customer.is_demo))
    return admitted(made, is_demo=customer.is_demo)


def read_specs(home: Home, customer: Customer) -> ToolsFile:
    """What the tools file says; nothing where there is none."""
    file = home.tools_file(customer.id)
    if not file.exists():
        return ToolsFile()
    document = texts.read(read(file), str(file))
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


def _turn(spec: ToolSpec, customer: Customer, take: Take) -> Turn:
    """What is waited for before the system is asked: nothing where no rate is declared."""
    if not spec.rates:
        return free
    return Pace(spec.name, spec.rates, partial(take, customer), time.sleep)


def _make(spec: ToolSpec, way: Way) -> Tool:
    makes = {"http": _http, "sql": _sql, "mail": _mail, "mcp": _mcp}
    if spec.kind in makes:
        return makes[spec.kind](spec, way)
    path = way.home.folder / spec.path
    is_real = not spec.is_made_up
    if spec.kind == "records":
        return FileRecords(spec.name, path, spec.key_field, clock=way.clock, is_real=is_real)
    return FolderSink(
        spec.name,
        path,
        clock=way.clock,
        schema=spec.forms,
        level=spec.level,
        risks=spec.risks,
        reversible=spec.is_reversible is not False,
        is_real=is_real,
        credential=way.secret,
        undo=spec.undo,
    )


def _http(spec: ToolSpec, way: Way) -> Tool:
    # httpx is a fifth of a second that only whoever has such a system pays.
    from tools.http.line import Line
    from tools.http.system import HttpActs, HttpRecords
    from tools.http.way import open_client

    assert spec.http is not None
    client = open_client(spec.http, time.monotonic)
    told = {"pause": _pause, "seconds": time.monotonic, "turn": way.turn}
    line = Line(spec.name, spec.http, client, way.secret, **told)
    if not spec.acts:
        return HttpRecords(line, clock=way.clock, risks=spec.risks, is_real=not spec.is_made_up)
    return HttpActs(line, **_acting(spec, way))


def _pause(number: int, least_s: float) -> None:
    """A little longer each time, never for all at once, and as long as the other side asked for."""
    time.sleep(max(least_s, 0.2 * 2**number * (0.5 + random.random() / 2)))


def _sql(spec: ToolSpec, way: Way) -> Tool:
    from tools.sql.system import Reach, SqlActs, SqlListed, SqlRecords
    from tools.sql.way import open_engine

    assert spec.sql is not None
    reach = Reach(
        spec.name, spec.sql, open_engine(spec.name, spec.sql, way.secret, way.home.folder)
    )
    if spec.acts:
        return SqlActs(reach, **_acting(spec, way))
    kind = SqlListed if spec.sql.all else SqlRecords
    return kind(reach, clock=way.clock, risks=spec.risks, is_real=not spec.is_made_up)


def _mail(spec: ToolSpec, way: Way) -> Tool:
    from tools.mail.line import Line
    from tools.mail.system import MailSends
    from tools.mail.way import open_way

    assert spec.mail is not None
    opened = open_way(spec.name, spec.mail, way.home.folder, time.monotonic)
    return MailSends(
        Line(spec.name, opened, way.secret, pause=_pause, turn=way.turn),
        clock=way.clock,
        schema=spec.forms,
        level=spec.level,
        risks=spec.risks,
        is_real=not spec.is_made_up,
    )


def _mcp(spec: ToolSpec, way: Way) -> Tool:
    try:
        from tools.mcp.wire import Server
    except ImportError as error:
        raise InvalidInput(
            f"tool {spec.name!r} speaks MCP, and {error.name} is not installed here; install "
            "pilotage[mcp]"
        ) from None
    from pilotage.pinned import Seen
    from tools.mcp.line import Line
    from tools.mcp.system import McpActs, McpRecords

    assert spec.mcp is not None
    server = Server(spec.name, spec.mcp, way.home.folder, way.secret)
    line = Line(server, known=Seen(way.home.seen_tools).find, pause=_pause, turn=way.turn)
    if not spec.acts:
        return McpRecords(line, clock=way.clock, risks=spec.risks, is_real=not spec.is_made_up)
    return McpActs(line, **_acting(spec, way))


def _acting(spec: ToolSpec, way: Way) -> dict[str, Any]:
    """What a tool that acts is told beside its way there."""
    return {
        "clock": way.clock,
        "turn": way.turn,
        "schema": spec.forms,
        "level": spec.level,
        "risks": spec.risks,
        "reversible": bool(spec.is_reversible),
        "is_real": not spec.is_made_up,
        "undo": spec.undo,
    }
