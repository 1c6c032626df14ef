"""What a text holds as JSON, whole, fenced, among words or cut off: read, to be masked; pure.

A field is masked by its name, and a model writes JSON as it likes. What stands in an object and is
neither a name nor a value is left out, as nobody can tell whether it may be kept.
"""

import re
from collections.abc import Iterator
from typing import Any

from tools.model.completion import DEEPEST, read_json

DEEPEST_TOLD = 2 * DEEPEST
"""Levels of what is kept, over every text that a text holds."""
BEGINS = re.compile(r"\{(?=\s*[\"'])")
"""Where an object may begin among words."""
DOUBLE, SINGLE = (rf"{q}([^{q}\\]*(?:\\.[^{q}\\]*)*)(?:{q}|\\?\Z)" for q in ('"', "'"))
QUOTED = re.compile(f"{DOUBLE}|{SINGLE}", re.DOTALL)
"""A text in quotes, or all that is left of one that was cut off."""
NAMED = re.compile(r"\s*:\s*")
BARE = re.compile(r'[^,}\]\n"]*')
"""A value that is neither a text, an object nor a list."""
BETWEEN = re.compile(r"[\s,]*")
JUNK = re.compile(r'.[^,}"]*', re.DOTALL)
UNREAD, LEFT_OUT = "", "[left out: no JSON]"
"""What stands in the place of what cannot be read."""


def opened(value: Any, left: int = DEEPEST_TOLD) -> Any:
    """The same with every text that holds JSON as what it holds, and as its words around it.

    So a field is masked by its name inside what a model was told, and inside what it said.
    """
    if left < 0:
        return LEFT_OUT
    if isinstance(value, dict):
        return {key: opened(inner, left - 1) for key, inner in value.items()}
    if isinstance(value, list):
        return [opened(inner, left - 1) for inner in value]
    return _inside(value, left) if isinstance(value, str) else value


def _inside(text: str, left: int) -> Any:
    """What a text is; the text itself where it holds no JSON."""
    if not BEGINS.search(text.replace("\\", "")):
        return text
    try:
        whole = read_json(text)
    except ValueError:
        whole = text
    if whole != text:
        return opened(whole, left - 1)
    parts = [opened(one, left - 1) if isinstance(one, dict) else one for one in _parts(text)]
    return parts[0] if len(parts) == 1 else parts


def _parts(text: str) -> Iterator[str | dict[str, Any]]:
    """Its objects, and the words between them."""
    # Quotes may be escaped although nothing is around them.
    text = text if BEGINS.search(text) else text.replace('\\"', '"')
    begin = 0
    while found := BEGINS.search(text, begin):
        if before := text[begin : found.start()]:
            yield before
        value, begin = _object(text, found.start(), DEEPEST)
        yield value
    if begin < len(text):
        yield text[begin:]


def _object(text: str, at: int, left: int) -> tuple[dict[str, Any], int]:
    """The fields of an object that begins here, and where it ends; over where the text is."""
    found: dict[str, Any] = {}
    at = _after(BETWEEN, text, at + 1)
    while at < len(text) and text[at] != "}":
        name = QUOTED.match(text, at)
        colon = NAMED.match(text, name.end()) if name else None
        if name and colon:
            found[_plain(name)], at = _value(text, colon.end(), left - 1)
        else:
            # What was read over escaped quotes is not read again from each of them.
            is_long = bool(name and "\\" in name[0])
            found[UNREAD], at = LEFT_OUT, name.end() if name and is_long else _after(JUNK, text, at)
        at = _after(BETWEEN, text, at)
    return found, min(at + 1, len(text))


def _value(text: str, at: int, left: int) -> tuple[Any, int]:
    if left < 0:
        return LEFT_OUT, len(text)
    if text[at : at + 1] == "{":
        return _object(text, at, left)
    if text[at : at + 1] == "[":
        return _list(text, at, left)
    if quoted := QUOTED.match(text, at):
        return _plain(quoted), quoted.end()
    end = _after(BARE, text, at)
    return _read(text[at:end].strip()), end


def _list(text: str, at: int, left: int) -> tuple[list[Any], int]:
    found: list[Any] = []
    at = _after(BETWEEN, text, at + 1)
    # A brace that closes what is around it ends a list that nobody closed.
    while at < len(text) and text[at] not in "]}":
        value, at = _value(text, at, left - 1)
        found.append(value)
        at = _after(BETWEEN, text, at)
    return found, at + 1 if text[at : at + 1] == "]" else at


def _plain(quoted: re.Match[str]) -> str:
    """The text that stands in quotes."""
    inside = quoted[1] if quoted[1] is not None else quoted[2]
    read = _read(f'"{inside}"')
    return read if isinstance(read, str) and quoted[1] is not None else inside


def _read(written: str) -> Any:
    try:
        return read_json(written)
    except ValueError:
        return written


def _after(pattern: re.Pattern[str], text: str, at: int) -> int:
    found = pattern.match(text, at)
    return found.end() if found else at
