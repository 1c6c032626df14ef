"""What becomes of a run that meets another loop: decided from what it is pinned to, and no more."""

from typing import Any

import pytest

from agent import graph
from agent.shape import Shape, before, leads, shape_of, source_of
from agent.upgrade import Now, is_pinned, meet
from runs.records.run import Pin
from tests import builders

A, B = "sha256:" + "a" * 64, "sha256:" + "b" * 64
NODES = dict.fromkeys(("write_plan", "ask_plan", "build", "dry_run", "report", "monitor"), A)
WAYS = (
    "__start__ review_context write_plan",
    "ask_plan approved build",
    "ask_plan rejected report",
    "ask_plan superseded write_plan",
    "build built dry_run",
    "monitor wait monitor",
    "write_plan ask ask_plan",
)


def pin(**changed: Any) -> Pin:
    """The loop that the run paused in."""
    told: dict[str, Any] = {"id": "r-1.pin.1", "run": "r-1", "number": 1, "source": A, "rules": A}
    told |= {"nodes": NODES, "ways": WAYS, "thread": "r-1", "meets": "begins", "why": "began"}
    return Pin.model_validate(told | changed)


def now(changed: dict[str, str], *, rules: str = A, ways: tuple[str, ...] = WAYS) -> Now:
    """The loop of this program: another source for some nodes, an empty one for those gone."""
    nodes = {name: source for name, source in {**NODES, **changed}.items() if source}
    return Now(B, rules, Shape(nodes, ways))


@pytest.mark.parametrize("name", ["write_plan", "ask_plan", "build"])
def test_a_question_is_asked_again_when_what_it_rests_on_changed(name: str) -> None:
    """Who asks, the pause, and who acts on a yes."""
    met = meet(pin(), now({name: B}), "ask_plan")

    assert met.outcome == "asked_again"
    assert met.why.endswith(f"changed since it asked: {name}")


@pytest.mark.parametrize("name", ["report", "dry_run", "monitor"])
def test_a_question_stands_when_something_else_changed(name: str) -> None:
    """It covers what is asked and done, not the whole program."""
    assert meet(pin(), now({name: B}), "ask_plan").outcome == "continues"


def test_a_question_is_asked_again_when_it_leads_elsewhere() -> None:
    """Another question was put between it and the act."""
    ways = tuple(way.replace("approved build", "approved dry_run") for way in WAYS)
    met = meet(pin(), now({}, ways=ways), "ask_plan")

    assert met.outcome == "asked_again"
    assert "the ways on from ask_plan" in met.why


def test_a_question_is_asked_again_under_other_rules_of_the_installation() -> None:
    """They were under its digest."""
    met = meet(pin(), now({}, rules=B), "ask_plan")

    assert (met.outcome, "rules changed" in met.why) == ("asked_again", True)


@pytest.mark.parametrize("node", ["monitor", "dry_run"])
def test_a_run_at_work_continues_whatever_changed(node: str) -> None:
    """Every step reads the record again."""
    assert meet(pin(), now({"monitor": B, "dry_run": B}, rules=B), node).outcome == "continues"


def test_a_renamed_question_is_named_and_asked_again() -> None:
    """It begins again with the node that asks."""
    ways = tuple(way.replace("ask_plan", "ask_for_plan") for way in WAYS)
    met = meet(pin(), now({"ask_plan": "", "ask_for_plan": A}, ways=ways), "ask_plan")

    assert (met.outcome, met.begins) == ("asked_again", "write_plan")
    assert "it has ask_for_plan in its place" in met.why


def test_a_question_that_nothing_asks_any_more_is_closed() -> None:
    """Going on would be going on without an answer."""
    ways = tuple(way.replace("ask ask_plan", "ask build") for way in WAYS if way[:3] != "ask")
    met = meet(pin(), now({"ask_plan": ""}, ways=ways), "ask_plan")

    assert (met.outcome, met.begins) == ("closed", "report")
    assert "stood at ask_plan, which this loop does not have" in met.why


def test_a_step_that_is_gone_is_gone_back_from() -> None:
    """To the nearest node before it that a thread may begin with."""
    met = meet(pin(), now({"build": ""}), "build")

    assert (met.outcome, met.begins) == ("continues", "write_plan")


def test_what_is_pinned_to_nothing_is_asked_again_or_closed() -> None:
    """A run from before runs were pinned."""
    assert meet(None, now({}), "ask_plan").outcome == "asked_again"
    assert meet(None, now({}), "ask_gone").outcome == "closed"


def test_a_run_without_a_pin_is_pinned_to_the_code_that_opened_it() -> None:
    """Until its first advance."""
    run = builders.run(graph=A)

    assert is_pinned(None, run, source=A, rules=B)
    assert not is_pinned(None, run, source=B, rules=B)
    assert not is_pinned(pin(), run, source=A, rules=B)


def test_the_shape_of_the_loop_has_every_node_and_way_on_the_page() -> None:
    """It is read from the graph that runs."""
    nothing: Any = object()
    shape = shape_of(graph.build(nothing))

    assert set(shape.nodes) == set(graph.NODES)
    assert leads(shape.ways, "ask_plan") == graph.ROUTES["ask_plan"][1]
    assert before(shape.ways, "ask_update") == ["report"]
    assert shape.nodes["ask_plan"] == shape.nodes["ask_stage"] == source_of("agent.nodes.ask")


def test_a_nodes_digest_covers_what_it_calls_in_the_loop() -> None:
    """Two nodes differ; what both call is not enough to make them one."""
    kept = {source_of(f"agent.nodes.{name}") for name in ("build", "dry_run", "write_plan")}

    assert len(kept) == 3
    assert source_of("agent.nodes.build") not in {source_of("agent.incident"), *kept - kept}
