"""what a command prints: lines for people or one JSON object for programs.

Stdout holds what was asked for, stderr progress and advice. Control characters never reach a
terminal: texts come from customers.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from runs.errors import InvalidInput

CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""C0 and C1 but tab and line feed, and what turns the direction of writing."""


def plain(text: str) -> str:
    """The text with every control character made visible as `?`."""
    return CONTROL.sub("?", text)


def one_line(text: str, width: int = 72) -> str:
    """The text on one line, cut at `width` characters."""
    line = " ".join(plain(text).split())
    return line if len(line) <= width else line[: width - 1] + "…"


def short(name: str) -> str:
    """Enough of a digest to recognise it, and to give it back; an id as it is."""
    is_digest = name.startswith("sha256:")
    return name.removeprefix("sha256:")[:12] if is_digest else name


def print_lines(lines: Iterable[str]) -> None:
    """Print for people, on stdout."""
    for line in lines:
        click.echo(plain(line))


def print_json(thing: str, value: Mapping[str, Any], *, on_one_line: bool = False) -> None:
    """Print one object whose `schema` says what it is, on stdout."""
    told = {"schema": f"pilotage/{thing}/1", **value}
    click.echo(json.dumps(told, ensure_ascii=False, indent=None if on_one_line else 2))


def print_error(kind: str, says: str, code: int) -> None:
    """Print what went wrong as one object, on stdout: its kind, the sentence, and the exit code."""
    print_json("error", {"error": {"kind": kind, "message": plain(says), "exit_code": code}})


def show(thing: str, value: Mapping[str, Any], lines: Iterable[str], *, as_json: bool) -> None:
    """Print the object, or its lines."""
    if as_json:
        print_json(thing, value)
    else:
        print_lines(lines)


def write_page(file: Path, text: str) -> None:
    """Write what is looked at elsewhere; InvalidInput where the file cannot be written."""
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        says = f"{file}: cannot be written ({error.strerror}); name a file in a folder there is"
        raise InvalidInput(says) from None


def table(header: Sequence[str], rows: Iterable[Sequence[object]], *, none: str) -> list[str]:
    """Columns under their names; `none` says what it means that there are no rows."""
    cells = [[one_line(str(cell)) for cell in row] for row in rows]
    if not cells:
        return [none]
    columns = list(zip(header, *cells, strict=True))
    widths = [max(len(cell) for cell in column) for column in columns]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in [list(header), *cells]
    ]


def section(title: str, lines: Sequence[str]) -> list[str]:
    """A title and its lines, indented, after an empty line; nothing when there are none."""
    return ["", title, *(f"  {line}" for line in lines)] if lines else []


def when(time: str | None) -> str:
    """A time of a record, to the minute, in UTC."""
    return "" if not time else time[:16].replace("T", " ")


as_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
"""The option of every command that reads."""
