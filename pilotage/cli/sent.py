"""items as they are sent: one JSON object, one a line, or the rows of a CSV file; all or none."""

import csv
import io
import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from rollout.sent import Sent
from runs.errors import InvalidInput

LONGEST = 2_000_000
"""Characters of one line; an item is smaller."""
TABLES = {".csv": ",", ".tsv": "\t"}
"""What separates the columns, by the end of the file's name."""


def read(file: str, options: Mapping[str, str]) -> list[Sent]:
    """Every item of a file, or of stdin for `-`, with its key.

    `options`: `key`, `key_field`, `input_field` and `form`, as `pilotage item submit` takes them.
    InvalidInput names the file, the line and the remedy; then no item was read.
    """
    found = [_sent(place, row, options) for place, row in _rows(file, options["form"])]
    if options["key"] and len(found) > 1:
        raise InvalidInput(
            f"--key {options['key']!r} is for a single item and {file} holds {len(found)}; name "
            "the field that holds each key with --key-field"
        )
    return found


def _sent(place: str, row: dict[str, Any], options: Mapping[str, str]) -> Sent:
    value = row.get(options["input_field"]) if options["input_field"] else row
    if not isinstance(value, dict):
        raise InvalidInput(f"{place}: {options['input_field']!r} is no object; name its field")
    key = options["key"] or row.get(options["key_field"])
    if isinstance(key, bool) or not isinstance(key, str | int) or key == "":
        raise InvalidInput(
            f"{place}: {options['key_field']!r} is missing or empty; name the field that holds "
            "the sender's key with --key-field, or give --key for a single item"
        )
    return Sent(str(key), value)


def _rows(file: str, form: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each object with its place."""
    text, suffix = _text(file), Path(file).suffix.lower()
    if form in ("csv", "tsv") or (not form and suffix in TABLES):
        return _table(file, text, TABLES[f".{form}" if form else suffix])
    return _objects(file, text)


def _objects(file: str, text: str) -> Iterator[tuple[str, dict[str, Any]]]:
    whole = _find_object(text)
    if whole is not None:
        yield file, whole
        return
    lines = [(number, line) for number, line in enumerate(text.split("\n"), 1) if line.strip()]
    if not lines:
        raise InvalidInput(f"{file}: holds no item; send one JSON object, or one a line")
    for number, line in lines:
        row = _find_object(line) if len(line) <= LONGEST else None
        if row is None:
            raise InvalidInput(
                f"{file}, line {number}: is not a JSON object; nothing was taken in; write one "
                "object a line, or say --form csv for a table"
            )
        yield f"{file}, line {number}", row


def _table(file: str, text: str, delimiter: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """One item a row, under the names of the header; an empty cell is a field that was not sent."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    header = _header(file, reader)
    count = 0
    for place, cells in _cells(file, reader):
        if not any(cells):
            continue
        if len(cells) != len(header):
            raise InvalidInput(
                f"{place}: has {len(cells)} cells and the header {len(header)}; nothing was taken "
                "in; put what holds a separator or a line break in double quotes"
            )
        count += 1
        yield place, {name: cell for name, cell in zip(header, cells, strict=True) if cell}
    if not count:
        raise InvalidInput(f"{file}: holds no item; write one a row below the header")


def _header(file: str, reader: Any) -> list[str]:
    header = next((cells for _, cells in _cells(file, reader)), [])
    if not header or len(set(header)) != len(header) or not all(header):
        raise InvalidInput(
            f"{file}, line 1: is no header; name every column once, the key's among them"
        )
    return header


def _cells(file: str, reader: Any) -> Iterator[tuple[str, list[str]]]:
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader, None)
        except csv.Error as error:
            raise InvalidInput(
                f"{file}, line {line}: is no row of a table ({error}); nothing was taken in; "
                "mend the row"
            ) from None
        if cells is None:
            return
        yield f"{file}, line {line}", [cell.strip() for cell in cells]


def _text(file: str) -> str:
    if file == "-":
        return sys.stdin.read()
    try:
        return Path(file).read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise InvalidInput(f"{file}: cannot be read ({error.strerror}); check the path") from None
    except UnicodeDecodeError:
        raise InvalidInput(f"{file}: is not UTF-8; save it as UTF-8") from None


def _find_object(text: str) -> dict[str, Any] | None:
    try:
        value = json.loads(text)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None
