"""What may wake a run, and what may not: the hazards of a paused graph, on the real one."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import pytest
from langgraph.graph import StateGraph
from langgraph.types import Command

from agent import checkpoints, graph
from agent.deps import Deps
from agent.loop import Loop
from agent.nodes.ask import ask, payload
from agent.state import State
from runs import approvals, leases, tables
from runs.errors import Conflict, NotFound, Unavailable
from runs.leases import Lease
from runs.records.evidence import Evidence, FixTrial
from tests.tickets import contrary
from tests.voyage import Harbour, Voyage

pytestmark = pytest.mark.both_databases

WAITING = "plan/test_exit/stage/signals"
ASKS = ("plan", "plan/test_exit", "plan/test_exit/stage")
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
    with checkpoints.opened(voyage.wired.checkpoints) as saver:
        yield graph.build(deps).compile(checkpointer=saver)


def thread(voyage: Voyage) -> Any:
    """Where the run stands."""
    return {"configurable": {"thread_id": voyage.run_id}}


def rows(voyage: Voyage) -> list[str]:
    """Everything in the record, as one text a row."""
    with voyage.store.database.reading() as connection:
        return sorted(
            f"{table.name}: {row}"
            for table in tables.metadata.sorted_tables
            for row in connection.execute(table.select())
        )


@pytest.mark.parametrize("value", STRAY)
@pytest.mark.parametrize("point", ASKS)
def test_a_resume_before_the_decision_asks_again_and_nothing_moves(
    harbour: Harbour, point: str, value: Any
) -> None:
    """Whatever it carries: a decision is a record, under a name."""
    voyage = harbour.at(point)
    before, asked = rows(voyage), payload(voyage.asked)
    with compiled(voyage) as loop:
        loop.invoke(Command(resume=value), thread(voyage))
        seen = loop.get_state(thread(voyage))

    assert seen.next == (f"ask_{point.rpartition('/')[2]}",)
    assert [one.value for one in seen.interrupts] == [asked]
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
    voyage = harbour.at(WAITING)
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
    state = state_of(harbour.at(WAITING))

    assert max(len(value) for value in vars(state).values()) <= 80
    assert not any(" " in value for value in vars(state).values())


class Crash(RuntimeError):
    """The process is gone at this point."""


POINTS = {
    "review_context": "home",
    "choose_improvement": "home",
    "write_plan": "home",
    "ask_plan": "plan",
    "build": "plan",
    "dry_run": "plan",
    "fix_smallest_issue": "plan",
    "ask_test_exit": "plan/test_exit",
    "propose_stage": "plan/test_exit",
    "ask_stage": "plan/test_exit/stage",
    "stage_release": "plan/test_exit/stage",
    "monitor": WAITING,
    "report": WAITING,
    "ask_update": WAITING,
    "send_update": WAITING,
    "store_lessons": WAITING,
}
"""Where a voyage begins that comes past a node soon."""


def dying(node: str, crashes: list[str]) -> Any:
    """The loop, in which one node once does all its work and dies before its checkpoint."""

    def work(state: State, deps: Deps) -> Any:
        update = graph.NODES[node](state, deps=deps)
        if not crashes:
            crashes.append(node)
            raise Crash(node)
        return update

    def build(deps: Deps) -> StateGraph[Any, Any, Any, Any]:
        whole = StateGraph(State)
        for name, kept in graph.NODES.items():
            whole.add_node(name, partial(work if name == node else kept, deps=deps))
        for start, end in graph.EDGES:
            whole.add_edge(start, end)
        for name, (route, targets) in graph.ROUTES.items():
            whole.add_conditional_edges(name, partial(route, deps=deps), {**targets})
        return whole

    return build


def story(voyage: Voyage) -> dict[str, Any]:
    """To the end of a release that a person takes back, going on after every death."""
    if not voyage.run_id:
        voyage.start()
    for _ in range(12):
        if voyage.run.status == "ended":
            break
        if voyage.waits_for == "signals":
            voyage.withdraw()
        elif voyage.waits_for:
            voyage.agree()
        try:
            voyage.advance("w1")
        except Crash:
            voyage.advance("w2")
    voyage.verify()
    end = voyage.terminal
    return {
        "asked": [(one.kind, one.status) for one in voyage.questions()],
        "end": (end.kind, end.owner, end.reason.partition(":")[0], len(end.proof)),
        "sent": len(voyage.messages),
        "tried": len(voyage.store.of_run(voyage.customer, FixTrial, voyage.run_id)),
        "releases": len(voyage.store.releases.of_run(voyage.customer, voyage.run_id)),
        "lessons": [one.status for one in voyage.store.lessons.list(voyage.customer, status="")],
    }


@pytest.fixture(scope="module")
def undisturbed(harbour: Harbour) -> dict[str, Any]:
    """How the voyage ends when nothing dies."""
    return story(harbour.at("home"))


@pytest.mark.parametrize(("node", "point"), POINTS.items())
def test_a_death_after_a_node_comes_to_the_same_end_with_one_message(
    harbour: Harbour, undisturbed: dict[str, Any], node: str, point: str
) -> None:
    """Its work was done and its checkpoint not written: done again, it is once."""
    crashes: list[str] = []
    voyage = harbour.at(point)
    voyage.build_graph = dying(node, crashes)

    assert story(voyage) == undisturbed
    assert undisturbed["sent"] == 1
    assert crashes == [node]


def test_a_death_while_rolling_back_is_told_as_the_roll_back_it_was(
    harbour: Harbour,
) -> None:
    """Given a slice whose gate fails; when the worker dies after the way back; then it is one."""
    crashes: list[str] = []
    voyage = harbour.at(f"{WAITING}/stage/signals")
    voyage.build_graph = dying("stage_release", crashes)
    voyage.bring(contrary)
    with pytest.raises(Crash):
        voyage.advance("w1")
    voyage.advance("w2")
    voyage.until("ended")

    assert voyage.terminal.reason.startswith("roll back: the stage's gate fails")
    assert voyage.told().count("release_rolled_back") == 1
    drills = voyage.store.of_run(voyage.customer, Evidence, voyage.run_id)
    assert [one.notes["occasion"] for one in drills if one.kind == "drill"] == ["drill", "rollback"]
