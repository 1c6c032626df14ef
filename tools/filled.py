"""templates of a tools file: `{field}` of what is asked for, put where the other side wants it."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import quote

from runs.errors import InvalidInput

HOLE = re.compile(r"\{([a-z_][a-z0-9_]*(?:\.[A-Za-z0-9_]+)*)\}")
KEY = "key"
"""In every template: the key of the action, or of the record that is read."""


def holes(template: Any) -> Iterator[str]:
    """Every name a template asks for."""
    if isinstance(template, str):
        yield from HOLE.findall(template)
    elif isinstance(template, Mapping):
        for member in template.values():
            yield from holes(member)
    elif isinstance(template, list | tuple):
        for member in template:
            yield from holes(member)


def in_path(template: str, values: Mapping[str, Any]) -> str:
    """A path whose holes are filled with escaped text; InvalidInput for one that stays empty.

    A value never leads to another path: whatever separates parts of one is escaped.
    """

    def text(name: str) -> str:
        value = find(values, name)
        told = "" if value is None else str(value)
        if told.strip(". ") == "":
            raise InvalidInput(f"{template}: {name!r} is empty, or leads out of its place")
        return quote(told, safe="")

    return _filled(template, text)


def in_text(template: str, values: Mapping[str, Any]) -> str:
    """Text for people whose holes are filled; InvalidInput for one that stays empty."""

    def text(name: str) -> str:
        value = find(values, name)
        if value is None or isinstance(value, Mapping) or not str(value).strip():
            raise InvalidInput(f"{name!r} is empty: there is nothing to fill it in with")
        return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)

    return _filled(template, text)


def in_body(template: Any, values: Mapping[str, Any]) -> Any:
    """JSON whose holes are filled: one that is a whole text becomes the value itself."""
    if isinstance(template, Mapping):
        return {name: in_body(member, values) for name, member in template.items()}
    if isinstance(template, list | tuple):
        return [in_body(member, values) for member in template]
    if not isinstance(template, str):
        return template
    whole = HOLE.fullmatch(template)
    if whole is not None:
        return find(values, whole[1])
    return _filled(template, lambda name: str(find(values, name) or ""))


def find(values: Mapping[str, Any], name: str) -> Any:
    """The value of `a` or `a.b`; None where there is none."""
    found: Any = values
    for part in name.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    return found


def _filled(template: str, text: Callable[[str], str]) -> str:
    return HOLE.sub(lambda hole: text(hole[1]), template)
