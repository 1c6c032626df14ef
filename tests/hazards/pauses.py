"""Hazards of the pause itself: what runs again, what replaces it, what goes past it."""

import inspect
from contextlib import nullcontext
from dataclasses import replace
from typing import Any

from langgraph.checkpoint.memory import InMemorySaver
from langgraph.errors import GraphInterrupt
from langgraph.types import Command

from agent import checkpoints, graph
from agent.deps import Deps
from agent.loop import Loop
from agent.nodes.ask import ask
from agent.seat import seat
from runs import snapshots
from runs.errors import Conflict, InvalidInput, NotAllowed
from runs.leases import Lease
from runs.plan import PlanRecord
from runs.records.run import Report
from runs.store.change import Change
from runs.store.store import Store
from tests.builders import TERMS
from tests.harbours import Harbour
from tests.hazards import habits
from tests.hazards.answers import decided
from tests.hazards.habits import found, specimen
from tests.hazards.sight import (
    NOBODY,
    STRAY,
    at_update,
    compiled,
    need,
    refused,
    rows,
    state_of,
    steady,
    thread,
)
from tests.tickets import plan_of, written
from tests.voyage import Voyage


def sealed(voyage: Voyage) -> Deps:
    """Everything a node may touch; whatever it would change raises."""

    def refuse(change: Change) -> None:
        raise NotAllowed("an ask node writes")

    store = voyage.store.guarded(refuse)
    return replace(voyage.engines.deps(store, NOBODY), store=store)


def runs_again(harbour: Harbour) -> str:
    """Row 1: code before `interrupt()` runs again on resume."""
    voyage = harbour.at("plan")
    before = rows(voyage)
    loop = graph.build(sealed(voyage))
    with checkpoints.opened(voyage.wired.checkpoints) as saver:
        made = loop.compile(checkpointer=saver)
        for value in STRAY:
            made.invoke(Command(resume=value), thread(voyage))
    need(holds=rows(voyage) == before, says="something was written on the way", word="repeated")
    body = inspect.getsource(ask).partition('"""')[2].partition('"""')[2].strip().splitlines()
    need(holds=len(body) == 4, says=f"{len(body)} lines in an ask node")
    return f"{len(STRAY)} resumes ran the node again, and it has nothing that can run twice"


def input_to_paused(harbour: Harbour) -> str:
    """Row 9: new input to a paused run."""
    voyage = harbour.at("plan")
    asked, before = voyage.asked, rows(voyage)
    run = voyage.start(written(plan_of(title="Delete all tickets")))
    need(holds=run.id == asked.run and rows(voyage) == before, says="it replaced the question")
    given = inspect.signature(Loop.advance).parameters
    need(holds=[*given] == ["self", "customer", "run", "holder"], says=f"an advance takes {given}")
    need(holds=found(habits.invokes, but=("agent/loop.py",)) == [], says="another way in")
    voyage.advance()
    need(holds=voyage.asked == asked, says="another question is asked")
    return "there is no way to give any; the same trigger again is the run there is"


def caught_pause(harbour: Harbour) -> str:
    """Row 10: `except Exception` around the pause."""
    voyage = harbour.at("plan")
    need(holds=found(habits.broad) == [], says=f"caught in {found(habits.broad)}")
    for handler in ("Exception", "GraphInterrupt", "(OSError, BaseException)", ""):
        text = f"try:\n    ask()\nexcept {handler}:\n    pass"
        need(holds=[*habits.broad(specimen(text))] == [3], says=f"the guard misses {handler}")
    caught = (InvalidInput, NotAllowed)
    need(holds=not issubclass(GraphInterrupt, caught), says="what stands around nodes catches it")
    with compiled(voyage) as loop:
        pending = loop.get_state(thread(voyage)).interrupts
    need(holds=len(pending) == 1, says="the pause was swallowed")
    return "no module of the loop catches it, the guard finds each form, and the run is paused"


def pause_in_loop(harbour: Harbour) -> str:
    """Row 14: an interrupt inside a loop."""
    voyage = harbour.at("plan")
    for threshold in ("0.6", "0.7"):
        asked = voyage.asked
        voyage.decide("ana", asked=asked)
        voyage.edit(values={"act_threshold": threshold, "scope_floor": "0"})
        refused(lambda one=asked: voyage.decide("ben", asked=one), Conflict, "has changed")
        voyage.advance()
    asked = voyage.questions("plan")
    voyage.refuse()
    answers = [len(decided(voyage, one)) for one in asked]
    need(holds=answers == [1, 1, 1], says=f"{answers} answers", word="repeated")
    writings = voyage.store.of_run(voyage.customer, PlanRecord, voyage.run_id)
    need(holds=len(voyage.questions("plan")) == 3, says="asked more often", word="repeated")
    need(holds=found(habits.loops) == [], says=f"a loop pauses in {found(habits.loops)}")
    blind = [*habits.loops(specimen("for one in calls:\n    interrupt(one)"))] == []
    need(holds=not blind and len(writings) == 1, says=f"{len(writings)} plans were written")
    return "loops are edges: three questions, three bodies, one answer each"


def state_updated(harbour: Harbour) -> str:
    """Row 22: `update_state` while paused."""
    voyage = at_update(harbour.at("plan"))
    need(holds=found(habits.never) == [], says=f"used in {found(habits.never)}")
    need(holds=[*habits.never(specimen("g.update_state(c, {})"))] == [1], says="the guard is blind")
    state = state_of(voyage)
    kept = voyage.store.get(voyage.customer, Report, state.report)
    value = {"title": "All is well", "text": "We pay 9,000."}
    text = snapshots.keep(
        voyage.store, voyage.customer, "dan", kind="report", value=value, terms=TERMS
    )
    forged = voyage.store.keep(
        voyage.customer, "dan", kept.model_copy(update={"text": text}), voyage.run_id
    )
    voyage.agree()
    with compiled(voyage) as loop:
        loop.update_state(thread(voyage), {"report": forged})
    voyage.advance()
    need(holds=not voyage.messages, says="the old yes sent what it did not cover")
    need(holds=voyage.run.status == "ended", says="the run is stuck", word="error")
    return f"we never use it; forced on a paused run, it sends nothing: {voyage.terminal.kind}"


def static_breakpoint(harbour: Harbour) -> str:
    """Row 23: a static breakpoint used as approval."""
    voyage = at_update(harbour.at("plan"))
    before = steady(voyage)
    look = specimen("g.compile(interrupt_before=['pay'])")
    need(holds=[*habits.never(look)] == [1], says="the guard is blind")
    need(holds=found(habits.never) == [], says=f"used in {found(habits.never)}")
    loop = graph.build(voyage.engines.deps(voyage.store, NOBODY))
    with checkpoints.opened(voyage.wired.checkpoints) as saver:
        made = loop.compile(checkpointer=saver, interrupt_before=["ask_update", "send_update"])
        for _ in range(3):
            made.invoke(None, thread(voyage))
    need(holds=steady(voyage) == before and not voyage.messages, says="it passed without a yes")
    return "never used; forced on a paused run and passed three times, it sends nothing"


def no_checkpointer(harbour: Harbour) -> str:
    """Row 24: no checkpointer."""
    voyage = harbour.at("home")
    run = voyage.start()
    before = steady(voyage)

    def made(store: Store, lease: Lease) -> Any:
        return seat(voyage.engines.deps(store, lease))

    nothing: Any = lambda: nullcontext(None)  # noqa: E731 - what a host hands in that keeps nothing
    loop = Loop(voyage.store, made, nothing, rules=voyage.wired.installation.digest)
    refused(
        lambda: loop.advance(voyage.customer, run.id, "w1"), InvalidInput, "hand in checkpoints"
    )
    need(holds=steady(voyage) == before, says="it began all the same")
    return "InvalidInput before the first node: nothing keeps where the run stands"


def subgraph(harbour: Harbour) -> str:
    """Row 25: a subgraph in a node."""
    voyage = harbour.at("plan")
    at_home = ("agent/graph.py", "agent/loop.py")
    need(holds=found(habits.graphs, but=at_home) == [], says="a graph is made in a node")
    blind = [*habits.graphs(specimen("inner = StateGraph(State).compile()"))] == []
    need(holds=not blind, says="the guard is blind")
    loop = graph.build(voyage.engines.deps(voyage.store, NOBODY)).compile(
        checkpointer=InMemorySaver()
    )
    need(holds=[*loop.get_subgraphs(recurse=True)] == [], says="there are subgraphs")
    with compiled(voyage) as there:
        [task] = there.get_state(thread(voyage), subgraphs=True).tasks
    need(holds=(task.name, task.state) == ("ask_plan", None), says=f"it waits in {task.path}")
    need(holds=decided(voyage, voyage.asked) == [], says="somebody decided", word="error")
    return "the loop is one graph: the question waits in its own node of the top graph"
