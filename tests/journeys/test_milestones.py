"""Before a release acts for the first time, what has to stand is practised, kept and shown."""

import json
import os
from pathlib import Path

import pytest

from runs.records.evidence import Evidence, EvidenceKind
from runs.store.filtered import ItemFilter
from tests.harbours import Harbour
from tests.journeys.test_access import SOURCE, house, lay_orders
from tests.tickets import plan_of, written
from tests.voyage import Voyage

SANDBOX = "plan/test_exit/stage/signals"
ANSWER = {"route_silent", "route_raises", "answer_malformed", "label_unknown", "confidence_low"}
SLOW = {"item_over_budget"}
SOURCES = {"source_missing", "source_down", "source_garbage", "source_schema", "source_stale"}
TOOL = {"tool_down", "tool_unknown", "tool_refuses"}


def kept(voyage: Voyage, kind: EvidenceKind) -> list[Evidence]:
    """The run's evidence of one kind, oldest first."""
    every = voyage.store.of_run(voyage.customer, Evidence, voyage.run_id)
    return [one for one in every if one.kind == kind]


@pytest.fixture(scope="module")
def reading(harbour: Harbour) -> Voyage:
    """A version that reads a source, in the sandbox."""
    voyage = harbour.at("home")
    lay_orders(voyage)
    voyage.start(written(plan_of(context={"sources": (SOURCE,)})))
    return voyage.until("signals")


def test_every_fault_is_tried_in_the_sandbox_and_ends_with_a_person(reading: Voyage) -> None:
    """Input, sources, answer and tool: nobody's item acts, and each has an owner and a review."""
    [found] = kept(reading, "faults")

    assert found.notes["outcome"] == "pass"
    assert {one.name for one in found.faults} == {"input_missing", *ANSWER, *SLOW, *SOURCES, *TOOL}
    assert {one.owner for one in found.faults} == {"ben"}
    assert {one.status for one in found.faults} == {"in_review", "quarantined"}
    assert [one.name for one in found.faults if not one.reviews or "done" in one.actions] == []
    assert found.expires_at is not None


def test_what_is_tried_touches_no_live_item_and_nothing_outside(reading: Voyage) -> None:
    """No item, no review, no action, no file in the customer's queues."""
    items = reading.store.items.list(reading.customer, ItemFilter(), limit=100)

    assert {item.workflow for item in items} == {"desk.drill"}
    assert reading.acted == []
    assert reading.store.actions.unsettled(reading.customer) == []
    reading.verify()


def test_an_unknown_effect_is_left_to_a_person_with_its_key(reading: Voyage) -> None:
    """It is not repeated, and the person is told where to look."""
    [found] = kept(reading, "faults")
    unknown = next(one for one in found.faults if one.name == "tool_unknown")

    assert unknown.actions == ("unknown",)
    assert "it may have been done" in unknown.reason


def test_what_was_practised_is_not_practised_again_while_it_counts(
    reading: Voyage, tmp_path: Path
) -> None:
    """Once it ran out it is, before anything upwards is asked for."""
    voyage = reading.copy(tmp_path / "home")
    voyage.until("stage")
    once = len(kept(voyage, "faults"))
    later = reading.copy(tmp_path / "later")
    later.turn(days=15)
    file = lay_orders(later)
    written_at = later.store.clock.now().timestamp()
    os.utime(file, (written_at, written_at))
    later.until("stage")

    assert (once, len(kept(later, "faults"))) == (1, 2)


def test_a_breach_made_on_purpose_reaches_its_owner(reading: Voyage) -> None:
    """Each planned signal's; it is a drill and says so; the receipt is kept."""
    [found] = kept(reading, "alert_drill")
    notes = [
        text
        for file in (reading.folder / "notices" / "acme").glob("*.txt")
        if "drill" in (text := file.read_text())
    ]

    assert (found.notes["outcome"], found.notes["lacking"]) == ("pass", "")
    assert found.notes["quality"].startswith("ben sha256:")
    assert sorted(text.partition("\n")[0] for text in notes) == ["To: ana", "To: ana", "To: ben"]
    assert all("made on purpose" in text for text in notes)


def test_the_checklist_is_shown_with_evidence_age_and_owner(
    reading: Voyage, tmp_path: Path
) -> None:
    """By command, with the release, and in the question."""
    voyage = reading.copy(tmp_path / "home")
    voyage.until("stage")
    call = house(voyage).run
    listed = json.loads(call("release", "checklist", "desk", "--json").output)
    shown = call("release", "show", "desk").output
    asked = call("approval", "show", voyage.asked.id).output

    assert listed["lacks"] == ""
    assert {one["verdict"] for one in listed["checklist"]} == {"pass"}
    assert "before it acts" in shown
    assert kept(voyage, "faults")[-1].id in asked
    assert "tool unknown: in review, ben" in asked
    assert "amount: " in asked
    assert "no value outside the contract" in asked


def test_a_version_that_acts_on_a_fault_is_held_with_its_owner(harbour: Harbour) -> None:
    """Given a rule that always acts; then it does not leave the sandbox, and the reason is told."""
    rule = {"id": "always", "when": "answer.confidence < 0.01", "route": "act"}
    rule |= {"owner": "ops_lead", "why": "somebody thought so"}
    routing = plan_of().routing.as_json() | {"rules": (rule,)}
    voyage = harbour.at("home")
    voyage.start(written(plan_of(routing=routing)))
    voyage.until("signals").until("ended")

    assert voyage.release.stage == 0
    assert "faults is fail: confidence_low, ana" in voyage.terminal.reason
    assert voyage.acted == []
