"""the rows of a JSONL or CSV file, one at a time, each with its line.

Nothing is held but the line at hand: a line is read up to `LINE_LIMIT` characters and refused
beyond, however long it is. What is wrong with one row is told and the next row is read; what
makes the rest of the file meaningless ends the reading.
"""

import codecs
import csv
import json
import re
from collections.abc import Iterator
from json import JSONDecodeError
from pathlib import Path
from typing import Any, NamedTuple, TextIO

from runs.errors import InvalidInput

LINE_LIMIT = 1_000_000
MARKS = {
    b"\xff\xfe\x00\x00": "utf-32",
    b"\x00\x00\xfe\xff": "utf-32",
    b"\xff\xfe": "utf-16",
    b"\xfe\xff": "utf-16",
}
ESCAPED = re.compile("[\udc80-\udcff]")
DELIMITERS = ",;\t|"


class Row(NamedTuple):
    """One row as the file has it, or what is wrong with it."""

    line: int
    """From 1."""
    value: dict[str, Any]
    problem: str
    """One sentence; empty when the row can be read."""
    is_fatal: bool = False
    """The rest of the file cannot be read."""


class Text(NamedTuple):
    """How a file is to be read."""

    encoding: str
    """A Python codec."""
    delimiter: str
    """Of a CSV file; empty: found from the header."""


class _Unreadable(Exception):
    """The rest of the file cannot be read."""

    def __init__(self, line: int, problem: str) -> None:
        super().__init__(problem)
        self.line, self.problem = line, problem


def rows(path: Path, text: Text) -> Iterator[Row]:
    """Every row of the file in order; InvalidInput when the file cannot be opened at all."""
    _check(path, text)
    line = 0
    with path.open(encoding=text.encoding, errors="surrogateescape", newline="") as file:
        try:
            for row in _csv(file, text) if is_csv(path) else _jsonl(file):
                line = row.line
                yield row
        except _Unreadable as problem:
            yield Row(problem.line, {}, problem.problem, is_fatal=True)
        except UnicodeError as error:
            problem = f"the bytes are not {text.encoding} ({error.__class__.__name__}); {SAY}"
            yield Row(line + 1, {}, problem, is_fatal=True)


SAY = "say which encoding it is with --encoding, or save the file as UTF-8"


def is_csv(path: Path) -> bool:
    """True for what is read as a table; everything else is read as JSONL."""
    return path.suffix.lower() in {".csv", ".tsv"}


def _check(path: Path, text: Text) -> None:
    """Refuse a file that is not there, an unknown encoding, and a mark that contradicts it."""
    try:
        declared = codecs.lookup(text.encoding).name
    except LookupError as error:
        raise InvalidInput(
            f"encoding {text.encoding!r} is not known; use utf-8, utf-16, cp1252 or latin-1"
        ) from error
    try:
        with path.open("rb") as file:
            head = file.read(4)
    except OSError as error:
        raise InvalidInput(f"{path}: cannot be read ({error.strerror}); check the path") from error
    found = next((name for mark, name in MARKS.items() if head.startswith(mark)), "")
    if found and not declared.startswith(found):
        raise InvalidInput(
            f"{path}: line 1: the byte order mark is that of {found.upper()}, but it was to be "
            f"read as {text.encoding}; say --encoding {found}, or save the file as UTF-8"
        )


def _lines(file: TextIO) -> Iterator[str]:
    """Lines with their ends; refuses one that is too long, of broken bytes or of UTF-16."""
    number = 0
    while line := file.readline(LINE_LIMIT + 1):
        number += 1
        if len(line) > LINE_LIMIT:
            raise _Unreadable(
                number, f"longer than {LINE_LIMIT:,} characters; one row is one line: split it"
            )
        if "\x00" in line:
            guess = "utf-16-be" if line.startswith("\x00") else "utf-16-le"
            raise _Unreadable(
                number, f"holds NUL bytes, as UTF-16 does without its mark; say --encoding {guess}"
            )
        if bad := ESCAPED.search(line):
            byte = ord(bad.group()) - 0xDC00
            raise _Unreadable(
                number, f"byte 0x{byte:02x} at character {bad.start() + 1} is invalid; {SAY}"
            )
        yield line.removeprefix("\ufeff") if number == 1 else line


def _jsonl(file: TextIO) -> Iterator[Row]:
    for number, line in enumerate(_lines(file), start=1):
        if not line.strip():
            continue
        try:
            value = json.loads(line, parse_constant=_refuse, object_pairs_hook=_once)
        except (ValueError, RecursionError) as error:
            where = f" at character {error.colno}" if isinstance(error, JSONDecodeError) else ""
            why = f"{getattr(error, 'msg', error)}{where}"
            yield Row(number, {}, f"is not JSON ({why}); write one whole JSON object on each line")
            continue
        if isinstance(value, dict):
            yield Row(number, value, "")
        else:
            yield Row(number, {}, f"is {type(value).__name__}, not an object; write {{...}}")


def _refuse(name: str) -> Any:
    raise ValueError(f"{name} is no JSON number")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object whose names are told apart; ValueError for one that stands twice."""
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the name {twice!r} stands twice in one object")
    return found


def _csv(file: TextIO, text: Text) -> Iterator[Row]:
    lines = _lines(file)
    first = next(lines, "")
    delimiter = text.delimiter or _delimiter(first)
    reader = csv.reader(_chain(first, lines), delimiter=delimiter, strict=True)
    header: list[str] = []
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            problem = f"is not CSV ({error}); close every quote, and double quotes inside"
            raise _Unreadable(reader.line_num, problem) from error
        if header and any(cells):
            yield _row(reader.line_num, header, cells)
        elif not header:
            header = _header(cells)


def _chain(first: str, rest: Iterator[str]) -> Iterator[str]:
    if first:
        yield first
    yield from rest


def _delimiter(header: str) -> str:
    """The delimiter that makes most columns of the header; a comma when none makes two."""
    unquoted = re.sub(r'"[^"]*"', "", header)
    return max(DELIMITERS, key=unquoted.count)


def _header(cells: list[str]) -> list[str]:
    names = [cell.strip() for cell in cells]
    if twice := {name for name in names if names.count(name) > 1}:
        raise _Unreadable(1, f"the columns {sorted(twice)} stand twice; name each column once")
    return names


def _row(line: int, header: list[str], cells: list[str]) -> Row:
    """A row by column; an empty cell is null."""
    if len(cells) == len(header):
        filled = [cell if cell.strip() else None for cell in cells]
        return Row(line, dict(zip(header, filled, strict=True)), "")
    problem = (
        f"has {len(cells)} cells where the header has {len(header)}; "
        "quote cells that hold the delimiter, or name it with --delimiter"
    )
    return Row(line, {}, problem)
