"""What may wake a run, and what may not: the hazards of a paused graph, on the real one."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from langgraph.checkpoint.sqlite import SqliteSaver
from langgraph.graph import StateGraph
from langgraph.types import Command

from agent import graph
from agent.deps import Deps
from agent.loop import Loop
from agent.nodes.ask import ask
from agent.nodes.monitor import monitor
from agent.state import State
from runs import approvals, leases
from runs.errors import Conflict, InvalidInput, NotFound, Unavailable
from runs.leases import Lease
from runs.store.store import Store
from tests.voyage import Harbour, Voyage

ASKS = ("plan", "plan/test_exit", "plan/test_exit/stage")
MONITOR = "plan/test_exit/stage/signals"
STRAY: tuple[Any, ...] = (
    True,
    "yes",
    "approved",
    {"approval_id": "made-up", "decision": "approve"},
    {"0" * 32: "approve"},
)
"""What somebody may send in the place of a decision."""


@contextmanager
def compiled(voyage: Voyage) -> Iterator[Any]:
    """The run's graph on its own checkpoints, as langgraph's own tools would open it."""
    deps = voyage.engines.deps(voyage.store, Lease("", "", 0))
    with SqliteSaver.from_conn_string(str(voyage.wired.home.checkpoints)) as saver:
        yield graph.build(deps).compile(checkpointer=saver)


def thread(voyage: Voyage) -> Any:
    """Where the run stands."""
    return {"configurable": {"thread_id": voyage.run_id}}


def rows(voyage: Voyage) -> list[str]:
    """Everything in the record, as one text a statement."""
    connection = voyage.store.database.engine.raw_connection()
    try:
        return list(connection.driver_connection.iterdump())  # pyright: ignore -- driver object
    finally:
        connection.close()


@pytest.mark.parametrize("value", STRAY)
@pytest.mark.parametrize("point", ASKS)
def test_a_resume_before_the_decision_asks_again_and_nothing_moves(
    harbour: Harbour, point: str, value: Any
) -> None:
    """Whatever it carries: a decision is a record, under a name."""
    voyage = harbour.at(point)
    before, asked = rows(voyage), voyage.asked.id
    with compiled(voyage) as loop:
        loop.invoke(Command(resume=value), thread(voyage))
        seen = loop.get_state(thread(voyage))

    assert seen.next == (f"ask_{point.rpartition('/')[2]}",)
    assert [one.value for one in seen.interrupts] == [{"approval_id": asked}]
    assert rows(voyage) == before


def test_after_stray_wake_ups_the_recorded_decision_still_counts(harbour: Harbour) -> None:
    """No answer is used up by them."""
    voyage = harbour.at("plan")
    with compiled(voyage) as loop:
        for value in STRAY:
            loop.invoke(Command(resume=value), thread(voyage))
    voyage.agree()
    voyage.advance()

    assert voyage.waits_for == "test_exit"
    assert len(voyage.questions("plan")) == 1


def test_the_same_answer_twice_is_a_conflict_and_answers_nothing_else(harbour: Harbour) -> None:
    """The second yes does not reach the next question."""
    voyage = harbour.at("plan")
    asked = voyage.asked
    voyage.decide("ana", asked=asked)
    with pytest.raises(Conflict, match="has already decided"):
        voyage.decide("ana", asked=asked)
    voyage.decide("ben", asked=asked)
    voyage.advance()
    voyage.advance()
    with pytest.raises(Conflict, match="nothing is left to decide"):
        voyage.decide("ben", asked=asked)

    assert voyage.waits_for == "test_exit"
    assert not approvals.decisions_of(voyage.store, voyage.customer, voyage.asked.id)


def test_a_no_after_a_yes_is_a_conflict_that_changes_nothing(harbour: Harbour) -> None:
    """The recorded decision stands, woken or not."""
    voyage = harbour.at("plan")
    asked = voyage.asked
    voyage.agree()
    with pytest.raises(Conflict):
        voyage.decide("ben", "reject", asked=asked)
    voyage.advance()

    assert voyage.waits_for == "test_exit"


def test_an_answer_to_a_run_that_ended_or_never_was_starts_nothing(harbour: Harbour) -> None:
    """Conflict and NotFound; no run is opened by an answer."""
    voyage = harbour.at("plan")
    asked = voyage.asked
    voyage.refuse()
    voyage.until("ended")
    with pytest.raises(Conflict):
        voyage.decide("ben", asked=asked)
    with pytest.raises(NotFound):
        voyage.decide("ben", asked=asked.model_copy(update={"id": "unknown"}))
    with pytest.raises(NotFound):
        voyage.loop().advance(voyage.customer, "r-unknown", "w1")

    assert len(voyage.store.runs.list(voyage.customer)) == 1


def test_advancing_a_run_that_waits_or_has_ended_moves_nothing(harbour: Harbour) -> None:
    """A job may be done again at any moment."""
    voyage = harbour.at("plan")
    before = rows(voyage)
    voyage.advance()
    waiting = rows(voyage)
    voyage.refuse()
    voyage.until("ended")
    ended = rows(voyage)
    voyage.advance()

    assert [row for row in waiting if "leases" not in row] == [
        row for row in before if "leases" not in row
    ]
    assert rows(voyage) == ended


def test_a_second_worker_does_not_advance_a_run_that_is_held(harbour: Harbour) -> None:
    """It is told to try again; nothing is done twice."""
    voyage = harbour.at("plan")
    voyage.agree()
    name = f"run:{voyage.run_id}"
    with leases.held(voyage.store, voyage.customer, name, holder="w1", ttl_s=30):
        before = rows(voyage)
        with pytest.raises(Unavailable, match="another worker"):
            voyage.advance("w2")
        after = rows(voyage)

    assert after == before


def test_a_worker_that_lost_its_lease_writes_nothing_more(harbour: Harbour) -> None:
    """The fence stands in every write."""
    voyage = harbour.at("plan")
    voyage.agree()

    def overtaken(deps: Deps) -> Deps:
        name = f"run:{voyage.run_id}"
        leases.take(voyage.store, voyage.customer, name, holder="w1", ttl_s=-1)
        leases.take(voyage.store, voyage.customer, name, holder="w2", ttl_s=30)
        return deps

    voyage.change_deps = overtaken
    with pytest.raises(Conflict, match="taken over"):
        voyage.advance()

    assert not voyage.questions("test_exit")


def test_nothing_but_a_kept_decision_goes_into_a_paused_run() -> None:
    """The way in takes a run and who works on it: no input, no answer, no state."""
    public = {name for name in vars(Loop) if not name.startswith("_")}

    assert public == {"advance"}
    assert Loop.advance.__code__.co_varnames[:4] == ("self", "customer", "run", "holder")


@pytest.mark.parametrize("point", ASKS)
def test_an_ask_node_writes_nothing(harbour: Harbour, point: str) -> None:
    """Not before the pause, which it meets again on every resume, nor after it."""
    voyage = harbour.at(point)
    state = state_of(voyage)
    voyage.agree()
    before = rows(voyage)

    assert ask(state, voyage.engines.deps(voyage.store, Lease("", "", 0))) == {}
    assert rows(voyage) == before


def test_a_waiting_monitor_writes_nothing(harbour: Harbour) -> None:
    """However often it is woken for nothing."""
    voyage = harbour.at(MONITOR)
    before = rows(voyage)
    with compiled(voyage) as loop:
        for value in STRAY:
            loop.invoke(Command(resume=value), thread(voyage))
        seen = loop.get_state(thread(voyage))

    assert seen.next == ("monitor",)
    assert rows(voyage) == before


def state_of(voyage: Voyage) -> State:
    """What stands in the checkpoint: ids only."""
    with compiled(voyage) as loop:
        return State(**loop.get_state(thread(voyage)).values)


def test_the_checkpoint_holds_ids_and_no_text_of_the_customers(harbour: Harbour) -> None:
    """Law 1: records stay where they are."""
    state = state_of(harbour.at(MONITOR))

    assert max(len(value) for value in vars(state).values()) <= 80
    assert not any(" " in value for value in vars(state).values())


class Crash(RuntimeError):
    """The process is gone at this point."""


def crashing(node: str, *, after: bool, crashes: list[str]) -> Any:
    """The graph with one node that dies once, before or after its work, unsaved."""

    def build(deps: Deps) -> StateGraph:
        whole = graph.build(deps)
        work = partial(graph.NODES[node], deps=deps)

        def dies(state: State) -> Any:
            if not crashes and not after:
                crashes.append(node)
                raise Crash(node)
            update = work(state)
            if not crashes:
                crashes.append(node)
                raise Crash(node)
            return update

        spec = whole.nodes[node]
        whole.nodes[node] = replace(spec, runnable=partial_runnable(dies, spec))
        return whole

    return build


def partial_runnable(function: Any, spec: Any) -> Any:
    """The same kind of runnable as the node had, around another function."""
    return type(spec.runnable)(function, name=spec.runnable.name, trace=False)


NODES = sorted(set(graph.NODES) - {"monitor"})


@pytest.fixture(scope="module")
def told(harbour: Harbour) -> dict[str, Any]:
    """How the voyage ends that nothing disturbs."""
    return story(harbour.at("plan"), graph.build)


def story(voyage: Voyage, build: Any) -> dict[str, Any]:
    """To the end of the stage in the sandbox and a no, taking up again whatever died."""
    voyage.loop = partial(Voyage.loop, voyage, build)
    for _ in range(40):
        waits_for = voyage.waits_for
        if voyage.run.status == "ended":
            break
        if waits_for == "signals":
            voyage.store.runs.set_workflow(voyage.customer, voyage.run_id, "desk")
        act(voyage, waits_for)
        go_on(voyage)
    voyage.verify()
    asked = [(one.kind, one.status) for one in voyage.questions()]
    end = voyage.terminal
    return {"asked": asked, "end": (end.kind, end.owner), "sent": len(voyage.messages)}


def act(voyage: Voyage, waits_for: str) -> None:
    """People agree; nobody sends a ticket, and the release is taken back."""
    if waits_for == "signals":
        voyage.withdraw()
    elif waits_for:
        voyage.agree()


def go_on(voyage: Voyage) -> None:
    """A worker, and after its death another one."""
    try:
        voyage.advance("w1")
    except Crash:
        voyage.advance("w2")


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("node", NODES)
def test_a_crash_at_a_node_comes_to_the_same_end_with_one_message(
    harbour: Harbour, told: dict[str, Any], node: str, after: bool
) -> None:
    """The node's work was done, its checkpoint was not written: it is done again, once."""
    crashes: list[str] = []
    voyage = harbour.at("home")
    voyage.start()
    voyage.loop = partial(Voyage.loop, voyage, crashing(node, after=after, crashes=crashes))

    disturbed = story(voyage, crashing(node, after=after, crashes=crashes))
    assert disturbed == told
    assert told["sent"] == 1
    assert crashes == [node]
