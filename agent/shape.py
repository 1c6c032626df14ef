"""what the loop is made of: a digest of the source of each node and what it calls, and its ways.

Read from the graph that is about to run, so that a run is held against what it would really meet.
"""

import ast
import inspect
from collections.abc import Iterator
from functools import lru_cache, partial
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple

from runs.records.record import digest_of

if TYPE_CHECKING:
    from langgraph.graph import StateGraph

OURS = "agent."


class Shape(NamedTuple):
    """The loop by its parts."""

    nodes: dict[str, str]
    """By name, the digest of the node's source and of what it calls in the loop."""
    ways: tuple[str, ...]
    """Every way on, as `node outcome node`, sorted."""


def shape_of(graph: "StateGraph[Any, Any, Any, Any]") -> Shape:
    """The parts of an uncompiled graph, as they are in this process."""
    nodes = {name: source_of(_module_of(spec.runnable)) for name, spec in graph.nodes.items()}
    ways = [f"{start} on {end}" for start, end in graph.edges]
    for start, branches in graph.branches.items():
        for branch in branches.values():
            ways += [f"{start} {outcome} {end}" for outcome, end in (branch.ends or {}).items()]
    return Shape(nodes, tuple(sorted(ways)))


def leads(ways: tuple[str, ...], node: str) -> dict[str, str]:
    """By outcome, where a node leads."""
    split = (way.split(" ") for way in ways)
    return {outcome: end for start, outcome, end in split if start == node}


def before(ways: tuple[str, ...], node: str) -> list[str]:
    """The other nodes that lead to a node, sorted."""
    split = (way.split(" ") for way in ways)
    return sorted({start for start, _, end in split if end == node != start})


@lru_cache(maxsize=256)
def source_of(module: str) -> str:
    """Digest of a module's source and of every module of the loop that it imports, by whatever way.

    Source does not change within a process, so each is read once.
    """
    seen, waiting = dict[str, str](), [module]
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen[name] = inspect.getsource(import_module(name))
            waiting += _imported(seen[name])
    return digest_of(sorted(seen.items()))


def _imported(source: str) -> Iterator[str]:
    """The modules of the loop that a source imports by name."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and node.module:
            if node.module.startswith(OURS):
                yield node.module
            elif f"{node.module}." == OURS:
                yield from (f"{OURS}{alias.name}" for alias in node.names)


def _module_of(runnable: Any) -> str:
    """Where the function of a node stands, under whatever stands around it."""
    function = runnable.func
    while isinstance(function, partial):
        named = function.keywords
        function = named.get("step") or named.get("node") or function.func
    return function.__module__
