"""what may be sent as an item: its key, its form, its size and how urgent it is; pure."""

from typing import Any, NamedTuple

from runs.errors import InvalidInput
from runs.records.version import PolicyValues

MAX_BYTES = 1_000_000
TOO_LARGE = f"the input is larger than {MAX_BYTES:,} bytes; send an extract or a reference"
MAX_DEPTH = 50
MAX_KEY = 200
LARGEST = 2**53 - 1
"""The largest whole number JSON programs agree on."""


class Sent(NamedTuple):
    """One item as it was sent."""

    key: str
    """The sender's: the same key twice is one item."""
    input: dict[str, Any]
    priority: int | None = None
    """A greater one is worked on first; None: what the policy says."""


class TooLarge(InvalidInput):
    """An input holds more than is taken in; send an extract or a reference."""


def find_wrong_priority(sent: Sent, values: PolicyValues) -> str:
    """Why an item may not be as urgent as its sender says, with the remedy; empty when it may."""
    least, most = values.priority_least, values.priority_most
    if sent.priority is None or least <= sent.priority <= most:
        return ""
    may = f"from {least} to {most}" if least < most else f"{most} alone"
    return (
        f"priority {sent.priority}: senders of {values.workflow} may say {may} (priority_least and "
        "priority_most of its policy); send it so, or without one"
    )


def find_wrong_key(key: Any) -> str:
    """Why something is no key, with the remedy; empty when it is one."""
    if not isinstance(key, str) or not 1 <= len(key) <= MAX_KEY:
        return f"a key is text of 1 to {MAX_KEY} characters; choose one that stays with the item"
    if not key.isprintable() or key != key.strip():
        return "a key is printable, without blanks at its ends; send it without them"
    return ""


def find_wrong(value: Any) -> str:
    """What keeps an input from being taken in; one that is too large is not read to its end."""
    if not isinstance(value, dict):
        return "the input is not a JSON object; send its fields by name"
    size, below = 0, [(value, 1)]
    while below:
        part, depth = below.pop()
        if depth > MAX_DEPTH:
            return f"the input is nested deeper than {MAX_DEPTH} levels; flatten it"
        says = _find_wrong_part(part)
        if says:
            return says
        size += _bytes(part)
        if size > MAX_BYTES:
            return TOO_LARGE
        below += [(inner, depth + 1) for inner in _inner(part)]
    return ""


def _find_wrong_part(part: Any) -> str:
    if part is None or isinstance(part, bool | list):
        return ""
    if isinstance(part, str):
        return "" if _is_text(part) else "a text holds characters that are none; send it as UTF-8"
    if isinstance(part, dict):
        named = all(isinstance(name, str) and _is_text(name) for name in part)
        return "" if named else "a field's name is not text; name every field"
    if isinstance(part, int):
        return "" if abs(part) <= LARGEST else "a whole number is beyond 2^53; send it as text"
    if isinstance(part, float):
        is_finite = part - part == 0
        return "" if is_finite else "a number is not finite; leave it out or send null"
    return f"a value of type {type(part).__name__} is not JSON; send text"


def _is_text(part: str) -> bool:
    return part.isascii() or not any("\ud800" <= sign <= "\udfff" for sign in part)


def _bytes(part: Any) -> int:
    """About what a value adds to the JSON text."""
    if isinstance(part, str):
        return len(part.encode()) + 2
    if isinstance(part, dict):
        return sum(len(name.encode()) + 4 for name in part) + 2
    return len(part) + 2 if isinstance(part, list) else 8


def _inner(part: Any) -> list[Any]:
    if isinstance(part, dict):
        return list(part.values())
    return part if isinstance(part, list) else []
