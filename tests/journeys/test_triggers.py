"""Every reason to act goes through the one loop; people call runs off, and go on after blockers."""

import pytest

from pilotage.cli import run_explained, run_story
from runs import intake
from runs.errors import Conflict, NotAllowed
from runs.intake import Brought
from runs.plan import PlanRecord
from runs.records.run import Briefing, Cancellation, Choice
from tests.harbours import Harbour
from tests.journeys.test_stage_reached import WAY
from tests.tickets import plan_of, written
from tests.voyage import Voyage

pytestmark = pytest.mark.both_databases

SLICE = "plan/test_exit/stage/signals/stage/signals"


def topics(voyage: Voyage) -> list[str]:
    """What the briefing tells of, with the records it names."""
    (briefing,) = voyage.store.of_run(voyage.customer, Briefing, voyage.run_id)[-1:]
    return [f"{one.topic} {one.source}" for one in briefing.statements]


def bring(voyage: Voyage, kind, key: str, workflow: str = "") -> str:
    """Somebody brings something; its id."""
    told = Brought(kind, f"A {kind}", "Forty a week.", key, workflow=workflow)
    return intake.bring(voyage.store, voyage.customer, "ana", told, voyage.wired.words()).id


def test_a_request_for_a_workflow_reaches_its_stage(harbour: Harbour) -> None:
    """The briefing tells of what was brought before, by its record; the run takes up its own."""
    voyage = harbour.at("home")
    seen = bring(voyage, "usage", "u-1", "desk")
    voyage.begin("request", plan=written(plan_of(rollout={"agreed_stage": "sandbox"})))
    voyage.until("ended")

    own = intake.find_of_run(voyage.store, voyage.customer, voyage.run)
    assert voyage.terminal.kind == "stage_reached"
    assert own
    assert own.kind == "request"
    assert {f"request {own.id}", f"usage {seen}"} <= set(topics(voyage))
    assert intake.open_ones(voyage.store, voyage.customer) == []
    assert [one.id for one in intake.observations(voyage.store, voyage.customer, 9)] == [seen]
    voyage.verify()


def test_feedback_improves_the_workflow_it_is_about(harbour: Harbour) -> None:
    """It is planned as it is deployed, released again, and the choice names the feedback."""
    voyage = harbour.at(f"{WAY}/ended")
    waiting = bring(voyage, "roi", "roi-1", "desk")
    voyage.begin("feedback")
    voyage.until("ended")

    own = intake.find_of_run(voyage.store, voyage.customer, voyage.run)
    (choice,) = voyage.store.of_run(voyage.customer, Choice, voyage.run_id)
    (record,) = voyage.store.of_run(voyage.customer, PlanRecord, voyage.run_id)
    assert own
    assert choice.why.startswith(f"feedback {own.id} is about desk; ")
    assert f"roi {waiting}" in choice.why
    assert f"feedback {own.id}" in topics(voyage)
    assert [rule.id for rule in record.plan.routing.rules] == ["amount_limit"]
    assert voyage.terminal.kind == "stage_reached"
    voyage.verify()


def test_feedback_on_what_nobody_planned_asks_for_a_plan(harbour: Harbour) -> None:
    """Another workflow is never improved in its place."""
    voyage = harbour.at(f"{WAY}/ended")
    record = bring(voyage, "feedback", "fb-1", "parcels")
    voyage.take_up(record)
    voyage.until("ended")

    assert voyage.terminal.kind == "blocker_escalated"
    assert "No plan was brought" in voyage.terminal.reason
    assert not voyage.store.of_run(voyage.customer, Choice, voyage.run_id)


@pytest.mark.parametrize("point", ["plan", "plan/test_exit", SLICE])
def test_a_run_that_is_called_off_ends_as_a_blocker_with_the_reason(
    harbour: Harbour, point: str
) -> None:
    """What serves is held first; what it asked is withdrawn, and its update is still asked for."""
    voyage = harbour.at(point)
    asked = voyage.questions()[-1] if point != SLICE else None
    voyage.cancel()
    released = voyage.store.releases.of_run(voyage.customer, voyage.run_id)
    held = [one.status for one in released]
    voyage.advance()
    voyage.until("ended")

    end = voyage.terminal
    assert held == (["held"] if point == SLICE else [])
    assert asked is None or voyage.questions(asked.kind)[-1].status == "withdrawn"
    assert (end.kind, end.owner) == ("blocker_escalated", "ana")
    assert end.reason == "called off by dan: the desk closes in May"
    assert end.proof[0] == f"{voyage.run_id}.cancelled"
    voyage.verify()


def test_who_has_nothing_to_do_with_a_run_does_not_call_it_off(harbour: Harbour) -> None:
    """Nor is it called off twice, nor after its end; each refusal changes nothing."""
    voyage = harbour.at("plan")
    with pytest.raises(NotAllowed, match=r"one of these does it: .*dan"):
        voyage.cancel(by="eva")
    voyage.cancel()
    with pytest.raises(Conflict, match="was called off by dan"):
        voyage.cancel(by="ana")
    voyage.advance()
    with pytest.raises(Conflict, match="has come to its end"):
        voyage.cancel()

    events = voyage.store.events(voyage.customer, limit=100_000)
    assert [one.body["verb"] for one in events if one.kind == "access_refused"] == ["cancel"]
    assert len(voyage.store.list(voyage.customer, Cancellation)) == 1


def test_a_stage_that_was_approved_is_not_entered_by_a_run_called_off(harbour: Harbour) -> None:
    """Given the approval; when the run is called off before the stage; then it is not entered."""
    voyage = harbour.at("plan/test_exit/stage")
    voyage.agree()
    voyage.cancel()
    voyage.advance()
    voyage.until("ended")

    assert voyage.terminal.reason.startswith("called off by dan")
    assert voyage.release.stage == -1
    assert "stage_entered" not in voyage.told()


def blocked(harbour: Harbour) -> Voyage:
    """A run that ended because nobody is called so."""
    voyage = harbour.at("home")
    voyage.start(written(plan_of(owners={"changes": "zoe"})))
    voyage.advance()
    return voyage.until("ended")


def test_a_cleared_blocker_goes_on_in_another_run_that_names_it(harbour: Harbour) -> None:
    """With the same trigger, a plan that fills the hole, and both shown in each."""
    voyage = blocked(harbour)
    before, owner = voyage.run, voyage.terminal.owner
    run = voyage.carry_on(owner, plan=written(plan_of(rollout={"agreed_stage": "sandbox"})))
    voyage.run_id = before.id
    again = voyage.carry_on(owner)
    voyage.until("ended")

    shown = [
        "\n".join(of.lines(tell(voyage.store, voyage.customer, one)))
        for of, tell in ((run_story, run_story.story), (run_explained, run_explained.explanation))
        for one in (before, voyage.run)
    ]
    assert (again.id, run.continues) == (run.id, before.id)
    assert voyage.terminal.kind == "stage_reached"
    assert [f"continued by {run.id}" in text for text in shown] == [True, False, True, False]
    assert [f"continues run {before.id}" in text for text in shown] == [False, True, False, True]
    assert all("it is there now" in text for text in shown)
    voyage.verify()


def test_only_the_owner_of_a_blocker_says_that_it_is_cleared(harbour: Harbour) -> None:
    """Or who stands in for them; and only a blocker is cleared."""
    voyage = blocked(harbour)
    with pytest.raises(NotAllowed, match=r"one of these does it: .*dan"):
        voyage.carry_on("gil")
    reached = harbour.at(f"{WAY}/ended")
    with pytest.raises(Conflict, match="ended as stage reached"):
        reached.carry_on("ana")
    waiting = harbour.at("plan")
    with pytest.raises(Conflict, match="only a blocker that was told is cleared"):
        waiting.carry_on("ana")

    assert len(voyage.store.runs.list(voyage.customer)) == 1
