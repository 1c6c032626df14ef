"""A customer's database, real SQLite and PostgreSQL: changed once a key, by what is declared."""

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from pydantic import SecretStr, ValidationError
from sqlalchemy import event, exc

from runs.clock import StoppedClock
from runs.errors import Conflict, InvalidInput, NotAllowed, NotFound, Unavailable
from tests import databases
from tests.builders import NOW
from tools.sql.declared import Sql
from tools.sql.system import Reach, SqlActs, SqlListed, SqlRecords
from tools.sql.way import open_engine
from tools.tool import ASKED, NotSent, probe, without_means

pytestmark = pytest.mark.both_databases

KEY = "item-1:assign:abc"
TICKET = {
    "workflow": "desk",
    "effect": "assign",
    "item": "t-1",
    "label": "refund",
    "fields": {"amount": "12.50"},
}
TABLES = (
    "CREATE TABLE tickets (id text PRIMARY KEY, queue text, amount numeric(10, 2))",
    "CREATE TABLE done (key text UNIQUE, digest text, at text)",
    "CREATE TABLE loose (key text)",
    "INSERT INTO tickets (id, queue, amount) VALUES ('t-1', 'new', 7.25), ('t-2', 'new', 1)",
)
MOVE = "UPDATE tickets SET queue = :label WHERE id = :item"
KEEP = "INSERT INTO done (key, digest, at) VALUES (:key, :digest, :at)"
KEYS = {"table": "done", "column": "key", "digest_column": "digest"}
DECLARED: dict[str, Any] = {
    "read": "SELECT id, queue, amount FROM tickets WHERE id = :key",
    "all": "SELECT id, queue, amount FROM tickets ORDER BY id",
    "keys": KEYS,
    "operations": {"assign": {"do": [MOVE, KEEP], "changes": 2}},
}


@pytest.fixture
def url(tmp_path: Path) -> str:
    """A customer's database with two tickets."""
    found = databases.empty_url_of(tmp_path, "customer")
    engine = engine_of(found, tmp_path)
    with engine.begin() as connection:
        for statement in TABLES:
            connection.execute(sa.text(statement))
    return found


def engine_of(url: str, folder: Path) -> sa.Engine:
    """As the tool opens it."""
    return open_engine("desk", Sql(url=url, read=DECLARED["read"]), None, folder)


def reach(url: str, folder: Path, **changed: Any) -> Reach:
    """The database as it is declared."""
    declared = Sql.model_validate(DECLARED | {"url": url} | changed)
    return Reach("desk", declared, open_engine("desk", declared, None, folder))


def desk(url: str, folder: Path, **changed: Any) -> SqlActs:
    """The tool that acts."""
    made = reach(url, folder, **changed)
    schema = dict.fromkeys(made.declared.operations, ASKED)
    return SqlActs(made, clock=StoppedClock(NOW), schema=schema)


def queues(url: str, folder: Path) -> list[str]:
    """Where the tickets stand."""
    with engine_of(url, folder).connect() as connection:
        return list(connection.execute(sa.text("SELECT queue FROM tickets ORDER BY id")).scalars())


def test_what_is_declared_is_done_once_under_its_key(url: str, tmp_path: Path) -> None:
    """The second time the first receipt is returned and nothing changes."""
    tool = desk(url, tmp_path)
    first = tool.act("assign", TICKET, KEY)
    with tool.reach.engine.begin() as connection:
        connection.execute(sa.text("UPDATE tickets SET queue = 'moved on'"))
    second = tool.act("assign", TICKET, KEY)

    assert first == second
    assert queues(url, tmp_path) == ["moved on", "moved on"]
    found = tool.find_receipt(KEY)
    assert found is not None
    assert found["row"]["digest"] == first["digest"]


def test_a_key_that_was_used_for_other_content_is_a_conflict(url: str, tmp_path: Path) -> None:
    """Nothing is done for it."""
    tool = desk(url, tmp_path)
    tool.act("assign", TICKET, KEY)

    with pytest.raises(Conflict, match="other content"):
        tool.act("assign", TICKET | {"item": "t-2"}, KEY)
    assert queues(url, tmp_path) == ["refund", "new"]


@pytest.mark.parametrize(
    ("changed", "content", "error", "says"),
    [
        ({}, {"item": "t-9"}, NotFound, "1 rows would have changed instead of 2"),
        ({}, {"item": 7}, InvalidInput, "string"),
        ({"keys": {"table": "loose", "column": "key"}}, {}, InvalidInput, "is not unique"),
        ({"keys": {"table": "nowhere", "column": "key"}}, {}, InvalidInput, "no table nowhere"),
        (
            {"operations": {"assign": {"do": ["UPDATE tickets SET queue = :key"]}}},
            {},
            InvalidInput,
            "did not leave :key",
        ),
        (
            {"operations": {"assign": {"do": [MOVE, "INSERT INTO gone (key) VALUES (:key)"]}}},
            {},
            (InvalidInput, NotSent),
            "refused|not do it",
        ),
    ],
)
def test_what_does_not_hold_leaves_nothing_done(
    url: str, tmp_path: Path, changed: Any, content: Any, error: Any, says: str
) -> None:
    """One transaction: not even its first statement stays."""
    tool = desk(url, tmp_path, **changed)

    with pytest.raises(error, match=says):
        tool.act("assign", TICKET | content, KEY)
    assert queues(url, tmp_path) == ["new", "new"]


def broken_commit(engine: sa.Engine, *, is_done: bool) -> Callable[[], None]:
    """Let the connection break while it commits, on one side of it or the other."""

    def break_off(connection: sa.Connection) -> None:
        if is_done:
            connection.connection.commit()
        raise exc.OperationalError("COMMIT", None, ConnectionError("the line is cut"))

    event.listen(engine, "commit", break_off)
    return lambda: event.remove(engine, "commit", break_off)


@pytest.mark.parametrize("is_done", [True, False])
def test_a_connection_lost_while_committing_is_open_until_it_is_asked(
    url: str, tmp_path: Path, *, is_done: bool
) -> None:
    """Only the database knows, by the key."""
    tool = desk(url, tmp_path)
    mend = broken_commit(tool.reach.engine, is_done=is_done)
    with pytest.raises(Unavailable, match="may have been done") as raised:
        tool.act("assign", TICKET, KEY)
    mend()

    assert not isinstance(raised.value, NotSent)
    assert (tool.find_receipt(KEY) is not None) == is_done
    tool.act("assign", TICKET, KEY)
    assert queues(url, tmp_path) == ["refund", "new"]


def test_a_record_is_read_by_its_key(url: str, tmp_path: Path) -> None:
    """Decimals are text, nothing there is None, and the same row is the same version."""
    crm = SqlRecords(reach(url, tmp_path), clock=StoppedClock(NOW))
    reading, again = crm.read("t-1"), crm.read("t-1")

    assert reading is not None
    assert Decimal(str(reading.value["amount"])) == Decimal("7.25")
    assert (reading, crm.read("t-3")) == (again, None)
    with pytest.raises(NotAllowed, match="reads only"):
        crm.act("assign", TICKET, KEY)


def test_a_look_at_the_whole_is_limited(url: str, tmp_path: Path) -> None:
    """The first rows, in the order that is declared."""
    listed = SqlListed(reach(url, tmp_path), clock=StoppedClock(NOW))

    assert [reading.value["id"] for reading in probe(listed, [], 1)] == ["t-1"]


def test_a_statement_that_reads_changes_nothing(url: str, tmp_path: Path) -> None:
    """Whatever is written in it."""
    sly = "WITH gone AS (DELETE FROM tickets RETURNING id) SELECT id FROM gone WHERE id = :key"
    crm = SqlRecords(reach(url, tmp_path, read=sly), clock=StoppedClock(NOW))

    with pytest.raises((InvalidInput, Unavailable)):
        crm.read("t-1")
    assert queues(url, tmp_path) == ["new", "new"]


def test_two_rows_are_no_record(url: str, tmp_path: Path) -> None:
    """Which of them was meant nobody knows."""
    twice = "SELECT queue FROM tickets WHERE queue = :key"
    crm = SqlRecords(reach(url, tmp_path, read=twice), clock=StoppedClock(NOW))

    with pytest.raises(InvalidInput, match="more than one row"):
        crm.read("new")


def test_it_is_reached_without_changing_it(url: str, tmp_path: Path) -> None:
    """A column that keeps a key twice is found before anything is done."""
    assert probe(desk(url, tmp_path), [], 5) == []

    with pytest.raises(InvalidInput, match="not unique"):
        probe(desk(url, tmp_path, keys={"table": "loose", "column": "key"}), [], 5)


def test_a_database_that_is_not_there_surely_did_nothing(database: str, tmp_path: Path) -> None:
    """That is told apart from what may have been done; nobody learns the password."""
    where = "sqlite:///nowhere/at/all.db"
    if database == databases.POSTGRESQL:
        where = "postgresql://desk@127.0.0.1:1/desk"
    declared = Sql.model_validate(DECLARED | {"url": where, "timeout_s": 1})
    engine = open_engine("desk", declared, SecretStr("c4n4ry-s3cret"), tmp_path)
    tool = SqlActs(
        Reach("desk", declared, engine), clock=StoppedClock(NOW), schema={"assign": ASKED}
    )

    with pytest.raises(NotSent) as raised:
        tool.act("assign", TICKET, KEY)
    assert "c4n4ry" not in f"{raised.value}{tool}{raised.value.__context__}"


def test_a_tool_without_means_reaches_nothing(url: str, tmp_path: Path) -> None:
    """In the sandbox nothing is done."""
    with pytest.raises(NotAllowed, match="sandbox"):
        without_means(desk(url, tmp_path)).act("assign", TICKET, KEY)
    assert queues(url, tmp_path) == ["new", "new"]


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"url": "postgresql://desk:secret@db/desk"}, "password"),
        ({"url": "postgresql://db/desk?password=secret"}, "password"),
        ({"url": "desk.db"}, "write it as"),
        ({"read": "DELETE FROM tickets WHERE id = :key"}, "SELECT"),
        ({"read": "SELECT 1 WHERE :key = '1'; DROP TABLE tickets"}, "one statement"),
        ({"read": "SELECT 1"}, "bind :key"),
        ({"keys": None}, "keys"),
        ({"operations": {"assign": {"do": [MOVE]}}}, "keep :key"),
        ({"operations": {"assign": {"do": ["DROP TABLE done"]}}}, "INSERT"),
        (
            {"operations": {"assign": {"do": ["INSERT INTO done VALUES ({item}, :key)"]}}},
            "bind values",
        ),
    ],
)
def test_what_is_declared_wrongly_is_refused(changed: dict[str, Any], says: str) -> None:
    """Nothing free-form, and the secret is a reference."""
    with pytest.raises(ValidationError, match=says):
        Sql.model_validate(DECLARED | {"url": "sqlite:///a.db"} | changed)
