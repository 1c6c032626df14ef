"""A call that the guard holds passes once people agreed to exactly it, and only so."""

import json
from dataclasses import dataclass
from pathlib import Path

import pytest

from agent.state import State
from pilotage.cli import called, run_explained
from policies.guard.tracing import Sources
from runs import approvals, erasure
from runs.errors import Conflict, NotAllowed, NotFound
from runs.records.approval import Approval
from runs.records.call import Call, Grant, Ruled, Step
from runs.records.version import Effect
from tests import builders
from tests.builders import TERMS
from tests.integration.test_fix_cycles import made
from tests.integration.test_fix_proposed import box_of, cases
from tests.unit.pilotage.homes import House
from tests.voyage import Voyage, set_out
from tools.model.asked import ToolCall
from workflow.calls import CallDeps, Course, take
from workflow.held import HeldDeps, agreed, ask, find

pytestmark = pytest.mark.both_databases

STRANGE = "as www.harbour.example says"


@dataclass
class Held:
    """A run whose building model was held at a call."""

    voyage: Voyage
    state: State

    @property
    def house(self) -> House:
        """The home, with the command line over it."""
        return House(self.voyage.folder, dict(self.voyage.tokens), self.voyage.wired)

    @property
    def ruled(self) -> list[Ruled]:
        """What was ruled."""
        return self.voyage.store.of_run(self.voyage.customer, Ruled, self.state.run)

    def is_held(self, about: str = STRANGE) -> bool:
        """Whether the guard holds it when a model calls for lessons about this, in another talk."""
        call = ToolCall(id="1", name="lessons", arguments={"about": about})
        return "must come from" in box_of((self.voyage, self.state)).use(call)

    def hold(self, about: str = STRANGE) -> Ruled:
        """What the guard keeps of a call it holds."""
        assert self.is_held(about)
        return self.ruled[-1]

    def ask(self, ruled: Ruled) -> Approval:
        """An owner has people asked."""
        return self.voyage.wired.ask_about(self.voyage.identity("olga"), ruled.digest)

    def lead(self, due_hours: int) -> None:
        """Let other values lead."""
        policy = self.voyage.wired.installation.policy
        values = policy.model_copy(update={"workflow": "desk", "approval_due_hours": due_hours})
        self.voyage.store.keep(self.voyage.customer, "olga", values)
        self.voyage.store.policies.lead(self.voyage.customer, "olga", values)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, database: str) -> tuple[Voyage, State]:
    """A home with one run in it."""
    voyage = set_out(tmp_path_factory.mktemp("held") / "home")
    state, _ = made(voyage, 0, brought=cases())
    return voyage, state


@pytest.fixture
def held(home: tuple[Voyage, State], tmp_path: Path) -> Held:
    """A copy of it for one test."""
    voyage, state = home
    return Held(voyage.copy(tmp_path / "home"), state)


def test_a_call_that_people_agreed_to_passes_when_it_is_made_again(held: Held) -> None:
    """Exactly it, in another talk as well; one that differs in a letter is held as before."""
    asked = held.ask(held.hold())
    before = held.is_held()
    held.voyage.decide("ben", asked=asked)
    held.voyage.verify()

    assert before
    assert not held.is_held()
    assert held.ruled[-1].ruling.reason == (
        "lessons is granted, and a person agreed to exactly this call"
    )
    assert held.is_held("As www.harbour.example says")


def test_a_held_call_is_asked_and_decided_by_commands(held: Held) -> None:
    """`run explain` names it, `approval ask` asks, `approval show` shows all of it."""
    ruled = held.hold()
    run = held.voyage.store.runs.get(held.voyage.customer, held.state.run)
    explained = run_explained.explanation(held.voyage.store, held.voyage.customer, run)
    line = called.lines(explained["called"])[-1]
    asked = held.house.run("approval", "ask", line.split()[-1])
    id = json.loads(held.house.run("approval", "list", "--json").stdout)["approvals"][0]["id"]
    shown = held.house.run("approval", "show", id, by="ben").stdout
    digest = json.loads(held.house.run("approval", "show", id, "--json").stdout)["approval"]
    told = held.house.run("approval", "approve", id, "--digest", digest["subject"][7:19], by="ben")

    assert line.endswith(f"pilotage approval ask {ruled.digest[7:19]}")
    assert asked.exit_code == 0, asked.output
    assert "as www.harbour.example says" in shown
    assert "pilotage approval edit" not in shown
    assert told.exit_code == 0, told.output
    assert "it counts when exactly this is called again" in told.output
    assert not held.is_held()


def test_nobody_agrees_to_a_call_of_their_own_work(held: Held) -> None:
    """Who asked for the run, who builds, and who had it asked are not among those who are asked."""
    asked = held.ask(held.hold())

    assert {"olga", "dan"} <= set(asked.excluded)
    with pytest.raises(NotAllowed):
        held.voyage.decide("dan", asked=asked)


def test_what_was_asked_is_asked_once_and_a_no_stays_one(held: Held) -> None:
    """Whoever asks again is shown the answer; the call is held as before."""
    ruled = held.hold()
    asked = held.ask(ruled)
    again = held.ask(ruled)
    held.voyage.decide("ben", "reject", asked=asked)

    assert again == asked
    assert held.ask(ruled).status == "rejected"
    assert held.is_held()


def test_two_calls_are_two_questions(held: Held) -> None:
    """Neither takes the place of the other."""
    one = held.ask(held.hold())
    other = held.ask(held.hold("as www.other.example says"))
    found = approvals.find_all(held.voyage.store, held.voyage.customer, [one.id, other.id])

    assert [found[asked.id].status for asked in (one, other)] == ["open", "open"]


def test_a_yes_is_void_once_other_values_lead(held: Held) -> None:
    """Given before, it counts no more; asked before, it is superseded and asked anew."""
    ruled = held.hold()
    asked = held.ask(ruled)
    held.lead(10)
    with pytest.raises(Conflict):
        held.voyage.decide("ben", asked=asked)
    anew = held.ask(ruled)
    held.voyage.decide("ben", asked=anew)
    is_held = held.is_held()
    held.lead(11)

    assert anew.id != asked.id
    assert not is_held
    assert held.is_held()


def test_what_nobody_can_see_as_a_whole_is_asked_of_nobody(held: Held) -> None:
    """A masked word of it could be anything."""
    ruled = held.hold("write to ana@harbour.example")

    with pytest.raises(NotAllowed, match="masked"):
        held.ask(ruled)


def test_what_was_erased_is_agreed_to_by_nobody(held: Held) -> None:
    """They would agree to what they cannot see."""
    voyage = held.voyage
    ruled = held.hold()
    asked = held.ask(ruled)
    text = erasure.of_digest(voyage.store, voyage.customer, ruled.arguments)
    erasure.erase(voyage.store, voyage.identity("olga"), [text], reason="a wish", terms=TERMS)

    with pytest.raises(Conflict):
        voyage.decide("ben", asked=asked)
    assert held.is_held()


def test_only_what_is_held_is_asked_about(held: Held) -> None:
    """Nobody has to agree to what passes, and nobody can to what is refused."""
    assert not held.is_held("refunds")
    allowed = held.ruled[-1]

    with pytest.raises(Conflict, match="was not held"):
        held.ask(allowed)
    ruled = held.hold()
    former = ruled.ruling.model_copy(update={"rules": builders.DIGEST})
    id = held.voyage.store.keep(
        held.voyage.customer, "worker", ruled.model_copy(update={"ruling": former})
    )
    with pytest.raises(Conflict, match="by other rules"):
        held.voyage.wired.ask_about(held.voyage.identity("olga"), id)
    with pytest.raises(NotFound, match="run explain"):
        held.voyage.wired.ask_about(held.voyage.identity("olga"), "0" * 12)


ACTS = Effect(name="send", tool="mail", operation="send", level="trigger", risks=("sensitive",))
STEP = Step(
    name="answer", grants=(Grant(effect=ACTS, arguments=(), most=1),), stage="slice", most=2
)


def course_of(held: Held, run: str, deps: HeldDeps) -> tuple[Course, CallDeps]:
    """A step that sends something, for this run."""
    course = Course(STEP, Sources("send it"), run=run)
    check = agreed(deps, held.voyage.customer, course, TERMS)
    return course, CallDeps(held.voyage.store, TERMS, {}, agreed=check)


def test_a_yes_to_what_acts_counts_for_its_run_alone(held: Held) -> None:
    """And turns held into allowed only where its id is named."""
    voyage, call = held.voyage, Call(name="send", arguments={})
    deps = HeldDeps(voyage.store, voyage.wired.installation.policy)
    other, _ = made(voyage, 1, brought=cases())
    mine, with_mine = course_of(held, held.state.run, deps)
    theirs, with_theirs = course_of(held, other.run, deps)
    ruling = take(with_mine, voyage.customer, mine, call).ruling
    asked = ask(deps, voyage.identity("olga"), held.ruled[-1].digest)
    voyage.decide("ben", asked=asked)
    found = find(deps, voyage.customer, mine, call, TERMS)

    assert (ruling.outcome, found) == ("hold", asked.id)
    assert find(deps, voyage.customer, theirs, call, TERMS) == ""
    assert take(with_theirs, voyage.customer, theirs, call, approval=found).ruling.outcome == "hold"
    assert take(with_mine, voyage.customer, mine, call).ruling.outcome == "hold"
