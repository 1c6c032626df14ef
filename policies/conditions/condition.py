"""A condition as rules hold it: asked quickly, explained when it cannot be answered."""

from collections.abc import Collection, Iterator
from decimal import Decimal
from difflib import get_close_matches
from typing import Any

from policies.conditions.cel import MACROS, find_answer, functions_known, parse
from policies.conditions.facts import Facts, read
from policies.conditions.node import Node, Used, used
from policies.conditions.plain import Unclear, find_plain
from runs.errors import InvalidInput


class NotEvaluated(Exception):
    """The condition has no answer for these facts; the message says why."""


class Condition:
    """One CEL expression that says yes or no of facts."""

    def __init__(self, text: str, name: str) -> None:
        self._name = name
        self._parsed = parse(text, name)
        self._plain = find_plain(self._parsed.node)

    @property
    def roots(self) -> frozenset[str]:
        """The parts of the facts it asks about: `item`, `context`, `answer`, `values`, `lists`."""
        return frozenset(use.path[0] for use in used(self._parsed.node))

    def holds(self, facts: Facts) -> bool:
        """Whether it holds; NotEvaluated when that cannot be said."""
        try:
            answer = self._plain(facts) if self._plain else find_answer(self._parsed, facts)
        except Unclear:
            answer = find_answer(self._parsed, facts)
        if answer is True or answer is False:
            return answer
        raise NotEvaluated(_why(self._parsed.node, facts))

    def check(self, names: Collection[str]) -> None:
        """Raise InvalidInput, naming the column, for a name or function nobody knows."""
        for node, says in _wrong(self._parsed.node, names):
            line = f"line {node.line}, " if node.line > 1 else ""
            raise InvalidInput(f"{self._name}: {line}column {node.column}: {says}")


def _why(condition: Node, facts: Facts) -> str:
    """Why a condition has no answer; names and types, never a value."""
    paths = dict.fromkeys(use.path for use in used(condition) if not use.is_asked)
    there = {path: read(facts, path) for path in paths if path[0] in Facts._fields}
    missing = [".".join(path) for path, value in there.items() if value is None]
    if missing:
        return f"{' and '.join(missing)} {'is' if len(missing) == 1 else 'are'} missing"
    kinds = ", ".join(f"{'.'.join(path)} is {_kind(value)}" for path, value in there.items())
    return f"it compares what cannot be compared, or says neither yes nor no ({kinds})"


def _kind(value: Any) -> str:
    names = ((bool, "a flag"), ((int, float, Decimal), "a number"), (str, "text"))
    return next((name for kind, name in names if isinstance(value, kind)), "a list or an object")


def _wrong(condition: Node, names: Collection[str]) -> Iterator[tuple[Node, str]]:
    """Nodes that ask for what nobody knows, and what is wrong with each."""
    known = functions_known()
    bound: set[str] = set()
    for node in condition.everything():
        if node.kind in _CALLS and node.parts[_CALLS[node.kind]].text not in known:
            yield (
                node,
                f"there is no function {node.parts[_CALLS[node.kind]].text!r}; call one of CEL",
            )
        if node.kind == "NULL_LIT":
            yield node, "null is an absent field here; write `!has(...)`"
        bound.update(_bound(node))
    for use in used(condition):
        if use.path[0] not in bound and not _is_known(use, names):
            yield use.node, _unknown(".".join(use.path), names)


def _bound(node: Node) -> tuple[str, ...]:
    """The variable of a macro such as `list.exists(x, ...)`."""
    if node.kind != "member_dot_arg" or node.parts[1].text not in MACROS or len(node.parts) < 3:
        return ()
    return node.parts[2].parts[0].find_path() or ()


def _is_known(use: Used, names: Collection[str]) -> bool:
    """A known name, part of a known object in the context, or a source that `has` asks for."""
    name = ".".join(use.path)
    above = (".".join(use.path[:length]) for length in range(3, len(use.path)))
    is_source = use.is_asked and any(other.startswith(f"{name}.") for other in names)
    return name in names or is_source or any(one in names for one in above)


def _unknown(name: str, names: Collection[str]) -> str:
    close = get_close_matches(name, names, n=1, cutoff=0.5)
    hint = f"; did you mean {close[0]}?" if close else f"; name one of {', '.join(sorted(names))}"
    return f"nothing is named {name}{hint}"


_CALLS = {"ident_arg": 0, "dot_ident_arg": 0, "member_dot_arg": 1}
"""Where the name of the function stands, by form of call."""
