"""What a step of the loop refuses ends the run as a blocker with an owner, no job fails."""

from dataclasses import dataclass, replace
from typing import Any

import pytest

from agent import graph
from agent.deps import Deps, PolicyFiles
from agent.refusal import attempt
from agent.state import State, Update
from memory_store.memory.memory import Memory
from runs.errors import Conflict, InvalidInput, NotAllowed, Unavailable
from runs.records.person import Customer
from runs.records.run import Refusal, Terminal
from runs.records.version import PolicyValues
from tests.harbours import Harbour
from tests.journeys.ends import blocked, leave, refusals, told, with_role
from tests.voyage import Voyage

MOST = "plan/test_exit/stage/signals/stage/signals"


def test_a_question_nobody_can_answer_any_more_ends_the_run_and_holds_the_release(
    harbour: Harbour,
) -> None:
    """Given a slice that serves; when the only approver leaves; then nothing serves unattended."""
    voyage = harbour.at("home")
    with_role(voyage, "stage")
    voyage.start()
    voyage.until("signals").until("stage").until("signals")
    leave(voyage)
    serving = voyage.release
    voyage.until("ended")

    end = blocked(voyage)
    [refusal] = voyage.store.of_run(voyage.customer, Refusal, voyage.run_id)
    assert (serving.status, serving.weight_bp) == ("open", 9_000)
    assert voyage.release.status == "held"
    assert (refusal.node, refusal.error, end.owner) == ("propose_stage", "NotAllowed", "ana")
    assert end.proof == (refusal.digest, voyage.release.id)
    assert "propose_stage was refused: approvers.stage: 1 x warden" in told(voyage, end.reason)
    assert len(voyage.messages) == 1


def test_a_release_that_was_opened_by_the_refusing_step_is_held_too(harbour: Harbour) -> None:
    """The state does not know it yet; the record does."""
    voyage = harbour.at("home")
    with_role(voyage, "stage_sandbox")
    voyage.start()
    voyage.until("test_exit")
    leave(voyage)
    voyage.until("ended")

    end = blocked(voyage)
    assert (voyage.release.stage, voyage.release.status) == (-1, "held")
    assert end.proof[1] == voyage.release.id


def test_an_update_that_nobody_can_approve_is_told_as_not_sent(harbour: Harbour) -> None:
    """Given a run at its end; when nobody may approve its update; then it ends all the same."""
    voyage = harbour.at("home")
    with_role(voyage, "update")
    voyage.start()
    voyage.until("test_exit")
    leave(voyage)
    voyage.refuse()

    end = blocked(voyage)
    says = told(voyage, end.reason)
    assert says.startswith("the update is not sent: approvers.update: 1 x warden must agree")
    assert "otherwise desk: the dry run passed; may it leave testing?: rejected" in says
    assert (end.owner, refusals(voyage), voyage.messages) == ("ana", ["report"], [])
    assert not [one.kind for one in voyage.questions() if one.status == "open"]


def test_an_approved_update_that_may_not_be_sent_is_told_as_not_sent(harbour: Harbour) -> None:
    """Given its approval; when its tool is refused; then the end says that and why."""
    voyage = harbour.at("plan")
    voyage.refuse()
    voyage.change_deps = lambda deps: replace(deps, actions=no_outbox(deps))
    voyage.until("ended")

    end = blocked(voyage)
    says = told(voyage, end.reason)
    assert says.startswith(
        "the update is not sent: there is no tool 'outbox'; add it to the tools file; otherwise "
        "Plan of"
    )
    assert (refusals(voyage), voyage.messages) == (["send_update"], [])


def no_outbox(deps: Deps) -> Any:
    """Systems without the one that sends updates."""

    def actions(customer: Customer, check: Any) -> Any:
        return replace(deps.actions(customer, check), tools={})

    return actions


@dataclass(frozen=True)
class Stubborn:
    """Policy files that refuse so many writings."""

    files: PolicyFiles
    refusals: list[Exception]

    def find(self, customer: Customer, workflow: str) -> PolicyValues | None:
        """As they are."""
        return self.files.find(customer, workflow)

    def write(self, customer: Customer, policy: PolicyValues) -> None:
        """Refused while a refusal is left."""
        if self.refusals:
            raise self.refusals.pop()
        self.files.write(customer, policy)


def stubborn(voyage: Voyage, *errors: Exception) -> None:
    """Let the next writings of a policy file be refused."""
    left = list(errors)
    voyage.change_deps = lambda deps: replace(deps, policy_files=Stubborn(deps.policy_files, left))


def test_a_conflict_is_tried_once_more_and_goes_on(harbour: Harbour) -> None:
    """What moved meanwhile is read again."""
    voyage = harbour.at("plan/test_exit/stage")
    stubborn(voyage, Conflict("the file moved; read it again"))
    voyage.until("signals")

    assert (voyage.release.stage, refusals(voyage)) == (0, [])


def test_a_conflict_that_stays_ends_the_run(harbour: Harbour) -> None:
    """Twice is no coincidence; the personal part of its sentence is not kept."""
    voyage = harbour.at("plan/test_exit/stage")
    says = "the file is open by rob@example.com; close it"
    stubborn(voyage, Conflict(says), Conflict(says))
    voyage.until("ended")

    end = blocked(voyage)
    assert refusals(voyage) == ["stage_release"]
    assert told(voyage, end.reason) == (
        "stage_release was refused: the file is open by [masked:email]; close it"
    )


@pytest.mark.parametrize("error", [RuntimeError("a bug"), Unavailable("the disk is gone")])
def test_a_bug_or_an_outage_is_no_end(harbour: Harbour, error: Exception) -> None:
    """It goes on to the queue, and the next attempt goes on where the run stood."""
    voyage = harbour.at("plan/test_exit/stage")
    stubborn(voyage, error)
    voyage.agree()
    with pytest.raises(type(error)):
        voyage.advance()
    assert voyage.run.status == "open"
    voyage.advance()

    assert (voyage.waits_for, refusals(voyage)) == ("signals", [])


def test_lessons_that_are_refused_do_not_keep_the_run_open(harbour: Harbour) -> None:
    """Its update was sent, once; the end says what is not kept."""
    voyage = harbour.at(MOST).until("update")
    refused = NotAllowed("ana cannot accept it; ask another")

    class Closed(Memory):
        """A memory that accepts nothing."""

        def accept(self, *args: Any, **kwargs: Any) -> Any:
            raise refused

    def closed(deps: Deps) -> Deps:
        parts = vars(deps.memory)
        return replace(deps, memory=Closed(**parts))

    voyage.change_deps = closed
    voyage.until("ended")

    end = blocked(voyage)
    says = told(voyage, end.reason)
    assert says.startswith("the lessons are not kept: ana cannot accept it; ask another; otherwise")
    assert len(voyage.messages) == 1


@pytest.mark.parametrize("gone", ["ana", "ana and ben"])
def test_whoever_stands_in_answers_where_the_owner_left(harbour: Harbour, gone: str) -> None:
    """First whom the policy escalates to, then the owner of the installation."""
    voyage = harbour.at("home")
    with_role(voyage, "stage")
    voyage.edit(escalation=["ops_lead"])
    voyage.start()
    voyage.until("test_exit").agree()
    leave(voyage)
    for name in gone.split(" and "):
        leave(voyage, name)
    voyage.advance()

    end = voyage.store.of_run(voyage.customer, Terminal, voyage.run_id)[-1]
    assert end.owner == {"ana": "ben", "ana and ben": "olga"}[gone]


class Killed(RuntimeError):
    """The process is gone at this point."""


@pytest.mark.parametrize("node", ["propose_stage", "report"])
def test_a_death_between_the_blocker_and_its_checkpoint_comes_to_the_same_single_end(
    harbour: Harbour, monkeypatch: pytest.MonkeyPatch, node: str
) -> None:
    """Refused again, it is the same refusal, and one end."""
    voyage = harbour.at("home")
    with_role(voyage, {"propose_stage": "stage", "report": "update"}[node])
    voyage.start()
    voyage.until("test_exit")
    leave(voyage)
    deaths: list[str] = []

    def dying(state: State, deps: Deps, *, name: str, node: Any) -> Update:
        update = attempt(state, deps, name=name, node=node)
        if update.get("refused") == name and not deaths:
            deaths.append(name)
            raise Killed(name)
        return update

    def made_anew(deps: Deps) -> Any:
        return graph.build(deps)

    monkeypatch.setattr(graph, "attempt", dying)
    # The loop that this process has at hand knows of no death.
    voyage.build_graph = made_anew
    voyage.agree() if node == "propose_stage" else voyage.decide("gil", "reject")
    with pytest.raises(Killed):
        voyage.advance("w1")
    voyage.advance("w2")
    voyage.until("ended")

    blocked(voyage)
    assert (deaths, refusals(voyage)) == ([node], [node])


def test_before_there_is_a_plan_who_asked_for_the_run_answers(harbour: Harbour) -> None:
    """Nobody else is known yet; they are told, and the run is over."""
    voyage = harbour.at("home")

    def forgetful(deps: Deps) -> Deps:
        def recall(*asked: Any) -> Any:
            raise InvalidInput("the question holds a control character; leave it out")

        return replace(deps, recall=recall)

    voyage.change_deps = forgetful
    voyage.start()
    voyage.until("ended")

    end = blocked(voyage)
    assert (end.owner, refusals(voyage)) == ("dan", ["review_context"])
    assert told(voyage, end.reason).startswith("review_context was refused: the question holds")
    assert len(voyage.messages) == 1
