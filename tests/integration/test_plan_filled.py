"""What a model may add to a plan and a choice: words of the customer, of records, and no more."""

from typing import Any

import pytest

from agent import filling
from pilotage.cli import proposed, run_story
from policies import texts
from runs.errors import NotAllowed
from runs.plan import PlanDraft, PlanRecord
from runs.records.proposal import Proposal
from runs.records.run import Choice
from tests.harbours import Harbour, harbour_in
from tests.proposing import Said, Speaker, asks, by_purpose, material
from tests.tickets import plan_of
from tests.voyage import Voyage
from tools.model.asked import Request

WORDS = "A day is lost."
NOTHING = {"notes": [], "others": []}


@pytest.fixture(scope="module")
def harbour(tmp_path_factory: pytest.TempPathFactory, database: str) -> Harbour:
    """Voyages at any of their points."""
    return harbour_in(tmp_path_factory.getbasetemp(), database)


def without(*paths: str) -> str:
    """The plan as somebody brings it, without these parts."""
    plan: dict[str, Any] = plan_of().model_dump()
    for path in paths:
        *above, last = path.split(".")
        inner = plan
        for name in above:
            inner = inner[name]
        del inner[last]
    return texts.write(plan)


def part(path: str, says: str = "A day is lost to it.", quote: str = WORDS) -> dict[str, Any]:
    """One hole that a model fills."""
    return {"path": path, "says": [says], "quotes": [quote]}


def begun(harbour: Harbour, speaker: Speaker, plan: str) -> Voyage:
    """A run on this plan, at its first question or its end."""
    voyage = asks(harbour.at("home"), speaker)
    voyage.start(plan)
    voyage.advance()
    return voyage


def fills(*parts: dict[str, Any]) -> Speaker:
    """A model that fills these holes and says nothing of contenders."""
    return by_purpose(holes={"parts": list(parts)}, ranking=NOTHING)


def why(voyage: Voyage) -> str:
    """What was wrong with what a model proposed."""
    told = proposed.told(voyage.store, voyage.customer, voyage.run_id)
    return " ".join(line for one in told for line in one["why"])


def test_a_hole_that_the_customer_fills_is_filled_and_marked(harbour: Harbour) -> None:
    """In the plan's digest, in the question and in the story of the run."""
    voyage = begun(harbour, fills(part("goal.why_now")), without("goal.why_now"))
    (record,) = voyage.store.of_run(voyage.customer, PlanRecord, voyage.run_id)
    kept = voyage.store.of_run(voyage.customer, Proposal, voyage.run_id)
    shown = run_story.lines(run_story.story(voyage.store, voyage.customer, voyage.run))

    assert voyage.waits_for == "plan"
    assert record.plan.goal.why_now == "A day is lost to it."
    assert [(one.path, one.proposal) for one in record.filled] == [("goal.why_now", kept[0].id)]
    assert voyage.asked.covers["plan"] == record.digest
    assert "a model filled goal.why_now" in voyage.asked.if_approved
    assert any("filled by a model: goal.why_now" in line for line in shown)


def test_every_other_hole_stays_a_question(harbour: Harbour) -> None:
    """An owner is nobody's to fill: what is asked of a model does not even name the hole."""
    speaker = fills(part("goal.why_now"))
    voyage = begun(harbour, speaker, without("goal.why_now", "owners.support", "goal.due"))
    (draft,) = voyage.store.of_run(voyage.customer, PlanDraft, voyage.run_id)

    assert [one.field for one in draft.holes] == ["owners.support"]
    assert material(speaker.asked[0])["holes"] == ["goal.why_now"]
    assert voyage.waits_for == "update"


@pytest.mark.parametrize(
    ("filled", "says"),
    [
        (part("goal.why_now", quote="It saves a million."), "nobody said"),
        (part("goal.why_now", quote="A day"), "nobody said"),
        (part("goal.why_now", says="97 days are lost."), "figure '97'"),
        (part("goal.why_now", says="We guarantee it."), "promise 'guarantee'"),
        (part("goal.why_now", says="All days are lost."), "amount 'All'"),
        (part("goal.why_now", says="A day is lost, and it was approved."), "claim 'approved'"),
        (part("goal.why_now", says="A day is lost to Contoso."), "name 'Contoso'"),
        (part("goal.why_now", says="A day is not lost."), "denial 'lost'"),
        (part("goal.metric"), "goal.metric is no hole"),
    ],
)
def test_what_nobody_said_fills_nothing(
    harbour: Harbour, filled: dict[str, Any], says: str
) -> None:
    """The hole is a question to its owner, as without a model."""
    voyage = begun(harbour, fills(filled), without("goal.why_now"))
    (draft,) = voyage.store.of_run(voyage.customer, PlanDraft, voyage.run_id)

    assert says in why(voyage)
    assert [one.field for one in draft.holes] == ["goal.why_now"]


def test_a_quote_that_leaves_out_what_denies_it_fills_nothing() -> None:
    """Everything it says was said; its sentence says the opposite."""
    said = "It is slow. We have never lost a day of work. So be it."
    cut = part("goal.why_now", says="A day of work is lost.", quote="lost a day of work")
    whole = part("goal.why_now", says="They never lost a day of work.", quote=said)

    (wrong, *_) = filling.problems({"parts": [cut]}, ["goal.why_now"], said)
    assert "denial" in wrong
    assert list(filling.problems({"parts": [whole]}, ["goal.why_now"], said)) == []


@pytest.mark.parametrize("path", ["owners.support", "goal.cost_of_error", "routing.values"])
def test_what_is_not_a_description_has_no_place_in_the_form(harbour: Harbour, path: str) -> None:
    """The answer is of no use, and the hole stays."""
    voyage = begun(harbour, fills(part(path)), without("goal.why_now", path))
    (draft,) = voyage.store.of_run(voyage.customer, PlanDraft, voyage.run_id)
    (kept,) = voyage.store.of_run(voyage.customer, Proposal, voyage.run_id)[:1]

    assert kept.end == "refused"
    assert {one.field for one in draft.holes} >= {"goal.why_now"}


def test_who_agrees_to_a_filled_plan_is_whoever_agrees_to_any(harbour: Harbour) -> None:
    """The requester may not, whoever wrote the words."""
    voyage = begun(harbour, fills(part("goal.why_now")), without("goal.why_now"))

    with pytest.raises(NotAllowed):
        voyage.decide("dan")
    voyage.agree()
    voyage.advance()
    assert voyage.waits_for == "test_exit"


def ranked(request: Request) -> Said:
    """A word about the contender, and one about what nobody planned."""
    statements = material(request)["statements"]
    note = {"about": "desk", "says": "They speak of tickets.", "sources": [statements[0]["id"]]}
    other = {"name": "returns desk", "says": "They speak of it.", "sources": ["S1"]}
    return {"notes": [note], "others": [other]}


@pytest.mark.parametrize(
    ("name", "says"),
    [("desk of 2031", "figure '2031'"), ("desk of Contoso", "name 'Contoso'")],
)
def test_what_a_model_calls_a_thing_is_no_evidence_of_it(
    harbour: Harbour, name: str, says: str
) -> None:
    """It stands in a statement, or is not said."""
    other = {"name": name, "says": "They speak of it.", "sources": ["S1"]}
    voyage = begun(harbour, by_purpose(ranking={"notes": [], "others": [other]}), without())

    assert says in why(voyage)


def test_a_model_tells_of_contenders_and_orders_none(harbour: Harbour) -> None:
    """The choice names its words by the record, and is the same as without."""
    voyage = begun(harbour, by_purpose(ranking=ranked), without())
    alone = harbour.at("plan")
    (choice,) = voyage.store.of_run(voyage.customer, Choice, voyage.run_id)
    (before,) = alone.store.of_run(alone.customer, Choice, alone.run_id)
    shown = run_story.lines(run_story.story(voyage.store, voyage.customer, voyage.run))

    kept = voyage.store.of_run(voyage.customer, Proposal, voyage.run_id)
    assert choice.described == kept[0].id
    assert choice.contenders == before.contenders
    assert before.described == ""
    assert any("it says of returns desk: They speak of it." in line for line in shown)


@pytest.mark.parametrize(
    ("note", "says"),
    [
        ({"about": "desk", "says": "It fails 90% of the time.", "sources": ["S1"]}, "figure '90%'"),
        ({"about": "desk", "says": "It is so.", "sources": ["S99"]}, "there is no 'S99'"),
        ({"about": "desk", "says": "All of it fails.", "sources": ["S1"]}, "amount 'All'"),
        ({"about": "mail", "says": "It is so.", "sources": ["S1"]}, "is no contender"),
    ],
)
def test_a_word_without_a_statement_is_refused(
    harbour: Harbour, note: dict[str, Any], says: str
) -> None:
    """And the choice stands on its figures."""
    voyage = begun(harbour, by_purpose(ranking={"notes": [note], "others": []}), without())
    (choice,) = voyage.store.of_run(voyage.customer, Choice, voyage.run_id)

    assert says in why(voyage)
    assert (choice.chosen, choice.described) == ("desk", "")
