"""A program that hosts the graph beside the worker: it looks at a home and changes nothing."""

from typing import Any

import pytest
from langgraph.checkpoint.memory import InMemorySaver

from agent import checkpoints
from agent.deps import Deps
from agent.graph import NODES, build
from agent.nodes.ask import payload
from agent.refusal import Node, attempt
from agent.state import State
from pilotage.shown import shown
from runs import tables
from runs.errors import NotAllowed, PilotageError
from runs.leases import Lease
from tests.harbours import Harbour
from tests.voyage import Voyage

POINTS = ("plan", "plan/test_exit/stage", "plan/test_exit/stage/signals")


def things(voyage: Voyage) -> list[str]:
    """Everything in the record, and every file of the home but what can be made again."""
    with voyage.store.database.reading() as connection:
        kept = [
            f"{table.name}: {row}"
            for table in tables.metadata.sorted_tables
            for row in connection.execute(table.select())
        ]
    files = [
        f"{file.relative_to(voyage.folder)}: {file.read_bytes()!r}"
        for file in voyage.folder.rglob("*")
        if file.is_file() and "fits" not in file.parts and ".db" not in file.name
    ]
    return sorted(kept + files)


def state_of(voyage: Voyage) -> State:
    """Where the run stands."""
    deps = voyage.engines.deps(voyage.store, Lease("", "", 0))
    with checkpoints.opened(voyage.wired.checkpoints) as saver:
        graph = build(deps).compile(checkpointer=saver)
        return State(**graph.get_state({"configurable": {"thread_id": voyage.run_id}}).values)


def refuses(state: State, deps: Deps, name: str, node: Node) -> bool:
    """Whether the node, as the graph calls it, ends with an error of ours."""
    try:
        attempt(state, deps, name=name, node=node)
    except PilotageError:
        return True
    return False


@pytest.mark.parametrize("point", POINTS)
def test_a_shown_home_stays_as_it_is_whatever_node_is_run(harbour: Harbour, point: str) -> None:
    """Record, policy files and outbox: no node gets past its first change."""
    voyage = harbour.at(point)
    state, deps = state_of(voyage), shown(voyage.wired)
    if voyage.waits_for != "signals":
        voyage.agree()
    before = things(voyage)
    writing = {name: node for name, node in NODES.items() if name not in ("monitor", "ask_plan")}
    refused = [name for name, node in writing.items() if refuses(state, deps, name, node)]

    assert things(voyage) == before
    assert {"review_context", "build", "dry_run", "report", "send_update"} <= set(refused)


def test_a_run_sent_into_a_shown_graph_is_refused_with_the_way_that_is_meant(
    harbour: Harbour,
) -> None:
    """The worker advances runs, people answer."""
    voyage = harbour.at("home")
    run = voyage.start()
    graph = build(shown(voyage.wired)).compile()

    with pytest.raises(NotAllowed, match="`pilotage worker` advances runs"):
        graph.invoke({"customer": "acme", "run": run.id})


def test_a_question_is_shown_where_its_run_stands(harbour: Harbour) -> None:
    """Whoever hosts the graph may put a thread there; what it sends is no answer."""
    voyage = harbour.at("plan")
    graph = build(shown(voyage.wired)).compile(checkpointer=InMemorySaver())
    thread: Any = {"configurable": {"thread_id": "another"}}
    graph.update_state(thread, vars(state_of(voyage)), as_node="write_plan")
    graph.invoke(None, thread)

    assert graph.get_state(thread).next == ("ask_plan",)
    assert [one.value for one in graph.get_state(thread).interrupts] == [payload(voyage.asked)]
