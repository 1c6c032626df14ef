"""A Python module looked up: what it calls, imports and binds, and what a function hands back."""

import ast
from collections.abc import Iterator
from functools import cache

from tests.guards.tree import Module

Function = ast.FunctionDef | None
Scope = tuple[Module, Function]
Binding = ast.expr | ast.For | ast.comprehension | ast.ExceptHandler


def errors(among: tuple[Module, ...]) -> frozenset[str]:
    """The names of our errors, those of their subclasses included."""
    classes = [node for m in among for node in ast.walk(m.tree) if isinstance(node, ast.ClassDef)]
    names = {"PilotageError"}
    while more := {c.name for c in classes if names & set(map(name_of, c.bases))} - names:
        names |= more
    return frozenset(names)


def calls_of(module: Module) -> Iterator[tuple[ast.Call, Scope]]:
    """Every call with the function it stands in."""
    waiting: list[tuple[ast.AST, Function]] = [(module.tree, None)]
    while waiting:
        node, function = waiting.pop()
        if isinstance(node, ast.Call):
            yield node, (module, function)
        inside = node if isinstance(node, ast.FunctionDef) else function
        waiting += [(child, inside) for child in ast.iter_child_nodes(node)]


@cache
def functions(tree: ast.AST) -> tuple[ast.FunctionDef, ...]:
    """Every function, nested ones as well."""
    return tuple(node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


@cache
def imports(module: Module) -> dict[str, tuple[str, str]]:
    """By the name used here: module, and name in it."""
    nodes = (node for node in ast.walk(module.tree) if isinstance(node, ast.ImportFrom))
    return {
        alias.asname or alias.name: (node.module or "", alias.name)
        for node in nodes
        for alias in node.names
    }


@cache
def constants(module: Module) -> dict[str, ast.expr]:
    """What a module binds, by name."""
    nodes = [one for one in module.tree.body if isinstance(one, ast.Assign | ast.AnnAssign)]
    return {
        name_of(target): node.value
        for node in nodes
        if node.value is not None
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
    }


@cache
def bound(function: ast.FunctionDef) -> dict[str, list[Binding]]:
    """What is bound to each local name."""
    found: dict[str, list[Binding]] = {}
    for node in ast.walk(function):
        if isinstance(node, ast.Assign):
            for target in node.targets:
                found.setdefault(name_of(target), []).append(node.value)
        elif isinstance(node, ast.AnnAssign | ast.NamedExpr | ast.AugAssign) and node.value:
            found.setdefault(name_of(node.target), []).append(node.value)
        elif isinstance(node, ast.ExceptHandler) and node.name:
            found.setdefault(node.name, []).append(node)
        elif isinstance(node, ast.For | ast.comprehension):
            for leaf in leaves(node.target):
                found.setdefault(name_of(leaf), []).append(node)
    return found


def parameters(function: ast.FunctionDef) -> list[str]:
    """The names a function is handed things under."""
    args = function.args
    return [one.arg for one in (*args.posonlyargs, *args.args, *args.kwonlyargs)]


def argument(call: ast.Call, names: list[str], name: str) -> ast.expr | None:
    """What a call hands in for a name; None for nothing."""
    by_keyword = {one.arg: one.value for one in call.keywords}
    positional = names[1:] if names[:1] in (["self"], ["cls"]) else names
    at = positional.index(name) if name in positional else len(call.args)
    given = call.args[at] if at < len(call.args) else None
    return by_keyword.get(name, given)


def default(function: ast.FunctionDef, name: str) -> ast.expr | None:
    """What a parameter is where nothing is handed in."""
    args = function.args
    keyword = dict(zip([one.arg for one in args.kwonlyargs], args.kw_defaults, strict=True))
    names = [one.arg for one in (*args.posonlyargs, *args.args)]
    positional = dict(zip(reversed(names), reversed(args.defaults), strict=False))
    return keyword.get(name) or positional.get(name)


@cache
def returned(function: ast.FunctionDef) -> tuple[ast.expr, ...]:
    """What a function returns or yields; the empty text, that all is well, is left out."""
    nodes = [n for n in ast.walk(function) if isinstance(n, ast.Return | ast.Yield | ast.YieldFrom)]
    told = (node.value for node in nodes if node.value is not None)
    return tuple(one for one in told if getattr(one, "value", one))


def held(node: ast.expr) -> list[ast.expr]:
    """What a list, mapping or choice is written with."""
    if isinstance(node, ast.Dict):
        return node.values
    if isinstance(node, ast.List | ast.Tuple | ast.Set):
        return [one.value if isinstance(one, ast.Starred) else one for one in node.elts]
    if isinstance(node, ast.IfExp):
        return [node.body, node.orelse]
    return [node.elt] if isinstance(node, ast.ListComp | ast.GeneratorExp) else [node]


def leaves(node: ast.expr | None) -> list[ast.expr]:
    """The parts of a tuple; else the thing itself."""
    return list(node.elts) if isinstance(node, ast.Tuple) else [node] if node else []


def name_of(node: ast.AST | None) -> str:
    """The last name of a name or attribute."""
    return getattr(node, "attr", "") or getattr(node, "id", "")
