"""Records read from files."""

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runs.clock import StoppedClock
from runs.errors import InvalidInput, NotAllowed, Unavailable
from tools.files.records import CERTAIN_BYTES, FileRecords
from tools.files.rows import read_rows

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
ACCOUNTS = [{"id": "A-1", "tier": "plus"}, {"id": "A-2", "tier": "gold", "open": True}]


def records(path: Path) -> FileRecords:
    """The customer's accounts."""
    return FileRecords("crm", path, "id", clock=StoppedClock(NOW))


def written(path: Path, text: str) -> FileRecords:
    """The accounts in a file of this text."""
    path.write_text(text, encoding="utf-8")
    return records(path)


def value_of(tool: FileRecords, key: str) -> dict[str, Any]:
    """The record, which must be there."""
    reading = tool.read(key)
    assert reading is not None
    return reading.value


def version_of(tool: FileRecords, key: str) -> str:
    """The version of the record, which must be there."""
    reading = tool.read(key)
    assert reading is not None
    return reading.version


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("crm.json", json.dumps(ACCOUNTS)),
        ("crm.json", "\ufeff" + json.dumps(ACCOUNTS)),
        ("crm.json", json.dumps({a["id"]: {**a, "id": "ignored"} for a in ACCOUNTS})),
        ("crm.jsonl", "\n\n".join(json.dumps(account) for account in ACCOUNTS)),
    ],
)
def test_a_record_is_found_in_every_form(tmp_path: Path, name: str, text: str) -> None:
    """A list, an object by key, lines of JSON; with or without a byte-order mark."""
    tool = written(tmp_path / name, text)

    assert [value_of(tool, "A-1"), value_of(tool, "A-2")] == ACCOUNTS
    assert tool.read("A-3") is None


@pytest.mark.parametrize("separator", [",", ";"])
def test_a_table_is_read_as_text(tmp_path: Path, separator: str) -> None:
    """Nothing is guessed about the values of a CSV file; quoted separators and lines are kept."""
    rows = 'id,note\nA-1,"two\nlines, one"\n\nA-2,7\n'.replace(",", separator)
    tool = written(tmp_path / "crm.csv", rows)

    expected = {"id": "A-1", "note": "two\nlines, one".replace(",", separator)}
    assert value_of(tool, "A-1") == expected
    assert value_of(tool, "A-2") == {"id": "A-2", "note": "7"}


def test_a_folder_is_read_as_one(tmp_path: Path) -> None:
    """Every file counts but hidden ones; a number may be a key."""
    (tmp_path / "one.json").write_text('{"id": 7, "tier": "plus"}', encoding="utf-8")
    (tmp_path / "two.csv").write_text("id,tier\nA-2,gold\n", encoding="utf-8")
    (tmp_path / ".three.json").write_text("not finished", encoding="utf-8")
    tool = records(tmp_path)

    assert value_of(tool, "7") == {"id": 7, "tier": "plus"}
    assert value_of(tool, "A-2")["tier"] == "gold"


def test_the_version_is_the_content(tmp_path: Path) -> None:
    """Order and spaces change nothing; a value does, and only that record's version."""
    path = tmp_path / "crm.json"
    tool = written(path, '[{"id": "A-1", "tier": "plus"}, {"id": "A-2"}]')
    first, other = version_of(tool, "A-1"), version_of(tool, "A-2")
    written(path, '[{"id": "A-2"},   {"tier": "plus", "id": "A-1"}]')
    assert version_of(tool, "A-1") == first
    written(path, '[{"id": "A-2"}, {"tier": "gold", "id": "A-1"}]')

    assert version_of(tool, "A-1") not in (first, other)
    assert version_of(tool, "A-2") == other


def test_a_change_of_the_same_size_in_the_same_instant_is_seen(tmp_path: Path) -> None:
    """A stamp may stay as it was: small files are compared by their bytes."""
    path = tmp_path / "crm.json"
    tool = written(path, '[{"id": "A-1", "tier": "0000"}]')
    seen = []
    for number in range(200):
        with path.open("r+") as file:
            file.write(f'[{{"id": "A-1", "tier": "{number:04}"}}]')
        seen.append(value_of(tool, "A-1")["tier"])

    assert seen == [f"{number:04}" for number in range(200)]


def test_a_large_file_is_read_again_when_its_stamp_changes(tmp_path: Path) -> None:
    """Above the size that is compared by bytes, the stamp decides."""
    path, filler = tmp_path / "crm.json", "x" * CERTAIN_BYTES
    tool = written(path, json.dumps([{"id": "A-1", "tier": "plus", "note": filler}]))
    assert value_of(tool, "A-1")["tier"] == "plus"
    written(path, json.dumps([{"id": "A-1", "tier": "none", "note": filler}]))

    assert value_of(tool, "A-1")["tier"] == "none"


def test_a_reading_says_when_it_was_read_and_when_written(tmp_path: Path) -> None:
    """The clock's time, and the file's."""
    path = tmp_path / "crm.json"
    tool = written(path, json.dumps(ACCOUNTS))
    old = datetime(2026, 2, 1, tzinfo=UTC)
    os.utime(path, (old.timestamp(), old.timestamp()))

    reading = tool.read("A-1")

    assert reading is not None
    assert (reading.read_at, reading.as_of) == (NOW, old)


def test_what_a_caller_does_with_a_reading_stays_with_the_caller(tmp_path: Path) -> None:
    """The next reading is the file's again."""
    tool = written(tmp_path / "crm.json", '[{"id": "A-1", "tags": ["a"]}]')
    value_of(tool, "A-1")["tags"].append("b")

    assert value_of(tool, "A-1")["tags"] == ["a"]


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("crm.json", '[\n{"id": "A-1"},\n{"id": }]', "crm.json, line 3: Expecting value"),
        ("crm.json", "", "crm.json, line 1: Expecting value"),
        ("crm.json", '[{"id": "A-1"}, 7]', "record 2: is not an object"),
        ("crm.json", '{"A-1": 7}', "record 1: is not an object"),
        ("crm.json", '[{"tier": "plus"}]', "record 1: 'id' is missing or empty"),
        ("crm.json", '[{"id": ""}]', "record 1: 'id' is missing or empty"),
        ("crm.json", '[{"id": true}]', "record 1: 'id' is missing or empty"),
        ("crm.json", '[{"id": "A-1", "id": "A-2"}]', "an object has a field twice"),
        ("crm.json", '[{"id": "A-1", "x": NaN}]', "NaN is not a number of JSON"),
        ("crm.json", '[{"id": "A-1", "x": 1e999}]', "record 1: cannot be kept"),
        ("crm.json", '[{"id": "A-1", "x": "\\ud800"}]', "record 1: cannot be kept"),
        ("crm.json", "[" * 100_000, "from line 1: maximum recursion"),
        ("crm.jsonl", '{"id": "A-1"}\n{"id": "A-2"', "crm.jsonl, line 2: Expecting ','"),
        ("crm.jsonl", '{"id": "A-1"}\n{"id": "A-1"}', "line 2: this id also stands in .*line 1"),
        ("crm.csv", "", "line 1: name a column 'id'"),
        ("crm.csv", "key,tier\nA-1,plus\n", "line 1: name a column 'id'"),
        ("crm.csv", "id,id\nA-1,A-2\n", "no column twice"),
        ("crm.csv", "id,tier\nA-1\n", "line 2: 1 values for 2 columns"),
        ("crm.csv", 'id,tier\nA-1,"plus\n', "line 2: unexpected end"),
        ("crm.txt", "id", "neither .json nor .jsonl nor .csv"),
    ],
)
def test_garbage_is_named_by_file_and_line(tmp_path: Path, name: str, text: str, says: str) -> None:
    """Nothing of a broken file is used."""
    tool = written(tmp_path / name, text)

    with pytest.raises(InvalidInput, match=says):
        tool.read("A-1")


def test_another_encoding_is_named_with_its_line(tmp_path: Path) -> None:
    """A file that is not UTF-8 is not guessed at."""
    (tmp_path / "crm.csv").write_bytes("id,name\nA-1,Zoë\n".encode("latin-1"))

    with pytest.raises(InvalidInput, match="line 2: is not UTF-8"):
        records(tmp_path / "crm.csv").read("A-1")


@pytest.mark.parametrize("name", ["none.json", "none/crm.json", "."])
def test_a_file_that_is_not_there_does_not_answer(tmp_path: Path, name: str) -> None:
    """Missing file, missing folder, empty folder: another day it may be there."""
    with pytest.raises(Unavailable, match="crm"):
        records(tmp_path / name).read("A-1")


def test_a_number_json_cannot_hold_is_kept_as_text(tmp_path: Path) -> None:
    """A long account number keeps every digit."""
    tool = written(tmp_path / "crm.json", f'[{{"id": "A-1", "iban": {10**30}, "n": {2**53 - 1}}}]')

    assert value_of(tool, "A-1") == {"id": "A-1", "iban": str(10**30), "n": 2**53 - 1}


def test_records_are_only_read(tmp_path: Path) -> None:
    """A file of records has no operation."""
    tool = written(tmp_path / "crm.json", json.dumps(ACCOUNTS))

    with pytest.raises(NotAllowed, match="reads only"):
        tool.act("write", {"tier": "gold"}, "k-1")
    assert tool.find_receipt("k-1") is None
    assert value_of(tool, "A-1")["tier"] == "plus"


@given(st.binary(max_size=200), st.sampled_from(["a.json", "a.jsonl", "a.csv"]))
def test_whatever_a_file_holds_it_is_records_or_refused(content: bytes, name: str) -> None:
    """No content of a file is a crash."""
    try:
        rows = list(read_rows(Path(name), content, "id"))
    except InvalidInput:
        return

    assert all(row.value["id"] != "" for row in rows)
