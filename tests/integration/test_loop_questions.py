"""What people are asked: by whom it may be answered, and when it is asked again."""

import json

import pytest

from pilotage import due
from pilotage.cli import approval_changes
from runs import approvals
from runs.errors import Conflict, InvalidInput, NotAllowed
from runs.records.approval import Approval
from tests.harbours import Harbour, harbour_in
from tests.tickets import plan_of, values_of, written
from tests.voyage import Voyage


@pytest.fixture(scope="module")
def harbour(tmp_path_factory: pytest.TempPathFactory, database: str) -> Harbour:
    """Voyages at any of their points."""
    return harbour_in(tmp_path_factory.getbasetemp(), database)


def named(asked: Approval) -> set[str]:
    """Everybody who may answer."""
    return {name for need in asked.needs for name in need.people}


@pytest.mark.parametrize("point", ["plan", "plan/test_exit", "plan/test_exit/stage"])
def test_neither_who_requested_nor_who_builds_is_asked_or_heard(
    harbour: Harbour, point: str
) -> None:
    """Given that they hold every deciding role; then they are excluded all the same."""
    voyage = harbour.at("home")
    for name in ("kim", "kit", "kat"):
        voyage.add(name, "engineering_lead", "domain_expert")
    voyage.start(written(plan_of(owners={"builder": "kim"})), by="gil")
    voyage.until(point.rpartition("/")[2])

    asked = voyage.asked
    assert {"gil", "kim"} <= set(asked.excluded)
    assert {"gil", "kim"}.isdisjoint(named(asked))
    for name in ("gil", "kim"):
        with pytest.raises(NotAllowed):
            voyage.decide(name, asked=asked)


def test_a_question_whose_policy_file_changed_is_superseded_and_asked_again(
    harbour: Harbour,
) -> None:
    """Given one of two yeses; when the file changes; then both are asked anew."""
    voyage = harbour.at("plan")
    first = voyage.asked
    voyage.decide("ana")
    voyage.edit(review_due_hours=12)
    with pytest.raises(Conflict, match="it is superseded"):
        voyage.decide("ben")
    voyage.advance()

    asked = voyage.asked
    assert [one.status for one in voyage.questions("plan")] == ["superseded", "open"]
    assert asked.covers["policy"] != first.covers["policy"]
    voyage.agree()
    voyage.advance()
    assert voyage.waits_for == "test_exit"


def test_a_file_changed_and_changed_back_is_asked_again_each_time(harbour: Harbour) -> None:
    """The same question as before is a new one: what was superseded stays so."""
    voyage = harbour.at("plan")
    for hours in (12, 24):
        voyage.edit(review_due_hours=hours)
        with pytest.raises(Conflict):
            voyage.decide("ben")
        voyage.advance()

    asked = voyage.questions("plan")
    assert [one.status for one in asked] == ["superseded", "superseded", "open"]
    assert asked[0].subject == asked[2].subject
    assert len({one.id for one in asked}) == 3


def test_a_plan_that_was_approved_with_an_edit_is_asked_again_of_somebody_else(
    harbour: Harbour,
) -> None:
    """It is no yes to what was asked: it is about what she wrote, and her word is in it already."""
    voyage = harbour.at("plan")
    before = voyage.asked
    plan = plan_of()
    edited = plan.model_copy(update={"title": "Tickets, edited"})
    voyage.decide("ana", "approve_with_edit", edit=written(edited))
    voyage.advance()

    first, asked = voyage.questions("plan")
    assert (first.status, asked.status, asked.supersedes) == ("superseded", "open", before.id)
    assert "ana" in asked.excluded
    assert "ana" not in named(asked)
    told = approval_changes.story(voyage.store, voyage.customer, asked)
    assert told is not None
    (changed,) = told["changed"]
    assert (changed["name"], [part["key"] for part in changed["parts"]]) == ("plan", ["title"])
    with pytest.raises(NotAllowed, match="nobody approves their own"):
        voyage.decide("ana")


@pytest.mark.parametrize("edit", ["title: nothing else", "not: [yaml"])
def test_a_plan_is_not_edited_into_one_that_cannot_be_asked_about(
    harbour: Harbour, edit: str
) -> None:
    """The question stays as it was."""
    voyage = harbour.at("plan")

    with pytest.raises(InvalidInput):
        voyage.decide("ana", "approve_with_edit", edit=edit)
    assert [one.status for one in voyage.questions("plan")] == ["open"]


@pytest.mark.parametrize("point", ["plan/test_exit", "plan/test_exit/stage"])
def test_what_was_measured_is_not_edited(harbour: Harbour, point: str) -> None:
    """Evidence is measured again, not written."""
    voyage = harbour.at(point)

    with pytest.raises(NotAllowed, match="is measured, and not edited; ask for changes"):
        voyage.decide(voyage.asked.needs[0].people[0], "approve_with_edit", edit="better")


def test_evidence_that_runs_out_under_an_open_question_supersedes_it(harbour: Harbour) -> None:
    """At the worker's look, without anybody deciding; a clock that jumps back changes nothing."""
    voyage = harbour.at("home")
    hours = values_of().as_json()["evidence_hours"] | {"dry_run": 2}
    voyage.edit(evidence_hours=hours)
    voyage.start()
    voyage.until("test_exit")
    first = voyage.asked
    due.refresh(voyage.wired, voyage.customer)
    assert voyage.asked.status == "open"
    voyage.turn(hours=3)
    due.refresh(voyage.wired, voyage.customer)
    seen = approvals.get(voyage.store, voyage.customer, first.id)

    assert seen.status == "superseded"
    with pytest.raises(Conflict, match="superseded; nothing is left"):
        voyage.decide(first.needs[0].people[0], asked=first)


def test_a_question_nobody_answers_goes_on_and_the_run_with_it(harbour: Harbour) -> None:
    """Given a stage that one person agreed to; when the others are silent; then the next decide."""
    voyage = harbour.at("plan/test_exit/stage")
    first = voyage.asked
    voyage.decide(first.needs[0].people[0])
    voyage.turn(hours=80)
    voyage.expire()
    voyage.advance()

    asked = voyage.asked
    assert (asked.id, asked.escalates) == (f"{first.id}.next2", first.id)
    assert named(asked).isdisjoint(named(first))
    assert asked.agreed == (first.needs[0].people[0],)
    voyage.agree()
    voyage.advance()
    assert voyage.release.stage == 0


def test_an_update_that_is_asked_again_tells_the_same_end(harbour: Harbour) -> None:
    """Why the run ended does not become that its update was edited."""
    voyage = harbour.at("plan")
    asked = voyage.asked
    voyage.refuse()
    before = voyage.asked.covers["terminal"]
    voyage.decide("ana", "approve_with_edit", edit="It did not work out; we are sorry.")
    voyage.advance()

    assert voyage.asked.covers["terminal"] == before
    assert "ana" not in named(voyage.asked)
    voyage.until("ended")
    assert voyage.terminal.proof == (asked.id,)


def test_values_edited_before_the_first_stage_are_not_written_over_unseen(
    harbour: Harbour,
) -> None:
    """Given a candidate to be entered; when the file is edited; then that is tried first."""
    voyage = harbour.at("plan/test_exit/stage")
    entering = voyage.asked
    edited = voyage.edit(review_due_hours=12)
    with pytest.raises(Conflict, match="superseded"):
        voyage.decide("ben")
    voyage.advance()

    assert voyage.waits_for == "test_exit"
    voyage.until("stage")
    assert voyage.asked.covers["leading_policy"] == edited.digest
    assert voyage.asked.covers["policy"] != entering.covers["policy"]
    voyage.until("signals")
    leading = voyage.wired.policy_files.find(voyage.customer, "desk")
    assert leading is not None
    assert (leading.review_due_hours, leading.digest) == (12, voyage.release.policy)
    assert leading.values["amount_limit"] == 500


def test_a_plan_in_which_something_is_wrong_opens_no_run(harbour: Harbour) -> None:
    """A hole is a question; a mistake is refused at once, with its place."""
    voyage = harbour.at("home")
    wrong = plan_of().model_copy(update={"risk": "none"})
    with pytest.raises(InvalidInput, match="risk"):
        voyage.start(json.dumps(wrong.as_json()))

    assert not voyage.store.runs.list(voyage.customer)


def test_the_same_priority_twice_is_one_run(harbour: Harbour) -> None:
    """By its key."""
    voyage = harbour.at("home")
    first, again = voyage.start(), voyage.start()

    assert first.id == again.id
    assert len(voyage.store.runs.list(voyage.customer)) == 1


def test_every_question_says_when_it_is_due_and_what_each_answer_does(harbour: Harbour) -> None:
    """Nobody has to guess what they agree to."""
    voyage: Voyage = harbour.at("plan/test_exit/stage")

    for asked in voyage.questions():
        hours = (asked.due_at - asked.opened_at).total_seconds() / 3600
        assert hours == values_of().approval_due_hours
        assert asked.if_approved
        assert asked.if_rejected


def test_a_question_tells_what_the_plan_asks_for_with_its_step(harbour: Harbour) -> None:
    """Out of the phase that is left, and into the next; whoever agrees says that it holds."""
    voyage: Voyage = harbour.at("plan/test_exit/stage")
    phases = plan_of().phases
    told = [
        one.if_approved.partition("says that this holds: ")[2]
        for kind in ("plan", "test_exit")
        for one in voyage.questions(kind)
    ]

    assert told == [
        "; ".join([*phases.design.gate_out, *phases.testing.gate_in]),
        "; ".join([*phases.testing.gate_out, *phases.sandbox.gate_in]),
    ]
