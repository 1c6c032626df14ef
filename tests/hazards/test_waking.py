"""What may wake a run, and what may not: the hazards of a paused graph, on the real one."""

import pytest
from langgraph.types import Command

from agent.deps import Deps
from agent.loop import Loop
from agent.nodes.ask import ask, payload
from runs import leases
from runs.errors import Conflict, Unavailable
from runs.leases import Lease
from tests.harbours import Harbour
from tests.hazards.sight import STRAY, compiled, rows, state_of, thread

pytestmark = pytest.mark.both_databases

WAITING = "plan/test_exit/stage/signals"
ASKS = ("plan", "plan/test_exit", "plan/test_exit/stage")


@pytest.mark.parametrize("point", ASKS)
def test_a_resume_before_the_decision_asks_again_and_nothing_moves(
    harbour: Harbour, point: str
) -> None:
    """Whatever it carries: a decision is a record, under a name."""
    voyage = harbour.at(point)
    before, asked = rows(voyage), payload(voyage.asked)
    with compiled(voyage) as loop:
        for value in STRAY:
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


def test_the_checkpoint_holds_ids_and_no_text_of_the_customers(harbour: Harbour) -> None:
    """Law 1: records stay where they are."""
    state = state_of(harbour.at(WAITING))

    assert max(len(value) for value in vars(state).values()) <= 80
    assert not any(" " in value for value in vars(state).values())
