"""Each source and tool is reached once, read only, and only names and types are told of it."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from runs.clock import StoppedClock
from runs.records.version import Effect, Source
from tests.builders import NOW
from tools.files.records import FileRecords
from tools.files.sink import FolderSink
from tools.tool import Closed, Tool, without_means
from workflow.access import REMEDIES, Systems, find_changes, reach

CLOCK = StoppedClock(NOW)
CRM = Source(name="accounts", tool="crm", key_field="account", fields=("tier", "since", "gone"))
ASSIGN = Effect(name="assign", tool="queues", operation="assign", level="update")
CANARY = "c4n4ry value"


def ticking() -> Iterator[float]:
    """A stopwatch that shows a quarter of a second more at each look."""
    return (n / 4 for n in range(1_000))


def systems(tools: Mapping[str, Tool]) -> Systems:
    """Tools, and a stopwatch of our own."""
    watch = ticking()
    return Systems(tools, lambda: next(watch))


def crm(folder: Path, text: str) -> FileRecords:
    """A source with this text."""
    file = folder / "crm.json"
    file.write_text(text)
    return FileRecords("crm", file, "id", clock=CLOCK)


def accounts(folder: Path, **changed: Any) -> FileRecords:
    """Two accounts."""
    first = {"id": "a", "tier": CANARY, "since": 2020} | changed
    return crm(folder, json.dumps([first, {"id": "b", "tier": None, "since": 2021}]))


def test_a_source_tells_its_fields_types_and_time_and_no_value(tmp_path: Path) -> None:
    """What is declared is looked for; a null is no type."""
    [found] = reach(systems({"crm": accounts(tmp_path)}), [CRM], effects=[])

    assert (found.reached, found.level, found.records, found.ms) == (True, "read", 2, 250)
    assert (found.present, found.missing) == (("tier", "since"), ("gone",))
    assert found.types == {"tier": "text", "since": "number"}
    assert CANARY not in str(found.as_json())


def test_the_same_schema_has_the_same_fingerprint_whatever_the_values(tmp_path: Path) -> None:
    """The version tells that the records are others."""
    [first] = reach(systems({"crm": accounts(tmp_path)}), [CRM], effects=[])
    [again] = reach(systems({"crm": accounts(tmp_path, since=2022)}), [CRM], effects=[])

    assert first.fingerprint == again.fingerprint
    assert first.version != again.version
    assert find_changes([first], [again]) == ()


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"since": "2020"}, "source accounts, field since: number, now number or text"),
        ({"gone": True}, "source accounts, field gone: missing, now flag"),
    ],
)
def test_a_changed_schema_names_source_and_field(
    tmp_path: Path, changed: dict[str, Any], says: str
) -> None:
    """And what it was."""
    before = reach(systems({"crm": accounts(tmp_path)}), [CRM], effects=[])
    after = reach(systems({"crm": accounts(tmp_path, **changed)}), [CRM], effects=[])

    assert [one.says for one in find_changes(before, after)] == [says]
    assert before[0].fingerprint != after[0].fingerprint


def test_a_field_of_nulls_may_be_of_any_type(tmp_path: Path) -> None:
    """Nothing is concluded from what was never seen."""
    before = reach(
        systems({"crm": crm(tmp_path, '[{"id": "a", "tier": null}]')}), [CRM], effects=[]
    )
    after = reach(systems({"crm": crm(tmp_path, '[{"id": "a", "tier": "x"}]')}), [CRM], effects=[])

    assert find_changes(before, after) == ()


@pytest.mark.parametrize(
    ("text", "error"), [("{", "garbage"), ('[{"tier": "x"}]', "garbage"), (None, "unavailable")]
)
def test_a_source_that_cannot_be_read_says_why(
    tmp_path: Path, text: str | None, error: str
) -> None:
    """And holds no word of it."""
    tool = crm(tmp_path, text or "")
    if text is None:
        tool.path.unlink()
    [found] = reach(systems({"crm": tool}), [CRM], effects=[])

    assert (found.reached, found.error, found.fingerprint) == (False, error, "")
    assert error in REMEDIES


def test_a_tool_is_reached_without_leaving_anything(tmp_path: Path) -> None:
    """Not even its folder."""
    queues = FolderSink("queues", tmp_path / "queues", clock=CLOCK, schema={"assign": {}})
    [found] = reach(systems({"queues": queues}), [], effects=[ASSIGN])

    assert (found.part, found.reached, found.level) == ("tool", True, "update")
    assert list(tmp_path.iterdir()) == []


def test_a_tool_that_could_not_act_is_not_reached(tmp_path: Path) -> None:
    """A file stands where its folder would; it lacks the operation; it is not there at all."""
    (tmp_path / "file").write_text("")
    blocked = FolderSink("queues", tmp_path / "file", clock=CLOCK, schema={"assign": {}})
    other = FolderSink("queues", tmp_path / "queues", clock=CLOCK, schema={"close": {}})
    made: list[dict[str, Tool]] = [{"queues": blocked}, {"queues": other}, {}]

    errors = [reach(systems(tools), [], effects=[ASSIGN])[0].error for tools in made]
    assert errors == ["unavailable", "no_operation", "no_tool"]


def test_a_credential_that_is_nowhere_is_named_by_its_reference() -> None:
    """The reference is told, and that is all there is."""
    closed = Closed("crm", "read", (), {}, is_real=True, credential="env:CRM_KEY")
    [found] = reach(systems({"crm": closed}), [CRM], effects=[])

    assert (found.reached, found.error, found.credential) == (False, "no_credential", "env:CRM_KEY")


def test_a_source_that_cannot_be_listed_is_asked_for_the_records_of_the_items(
    tmp_path: Path,
) -> None:
    """As many as the items name."""
    tool = without_means(accounts(tmp_path))
    [found] = reach(systems({"crm": tool}), [CRM], effects=[], items=[{"account": "b"}, {}])

    assert (found.reached, found.records, found.present) == (True, 1, ("tier", "since"))
