"""A person stops a release in its way and lets it go on, and the run waits meanwhile."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from pilotage.cli.main import pilotage
from rollout.release import way_back, way_on
from rollout.release.cause import Asked
from rollout.sent import Sent
from runs.errors import NotAllowed
from runs.records.release import Segment
from tests import databases
from tests.builders import TERMS
from tests.harbours import Harbour
from tests.tickets import contrary, plan_of, written
from tests.voyage import Voyage

SLICE = "plan/test_exit/stage/signals/stage/signals"
URGENT = {"name": "urgent", "type": "flag"}


def pause(voyage: Voyage) -> None:
    """Ben stops it."""
    cause = Asked(voyage.identity("ben"), "the queues are down", TERMS)
    way_back.hold(voyage.store, voyage.customer, release=voyage.release, cause=cause)
    voyage.advance()


def resume(voyage: Voyage) -> None:
    """Ben, its rollout owner, has looked."""
    facts = voyage.engines.standing(voyage.customer, voyage.release)
    cause = Asked(voyage.identity("ben"), "the queues are back", TERMS)
    way_on.resume(voyage.store, voyage.customer, facts=facts, cause=cause)
    voyage.advance()


def test_a_paused_release_goes_on_to_its_agreed_stage(harbour: Harbour) -> None:
    """Given a slice; when it is paused and resumed; then its run waits, measures anew, and ends."""
    voyage = harbour.at(SLICE)
    pause(voyage)
    assert (voyage.release.status, voyage.waits_for) == ("held", "signals")
    voyage.turn(hours=2)
    resume(voyage)
    voyage.until("ended")

    assert voyage.terminal.kind == "stage_reached"
    assert "release_resumed" in voyage.told()
    voyage.verify()


def test_a_person_resumes_from_the_command_line(harbour: Harbour) -> None:
    """Given a pause; when the rollout owner resumes; then others could not, and the run goes on."""
    voyage = harbour.at(SLICE)
    pause(voyage)
    codes = [resumed_by(voyage, name) for name in ("ivo", "bob", "ben")]
    voyage.advance()

    assert codes == [6, 6, 0]
    assert voyage.release.status == "open"
    assert voyage.until("ended").terminal.kind == "stage_reached"


def resumed_by(voyage: Voyage, name: str) -> int:
    """The exit code of the command, called by a person."""
    told = {"PILOTAGE_HOME": str(voyage.folder), "PILOTAGE_TOKEN": voyage.tokens[name]}
    told |= databases.environment(voyage.folder)
    arguments = ["release", "resume", "desk", "--reason", "the queues are back"]
    return CliRunner(env=told).invoke(pilotage, arguments).exit_code


def test_nobody_is_asked_to_widen_what_is_paused(harbour: Harbour) -> None:
    """Given a question; when the release is paused before it is answered; then the yes waits."""
    voyage = harbour.at(f"{SLICE}/stage")
    pause(voyage)
    voyage.agree()
    voyage.advance()

    assert (voyage.release.status, voyage.waits_for) == ("held", "signals")
    resume(voyage)
    assert voyage.until("ended").terminal.kind == "stage_reached"


def test_what_failed_while_it_was_paused_does_not_go_on(harbour: Harbour) -> None:
    """Given a pause; when the sample turns out to be wrong; then it is rolled back by itself."""
    voyage = harbour.at(SLICE)
    voyage.bring(contrary)
    pause(voyage)

    assert voyage.release.status == "rolled_back"
    with pytest.raises(NotAllowed, match="has come to its end"):
        resume_gone(voyage)


def resume_gone(voyage: Voyage) -> None:
    """Ben tries a release as it was before it was gone."""
    held = voyage.release.model_copy(update={"status": "held"})
    facts = voyage.engines.standing(voyage.customer, held)
    cause = Asked(voyage.identity("ben"), "try again", TERMS)
    way_on.resume(voyage.store, voyage.customer, facts=facts, cause=cause)


def test_a_segment_taken_away_comes_back_with_peoples_word(tmp_path: Path) -> None:
    """Given a slice; when a segment is taken away; then the next question is to have it back."""
    voyage = Harbour(tmp_path).at("home")
    contract = plan_of().contract.as_json()
    fields = [*contract["fields"], URGENT]
    voyage.start(written(plan_of(contract=contract | {"fields": fields})))
    voyage.advance()
    for wanted in SLICE.split("/")[1:]:
        voyage.until(wanted)
    cause = Asked(voyage.identity("ben"), "urgent ones go wrong", TERMS)
    told = {"release": voyage.release, "cause": cause}
    way_back.narrow(voyage.store, voyage.customer, **told, segment="urgent=true")
    sent = [Sent(f"u-{n}", {"text": "where is my refund", "urgent": True}) for n in range(20)]
    taken = voyage.wired.admit(voyage.identity("dan"), "desk", sent, batch="u")
    voyage.until("stage")

    assert {item.arm for item in taken} == {"incumbent"}
    assert voyage.release.without == (Segment(field="urgent", value="true"),)
    assert voyage.asked.title == "desk: serve urgent=true again at most"
    voyage.agree()
    voyage.advance()
    assert voyage.release.without == ()
    assert voyage.until("ended").terminal.kind == "stage_reached"
