"""A canary: a tool's secret is in no error, log, record, queue, export, answer or figure."""

import logging
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from starlette.testclient import TestClient

from pilotage.systems import ToolsFile, write_specs
from pilotage.worker import working
from runs.clock import StoppedClock
from runs.records.person import Customer
from runs.store.filtered import ItemFilter
from tests import line
from tests.builders import NOW
from tests.integration import api_home
from tests.outsides import CANARY, FIELDS, Outside, outside
from tests.receiver import Answering, receiving
from tests.unit.pilotage.homes import House
from tools.sql.declared import Sql
from tools.sql.way import open_engine
from tools.tool import Tool, probe

ACME = Customer(id="acme", name="Acme", is_demo=False)
ASK: dict[str, Any] = {
    "workflow": "desk",
    "effect": "assign",
    "item": "t-1",
    "label": "refund",
    "fields": FIELDS,
}
ECHO = f"no: Bearer {CANARY} at https://u:{CANARY}@desk.example".encode()
TEMPTING = [
    Answering(status, ECHO, {"Location": f"https://u:{CANARY}@desk.example/", "X-Echo": CANARY})
    for status in (400, 401, 403, 404, 409, 422, 429, 500, 503, 302, 307)
]
"""What a system that repeats the credential answers, one after the other."""


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Outside]:
    """Every system outside."""
    with outside(tmp_path_factory.mktemp("secrets")) as found:
        yield found


def asked(tool: Tool) -> Iterator[Callable[[], Any]]:
    """Everything that may be asked of a tool."""
    yield lambda: tool.read("A-1")
    yield lambda: tool.find_receipt("k-1")
    yield lambda: probe(tool, ["A-1"], 3)
    for operation in (*tool.schema, "other"):
        yield lambda one=operation: tool.act(one, ASK, f"k-{one}")


def everything(error: BaseException) -> str:
    """An error as it may be printed: itself, what led to it, and every frame's line."""
    told, seen = "", error
    while seen is not None:
        told += f"{seen!r} {seen} {seen.args}"
        seen = seen.__cause__ or seen.__context__
    return told + "".join(traceback.format_exception(error))


def test_no_tool_tells_its_secret_however_it_fails(
    world: Outside, caplog: pytest.LogCaptureFixture
) -> None:
    """Though the other side repeats it in its body, headers, address or greeting."""
    caplog.set_level(logging.DEBUG)
    tools, told = world.tools(ACME, StoppedClock(NOW)), ""
    for name, tool in tools.items():
        told += repr(tool)
        for ask in asked(tool):
            world.received.answers = list(TEMPTING)
            try:
                ask()
            except Exception as error:  # whatever it is, it is looked at
                told += f"{name} {everything(error)}"

    assert len(told) > 5_000
    assert CANARY not in told
    assert CANARY not in caplog.text


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://desk@127.0.0.1:1/desk",
        "postgresql://desk@127.0.0.1:1/desk?sslmode=nonsense",
        "mysql+nothing://desk@127.0.0.1/desk",
        "postgresql://desk@127.0.0.1:port/desk",
    ],
)
def test_no_error_of_a_database_holds_its_password(tmp_path: Path, url: str) -> None:
    """Whether it is not there, its driver is missing or its address is none."""
    told = ""
    try:
        engine = open_engine("desk", Sql(url=url, read="SELECT :key"), SecretStr(CANARY), tmp_path)
        told += repr(engine)
        engine.connect()
    except Exception as error:  # whatever it is, it is looked at
        told += everything(error)

    assert told
    assert CANARY not in told


@pytest.fixture
def worked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[line.Line]:
    """A home whose tool failed at every item in ways that repeat its secret; all items ended."""
    monkeypatch.setenv("CANARY", CANARY)
    with receiving() as (url, received):
        tool = line.over_http(url).model_copy(update={"credential": "env:CANARY"})
        made = line.lay(tmp_path / "home", tool, CANARY=CANARY)
        write_specs(made.wired.home, made.customer, ToolsFile(tools=(tool,)))
        final = [one for one in TEMPTING if one.status in (400, 401, 403, 404, 422, 302)]
        received.answers = list(final)
        made.send(len(final))
        wanted = ItemFilter(workflow=line.WORKFLOW, status="queued")
        with working(made.wired) as one:
            is_done = one.run_until(
                lambda: not made.wired.store.items.list(made.customer, wanted), timeout_s=90
            )
        assert is_done
        assert any(told.get("Authorization") == f"Bearer {CANARY}" for told in received.headers)
        yield made


def test_nothing_that_is_kept_or_told_holds_a_secret(
    worked: line.Line, caplog: pytest.LogCaptureFixture
) -> None:
    """Record, queue, checkpoints, reports, exports, command line, API and figures."""
    caplog.set_level(logging.DEBUG)
    house = House(worked.folder, {"ben": worked.token}, worked.wired)
    items = [one.id for one in worked.wired.store.items.list(worked.customer)]
    shown = [house.run("item", "show", one, "--json", by="ben").stdout for one in items]
    for command in ("action list", "tool list", "tool show queues", "doctor", "item list"):
        ran = house.run(*command.split(), by="ben")
        shown.append(ran.stdout + ran.stderr)
    export = worked.folder / "export.tar"
    shown.append(house.run("audit", "export", "--out", str(export), by="ben").output)
    with api_home.asking(house, "ben") as client:
        shown += answers_of(client)

    files = [one for one in worked.folder.rglob("*") if one.is_file()]
    assert any("answered 401" in one for one in shown)
    assert {one.name for one in files} >= {"pilotage.db", "queue.db"}
    assert [one for one in files if CANARY.encode() in one.read_bytes()] == []
    assert CANARY not in "".join(shown) + caplog.text


def answers_of(client: TestClient) -> list[str]:
    """What every address of the API that is only looked at answers."""
    document = client.get("/openapi.json").json()
    paths = [path for path, ways in document["paths"].items() if "get" in ways]
    assert any("item" in path for path in paths)
    return [client.get(path).text for path in [*paths, "/metrics", "/api/v1/items?limit=50"]]
