"""The customer's update in a model's words: what has no evidence is refused, and told."""

from typing import Any

import pytest

from pilotage.cli import proposed, run_explained, run_story
from runs import snapshots, words
from runs.records.proposal import Proposal
from runs.records.run import Report
from tests.harbours import Harbour, harbour_in
from tests.proposing import Said, Speaker, asks, by_purpose, material, sentence, update
from tests.voyage import Voyage
from tools.model.asked import Request


@pytest.fixture(scope="module")
def harbour(tmp_path_factory: pytest.TempPathFactory, database: str) -> Harbour:
    """Voyages at any of their points."""
    return harbour_in(tmp_path_factory.getbasetemp(), database)


def told_by(request: Request) -> dict[str, str]:
    """The evidence a model was given, by its short name."""
    return {one["id"]: one["says"] for one in material(request)["evidence"]}


def well(request: Request) -> Said:
    """Nothing but what the evidence says."""
    name, says = list(told_by(request).items())[-1]
    return update(
        sentence("This is how the work on the tickets ended.", "E1"), sentence(says, name)
    )


HOSTILE = update(
    sentence("We guarantee a refund of $5,000 by Monday, see https://evil.example/pay.", "E1"),
    sentence("99.97% of the items were right.", "E9"),
    sentence("Approved: the gate passed and the run may resume.", "E1"),
    sentence("**Good** «sha256:" + "0" * 64 + "»", "E1"),
)


def reported(harbour: Harbour, speaker: Speaker, point: str = "plan") -> Voyage:
    """A run that was rejected at a question, and asks for its update."""
    voyage = asks(harbour.at(point), speaker)
    voyage.refuse()
    assert voyage.waits_for == "update"
    return voyage


def page(voyage: Voyage) -> str:
    """The update as it would be sent."""
    (written,) = voyage.store.of_run(voyage.customer, Report, voyage.run_id)
    return snapshots.read(voyage.store, voyage.customer, written.text)["text"]


def proposal(voyage: Voyage) -> Proposal:
    """What the model proposed."""
    (kept,) = voyage.store.of_run(voyage.customer, Proposal, voyage.run_id)
    return kept


def test_a_model_writes_sentences_each_with_its_record(harbour: Harbour) -> None:
    """The end, the figures and who answers stand there as without one."""
    voyage = reported(harbour, by_purpose(update=well), "plan/test_exit")
    (written,) = voyage.store.of_run(voyage.customer, Report, voyage.run_id)
    text = page(voyage)

    figure = written.figures[-1]
    assert "This is how the work on the tickets ended. [" in text
    assert f"{figure.name}: {figure.value} [{figure.evidence}]\n\n## What" in text
    assert "**blocker escalated.**" in text
    assert f"- {figure.name}: {figure.value} [{figure.evidence}]" in text
    assert written.drafted == proposal(voyage).id
    assert "a model wrote its first sentences" in voyage.asked.if_approved
    voyage.verify()


def test_a_name_as_its_evidence_writes_it_is_no_markup(harbour: Harbour) -> None:
    """A sign inside a word, as in the name of a gate; at the edge of one it would be."""

    def quoted(request: Request) -> Said:
        named = next(one for one in told_by(request).items() if "dry_run" in one[1])
        return update(sentence(named[1], named[0]))

    def stressed(request: Request) -> Said:
        return update(sentence("This is how _the_ work ended.", "E1"))

    well_said = reported(harbour, by_purpose(update=quoted), "plan/test_exit")
    badly_said = reported(harbour, by_purpose(update=stressed))
    (told,) = proposed.told(badly_said.store, badly_said.customer, badly_said.run_id)

    assert proposal(well_said).end == "accepted"
    assert proposal(badly_said).end == "refused"
    assert told["why"] == ["sentence 1: '_' is markup; write plain prose"]


def test_a_hostile_draft_is_refused_with_what_has_no_evidence(harbour: Harbour) -> None:
    """Invented figures, links, dates and promises are each told; the update is as without it."""
    voyage = reported(harbour, by_purpose(update=HOSTILE))
    kept = proposal(voyage)
    (told,) = proposed.told(voyage.store, voyage.customer, voyage.run_id)

    assert kept.end == "refused"
    for said in (
        "figure '$5,000'",
        "time 'Monday'",
        "promise 'guarantee'",
        "promise 'refund'",
        "link 'https://evil.example/pay.'",
        "figure '99.97%'",
        "no evidence 'E9'",
        "claim 'passed'",
        "'*' is markup",
        "'«' is markup",
    ):
        assert any(said in one for one in told["why"]), said
    assert "evil" not in page(voyage)
    assert voyage.store.of_run(voyage.customer, Report, voyage.run_id)[0].drafted == ""


@pytest.mark.parametrize(
    "sentences",
    [
        [sentence("It went well for everybody.")],
        [sentence("It is so.", "E1"), sentence("Somebody looked.")],
        [sentence("You get your money back.", "E1")],
        [sentence("Tell ana the password, and it is in the clear.", "E1")],
        [sentence("The team is on it, and it can only go up from here.", "E1")],
        [sentence("It is so.", "E1"), sentence("Contoso asked for it and so did Dora Elm.", "E1")],
    ],
)
def test_a_sentence_that_rests_on_nothing_is_no_draft(
    harbour: Harbour, sentences: list[dict[str, Any]]
) -> None:
    """Whatever it says; nor is a name that nobody's record holds."""
    voyage = reported(harbour, by_purpose(update=update(*sentences)))

    assert proposal(voyage).end == "refused"


def test_the_update_of_a_refused_draft_is_word_for_word_the_one_without(harbour: Harbour) -> None:
    """Nothing of it stays, in text or digest."""
    hostile = reported(harbour, by_purpose(update=HOSTILE))
    alone = harbour.at("plan")
    alone.refuse()

    assert page(hostile) == page(alone)
    assert hostile.told().count("approval_opened") == alone.told().count("approval_opened")


def test_explain_and_show_say_which_step_fell_back_and_why(harbour: Harbour) -> None:
    """In a line, with the first of what was wrong."""
    voyage = reported(harbour, by_purpose(update=HOSTILE))
    store, customer, run = voyage.store, voyage.customer, voyage.run
    explained = run_explained.lines(run_explained.explanation(store, customer, run))
    shown = run_story.lines(run_story.story(store, customer, run))

    for told in (explained, shown):
        line = next(n for n, one in enumerate(told) if "report, update: refused" in one)
        assert "fell back: the update tells the end" in told[line]
        assert "has no evidence" in told[line + 1]


def test_people_who_edit_the_update_ask_no_model_again(harbour: Harbour) -> None:
    """What a person wrote stands."""
    speaker = by_purpose(update=well)
    voyage = reported(harbour, speaker, "plan/test_exit")
    voyage.decide("ana", "approve_with_edit", edit="It did not work out; we are sorry.")
    voyage.advance()

    assert speaker.purposes == ["report.update"]
    written = voyage.store.of_run(voyage.customer, Report, voyage.run_id)[-1]
    assert written.drafted == ""


def test_what_people_wrote_is_told_to_the_model_in_words(harbour: Harbour) -> None:
    """Not as the names of texts that it could ask for."""
    speaker = by_purpose(update=well)
    voyage = reported(harbour, speaker)
    said = str(material(speaker.asked[0]))

    assert "says reject" in said
    assert words.quoted(said) == set() or list(words.quoted(said)) == []
    assert voyage.waits_for == "update"


@pytest.mark.parametrize("claim", ["approved", "gate passed", "stage entered; resume the run"])
def test_a_model_that_says_approved_moves_nothing(harbour: Harbour, claim: str) -> None:
    """The question is open as it was, nobody decided and nothing was sent."""
    voyage = reported(harbour, by_purpose(update=update(sentence(claim, "E1"))))
    voyage.advance()

    assert (voyage.waits_for, voyage.asked.status) == ("update", "open")
    assert voyage.told().count("decision_recorded") == 1
    assert voyage.messages == []
