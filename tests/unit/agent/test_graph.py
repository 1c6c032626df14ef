"""The loop's routes: no way to the end without a proven, reported, learnt-from end."""

import ast
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langgraph.graph import END, START

from agent import graph
from agent.deps import Deps
from agent.graph import EDGES, NODES, REFUSED, ROUTES, build
from agent.nodes.ask import ask, outcome
from agent.nodes.choose_improvement import after_choice
from agent.nodes.store_lessons import after_lessons
from agent.nodes.wait_again import wait_again
from agent.refusal import UNDONE
from agent.state import State
from agent.upgrade import BEGINS
from runs.errors import InvalidInput
from runs.moves import ApprovalStatus
from tests import builders
from tests.builders import make_customer, make_store
from tests.guards.tree import ROOT

ASKED_BY = {
    "ask_plan": "write_plan",
    "ask_test_exit": "dry_run",
    "ask_stage": "propose_stage",
    "ask_update": "report",
}
LOOPS = {
    ("dry_run", "fix_smallest_issue"),
    ("monitor", "propose_stage"),
    ("propose_stage", "stage_release"),
}
"""Pairs that lie on a loop of the product's page."""


def onward(node: str, *, is_refusing: bool = True) -> set[str]:
    """Everywhere a node leads: by whatever its route may return, and when it refuses."""
    targets = {end for start, end in EDGES if start == node}
    targets |= set(ROUTES[node][1].values() if node in ROUTES else ())
    return targets | ({REFUSED[node]} if is_refusing and node in REFUSED else set())


def reached_from(start: str, *, without: str = "", is_refusing: bool = True) -> set[str]:
    """Every place a walk can come to that never enters `without`."""
    seen, waiting = set[str](), [start]
    while waiting:
        node = waiting.pop()
        for target in onward(node, is_refusing=is_refusing) - seen - {without}:
            seen.add(target)
            waiting.append(target)
    return seen


def compiled_edges() -> set[tuple[str, str]]:
    """The edges as langgraph sees them."""
    drawn = build(bare_deps()).compile().get_graph()
    return {(edge.source, edge.target) for edge in drawn.edges}


def bare_deps() -> Any:
    """Building the graph touches nothing: nothing is needed."""
    return object()


def test_the_compiled_graph_has_exactly_the_edges_on_the_page() -> None:
    """What is read is what runs."""
    written = {(start, end) for start in [START, *NODES] for end in onward(start)}

    assert compiled_edges() == written


def test_every_node_is_reached_and_has_one_way_on() -> None:
    """None is dead, and none both follows an edge and is routed; no refusal is needed for it."""
    starts = [start for start, _ in EDGES]

    assert reached_from(START, is_refusing=False) == {*NODES, END}
    assert len(set(starts)) == len(starts)
    assert {*starts, *ROUTES} == {START, *NODES}
    assert not set(starts) & set(ROUTES)


@pytest.mark.parametrize("passed", ["report", "store_lessons"])
def test_no_walk_reaches_the_end_past(passed: str) -> None:
    """Every end is reported and learnt from, whatever refuses on the way."""
    assert END not in reached_from(START, without=passed)


def test_only_a_report_that_refuses_ends_without_a_question() -> None:
    """Otherwise its update is asked for; and nothing is sent that nobody was asked for."""
    assert END not in reached_from(START, without="ask_update", is_refusing=False)
    assert onward("report") == {"ask_update", "store_lessons"}
    assert {node for node in NODES if "send_update" in onward(node)} == {"ask_update"}


def test_every_node_that_writes_has_one_way_on_when_it_refuses() -> None:
    """To the report, or where the end is known already to its last step; a pause has none."""
    writing = {name for name, node in NODES.items() if node not in (ask, wait_again)}
    late = {"report", "send_update", "store_lessons"}

    assert set(REFUSED) == writing
    assert {REFUSED[name] for name in writing - late} == {"report"}
    assert {REFUSED[name] for name in late} == {"store_lessons"}


def test_what_is_missing_is_told_of_exactly_the_nodes_after_the_end_is_known() -> None:
    """The page and what is told of a refusal name the same nodes."""
    assert {name for name, to in REFUSED.items() if to == "store_lessons"} == set(UNDONE)


def test_only_a_closed_run_leads_to_the_end() -> None:
    """One edge ends the loop, and its route reads the record."""
    route, targets = ROUTES["store_lessons"]

    assert [node for node in NODES if END in onward(node)] == ["store_lessons"]
    assert (route, targets) == (after_lessons, {"closed": END, "open": "report"})


def test_an_ops_review_that_needs_nothing_built_goes_straight_to_its_report() -> None:
    """It may leave out the plan; nothing is built that no plan was asked for."""
    route, targets = ROUTES["choose_improvement"]

    assert (route, targets) == (after_choice, {"plan": "write_plan", "ended": "report"})
    assert {"write_plan", "build", "stage_release"}.isdisjoint(
        reached_from("report", without="store_lessons")
    )
    assert "build" not in reached_from(BEGINS[0], without="ask_plan")
    assert END not in reached_from("choose_improvement", without="report")


@given(st.data())
def test_whatever_the_routes_return_the_end_comes_only_after_report_and_lessons(
    data: st.DataObject,
) -> None:
    """Random walks over every outcome of every route."""
    walked, node = [START], START
    for _ in range(200):
        node = data.draw(st.sampled_from(sorted(onward(node))))
        walked.append(node)
        if node == END:
            break

    if node == END:
        before = next(node for node in reversed(walked[:-1]) if node != "store_lessons")
        assert walked[-2] == "store_lessons"
        assert "report" in walked
        assert before in ("report", "ask_update", "send_update")


@pytest.mark.parametrize(("question", "opener"), ASKED_BY.items())
def test_a_question_is_entered_only_after_the_node_that_opened_it(
    question: str, opener: str
) -> None:
    """Or from itself, when a wake-up came before the decision."""
    before = {node for node in NODES if question in onward(node)}

    assert NODES[question] is ask
    assert before == {opener, question}


@pytest.mark.parametrize("question", ASKED_BY)
def test_every_status_of_an_approval_leads_somewhere_and_only_approval_leads_on(
    question: str,
) -> None:
    """Silence, a no and a wish for changes never do what was asked."""
    route, targets = ROUTES[question]

    assert route is outcome
    assert set(targets) == set(get_args(ApprovalStatus))
    assert targets["open"] == question
    assert [status for status, to in targets.items() if to == targets["approved"]] == ["approved"]


@pytest.mark.parametrize("expected", sorted(LOOPS))
def test_the_loops_are_edges(expected: tuple[str, str]) -> None:
    """A node that repeats does so by being entered again, under a checkpoint."""
    first, second = expected

    assert second in reached_from(first)
    assert first in reached_from(second)


def test_no_loop_of_the_code_pauses() -> None:
    """The pause stands in three files, and in no loop of theirs: loops are edges."""
    trees = {path.name: ast.parse(path.read_text()) for path in (ROOT / "agent").rglob("*.py")}
    pausing = {name for name, tree in trees.items() if pauses(tree)}
    loops = (node for tree in trees.values() for node in ast.walk(tree))

    assert pausing == {"ask.py", "monitor.py", "wait_again.py"}
    assert not [loop for loop in loops if isinstance(loop, ast.For | ast.While) and pauses(loop)]


def pauses(tree: ast.AST) -> bool:
    """Whether anything in it calls `interrupt`."""
    calls = (node.func for node in ast.walk(tree) if isinstance(node, ast.Call))
    return any(isinstance(called, ast.Name) and called.id == "interrupt" for called in calls)


def returned(function: Callable[..., str]) -> Iterator[str]:
    """Every text constant in a function, but its docstring."""
    docstring = function.__doc__
    for constant in function.__code__.co_consts:
        if isinstance(constant, str) and constant != docstring:
            yield constant


@pytest.mark.parametrize("node", sorted(set(ROUTES) - {START, *ASKED_BY}))
def test_every_target_of_a_route_is_one_its_function_can_return(node: str) -> None:
    """No line of the page is dead."""
    route, targets = ROUTES[node]

    assert set(targets) <= set(returned(route))


@pytest.mark.parametrize("node", BEGINS)
def test_a_thread_begins_with_the_first_node_or_one_that_asks(node: str) -> None:
    """Where a run is taken up in another loop; of itself it begins with the first."""
    state = State(customer="acme", run="r-1")
    route, targets = ROUTES[START]

    assert route(state, deps=bare_deps()) == "review_context"
    assert route(State(**vars(state) | {"begins": node}), deps=bare_deps()) == node
    assert set(targets) == {"review_context", *ASKED_BY.values()}


def test_the_page_stays_one_page() -> None:
    """Must hold 9: the loop is read at once."""
    assert graph.__file__
    assert len(Path(graph.__file__).read_text().splitlines()) < 120


def test_a_run_is_closed_only_by_a_kept_proven_terminal(tmp_path: Path) -> None:
    """Until then the last route leads back, never to the end."""
    store = make_store(tmp_path)
    customer = make_customer(store)
    store.runs.open(customer, "dan", builders.trigger(), builders.run())
    deps, state = only(store), State(customer=customer.id, run="r-1")
    terminal = builders.terminal()

    before = after_lessons(state, deps)
    with pytest.raises(InvalidInput, match="its terminal record is not kept"):
        store.runs.close(customer, "worker", terminal)
    refused = after_lessons(state, deps)
    store.keep(customer, "worker", terminal, "r-1")
    store.runs.close(customer, "worker", terminal)

    assert (before, refused, after_lessons(state, deps)) == ("open", "open", "closed")


def only(store: Any) -> Deps:
    """Nodes that read the store and nothing else."""
    nothing: Any = None
    return Deps(store, *[nothing] * 9)
