"""Other loops than the one of this program: what an upgrade makes of it, and one that dies."""

import os
import signal
from collections.abc import Callable, Hashable, Mapping
from functools import partial
from typing import Any

from langgraph.graph import StateGraph

from agent import graph
from agent.deps import Deps
from agent.refusal import Node, Route, attempt, on, onward
from agent.state import State, Update

Build = Callable[[Deps], "StateGraph[Any, Any, Any, Any]"]
Ways = Mapping[str, tuple[Route, Mapping[str, str]]]
WAYS: Ways = {start: (on, {"on": end}) for start, end in graph.EDGES} | graph.ROUTES


class Crash(RuntimeError):
    """The process is gone at this point."""


def loop_of(nodes: Mapping[str, Node], ways: Ways = WAYS) -> Build:
    """A loop of these nodes and ways, each node as the program wraps it."""

    def build(deps: Deps) -> "StateGraph[Any, Any, Any, Any]":
        whole = StateGraph(State)
        for name, node in nodes.items():
            made = partial(attempt, name=name, node=node) if name in graph.REFUSED else node
            whole.add_node(name, partial(made, deps=deps))
        for name, (route, targets) in ways.items():
            ends: dict[Hashable, str] = {**targets}
            if name in graph.REFUSED:
                ends["refused"] = graph.REFUSED[name]
            step = partial(onward, name=name, route=route, deps=deps)
            whole.add_conditional_edges(name, step, ends)
        return whole

    return build


def renamed(old: str, new: str) -> Build:
    """The loop, in which one node has another name."""

    def name(one: str) -> str:
        return new if one == old else one

    nodes = {name(one): node for one, node in graph.NODES.items()}
    ways = {
        name(start): (route, {told: name(end) for told, end in targets.items()})
        for start, (route, targets) in WAYS.items()
    }
    return loop_of(nodes, ways)


def without_question(question: str) -> Build:
    """The loop, in which one question is asked no more: what asked it acts at once."""
    nodes = {name: node for name, node in graph.NODES.items() if name != question}
    acts = graph.ROUTES[question][1]["approved"]
    ways = {
        start: (route, {told: acts if end == question else end for told, end in targets.items()})
        for start, (route, targets) in WAYS.items()
        if start != question
    }
    return loop_of(nodes, ways)


def changed(name: str, node: Node) -> Build:
    """The loop, in which one node does something else."""
    return loop_of({**graph.NODES, name: node})


def dying(names: set[str], crashes: list[str]) -> Build:
    """The loop, in which each of these nodes once does all its work and dies at its end."""
    return loop_of({**graph.NODES, **{name: _mortal(name, crashes) for name in names}})


def killed(name: str) -> Build:
    """The loop, in which the process is killed when one node has done its work."""

    def work(state: State, deps: Deps) -> Update:
        graph.NODES[name](state, deps=deps)
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError("still alive")

    return loop_of({**graph.NODES, name: as_in(name, work)})


def as_in(name: str, node: Node) -> Node:
    """The node, taken for the program's own: nothing was upgraded."""
    node.__module__ = graph.NODES[name].__module__
    return node


def _mortal(name: str, crashes: list[str]) -> Node:
    def work(state: State, deps: Deps) -> Update:
        update = graph.NODES[name](state, deps=deps)
        if name not in crashes:
            crashes.append(name)
            raise Crash(name)
        return update

    return as_in(name, work)
