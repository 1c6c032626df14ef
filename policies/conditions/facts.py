"""The facts a condition may ask about."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple


class Facts(NamedTuple):
    """What a condition may ask about, by root."""

    item: Mapping[str, Any]
    """Contract fields: text, Decimal, bool, ISO date text."""
    context: Mapping[str, Mapping[str, Any]]
    """What was read, by source and field."""
    answer: Mapping[str, Any]
    """`label`, `confidence`, `scope`, `runner_up`."""
    values: Mapping[str, Any]
    lists: Mapping[str, Sequence[str]]


def read(facts: Facts, path: tuple[str, ...]) -> Any:
    """The fact at a path that begins with a root; None where it or what holds it is absent."""
    value: Any = facts[Facts._fields.index(path[0])]
    for name in path[1:]:
        value = value.get(name) if isinstance(value, Mapping) else None
    return value
