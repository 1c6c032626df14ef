"""The plain form of a condition, compiled to Python.

Fields, literals, comparisons, `in`, `has`, `!`, `&&` and `||`. It answers where every value it
meets is there and of the type it is compared with; everything else is Unclear, and celpy's.
"""

import operator
import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from policies.conditions.facts import Facts, read
from policies.conditions.node import Node

Ask = Callable[[Facts], Any]
"""A part of a condition: its value for these facts, or Unclear."""


class Unclear(Exception):
    """The plain form leaves the answer to celpy."""


def find_plain(node: Node) -> Ask | None:
    """The plain form of a parsed condition; None where only celpy can tell."""
    build = _BUILD.get(node.kind)
    return None if build is None else build(node)


def _pair(join: Callable[[Ask, Ask], Ask]) -> Callable[[Node], Ask | None]:
    def build(node: Node) -> Ask | None:
        left, right = (find_plain(child) for child in node.parts)
        return None if left is None or right is None else join(left, right)

    return build


def _not(node: Node) -> Ask | None:
    ask = find_plain(node.parts[1]) if node.parts[0].kind == "unary_not" else None
    return None if ask is None else lambda facts: not _flag(ask(facts))


def _relation(node: Node) -> Ask | None:
    compare = _COMPARE[node.parts[0].kind]
    left, right = find_plain(node.parts[0].parts[0]), find_plain(node.parts[1])
    if left is None or right is None:
        return None
    return lambda facts: compare(left(facts), right(facts))


def _same(compare: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    def compared(left: Any, right: Any) -> bool:
        if type(left) is not type(right) or isinstance(left, tuple):
            raise Unclear
        return compare(left, right)

    return compared


def _is_in(one: Any, many: Any) -> bool:
    if not isinstance(many, tuple) or any(type(other) is not type(one) for other in many):
        raise Unclear
    return one in many


def _flag(value: Any) -> bool:
    if value is True or value is False:
        return value
    raise Unclear


def _field(node: Node) -> Ask | None:
    path = node.find_path()
    if path is None or path[0] not in Facts._fields:
        return None
    return lambda facts: _plain(read(facts, path))


def _has(node: Node) -> Ask | None:
    """`has(a.b)`: the one argument stands in a list of expressions."""
    arguments = node.parts[1].parts if len(node.parts) == 2 else ()
    path = arguments[0].find_path() if len(arguments) == 1 else None
    if not node.is_call_of("has") or path is None or path[0] not in Facts._fields:
        return None
    return lambda facts: read(facts, path) is not None


def _plain(value: Any) -> Any:
    """A fact as compiled conditions compare it: text, flag, double, or a tuple of them."""
    if isinstance(value, str | bool):
        return value
    if isinstance(value, int | float | Decimal):
        return float(value)
    if isinstance(value, list | tuple):
        return tuple(_plain(one) for one in value)
    raise Unclear


def _literal(node: Node) -> Ask | None:
    constant = _constant(node)
    return None if constant is None else lambda _: constant


def _list(node: Node) -> Ask | None:
    inside = [one for listed in node.parts for one in listed.parts]
    constants = [_constant(one) if one.kind == "literal" else None for one in inside]
    if any(constant is None for constant in constants):
        return None
    return lambda _: tuple(constants)


def _constant(node: Node) -> float | str | bool | None:
    """What a literal says; None for one that only celpy reads."""
    kind, text = node.parts[0].kind, node.parts[0].text
    if kind == "BOOL_LIT":
        return text == "true"
    if kind == "FLOAT_LIT" or _SHORT_WHOLE.fullmatch(text):
        return float(text)
    return text[1:-1] if kind == "STRING_LIT" and _PLAIN_TEXT.fullmatch(text) else None


_COMPARE: Mapping[str, Callable[[Any, Any], bool]] = {
    "relation_lt": _same(operator.lt),
    "relation_le": _same(operator.le),
    "relation_gt": _same(operator.gt),
    "relation_ge": _same(operator.ge),
    "relation_eq": _same(operator.eq),
    "relation_ne": _same(operator.ne),
    "relation_in": _is_in,
}
_BUILD: Mapping[str, Callable[[Node], Ask | None]] = {
    "conditionaland": _pair(
        lambda left, right: lambda facts: _flag(left(facts)) and _flag(right(facts))
    ),
    "conditionalor": _pair(
        lambda left, right: lambda facts: _flag(left(facts)) or _flag(right(facts))
    ),
    "unary": _not,
    "relation": _relation,
    "member_dot": _field,
    "ident_arg": _has,
    "literal": _literal,
    "list_lit": _list,
}
_SHORT_WHOLE = re.compile(r"-?\d{1,15}")
_PLAIN_TEXT = re.compile(r"""\"[^"\\\n]*"|'[^'\\\n]*'""")
