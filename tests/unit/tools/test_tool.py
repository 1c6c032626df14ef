"""What a tool promises, and what is left of it without means."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runs.clock import StoppedClock
from runs.errors import InvalidInput, NotAllowed
from tests.outsides import reachable
from tools.files.records import FileRecords
from tools.files.sink import FolderSink
from tools.notify import Outbox
from tools.tool import (
    Tool,
    admitted,
    check_content,
    check_operation,
    unchecked,
    without_means,
)

CLOCK = StoppedClock(datetime(2026, 3, 2, 9, tzinfo=UTC))
ASSIGN = {
    "type": "object",
    "properties": {
        "queue": {"type": "string", "enum": ["refunds", "parcels"]},
        "note": {"type": ["string", "null"], "maxLength": 5},
        "places": {"type": "array", "items": {"type": "integer"}, "maxItems": 2},
        "share": {"type": "number"},
        "urgent": {"type": "boolean"},
    },
    "required": ["queue"],
    "additionalProperties": False,
}


def sink(folder: Path, *, is_real: bool = True) -> FolderSink:
    """A tool that acts."""
    return FolderSink("desk", folder, clock=CLOCK, schema={"assign": ASSIGN}, is_real=is_real)


def every_tool(folder: Path) -> list[Tool]:
    """One of each kind there is."""
    (folder / "crm.json").write_text('[{"id": "A-1", "tier": "plus"}]', encoding="utf-8")
    return [
        FileRecords("crm", folder / "crm.json", "id", clock=CLOCK),
        sink(folder / "desk"),
        Outbox(folder / "outbox", clock=CLOCK),
    ]


def calls(tool: Tool) -> list[tuple[str, dict[str, Any]]]:
    """Every operation a tool knows, and one it does not."""
    known: dict[str, dict[str, Any]] = {
        "assign": {"queue": "refunds"},
        "send": {"to": ["p-1"], "title": "t", "text": "t"},
    }
    return [(name, known[name]) for name in tool.schema] + [("other", {})]


def test_no_tool_without_means_acts_whatever_it_is_asked(tmp_path: Path) -> None:
    """In the sandbox nothing happens outside."""
    tools = every_tool(tmp_path)
    before = sorted(tmp_path.rglob("*"))

    for tool in tools:
        bare = without_means(tool)
        for operation, content in calls(tool):
            with pytest.raises(NotAllowed, match="without means"):
                bare.act(operation, content, "k-1")
        assert (bare.name, bare.level, bare.risks) == (tool.name, tool.level, tool.risks)
        assert bare.find_receipt("k-1") is None
        assert not bare.remembers_keys

    assert sorted(tmp_path.rglob("*")) == before


def test_what_is_without_means_holds_nothing_to_act_with(tmp_path: Path) -> None:
    """Neither the tool nor its folder can be reached from it."""
    tool = sink(tmp_path / "desk")
    bare = without_means(tool)

    assert any(thing is tool.folder for thing in reachable(tool))
    assert not any(thing is tool or thing is tool.folder for thing in reachable(bare))


def test_without_means_only_a_reader_is_read(tmp_path: Path) -> None:
    """The sandbox reads the customer's records and nothing that could act."""
    reader, desk, outbox = (without_means(tool) for tool in every_tool(tmp_path))

    found = reader.read("A-1")
    assert found is not None
    assert found.value == {"id": "A-1", "tier": "plus"}
    for tool in (desk, outbox):
        with pytest.raises(NotAllowed, match="without means"):
            tool.read("k-1")


def test_a_demo_home_refuses_a_real_tool(tmp_path: Path) -> None:
    """A demo never reaches a customer's system; its own folders it may."""
    with pytest.raises(NotAllowed, match="'desk' reaches a real system"):
        admitted([sink(tmp_path)], is_demo=True)

    assert list(admitted([sink(tmp_path, is_real=False)], is_demo=True)) == ["desk"]
    assert list(admitted([sink(tmp_path)], is_demo=False)) == ["desk"]


def test_two_tools_of_one_name_are_refused(tmp_path: Path) -> None:
    """A name in a plan means one system."""
    with pytest.raises(InvalidInput, match="two tools are called 'desk'"):
        admitted([sink(tmp_path), sink(tmp_path)], is_demo=False)


UNDECLARED = "1 of its fields are not declared; declared are: queue, note, places, share, urgent"


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ({}, ["assign.queue: is missing"]),
        ({"queue": "sales"}, ["assign.queue: is not one of the 2 values it may have"]),
        ({"queue": 7}, ["assign.queue: is not of type string"]),
        ({"queue": "refunds", "Eva Schmidt": 1}, [f"assign: {UNDECLARED}"]),
        (
            {"queue": "refunds", "note": "longer"},
            ["assign.note: its length of 6 is not between 0 and 5"],
        ),
        ({"queue": "refunds", "note": 1}, ["assign.note: is not of type string or null"]),
        (
            {"queue": "refunds", "places": [1, "2", 3]},
            [
                "assign.places: its length of 3 is not between 0 and 2",
                "assign.places[1]: is not of type integer",
            ],
        ),
        ({"queue": "refunds", "places": [True]}, ["assign.places[0]: is not of type integer"]),
        ({"queue": "refunds", "urgent": 1}, ["assign.urgent: is not of type boolean"]),
        ({"queue": "refunds", "note": None, "share": 2, "urgent": False}, []),
    ],
)
def test_content_is_held_against_its_schema(content: dict[str, Any], says: list[str]) -> None:
    """Every breach is told by path, and none by value."""
    assert check_content(content, ASSIGN, "assign") == says


def test_a_schema_that_asks_for_more_than_is_checked_lets_nothing_through() -> None:
    """A check that is not made is not passed."""
    assert check_content("x", {"type": "string", "pattern": "^x$"}, "p") == [
        "p: the schema uses pattern, which nothing here checks"
    ]


@pytest.mark.parametrize(
    ("value", "says"),
    [
        (0, []),
        (1.0, []),
        (-1, ["share: is less than 0"]),
        (1.5, ["share: is more than 1"]),
        (float("nan"), ["share: is less than 0", "share: is more than 1"]),
    ],
)
def test_a_number_keeps_within_its_ends(value: float, says: list[str]) -> None:
    """What is no number keeps within none."""
    schema = {"type": "number", "minimum": 0, "maximum": 1}

    assert check_content(value, schema, "share") == says


def test_what_a_schema_says_and_nobody_checks_is_named() -> None:
    """However deep it stands."""
    inner = {"type": "array", "items": {"type": "string", "pattern": "^x$"}}
    schema = {"type": "object", "properties": {"a": inner}, "oneOf": []}

    assert unchecked(schema) == ["oneOf", "pattern"]


@pytest.mark.parametrize(
    ("operation", "content", "says"),
    [
        ("delete", {}, "no operation 'delete'; name one of: assign"),
        ("assign", {"queue": "sales"}, "is not one of"),
        ("assign", {"queue": "refunds", "note": "\ud800"}, "is not JSON"),
        ("assign", {"queue": "refunds", "share": float("nan")}, "is not JSON"),
    ],
)
def test_an_operation_is_refused_before_anything_is_done(
    tmp_path: Path, operation: str, content: dict[str, Any], says: str
) -> None:
    """Unknown operation, wrong content, and what is no JSON."""
    with pytest.raises(InvalidInput, match=says):
        check_operation(sink(tmp_path), operation, content)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=12,
)


@given(JSON)
def test_a_check_answers_for_every_json_value(value: Any) -> None:
    """Whatever arrives, the answer is a list of sentences, and only an object can pass."""
    said = check_content(value, ASSIGN, "assign")

    assert said != [] or (isinstance(value, dict) and value["queue"] in ("refunds", "parcels"))
