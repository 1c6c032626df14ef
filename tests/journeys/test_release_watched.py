"""A release acts only while its run watches it, and on evidence that still counts."""

import pytest

from runs.errors import Conflict
from runs.records.evidence import Evidence
from tests.voyage import Harbour, Voyage

SLICE_ASKED = "plan/test_exit/stage/signals/stage/signals/stage"
UPDATE_ASKED = f"{SLICE_ASKED}/update"


def test_a_run_that_ends_early_leaves_nothing_acting_unwatched(harbour: Harbour) -> None:
    """Given a slice; when the next step is refused; then the slice is held before the run ends."""
    voyage = harbour.at(SLICE_ASKED)
    assert voyage.release.status == "open"
    voyage.refuse()
    voyage.until("ended")

    assert voyage.terminal.kind == "blocker_escalated"
    assert voyage.release.status == "held"
    voyage.verify()


def test_a_release_taken_back_before_the_update_is_not_told_as_reached(harbour: Harbour) -> None:
    """Given a complete release; when it is rolled back meanwhile; then the update is asked anew."""
    voyage = harbour.at(UPDATE_ASKED)
    voyage.withdraw()
    with pytest.raises(Conflict, match="superseded"):
        voyage.agree()
    voyage.advance()
    voyage.until("ended")

    assert voyage.terminal.kind == "blocker_escalated"
    assert "rolled back" in voyage.terminal.reason
    assert len(voyage.messages) == 1


def test_a_question_older_than_its_evidence_is_asked_on_new_evidence(harbour: Harbour) -> None:
    """Given a stage's question; when its evidence ran out; then the sample is measured again."""
    voyage = harbour.at(SLICE_ASKED)
    before = len(_stages(voyage))
    voyage.turn(hours=30)
    with pytest.raises(Conflict, match="superseded"):
        voyage.agree()
    voyage.advance()

    assert voyage.waits_for == "stage"
    assert len(_stages(voyage)) == before + 1
    assert voyage.until("ended").terminal.kind == "stage_reached"


def _stages(voyage: Voyage) -> list[Evidence]:
    measured = voyage.store.of_run(voyage.customer, Evidence, voyage.run_id)
    return [one for one in measured if one.kind == "stage"]
