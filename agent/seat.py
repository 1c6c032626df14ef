"""the loop of this program, made once a process: to make it costs more than a superstep."""

from functools import cache

from langgraph.graph import StateGraph

from agent.deps import Deps
from agent.graph import build
from agent.loop import Seat


def seat(deps: Deps) -> Seat:
    """The loop with what its nodes may touch while it advances one run."""
    return Seat(whole(), deps)


@cache
def whole() -> StateGraph:
    """The uncompiled loop; what its nodes may touch comes with each call."""
    return build(None)
