"""What a server says of its tools, held against what was pinned; its words stay data."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from runs.errors import InvalidInput, NotAllowed
from runs.records.record import digest_of
from tools.mcp.declared import Called

Definition = Mapping[str, Any]
"""Name, description, schemas and hints of one tool, as the server says them."""
Known = Callable[[str], Definition | None]
"""The definition of a digest, where somebody looked at it before."""

PARTS = ("name", "title", "description", "inputSchema", "outputSchema", "annotations")
WORDS = ("title", "description")
"""Parts of which it is only told that they changed."""
REFERENCES = ("$ref", "$dynamicRef")
MOST = 8
LONGEST = 40


def pinned(definition: Definition) -> str:
    """The digest that names a definition: one changed sign of it is another digest.

    Raises InvalidInput for what JSON cannot hold.
    """
    try:
        return digest_of({part: definition[part] for part in PARTS if part in definition})
    except (ValueError, TypeError, RecursionError):
        raise InvalidInput("a tool's definition is no JSON that can be pinned") from None


def check(name: str, called: Called, offered: Mapping[str, Definition], known: Known) -> None:
    """NotAllowed, with the difference and the remedy, unless the tool is exactly what is pinned."""
    now = offered.get(called.tool)
    look = f"look at it with `pilotage tool show {name}`"
    if now is None:
        raise NotAllowed(f"tool {name!r}: its server offers no {called.tool!r} any more; {look}")
    if not called.pin:
        raise NotAllowed(
            f"tool {name!r}: {called.tool!r} is not pinned; {look}, then write its pin"
        )
    if pinned(now) == called.pin:
        _require_whole(name, called, now)
        return
    before = known(called.pin)
    told = "; ".join(differences(before, now)) if before else "what was pinned is not kept here"
    raise NotAllowed(
        f"tool {name!r}: {called.tool!r} is not what was pinned ({told}); {look}, and write the "
        "new pin once it is what you want"
    )


def differences(before: Definition, now: Definition) -> list[str]:
    """What is different, by place, before and after; words of the server are not repeated."""
    found = list(_differences(dict(before), dict(now), ""))
    more = len(found) - MOST
    return found[:MOST] + ([f"and {more} more"] if more > 0 else [])


def _require_whole(name: str, called: Called, definition: Definition) -> None:
    """NotAllowed for a schema that leads elsewhere: what stands there can change any day."""
    if any(not ref.startswith("#") for ref in _references(definition)):
        raise NotAllowed(f"tool {name!r}: the schema of {called.tool!r} refers to another document")


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        for name, member in value.items():
            if name in REFERENCES and isinstance(member, str):
                yield member
            yield from _references(member)
    elif isinstance(value, list):
        for member in value:
            yield from _references(member)


def _differences(before: Any, now: Any, path: str) -> Iterator[str]:
    if isinstance(before, Mapping) and isinstance(now, Mapping):
        for name in sorted({*before, *now}, key=str):
            place = f"{path}.{_told(name)}".lstrip(".")
            if name not in now:
                yield f"{place} is gone"
            elif name not in before:
                yield f"{place} is there now"
            elif name in WORDS and before[name] != now[name]:
                yield f"{place} says something else"
            else:
                yield from _differences(before[name], now[name], place)
    elif before != now:
        yield f"{path}: {_told(before)}, now {_told(now)}"


def _told(value: Any) -> str:
    """A short plain value; anything else is named by what it is."""
    if isinstance(value, str):
        is_plain = value.isascii() and value.replace("_", "").replace("-", "").isalnum()
        return value if is_plain and len(value) <= LONGEST else "another text"
    if value is None or isinstance(value, bool | int | float):
        return str(value)[:LONGEST]
    return f"{len(value)} entries" if isinstance(value, list | Mapping) else "another value"
