"""What our refusals say, read off the code: every sentence that an error can come to.

An expression becomes sentences: its constants as they stand, and `HOLE` for what only a run can
know. Names are followed to what is bound to them, parameters to every call, calls to what the
function returns or yields, so that a sentence is read where it is made.
"""

import ast
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from itertools import product
from typing import NamedTuple

from tests.guards import reading
from tests.guards.reading import Binding, Scope
from tests.guards.tree import Module

HOLE = "\N{REPLACEMENT CHARACTER}"
"""Stands for what only a run can know."""
OURS = "\N{INFORMATION SEPARATOR ONE}"
"""Stands for the sentence of an error of ours that is told again."""
NAMESAKES = 3
"""A method that is reached through a value is looked for by name: so many may have it."""
MOST = 200
"""Sentences of one expression; more are not told apart."""


class Refusal(NamedTuple):
    """One place at which a refusal, or the sentence of one, is made."""

    place: str
    """Path and line."""
    within: str
    """Path and function: a name that outlives an edit."""
    sentences: frozenset[str]


def refusals(code: "Code") -> Iterator[Refusal]:
    """Every error of ours that is made, with the sentences it can come to."""
    for call, scope in code.calls:
        there, name = code.origin(call_name(call), scope[0])
        own = code.own_words(there, name)
        is_handed_on = isinstance(own, ast.Name)
        is_named = name in code.errors and (own is None or is_handed_on)
        if call.args and (is_named or code.is_chosen(call.func, scope[0])):
            told = (
                reading.argument(call, code.fields(there, name), own.id) if is_handed_on else None
            )
            yield _refusal(code, told or call.args[0], scope)
    for module, words in code.words_of_errors():
        yield _refusal(code, words, (module, None))


def carried(code: "Code", carriers: Mapping[str, str]) -> Iterator[Refusal]:
    """What a field of a record tells, which is a refusal elsewhere; by class and field."""
    for call, scope in code.calls:
        there, name = code.origin(call_name(call), scope[0])
        field = carriers.get(f"{there.name}.{name}")
        told = field and reading.argument(call, code.fields(there, name), field)
        if told and not _is_yes(call, told):
            yield _refusal(code, told, scope)


def handed(code: "Code", functions: Collection[str]) -> Iterator[Refusal]:
    """What a function says that is handed in where the refusal is made; by module and name."""
    for module in code.modules.values():
        for function in reading.functions(module.tree):
            if f"{module.name}.{function.name}" in functions:
                yield from (
                    _refusal(code, one, (module, function)) for one in reading.returned(function)
                )


def checks(code: "Code") -> Iterator[Refusal]:
    """What the checks of our records say of a value; a file that holds it is refused so."""
    for call, scope in code.calls:
        is_check = call_name(call) == "ValueError" and _checks_a_record(scope[0])
        if (is_check or call_name(call) == "PydanticCustomError") and call.args:
            yield _refusal(code, call.args[-1], scope)


def _refusal(code: "Code", told: ast.expr, scope: Scope) -> Refusal:
    module, function = scope
    name = function.name if function else "module"
    sentences = frozenset(one for one in code.sentences(told, scope) if one) or frozenset({HOLE})
    return Refusal(f"{module.path}:{told.lineno}", f"{module.path}:{name}", sentences)


def call_name(call: ast.Call) -> str:
    """What is called, by its last name."""
    return reading.name_of(call.func)


class Code:
    """The shipped code, looked up by name."""

    def __init__(self, among: tuple[Module, ...]) -> None:
        self.modules = {module.name: module for module in among}
        self.errors = reading.errors(among)
        self.calls = [one for module in among for one in reading.calls_of(module)]
        self._called: dict[str, list[tuple[ast.Call, Scope]]] = {}
        for call, scope in self.calls:
            self._called.setdefault(call_name(call), []).append((call, scope))
        self._functions: dict[str, list[tuple[Module, ast.FunctionDef]]] = {}
        for module in among:
            for function in reading.functions(module.tree):
                self._functions.setdefault(function.name, []).append((module, function))
        self._known: dict[tuple[int, int], frozenset[str]] = {}

    def fields(self, there: Module, name: str) -> list[str]:
        """The fields of a class, or what its making is handed, in order."""
        for node in there.tree.body:
            if isinstance(node, ast.ClassDef) and node.name == name:
                made = next((f for f in reading.functions(node) if f.name == "__init__"), None)
                if made is not None:
                    return reading.parameters(made)[1:]
                told = [
                    reading.name_of(one.target)
                    for one in node.body
                    if isinstance(one, ast.AnnAssign)
                ]
                return told or (["args"] if node.name.startswith("_") else [])
        return []

    def is_chosen(self, made: ast.expr, module: Module) -> bool:
        """Whether an error is chosen from a table of errors of ours."""
        looked_up = made.value if isinstance(made, ast.Subscript) else None
        if isinstance(made, ast.Call) and isinstance(made.func, ast.Attribute):
            looked_up = made.func.value if made.func.attr == "get" else None
        if looked_up is None:
            return False
        there, name = self.origin(reading.name_of(looked_up), module)
        table = reading.constants(there).get(name)
        return (
            isinstance(table, ast.Dict)
            and {reading.name_of(one) for one in table.values} <= self.errors
        )

    def own_words(self, there: Module, name: str) -> ast.expr | None:
        """What an error of ours hands to `PilotageError` as its sentence; None where it is said."""
        for node in there.tree.body if name in self.errors else []:
            if isinstance(node, ast.ClassDef) and node.name == name:
                calls = (one for one in ast.walk(node) if isinstance(one, ast.Call))
                made = [one for one in calls if call_name(one) == "__init__" and one.args]
                return made[0].args[0] if made else None
        return None

    def words_of_errors(self) -> Iterator[tuple[Module, ast.expr]]:
        """Sentences that errors of ours make themselves."""
        for module in self.modules.values():
            for name in sorted(self.errors):
                words = self.own_words(module, name)
                if words is not None and not isinstance(words, ast.Name):
                    yield module, words

    def sentences(self, expression: ast.expr, scope: Scope) -> frozenset[str]:
        """Every sentence the expression can come to."""
        key = (id(expression), id(scope[1]))
        if key not in self._known:
            # What is said again on the way adds nothing.
            self._known[key] = frozenset()
            look = _LOOKS.get(type(expression))
            told = frozenset(look(self, expression, scope) if look else [HOLE])
            self._known[key] = told if len(told) <= MOST else frozenset({HOLE})
        return self._known[key]

    def constant(self, node: ast.Constant, _: Scope) -> Iterator[str]:
        """The text as it stands."""
        yield "" if node.value is None else str(node.value)

    def joined(self, node: ast.JoinedStr, scope: Scope) -> Iterator[str]:
        """Each text with each filling."""
        yield from self._product(node.values, scope)

    def filled(self, node: ast.FormattedValue, scope: Scope) -> Iterator[str]:
        """What stands in braces, unless it is formed anew."""
        is_plain = node.conversion == -1 and node.format_spec is None
        yield from self.sentences(node.value, scope) if is_plain else [HOLE]

    def added(self, node: ast.BinOp, scope: Scope) -> Iterator[str]:
        """One text after the other."""
        parts = [node.left, node.right]
        yield from self._product(parts, scope) if isinstance(node.op, ast.Add) else [HOLE]

    def either(self, node: ast.IfExp | ast.BoolOp, scope: Scope) -> Iterator[str]:
        """Each of several; of what is joined by `and` the last, as the others are nothing."""
        parts = [node.body, node.orelse] if isinstance(node, ast.IfExp) else node.values
        is_and = isinstance(node, ast.BoolOp) and isinstance(node.op, ast.And)
        for one in parts[-1:] if is_and else parts:
            yield from self.sentences(one, scope)

    def inner(self, node: ast.NamedExpr, scope: Scope) -> Iterator[str]:
        """What is named on the way."""
        yield from self.sentences(node.value, scope)

    def held(self, node: ast.Subscript, scope: Scope) -> Iterator[str]:
        """Everything a mapping holds."""
        yield from self._values(node.value, scope)

    def named(self, node: ast.Name, scope: Scope) -> Iterator[str]:
        """What is bound to the name here, handed in under it, or a constant of a module."""
        module, function = scope
        bound = reading.bound(function).get(node.id, []) if function else []
        if bound:
            told = {said for one in bound for said in self._of_binding(one, node.id, scope)}
            # Empty before it is told: nothing is refused then.
            yield from told - {""} or told
            return
        if function is not None and node.id in reading.parameters(function):
            yield from self._handed_in(node.id, scope)
            return
        there, name = self.origin(node.id, module)
        found = reading.constants(there).get(name)
        yield from self.sentences(found, (there, None)) if found is not None else [HOLE]

    def reached(self, node: ast.Attribute, scope: Scope) -> Iterator[str]:
        """A constant of another module of ours; all else is known at a run only."""
        there = self._module(node.value, scope[0])
        found = reading.constants(there).get(node.attr) if there else None
        yield from self.sentences(found, (there, None)) if there and found else [HOLE]

    def called(self, node: ast.Call, scope: Scope) -> Iterator[str]:
        """What a function of ours returns; of texts that are joined, each."""
        name, is_method = call_name(node), isinstance(node.func, ast.Attribute)
        if (name == "str" or name in self.errors) and node.args:
            yield from self.sentences(node.args[0], scope)
        elif name == "join" and is_method and node.args:
            yield from self._values(node.args[0], scope)
        elif name == "get" and isinstance(node.func, ast.Attribute):
            yield from self._values(node.func.value, scope)
            for one in node.args[1:]:
                yield from self.sentences(one, scope)
        elif name == "next" and node.args:
            for one in node.args:
                yield from self._values(one, scope)
        else:
            yield from self._told(node.func, scope[0])

    def _told(self, function: ast.expr, module: Module) -> Iterator[str]:
        told = [
            (one, at) for at in self._defined(function, module) for one in reading.returned(at[1])
        ]
        for one, at in told:
            yield from self.sentences(one, at) - {""}
        if not told:
            yield HOLE

    def _product(self, nodes: list[ast.expr], scope: Scope) -> Iterator[str]:
        parts, size = [], 1
        for part in (self.sentences(node, scope) for node in reversed(nodes)):
            is_open = not part or size * len(part) > MOST
            parts.append(frozenset({HOLE}) if is_open else part)
            size *= len(parts[-1])
        yield from map("".join, product(*reversed(parts)))

    def _of_binding(self, one: Binding, name: str, scope: Scope) -> Iterable[str]:
        if isinstance(one, ast.expr):
            return self.sentences(one, scope)
        if isinstance(one, ast.ExceptHandler):
            caught = {reading.name_of(leaf) for leaf in reading.leaves(one.type)}
            return [OURS if caught and caught <= self.errors else HOLE]
        if isinstance(one.target, ast.Tuple):
            at = [reading.name_of(part) for part in one.target.elts].index(name)
            return self._yielded_at(one.iter, at, scope)
        return self._values(one.iter, scope)

    def _yielded_at(self, iterated: ast.expr, at: int, scope: Scope) -> Iterator[str]:
        """One part of each tuple a function of ours yields."""
        tuples: list[tuple[ast.Tuple, Scope]] = []
        for where in self._defined(getattr(iterated, "func", iterated), scope[0]):
            made = (one for one in reading.returned(where[1]) if isinstance(one, ast.Tuple))
            tuples += [(one, where) for one in made if at < len(one.elts)]
        for one, where in tuples:
            yield from self.sentences(one.elts[at], where)
        if not tuples:
            yield HOLE

    def _handed_in(self, name: str, scope: Scope) -> Iterator[str]:
        module, function = scope
        assert function is not None
        is_private = function.name.startswith("_")
        is_plain = reading.parameters(function)[:1] != ["self"]
        calls = [
            (call, at)
            for call, at in self._called.get(function.name, [])
            if (at[0] is module or not is_private)
            and (is_plain or isinstance(call.func, ast.Attribute))
        ]
        for call, at in calls:
            told = reading.argument(call, reading.parameters(function), name) or reading.default(
                function, name
            )
            yield from self.sentences(told, at) if told is not None else [HOLE]
        if not calls:
            yield HOLE

    def _values(self, node: ast.expr, scope: Scope) -> Iterator[str]:
        """What a list, a mapping or what yields holds, wherever it is written."""
        if isinstance(node, ast.Name):
            bound = reading.bound(scope[1]).get(node.id, []) if scope[1] else []
            found = [one for one in bound if isinstance(one, ast.expr)]
            constant = reading.constants(scope[0]).get(node.id)
            found += [constant] if constant is not None and not bound else []
            for one in found:
                yield from self._values(one, scope)
            if not found:
                yield HOLE
        elif isinstance(node, ast.Call):
            yield from self._told(node.func, scope[0])
        else:
            for one in reading.held(node):
                is_list = isinstance(one, ast.List | ast.Tuple | ast.ListComp | ast.IfExp)
                yield from self._values(one, scope) if is_list else self.sentences(one, scope)

    def _defined(
        self, called: ast.expr, module: Module
    ) -> Iterator[tuple[Module, ast.FunctionDef]]:
        there, name = self.origin(reading.name_of(called), module)
        if isinstance(called, ast.Attribute):
            there, name = self._module(called.value, module) or module, called.attr
        here = [(there, one) for one in reading.functions(there.tree) if one.name == name]
        everywhere = self._functions.get(name, [])
        yield from here or (everywhere if len(everywhere) <= NAMESAKES else [])

    def origin(self, name: str, module: Module) -> tuple[Module, str]:
        """The module a name is imported from and its name there; the same where it is none."""
        source, there = reading.imports(module).get(name, ("", name))
        return (self.modules[source], there) if source in self.modules else (module, name)

    def _module(self, node: ast.expr, module: Module) -> Module | None:
        source, name = reading.imports(module).get(reading.name_of(node), ("", ""))
        return self.modules.get(f"{source}.{name}")


_LOOKS: dict[type[ast.expr], Callable[..., Iterator[str]]] = {
    ast.Constant: Code.constant,
    ast.JoinedStr: Code.joined,
    ast.FormattedValue: Code.filled,
    ast.BinOp: Code.added,
    ast.IfExp: Code.either,
    ast.BoolOp: Code.either,
    ast.NamedExpr: Code.inner,
    ast.Subscript: Code.held,
    ast.Name: Code.named,
    ast.Attribute: Code.reached,
    ast.Call: Code.called,
}


def _is_yes(call: ast.Call, told: ast.expr) -> bool:
    """A ruling that allows, and an empty sentence, refuse nobody."""
    first = call.args[0] if call.args else told
    constants = [one for one in (first, told) if isinstance(one, ast.Constant)]
    return any(one.value is True or one.value == "" for one in constants)


def _checks_a_record(module: Module) -> bool:
    return (
        re.search(r"^from pydantic.* import .*\b(field|model)_validator", module.text, re.M)
        is not None
    )
