"""A release acts only while somebody watches it, and on evidence that still counts."""

from datetime import timedelta

import pytest

from pilotage.lookout import watch_releases
from rollout.sent import Sent
from runs.errors import Conflict
from runs.records.evidence import Evidence
from runs.records.release import Move
from tests.harbours import Harbour
from tests.tickets import Judge, contrary, honest, plan_of, tickets, written
from tests.voyage import Voyage

pytestmark = pytest.mark.both_databases

SLICE = "plan/test_exit/stage/signals/stage/signals"
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


def send(voyage: Voyage, count: int, judge: Judge = honest) -> None:
    """So many tickets come in, are worked on and looked at; the run looks again."""
    batch = tickets(f"more{count}", count)
    sent = [Sent(one.key, one.input) for one in batch]
    voyage.wired.admit(voyage.identity("dan"), "desk", sent, batch=f"more{count}")
    voyage.work()
    voyage.look(batch, judge)


def test_a_release_that_nobody_watched_for_too_long_is_held(harbour: Harbour) -> None:
    """Given a slice's question; when no worker reads for 30 hours; then no answer carries it on."""
    voyage = harbour.at(SLICE_ASKED)
    voyage.sleep(timedelta(hours=30))
    with pytest.raises(Conflict, match="superseded"):
        voyage.agree()
    voyage.advance()
    voyage.until("ended")

    assert "late: quality" in voyage.terminal.reason
    assert voyage.release.status == "held"
    voyage.verify()


def test_a_breached_limit_holds_until_the_signal_recovers(harbour: Harbour) -> None:
    """Given a passed gate; when the limit is breached; then it waits, serving, and then asks."""
    limit = {"direction": "at_least", "value": "0.98", "min_items": 5}
    signal = {"name": "quality", "owner": "gil", "limit": limit}
    voyage = harbour.at("home")
    voyage.start(written(plan_of(signals=(signal,))))
    voyage.until("signals")
    first = iter([True])
    step = voyage.step(lambda one: (contrary if next(first, False) else honest)(one))
    breached = (step, voyage.release.stage, voyage.questions("stage")[1:])
    watch_releases(voyage.wired, voyage.customer)
    notices = [file.read_text() for file in (voyage.folder / "notices" / "acme").iterdir()]
    told = [text for text in notices if "This is a drill" not in text]
    send(voyage, 90)
    voyage.advance()

    assert breached == ("signals", 0, [])
    assert ["To: gil" in text for text in told if "breaches its limit" in text] == [True]
    assert voyage.waits_for == "stage"


def test_a_crossed_bar_takes_the_slice_back_before_its_sample_is_whole(harbour: Harbour) -> None:
    """Given a slice; when what came in so far is wrong; then it goes back and says which signal."""
    voyage = harbour.at(SLICE)
    send(voyage, 26, contrary)
    voyage.advance()
    voyage.until("ended")

    assert voyage.release.status == "rolled_back"
    move = voyage.store.get(voyage.customer, Move, voyage.terminal.proof[0])
    assert (move.kind, "quality" in move.reason, "owner ben" in move.reason) == (
        "roll_back",
        True,
        True,
    )
    assert not [one for one in _stages(voyage) if one.subject.endswith(":1")]
    voyage.verify()


def test_a_slice_that_waits_for_people_is_taken_back_all_the_same(harbour: Harbour) -> None:
    """Given a question; when the worker reads a crossed bar; then nobody can carry it on."""
    voyage = harbour.at(SLICE_ASKED)
    send(voyage, 240, contrary)
    voyage.turn(hours=1)
    with pytest.raises(Conflict, match="superseded"):
        voyage.agree()
    voyage.advance()
    voyage.until("ended")

    assert voyage.release.status == "rolled_back"
    assert "a signal breaches its limit: quality" in voyage.terminal.reason
    voyage.verify()
