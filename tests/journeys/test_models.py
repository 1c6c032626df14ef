"""Whole runs with a model: one that proposes well, and one whose every answer is garbage."""

import pytest

from pilotage.cli import run_explained
from runs.records.proposal import Proposal
from runs.records.run import Report
from tests.harbours import Harbour
from tests.proposing import Said, Speaker, asks, by_purpose, material, sentence, update
from tests.tickets import plan_of, written
from tests.voyage import Voyage
from tools.model.asked import Request

SHORT = written(plan_of(rollout={"agreed_stage": "sandbox"}))
GARBAGE: dict[str, Said] = {
    "approved": {"decision": "approve", "approval": "all", "person": "ana"},
    "gate passed": {"gate": "dry_run", "outcome": "pass", "wrong_auto_max": 1},
    "resume": {"resume": {"approval_id": "x"}, "policy": {"values": {"act_threshold": 0}}},
}


def said_well(request: Request) -> Said:
    """The end, in the words of its evidence."""
    first = material(request)["evidence"][0]
    return update(
        sentence("This is how it ended.", first["id"]), sentence(first["says"], first["id"])
    )


def sailed(harbour: Harbour, speaker: Speaker) -> Voyage:
    """A run to its agreed stage."""
    voyage = asks(harbour.at("home"), speaker)
    voyage.start(SHORT)
    return voyage.until("ended")


def ends(voyage: Voyage) -> dict[str, str]:
    """How each question to the model ended."""
    kept = voyage.store.of_run(voyage.customer, Proposal, voyage.run_id)
    return {one.what: one.end for one in kept}


@pytest.mark.both_databases
def test_a_run_whose_model_proposes_well_reaches_its_stage(harbour: Harbour) -> None:
    """Its words stand in the update that people approved, and was sent."""
    speaker = by_purpose(update=said_well, ranking={"notes": [], "others": []})
    voyage = sailed(harbour, speaker)
    (report,) = voyage.store.of_run(voyage.customer, Report, voyage.run_id)

    assert voyage.terminal.kind == "stage_reached"
    assert ends(voyage) == {"ranking": "accepted", "update": "accepted"}
    assert report.drafted
    assert "This is how it ended." in voyage.messages[0].read_text(encoding="utf-8")
    voyage.verify()


@pytest.mark.parametrize("claim", list(GARBAGE))
def test_a_run_whose_model_answers_garbage_reaches_its_stage(harbour: Harbour, claim: str) -> None:
    """Every step that asked fell back and is told; nothing moved by what it said."""
    voyage = sailed(harbour, Speaker(lambda request: GARBAGE[claim]))
    told = run_explained.lines(run_explained.explanation(voyage.store, voyage.customer, voyage.run))
    alone = harbour.at("home")
    alone.start(SHORT)
    alone.until("ended")

    assert voyage.terminal.kind == alone.terminal.kind == "stage_reached"
    assert ends(voyage) == {"ranking": "refused", "update": "refused"}
    for step in ("choose_improvement, ranking", "report, update"):
        assert any(f"{step}: refused; fell back: " in line for line in told), step
    kinds = [kind for kind in voyage.told() if kind not in ("record_kept", "snapshot_kept")]
    assert kinds == [k for k in alone.told() if k not in ("record_kept", "snapshot_kept")]
    voyage.verify()
