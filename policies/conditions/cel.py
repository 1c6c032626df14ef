"""CEL as celpy reads and answers it; the only module that knows celpy."""

import operator
from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from policies.conditions.facts import Facts
from policies.conditions.node import Node
from runs.errors import InvalidInput

if TYPE_CHECKING:
    from lark import Token, Tree

MACROS = frozenset({"has", "dyn", "all", "exists", "exists_one", "filter", "map"})
LONGEST = 2_000
"""Characters of a condition."""


class Expression(NamedTuple):
    """A condition that could be parsed."""

    tree: "Tree[Token]"
    """As celpy evaluates it."""
    node: Node
    """As it is looked at."""


def parse(text: str, name: str) -> Expression:
    """The parsed condition; InvalidInput, with the column, for what is not CEL."""
    from celpy.celparser import CELParseError, CELParser

    if len(text) > LONGEST:
        raise InvalidInput(f"{name}: {len(text)} characters; shorten it to at most {LONGEST}")
    try:
        tree = CELParser().parse(text)
    except CELParseError as error:
        line = f"line {error.line}, " if (error.line or 1) > 1 else ""
        raise InvalidInput(
            f"{name}: {line}column {error.column}: {text!r} is not a condition in CEL; "
            'write for example `item.amount > values.limit && context.crm.tier == "gold"`'
        ) from None
    return Expression(tree, _node(tree))


def _node(tree: "Tree[Token] | Token") -> Node:
    if isinstance(tree, str):
        return Node(tree.type, str(tree), (), tree.line or 1, tree.column or 1)
    if tree.data in _WRAPPERS and len(tree.children) == 1:
        return _node(tree.children[0])
    parts = tuple(_node(child) for child in tree.children)
    return Node(str(tree.data), "", parts, tree.meta.line, tree.meta.column)


def functions_known() -> frozenset[str]:
    """Every function and macro a condition may call."""
    from celpy.evaluation import base_functions

    return MACROS | frozenset(base_functions)


def find_answer(expression: Expression, facts: Facts) -> bool | None:
    """The answer; None where it has none, or none that is yes or no."""
    from celpy import evaluation
    from celpy.celtypes import BoolType

    roots = {root: _as_cel(value) for root, value in facts._asdict().items()}
    unclear = (
        evaluation.CELEvalError,
        evaluation.CELSyntaxError,
        evaluation.CELUnsupportedError,
        TypeError,
        ValueError,
        ArithmeticError,
    )
    try:
        activation = evaluation.Activation(functions=_functions())
        answer = evaluation.Evaluator(expression.tree, activation).evaluate(roots)
    except unclear:
        return None
    return bool(answer) if isinstance(answer, BoolType) else None


@cache
def _functions() -> Mapping[str, Callable[..., Any]]:
    """The comparisons: numbers of every kind as numbers, and nothing with what is of another kind.

    celpy would call a flag unequal to a text; here that is a mistake in the rule, and is told.
    """
    from celpy.celtypes import BoolType, ListType, MapType
    from celpy.evaluation import base_functions

    def kind(value: object) -> type:
        is_number = isinstance(value, int | float) and not isinstance(value, BoolType)
        return float if is_number else type(value)

    def comparing(sign: str, compare: Callable[[Any, Any], bool]) -> Callable[..., Any]:
        usual = base_functions[f"_{sign}_"]

        def compared(left: Any, right: Any) -> Any:
            if kind(left) is not kind(right):
                raise TypeError(f"{kind(left).__name__} {sign} {kind(right).__name__}")
            if kind(left) is float:
                return BoolType(compare(float(left), float(right)))
            return usual(left, right)

        return compared

    equal = comparing("==", operator.eq)

    def is_in(one: Any, many: Any) -> Any:
        if not isinstance(many, ListType | MapType):
            raise TypeError("`in` looks into a list")
        same = [other for other in many if kind(other) is kind(one)]
        if any(equal(one, other) for other in same):
            return BoolType(True)
        if len(same) < len(many):
            raise TypeError("`in` looks into a list of other things")
        return BoolType(False)

    compared = {f"_{sign}_": comparing(sign, by) for sign, by in _SIGNS.items()}
    return {**compared, "_in_": is_in, "_&&_": _joining("&&"), "_||_": _joining("||")}


def _joining(sign: str) -> Callable[..., Any]:
    """The usual junction; celpy tells two errors by their trees, and fails over some of these."""
    from celpy.celtypes import BoolType
    from celpy.evaluation import base_functions

    usual = base_functions[f"_{sign}_"]

    def joined(left: Any, right: Any) -> Any:
        if not isinstance(left, BoolType) and not isinstance(right, BoolType):
            raise TypeError(f"neither side of {sign} is yes or no")
        return usual(left, right)

    return joined


def _as_cel(value: Any) -> Any:
    """A fact as CEL sees it: numbers as doubles, nulls left out of maps."""
    from celpy import celtypes

    if isinstance(value, Mapping):
        there = {str(key): one for key, one in value.items() if one is not None}
        return celtypes.MapType(
            {celtypes.StringType(key): _as_cel(one) for key, one in there.items()}
        )
    if isinstance(value, list | tuple):
        return celtypes.ListType([_as_cel(one) for one in value])
    if isinstance(value, bool):
        return celtypes.BoolType(value)
    if isinstance(value, int | float | Decimal):
        return celtypes.DoubleType(float(value))
    return None if value is None else celtypes.StringType(value)


_SIGNS: Mapping[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}
_WRAPPERS = frozenset(
    {
        "expr",
        "conditionalor",
        "conditionaland",
        "relation",
        "addition",
        "multiplication",
        "unary",
        "member",
        "primary",
        "paren_expr",
    }
)
"""Rules of the grammar that mean nothing by themselves when they have one child."""
