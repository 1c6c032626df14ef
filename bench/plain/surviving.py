"""Small LangGraph programs: a deploy, crash, kill or lost write between a yes and its effect."""

import os
import signal
import tempfile
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from langgraph.checkpoint.memory import InMemorySaver
from langgraph.checkpoint.sqlite import SqliteSaver
from langgraph.graph import END, START, StateGraph
from langgraph.types import Command, RetryPolicy, interrupt

from bench.plain.pausing import THREAD, Node, Outcome, Pay, ask, graph_of, paused, paying

PAYLOAD = 400_000


def _deployed(before: Any, after: Any) -> Any:
    """The graph after a deploy, on the checkpoints of a run that waits in the one before."""
    saver = InMemorySaver()
    before.compile(checkpointer=saver).invoke({"amount": 10}, THREAD)
    return after.compile(checkpointer=saver)


def renamed_node() -> Outcome:
    """Row 11."""
    paid: list[int] = []
    old = graph_of(ask=ask, pay=paying(paid))
    return _after_deploy(_deployed(old, graph_of(ask_first=ask, pay=paying(paid))), paid)


def removed_node() -> Outcome:
    """Row 11, where the question is asked no more."""
    paid: list[int] = []
    old = graph_of(ask=ask, pay=paying(paid))
    return _after_deploy(_deployed(old, graph_of(pay=paying(paid))), paid)


def _after_deploy(graph: Any, paid: list[int]) -> Outcome:
    try:
        graph.invoke(Command(resume="yes"), THREAD)
    except Exception as error:
        return Outcome("error", f"{type(error).__name__}: {error}")
    if paid:
        return Outcome("unsafe", f"paid {paid}")
    return Outcome(
        "ignored", f"the yes is lost; the run goes on with {graph.get_state(THREAD).next}"
    )


def changed_node() -> Outcome:
    """Row 12."""
    paid: list[int] = []

    def pay_more(state: Pay) -> dict[str, Any]:
        if state["answer"] == "yes":
            paid.append(9_000)
        return {}

    graph = _deployed(graph_of(ask=ask, pay=paying(paid)), graph_of(ask=ask, pay=pay_more))
    graph.invoke(Command(resume="yes"), THREAD)
    return Outcome("unsafe" if paid == [9_000] else "held", f"asked for 10, the yes paid {paid}")


def inserted_question() -> Outcome:
    """Row 13."""
    deleted: list[str] = []

    def publish(state: Pay) -> dict[str, Any]:
        return {"answer": interrupt("publish?")}

    def delete_first(state: Pay) -> dict[str, Any]:
        if interrupt("delete all?") == "yes":
            deleted.append("all")
        return {"answer": interrupt("publish?")}

    graph = _deployed(graph_of(ask=publish), graph_of(ask=delete_first))
    graph.invoke(Command(resume="yes"), THREAD)
    return Outcome("unsafe" if deleted else "held", f'the yes to "publish?" deleted {deleted}')


def _failing(paid: list[int], times: int) -> Node:
    def pay(state: Pay) -> dict[str, Any]:
        if state["answer"] == "yes":
            paid.append(state["amount"])
        if len(paid) <= times:
            raise ConnectionError("no receipt came back")
        return {}

    return pay


def crash_then_reject() -> Outcome:
    """Row 18."""
    paid: list[int] = []
    graph = paused(graph_of(ask=ask, pay=_failing(paid, 1)))
    with suppress(ConnectionError):
        graph.invoke(Command(resume="yes"), THREAD)
    try:
        graph.invoke(Command(resume="no"), THREAD)
    except Exception as error:
        return Outcome("held", f"{type(error).__name__}")
    word = "unsafe" if len(paid) > 1 else "ignored"
    return Outcome(word, f"the reject was taken, and the approve was executed again: paid {paid}")


def error_after_effect() -> Outcome:
    """Row 19."""
    paid: list[int] = []
    graph = paused(graph_of(ask=ask, pay=_failing(paid, 1)))
    with suppress(ConnectionError):
        graph.invoke(Command(resume="yes"), THREAD)
    graph.invoke(None, THREAD)
    return Outcome("repeated" if len(paid) > 1 else "held", f"one yes paid {paid}")


def retried_effect() -> Outcome:
    """Row 21."""
    paid: list[int] = []
    graph = StateGraph(Pay)
    graph.add_node("ask", ask)
    policy = RetryPolicy(initial_interval=0.0, max_attempts=3, jitter=False)
    graph.add_node("pay", _failing(paid, 2), retry_policy=policy)
    graph.add_edge(START, "ask")
    graph.add_edge("ask", "pay")
    graph.add_edge("pay", END)
    paused(graph).invoke(Command(resume="yes"), THREAD)
    word = "repeated" if len(paid) > 1 else "held"
    return Outcome(word, f"one approval covered {len(paid)} attempts: paid {paid}")


def several_calls() -> Outcome:
    """Row 29."""
    done: list[str] = []

    def call_tools(state: Pay) -> dict[str, Any]:
        for call in ("refund", "close the account"):
            if interrupt({"call": call}) == "approve":
                done.append(call)
        return {}

    graph = paused(graph_of(tools=call_tools))
    graph.invoke(Command(resume="approve"), THREAD)
    graph.invoke(Command(resume="reject"), THREAD)
    word = "held" if done == ["refund"] else "repeated"
    return Outcome(word, f"one approve and one reject carried out {done}")


def second_pause() -> Outcome:
    """Row 31."""

    def twice(state: Pay) -> dict[str, Any]:
        return {"log": [interrupt("first?"), interrupt("second?")]}

    graph = paused(graph_of(ask=twice))
    graph.invoke(Command(resume="yes"), THREAD)
    pending = [one.value for one in graph.get_state(THREAD).interrupts]
    return Outcome("held" if pending == ["second?"] else "unsafe", f"pending: {pending}")


@contextmanager
def _folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="pilotage-hazards-") as folder:
        yield Path(folder)


@contextmanager
def _opened(folder: Path, graph: Any) -> Iterator[Any]:
    """The graph on a file, as any process would open it."""
    with SqliteSaver.from_conn_string(str(folder / "checkpoints.db")) as saver:
        yield graph.compile(checkpointer=saver)


def _killed(work: Callable[[], object]) -> int:
    """Do something in a process of its own; how it ended."""
    with warnings.catch_warnings():
        # The child takes over no thread: it opens the file anew and is killed.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        try:
            work()
        finally:
            os._exit(1)
    return -os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def killed_after_effect() -> Outcome:
    """Row 20."""
    with _folder() as folder:
        paid = folder / "paid.txt"

        def ask_and_pay(state: Pay) -> dict[str, Any]:
            if interrupt({"pay": state["amount"]}) == "yes":
                with paid.open("a") as file:
                    file.write("10\n")
                if not (folder / "died").exists():
                    (folder / "died").touch()
                    os.kill(os.getpid(), signal.SIGKILL)
            return {}

        graph = graph_of(ask=ask_and_pay)

        def answer(value: Any) -> list[Any]:
            with _opened(folder, graph) as made:
                made.invoke(value, THREAD)
                return [one.value for one in made.get_state(THREAD).interrupts]

        answer({"amount": 10})
        ended = _killed(lambda: answer(Command(resume="yes")))
        asked = answer(None)
        if asked:
            answer(Command(resume="yes"))
        times = len(paid.read_text().splitlines())
    word = "repeated" if times > 1 else "held"
    says = f"ended by signal {ended}; asked again: {bool(asked)}; paid {times} times"
    return Outcome(word, says)


def restart() -> Outcome:
    """Row 33."""
    with _folder() as folder:

        def work(state: Pay) -> dict[str, Any]:
            os.kill(os.getpid(), signal.SIGKILL)
            return {}

        graph = graph_of(first=lambda state: {"log": ["first"]}, work=work)

        def begin() -> None:
            with _opened(folder, graph) as made:
                made.invoke({"amount": 10}, THREAD, durability="sync")

        _killed(begin)
        with _opened(folder, graph) as made:
            left = made.get_state(THREAD).next
    says = f"after a restart it stands at {left}; nothing takes it up and nobody is told"
    return Outcome("ignored" if left else "held", says)


def growing() -> Outcome:
    """Row 30."""
    with _folder() as folder:
        steps = {f"step_{n}": (lambda state: {"log": ["done"]}) for n in range(19)}
        with _opened(folder, graph_of(**steps)) as made:
            made.invoke({"amount": 10, "answer": "x" * PAYLOAD}, THREAD)
        size = sum(file.stat().st_size for file in folder.glob("checkpoints.db*"))
    word = "held" if size < 2 * PAYLOAD else "repeated"
    return Outcome(
        word, f"{PAYLOAD // 1000} kB of payload became {size / 1e6:.1f} MB, kept for ever"
    )


def last_write_lost() -> Outcome:
    """Row 32."""
    paid: list[int] = []
    with _folder() as folder, _opened(folder, graph_of(ask=ask, pay=paying(paid))) as made:
        made.invoke({"amount": 10}, THREAD)
        before = made.get_state(THREAD).config["configurable"]["checkpoint_id"]
        made.invoke(Command(resume="yes"), THREAD)
        connection = made.checkpointer.conn
        for table in ("checkpoints", "writes"):
            connection.execute(f"DELETE FROM {table} WHERE checkpoint_id > ?", (before,))
        connection.execute("DELETE FROM writes WHERE channel = '__resume__'")
        connection.commit()
        waits = made.get_state(THREAD).next == ("ask",)
        made.invoke(Command(resume="yes"), THREAD)
    says = f"asked again: {waits}; one yes and its copy paid {paid}"
    return Outcome("repeated" if len(paid) > 1 else "held", says)
