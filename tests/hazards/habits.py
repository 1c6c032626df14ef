"""What our code never does with a paused graph, read off its syntax tree."""

import ast
from collections.abc import Callable, Iterator

from tests.guards.tree import Module, modules

BROAD = {"Exception", "BaseException", "GraphInterrupt", "GraphBubbleUp"}
NEVER = {
    "update_state",
    "aupdate_state",
    "bulk_update_state",
    "interrupt_before",
    "interrupt_after",
}
"""Static breakpoints, and changes of a paused state."""
RETRIES = {"retry_policy", "RetryPolicy", "retry"}
CHECKPOINT = "checkpoint_id"
Look = Callable[[Module], Iterator[int]]


def names(module: Module, wanted: set[str]) -> Iterator[int]:
    """Lines that name one of these: as a name, an attribute, an argument or a text."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.keyword) and node.arg in wanted:
            yield node.value.lineno
        elif isinstance(node, ast.expr) and _name_of(node) in wanted:
            yield node.lineno


def _name_of(node: ast.expr) -> object:
    """What an expression names by itself; None where it does not."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.value if isinstance(node, ast.Constant) else None


def broad(module: Module) -> Iterator[int]:
    """Lines that catch a pause."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.ExceptHandler):
            caught = {leaf.id for leaf in ast.walk(node.type or node) if isinstance(leaf, ast.Name)}
            if node.type is None or caught & BROAD:
                yield node.lineno


def never(module: Module) -> Iterator[int]:
    """Lines that change a paused state, break statically, or resume at a checkpoint by its id."""
    yield from names(module, NEVER | {CHECKPOINT})


def retries(module: Module) -> Iterator[int]:
    """Lines that give a node of the graph a retry policy."""
    yield from names(module, RETRIES)


def bare(module: Module) -> Iterator[int]:
    """Lines that resume with anything but a mapping from the id of an interrupt."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] == "Command":
            told = {one.arg: one.value for one in node.keywords}
            if set(told) != {"resume"} or node.args or not isinstance(told["resume"], ast.Dict):
                yield node.lineno


def invokes(module: Module) -> Iterator[int]:
    """Lines that run a graph, by whatever method."""
    ways = {"invoke", "ainvoke", "stream", "astream", "stream_events", "batch"}
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Call) and _name_of(node.func) in ways:
            yield node.lineno


def graphs(module: Module) -> Iterator[int]:
    """Lines that make or compile a graph."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func).split(".")[-1].split("[")[0]
            on_graph = called == "compile" and not ast.unparse(node.func).startswith("re.")
            if called == "StateGraph" or on_graph:
                yield node.lineno


def loops(module: Module) -> Iterator[int]:
    """Lines of loops that pause, and of pauses after anything but a read."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.For | ast.While | ast.ListComp) and any(pauses(node)):
            yield node.lineno


def pauses(tree: ast.AST) -> Iterator[ast.Call]:
    """The calls of `interrupt`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] == "interrupt":
            yield node


def found(look: Look, package: str = "agent", *, but: tuple[str, ...] = ()) -> list[str]:
    """Where a look finds something in a package, but for files where it is at home."""
    among = [m for m in modules() if m.package == package and m.path not in but]
    return [f"{module.path}:{line}" for module in among for line in look(module)]


def specimen(text: str) -> Module:
    """A module made up of one text, to see that a look finds what it is for."""
    return Module("agent/specimen.py", text, ast.parse(text))
