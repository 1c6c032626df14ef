"""The records of one JSON, JSON-lines or CSV file, each with its place."""

import csv
import io
import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

from runs.errors import InvalidInput
from runs.records.record import canonical
from tools.system import whole


class Row(NamedTuple):
    """One record of a file, and where it stands."""

    place: str
    """`line 3` or `record 3`."""
    value: dict[str, Any]


def read_rows(file: Path, content: bytes, key_field: str) -> Iterator[Row]:
    """Every record of the file, with a key and in values that can be kept.

    Raises InvalidInput naming file, line or place, and what is wrong.
    """
    read = READERS.get(file.suffix)
    if read is None:
        raise InvalidInput(f"{file}: is neither .json nor .jsonl nor .csv; rename or convert it")
    for row in read(file, _text(file, content), key_field):
        key = row.value.get(key_field)
        if isinstance(key, bool) or not isinstance(key, str | int) or key == "":
            raise InvalidInput(f"{file}, {row.place}: {key_field!r} is missing or empty")
        _check_storable(file, row)
        yield row


def _text(file: Path, content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise InvalidInput(f"{file}, line {line}: is not UTF-8; save the file as UTF-8") from None


def _check_storable(file: Path, row: Row) -> None:
    try:
        canonical(row.value)
    except (ValueError, TypeError) as error:
        raise InvalidInput(f"{file}, {row.place}: cannot be kept ({error})") from None


def _json_rows(file: Path, text: str, key_field: str) -> Iterator[Row]:
    whole = _json(file, text, 1)
    if isinstance(whole, dict) and not isinstance(whole.get(key_field), str | int):
        whole = [
            {**value, key_field: key} if isinstance(value, dict) else value
            for key, value in whole.items()
        ]
    for place, value in enumerate(whole if isinstance(whole, list) else [whole], start=1):
        yield _row(file, f"record {place}", value)


def _json_line_rows(file: Path, text: str, _: str) -> Iterator[Row]:
    for line, row in enumerate(text.split("\n"), start=1):
        if row.strip():
            yield _row(file, f"line {line}", _json(file, row, line))


def _csv_rows(file: Path, text: str, key_field: str) -> Iterator[Row]:
    first = text.partition("\n")[0]
    delimiter = ";" if first.count(";") > first.count(",") else ","
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    header = _cells(file, reader) or []
    if key_field not in header or len(set(header)) != len(header):
        raise InvalidInput(f"{file}, line 1: needs a column {key_field!r}, and no column twice")
    while (cells := _cells(file, reader)) is not None:
        if cells and len(cells) != len(header):
            raise InvalidInput(
                f"{file}, line {reader.line_num}: {len(cells)} values for {len(header)} columns"
            )
        if cells:
            yield Row(f"line {reader.line_num}", dict(zip(header, cells, strict=True)))


def _cells(file: Path, reader: Any) -> list[str] | None:
    try:
        return next(reader, None)
    except csv.Error as error:
        raise InvalidInput(f"{file}, line {reader.line_num}: {error}") from None


def _row(file: Path, place: str, value: Any) -> Row:
    if not isinstance(value, dict):
        raise InvalidInput(f"{file}, {place}: is not an object")
    return Row(place, value)


def _json(file: Path, text: str, line: int) -> Any:
    try:
        return json.loads(
            text, object_pairs_hook=_object, parse_constant=_no_number, parse_int=whole
        )
    except json.JSONDecodeError as error:
        raise InvalidInput(f"{file}, line {line + error.lineno - 1}: {error.msg}") from None
    except (ValueError, RecursionError) as error:
        raise InvalidInput(f"{file}, from line {line}: {error}") from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({key for key, _ in pairs}) != len(pairs):
        raise ValueError("an object has a field twice")
    return dict(pairs)


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"{text} is not a number of JSON")


READERS: Mapping[str, Callable[[Path, str, str], Iterator[Row]]] = {
    ".json": _json_rows,
    ".jsonl": _json_line_rows,
    ".csv": _csv_rows,
}
"""How a file is read, by its suffix."""
