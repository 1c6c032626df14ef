"""Whether a workflow is past the pilot is read from what its people and items left behind."""

import json

import pytest

from pilotage.cli import graduation_story
from rollout.graduation import Graduation
from runs import approvals
from runs.approvals import Answer
from runs.errors import NotFound
from tests.harbours import Harbour
from tests.tickets import plan_of, written
from tests.unit.pilotage.homes import House
from tests.voyage import Voyage

SLICE = "plan/test_exit/stage/signals/stage/signals"


def graduation(voyage: Voyage) -> Graduation:
    """The signs of the desk."""
    return graduation_story.find(voyage.store, voyage.customer, "desk")


def answers(voyage: Voyage) -> dict[str, str]:
    """What each sign says."""
    return {sign.name: sign.answer for sign in graduation(voyage).signs}


def door(voyage: Voyage) -> House:
    """The command line of the voyage's home."""
    return House(voyage.folder, dict(voyage.tokens), voyage.wired)


def test_a_workflow_that_is_only_planned_is_in_pilot(harbour: Harbour) -> None:
    """An engineer asked for it and nobody said anything yet."""
    voyage = harbour.at("plan")

    assert graduation(voyage).stands == "in pilot"
    assert "yes" not in answers(voyage).values()


def test_a_slice_that_acts_shows_two_signs_and_people_make_them_four(harbour: Harbour) -> None:
    """Given live items; when ops changes a value and calls it by name; then the pilot is past."""
    voyage = harbour.at(SLICE)
    voyage.bring()
    before = answers(voyage)
    house = door(voyage)
    asked = ("policy", "set", "desk", "act_threshold=0.6", "--reason", "the desk errs less")
    house.run(*asked, by="ben")
    shown = house.run("workflow", "graduate", "desk", by="dan").stdout
    told = json.loads(house.run("workflow", "graduate", "desk", "--json", by="dan").stdout)

    assert before == {
        "naming": "no",
        "wrong output": "yes",
        "error handling": "yes",
        "rule changes": "no",
    }
    assert [sign["answer"] for sign in told["signs"]] == ["yes"] * 4
    assert all(sign["records"] for sign in told["signs"])
    assert "workflow desk: past the pilot (4 of 4 signs are on record)" in shown


@pytest.mark.parametrize(
    ("point", "name", "answer"), [("plan", "ben", "yes"), ("plan/test_exit", "gil", "no")]
)
def test_only_the_words_of_people_outside_engineering_count(
    harbour: Harbour, point: str, name: str, answer: str
) -> None:
    """An engineer's show nothing of what operations call it."""
    voyage = harbour.at(point)
    asked, judges = voyage.asked, voyage.engines.decision_rules(voyage.customer)
    said = Answer(asked.id, "approve", "sort the desk's TICKETS is wanted", asked.subject)
    approvals.decide(voyage.store, voyage.identity(name), said, judges)
    naming = graduation(voyage).signs[0]

    assert naming.answer == answer
    assert (naming.records == (asked.id,)) is (answer == "yes")


def test_a_workflow_that_nobody_planned_is_not_found(harbour: Harbour) -> None:
    """No sign is made up."""
    voyage = harbour.at("plan")

    with pytest.raises(NotFound, match="workflow list"):
        graduation_story.find(voyage.store, voyage.customer, "mail")


def test_in_the_sandbox_an_error_costs_nothing_yet(harbour: Harbour) -> None:
    """Nothing is acted on, however many items came."""
    voyage = harbour.at("home")
    voyage.start(written(plan_of(rollout={"agreed_stage": "sandbox"})))
    voyage.until("ended")

    assert answers(voyage)["wrong output"] == "no"
