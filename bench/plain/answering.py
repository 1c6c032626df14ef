"""Small LangGraph programs: an answer that is late, sent twice, anybody's, or of a wrong form."""

from threading import Barrier, BrokenBarrierError, Thread
from typing import Any

from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import END, START, StateGraph
from langgraph.types import Command, interrupt
from pydantic import BaseModel

from bench.plain.pausing import THREAD, Outcome, Pay, ask, graph_of, paused, paying


def world_changes() -> Outcome:
    """Row 2."""
    world, paid = {"refund": 1}, list[int]()

    def ask_refund(state: Pay) -> dict[str, Any]:
        return {"answer": interrupt({"refund": world["refund"]})}

    def refund(state: Pay) -> dict[str, Any]:
        if state["answer"] == "yes":
            paid.append(world["refund"])
        return {}

    graph = paused(graph_of(ask=ask_refund, refund=refund))
    world["refund"] = 82_000
    graph.invoke(Command(resume="yes"), THREAD)
    word = "unsafe" if paid == [82_000] else "held"
    return Outcome(word, f"a refund of 1 was asked for, {paid} was paid")


def same_answer_twice() -> Outcome:
    """Row 3."""
    deleted: list[str] = []

    def ask_deletion(state: Pay) -> dict[str, Any]:
        if interrupt("delete all?") == "yes":
            deleted.append("all")
        return {}

    graph = paused(graph_of(ask=ask, ask_deletion=ask_deletion))
    for _ in range(2):
        graph.invoke(Command(resume="yes"), THREAD)
    word = "unsafe" if deleted else "held"
    return Outcome(word, f"the second copy answered the next question: deleted {deleted}")


def finished_run() -> Outcome:
    """Row 4."""
    paid: list[int] = []
    graph = paused(graph_of(ask=ask, pay=paying(paid)))
    graph.invoke(Command(resume="yes"), THREAD)
    try:
        graph.invoke(Command(resume="no"), THREAD)
    except Exception as error:
        return Outcome("held", f"{type(error).__name__}")
    return Outcome("ignored", f"the no was taken without a word; paid {paid}")


def unknown_run() -> Outcome:
    """Row 5."""
    graph = graph_of(ask=ask).compile(checkpointer=InMemorySaver())
    unknown: Any = {"configurable": {"thread_id": "nobody knows it"}}
    try:
        graph.invoke(Command(resume="yes"), unknown)
    except Exception as error:
        return Outcome("error", f"{type(error).__name__}: {error}")
    begun = graph.get_state(unknown).created_at is not None
    return Outcome("unsafe" if begun else "ignored", f"taken without a word; a run began: {begun}")


def stale_id() -> Outcome:
    """Row 6."""
    return _resumed({"0" * 32: "yes"}, "the wrong id")


def keys_like_ids() -> Outcome:
    """Row 7."""
    return _resumed({"5d41402abc4b2a76b9719d911017c592": True}, "an answer by document hash")


def _resumed(value: Any, what: str) -> Outcome:
    paid: list[int] = []
    graph = paused(graph_of(ask=ask, pay=paying(paid)))
    try:
        graph.invoke(Command(resume=value), THREAD)
    except Exception as error:
        return Outcome("error", f"{what}: {type(error).__name__}: {error}")
    waits = graph.get_state(THREAD).next == ("ask",)
    says = f"{what} was taken without a word; it waits still: {waits}"
    return Outcome("ignored" if waits else "unsafe", says)


def empty_answer() -> Outcome:
    """Row 8."""
    seen = []
    for value in (None, {}, ""):
        graph = paused(graph_of(ask=ask))
        try:
            graph.invoke(Command(resume=value), THREAD)
        except Exception as error:
            seen.append(f"{value!r}: {type(error).__name__}")
        else:
            waits = graph.get_state(THREAD).next == ("ask",)
            seen.append(f"{value!r}: {'ignored' if waits else 'taken for an answer'}")
    word = "error" if any("Error" in one for one in seen) else "ignored"
    return Outcome(word, "; ".join(seen))


def two_pending() -> Outcome:
    """Row 15."""
    graph = StateGraph(Pay)
    for name in ("ask_a", "ask_b"):
        graph.add_node(name, lambda state: {"log": [str(interrupt("which?"))]})
        graph.add_edge(START, name)
        graph.add_edge(name, END)
    made = paused(graph)
    try:
        made.invoke(Command(resume="yes"), THREAD)
    except RuntimeError as error:
        return Outcome("error", f"RuntimeError: {str(error)[:60]}")
    return Outcome("unsafe", f"taken: {made.get_state(THREAD).values}")


def two_processes() -> Outcome:
    """Row 16."""
    done, together = list[str](), Barrier(2)

    def act(state: Pay) -> dict[str, Any]:
        try:
            together.wait(5)
        except BrokenBarrierError:
            return {}
        done.append(str(state["answer"]))
        return {}

    saver = InMemorySaver()
    graphs = [graph_of(ask=ask, act=act).compile(checkpointer=saver) for _ in range(2)]
    graphs[0].invoke({"amount": 10}, THREAD)
    pairs = zip(graphs, ("approve", "reject"), strict=True)
    threads = [Thread(target=g.invoke, args=(Command(resume=a), THREAD)) for g, a in pairs]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    word = "unsafe" if len(done) == 2 else "held"
    return Outcome(word, f"carried out: {', '.join(sorted(done)) or 'nothing'}")


def no_then_yes() -> Outcome:
    """Row 17."""
    paid: list[int] = []
    graph = paused(graph_of(ask=ask, pay=paying(paid)))
    place = graph.get_state(THREAD).config
    try:
        first = graph.invoke(Command(resume="no"), place)
        second = graph.invoke(Command(resume="yes"), place)
    except Exception as error:
        return Outcome("held", f"{type(error).__name__}")
    if paid:
        return Outcome("unsafe", f"no, then yes on the same checkpoint: paid {paid}")
    same = first.get("answer") == second.get("answer")
    return Outcome("ignored", f"no error; the second returns the first result: {same}")


def who_answered() -> Outcome:
    """Row 26."""
    paid: list[str] = []

    def pay(state: Pay) -> dict[str, Any]:
        if state["answer"]["yes"]:
            paid.append(state["answer"]["person"])
        return {}

    graph = paused(graph_of(ask=ask, pay=pay))
    graph.invoke(Command(resume={"yes": True, "person": "the director"}), THREAD)
    return Outcome("unsafe" if paid else "held", f"anybody's text was taken for a yes of {paid}")


def nobody_answers() -> Outcome:
    """Row 27."""
    graph = paused(graph_of(ask=ask))
    seen = graph.get_state(THREAD)
    known = {name for one in seen.interrupts for name in dir(one) if name in ("due", "owner")}
    waits = seen.next == ("ask",) and not known
    return Outcome("ignored" if waits else "held", "no due time and no owner: it waits for ever")


class Typed(BaseModel):
    """What travels, with types."""

    answer: bool = False


def wrong_type() -> Outcome:
    """Row 28."""
    paid: list[bool] = []

    def pay(state: Typed) -> dict[str, Any]:
        if state.answer:
            paid.append(state.answer)
        return {}

    graph = StateGraph(Typed)
    graph.add_node("ask", lambda state: {"answer": interrupt("pay?")})
    graph.add_node("pay", pay)
    graph.add_edge(START, "ask")
    graph.add_edge("ask", "pay")
    made = graph.compile(checkpointer=InMemorySaver())
    made.invoke(Typed(), THREAD)
    made.invoke(Command(resume="yes"), THREAD)
    return Outcome("unsafe" if paid else "held", f'the text "yes" became {paid}')
