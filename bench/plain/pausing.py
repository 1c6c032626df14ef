"""Small LangGraph programs, with its defaults, that ask before they pay: what each hazard does."""

import operator
from collections.abc import Callable
from typing import Annotated, Any, NamedTuple, TypedDict

from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import END, START, StateGraph
from langgraph.types import Command, interrupt

THREAD: Any = {"configurable": {"thread_id": "t"}}


class Outcome(NamedTuple):
    """What became of a hazard: held, repeated, ignored, unsafe or error; and in one line how."""

    word: str
    says: str


class Pay(TypedDict):
    """What travels."""

    amount: int
    answer: Any
    log: Annotated[list[str], operator.add]


Node = Callable[..., dict[str, Any]]


def graph_of(**nodes: Node) -> "StateGraph[Any, Any, Any, Any]":
    """One node after the other, in the order given."""
    graph = StateGraph(Pay)
    for name, node in nodes.items():
        graph.add_node(name, node)
    for start, end in zip([START, *nodes], [*nodes, END], strict=True):
        graph.add_edge(start, end)
    return graph


def paused(graph: "StateGraph[Any, Any, Any, Any]", **given: Any) -> Any:
    """The graph, compiled, begun and waiting."""
    made = graph.compile(checkpointer=InMemorySaver())
    made.invoke({"amount": 10, **given}, THREAD)
    return made


def ask(state: Pay) -> dict[str, Any]:
    """Ask whether the amount may be paid."""
    return {"answer": interrupt({"pay": state["amount"]})}


def paying(paid: list[int]) -> Node:
    """Pay what the state says, on a yes."""

    def pay(state: Pay) -> dict[str, Any]:
        if state["answer"] in ("yes", True):
            paid.append(state["amount"])
        return {}

    return pay


def looked_up_again() -> Outcome:
    """Row 1."""
    calls: list[int] = []

    def look_up_and_ask(state: Pay) -> dict[str, Any]:
        calls.append(state["amount"])
        return ask(state)

    paused(graph_of(ask=look_up_and_ask)).invoke(Command(resume="yes"), THREAD)
    word = "held" if len(calls) == 1 else "repeated"
    return Outcome(word, f"what stands before interrupt() ran {len(calls)} times")


def input_to_paused() -> Outcome:
    """Row 9."""
    paid: list[int] = []
    graph = paused(graph_of(ask=ask, pay=paying(paid)))
    graph.invoke({"amount": 9_000}, THREAD)
    graph.invoke(Command(resume="yes"), THREAD)
    word = "held" if paid in ([10], []) else "unsafe"
    return Outcome(word, f"asked for 10, new input replaced the question; yes paid {paid}")


def swallowed() -> Outcome:
    """Row 10."""
    paid: list[int] = []

    def careful(state: Pay) -> dict[str, Any]:
        try:
            return ask(state)
        except Exception:
            return {"answer": "yes"}

    paused(graph_of(ask=careful, pay=paying(paid)))
    return Outcome("unsafe" if paid else "held", f"the pause was caught; paid {paid} unasked")


def in_a_loop() -> Outcome:
    """Row 14."""
    bodies: list[int] = []

    def each(state: Pay) -> dict[str, Any]:
        for number in range(4):
            bodies.append(number)
            interrupt({"pay": number})
        return {}

    graph = paused(graph_of(ask=each))
    for _ in range(4):
        graph.invoke(Command(resume="yes"), THREAD)
    word = "held" if len(bodies) == 4 else "repeated"
    return Outcome(word, f"4 answers, {len(bodies)} bodies")


def state_updated() -> Outcome:
    """Row 22."""
    paid: list[int] = []
    graph = paused(graph_of(ask=ask, pay=paying(paid)))
    graph.update_state(THREAD, {"amount": 9_000})
    graph.invoke(Command(resume="yes"), THREAD)
    word = "unsafe" if paid == [9_000] else "held"
    return Outcome(word, f"asked for 10, the state was updated, the yes paid {paid}")


def static_breakpoint() -> Outcome:
    """Row 23."""
    paid: list[int] = []
    graph = graph_of(plan=lambda state: {"answer": "yes"}, pay=paying(paid))
    made = graph.compile(checkpointer=InMemorySaver(), interrupt_before=["pay"])
    made.invoke({"amount": 10}, THREAD)
    made.invoke(None, THREAD)
    return Outcome("unsafe" if paid else "held", f"went on with no answer; paid {paid}")


def no_checkpointer() -> Outcome:
    """Row 24."""
    made = graph_of(ask=ask).compile()
    seen = made.invoke({"amount": 10})
    try:
        made.invoke(Command(resume="yes"))
    except RuntimeError:
        is_paused = "__interrupt__" in seen
        says = f"paused without an error: {is_paused}; the answer can never be taken"
        return Outcome("ignored", says)
    return Outcome("held", "it was resumed")


def subgraph() -> Outcome:
    """Row 25."""
    calls: list[int] = []
    inner = graph_of(ask=ask).compile()

    def outer(state: Pay) -> dict[str, Any]:
        calls.append(1)
        return inner.invoke({"amount": state["amount"]})

    paused(graph_of(outer=outer)).invoke(Command(resume="yes"), THREAD)
    word = "held" if len(calls) == 1 else "repeated"
    return Outcome(word, f"the parent's body ran {len(calls)} times")
