"""A run that cannot go on ends as a blocker with a named owner, its proof and its update."""

from typing import Any

import pytest

from policies import texts
from runs.moves import ApprovalStatus
from runs.plan import Plan, PlanDraft
from runs.records.approval import ApprovalKind, DecisionKind
from runs.records.evidence import Evidence, FixTrial, Verdict
from runs.records.release import Move
from runs.records.run import Report, Terminal
from runs.store.filtered import ItemFilter
from tests.harbours import Harbour
from tests.tickets import BARS, contrary, plan_of, values_of, written
from tests.voyage import Voyage

SANDBOX = "plan/test_exit/stage/signals"
MOST = f"{SANDBOX}/stage/signals"


def finish(voyage: Voyage) -> Terminal:
    """Its update is asked for and sent; the end is kept, reported and whole."""
    assert voyage.waits_for == "update", voyage.run
    voyage.until("ended")
    end = voyage.terminal
    assert end.kind == "blocker_escalated"
    assert voyage.store.of_run(voyage.customer, Report, voyage.run_id)
    assert len(voyage.messages) == 1
    assert voyage.told()[-3:] == ["run_closed", "record_kept", "checkpoints_pruned"]
    voyage.verify()
    return end


@pytest.mark.both_databases
def test_every_hole_of_a_plan_is_a_question_to_a_named_person(harbour: Harbour) -> None:
    """Given a plan with two holes; then each names its field and whom it asks."""
    voyage = harbour.at("home")
    told = plan_of().model_dump()
    told["owners"]["incidents"], told["goal"]["metric"] = None, "tbd"
    voyage.start(texts.write(told))
    voyage.advance()

    end = finish(voyage)
    draft = voyage.store.get(voyage.customer, PlanDraft, end.proof[0])
    holes = {hole.field: hole.person for hole in draft.holes}
    assert holes == {"owners.incidents": "ana", "goal.metric": "ana"}
    assert end.owner == "ana"
    assert all(hole.question in end.reason for hole in draft.holes)
    assert voyage.run.workflow == ""


AREAS = {
    "goal.success_criteria": "ana",
    "systems.0.credential": "bob",
    "context.known_gaps": "bob",
    "contract.labels": "eva",
    "acceptance.release_confidence": "gil",
    "signals.0.owner": "ivo",
    "phases.testing.gate_out": "gil",
    "handoff": "ben",
    "owners.expansion": "ana",
}
"""Whom each asks where every area has an owner of its own."""
OWNERS = {"business_outcome": "ana", "builder": "bob", "domain_expert": "eva"}
OWNERS |= {"evaluation": "gil", "incidents": "ivo", "support": "ben"}


def without(plan: Plan, *paths: str) -> str:
    """A plan as it is brought, without some of its fields."""
    told = plan.model_dump()
    for path in paths:
        *above, name = path.split(".")
        part: Any = told
        for step in above:
            part = part[int(step)] if step.isdigit() else part[step]
        part[name] = None
    return texts.write(told)


def test_every_area_has_its_own_person_for_what_is_missing(harbour: Harbour) -> None:
    """Given a hole in each of nine areas; then each asks the owner of its area."""
    voyage = harbour.at("home")
    voyage.start(without(plan_of(owners=OWNERS), *AREAS))
    voyage.advance()

    end = finish(voyage)
    draft = voyage.store.get(voyage.customer, PlanDraft, end.proof[0])
    assert {hole.field: hole.person for hole in draft.holes} == AREAS


def test_an_owner_whom_nobody_knows_is_not_asked(harbour: Harbour) -> None:
    """Whoever asked for the run is."""
    voyage = harbour.at("home")
    voyage.start(without(plan_of(owners={"business_outcome": "zoe"}), "goal.metric"))
    voyage.advance()

    end = finish(voyage)
    assert end.owner == "dan"
    assert "dan, goal.metric: " in end.reason


@pytest.mark.parametrize(
    ("plan", "field", "person"),
    [
        ("", "plan", "dan"),
        (written(plan_of(dataset="unheard_of")), "dataset", "ana"),
        (written(plan_of(owners={"changes": "zoe"})), "owners.changes", "dan"),
        (
            written(
                plan_of(
                    routing=plan_of().routing.as_json()
                    | {
                        "bounds": {
                            "act_threshold": {"low": "0.5", "high": "0.6"},
                            "scope_floor": {"low": "0"},
                        },
                        "values": {"act_threshold": "0.55", "scope_floor": "0"},
                    }
                )
            ),
            "policy",
            "ana",
        ),
    ],
    ids=["no plan", "no dataset", "an owner who is nobody", "values out of bounds"],
)
def test_what_the_plan_needs_and_is_not_there_is_a_hole(
    harbour: Harbour, plan: str, field: str, person: str
) -> None:
    """Never a default, and never a run that stands still."""
    voyage = harbour.at("home")
    if field == "policy":
        voyage.edit(values={"act_threshold": "0.9", "scope_floor": "0"})
    voyage.start(plan)
    voyage.advance()

    end = finish(voyage)
    draft = voyage.store.get(voyage.customer, PlanDraft, end.proof[0])
    assert [(hole.field, hole.person) for hole in draft.holes] == [(field, person)]
    assert end.owner == person


@pytest.mark.both_databases
def test_a_role_that_nobody_can_fill_is_a_hole(harbour: Harbour) -> None:
    """Nobody approves their own work; where nobody else is left, somebody has to be named."""
    voyage = harbour.at("home")
    approvers = values_of().as_json()["approvers"] | {"plan": [{"role": "delivery_engineer"}]}
    voyage.edit(approvers=approvers)
    voyage.start()
    voyage.advance()

    end = finish(voyage)
    assert "delivery_engineer" in end.reason
    assert end.owner == "ana"


@pytest.mark.both_databases
@pytest.mark.parametrize(
    ("point", "kind"),
    [
        ("plan", "plan"),
        ("plan/test_exit", "test_exit"),
        (f"{SANDBOX}/stage", "stage"),
    ],
)
@pytest.mark.parametrize(
    ("answer", "status"),
    [("reject", "rejected"), ("ask_for_changes", "changes_asked")],
)
def test_a_no_ends_the_run_with_an_owner_and_the_reason(
    harbour: Harbour,
    point: str,
    kind: ApprovalKind,
    answer: DecisionKind,
    status: ApprovalStatus,
) -> None:
    """Given a question; when one person says no; then it is the proof, or goes back."""
    voyage = harbour.at(point)
    asked = voyage.asked
    voyage.refuse(answer)

    end = finish(voyage)
    assert (asked.kind, voyage.questions(kind)[-1].status) == (kind, status)
    maker = "dan" if kind == "plan" else "bob"
    assert end.owner == ("ana" if answer == "reject" else maker)
    assert end.proof == (asked.id,)
    assert f"says {answer}" in end.reason


@pytest.mark.parametrize("point", ["plan", f"{SANDBOX}/stage"])
def test_silence_expires_into_a_blocker(harbour: Harbour, point: str) -> None:
    """Given a question; when nobody of the escalation answers; then nothing of it is done."""
    voyage = harbour.at(point)
    kind, asked = voyage.waits_for, voyage.asked
    while voyage.waits_for == kind:
        asked = voyage.asked
        voyage.turn(hours=80)
        voyage.expire()
        voyage.advance()

    end = finish(voyage)
    assert voyage.questions(asked.kind)[-1].status == "expired"
    assert end.proof == (asked.id,)
    assert "silence is no consent" in end.reason


def test_a_dry_run_that_no_small_change_mends_is_escalated(harbour: Harbour) -> None:
    """Given bars that so few cases cannot prove; when all was tried; then the last look is told."""
    voyage = harbour.at("home")
    bars = BARS["dry_run"] | {"wrong_auto_max": 0.005, "max_review_budget": 400}
    voyage.edit(gates=values_of().as_json()["gates"] | {"dry_run": bars})
    voyage.start()
    voyage.until("update")

    end = finish(voyage)
    verdict = voyage.store.get(voyage.customer, Verdict, end.proof[0])
    assert (verdict.gate, verdict.outcome) == ("holdout", "inconclusive")
    assert voyage.store.of_run(voyage.customer, FixTrial, voyage.run_id)
    assert "no small change was left" in end.reason
    assert not voyage.store.releases.of_run(voyage.customer, voyage.run_id)


def test_a_gate_that_fails_in_the_sandbox_holds(harbour: Harbour) -> None:
    """Given the shadow; when its answers are wrong; then nothing was out that could come back."""
    voyage = harbour.at(SANDBOX).until("update", judge=contrary)

    end = finish(voyage)
    assert end.owner == "ana"
    assert end.proof[1] == voyage.release.id
    assert voyage.store.get(voyage.customer, Move, end.proof[0]).kind == "hold"
    assert (voyage.release.status, voyage.release.weight_bp) == ("held", 0)
    assert not voyage.acted


def test_a_gate_that_fails_in_a_slice_rolls_back_and_proves_it(harbour: Harbour) -> None:
    """Given a slice; when its answers are wrong; then nothing is served by the version any more."""
    voyage = harbour.at(MOST).until("update", judge=contrary)

    end = finish(voyage)
    drills = voyage.store.of_run(voyage.customer, Evidence, voyage.run_id)
    walked = [one for one in drills if one.notes.get("occasion") == "rollback"]
    assert voyage.store.get(voyage.customer, Move, end.proof[0]).kind == "roll_back"
    assert (voyage.release.status, voyage.release.weight_bp) == ("rolled_back", 0)
    assert [one.notes["outcome"] for one in walked] == ["pass"]
    assert "release_rolled_back" in voyage.told()


def test_a_release_that_a_person_rolls_back_ends_the_run_that_waits(harbour: Harbour) -> None:
    """Given a run that waits for tickets; when one person rolls back; then it is told."""
    voyage = harbour.at(MOST)
    voyage.withdraw()
    voyage.advance()

    end = finish(voyage)
    assert "rolled back" in end.reason
    assert voyage.release.id in end.proof
    assert voyage.release.status == "rolled_back"
    queued = ItemFilter(release=voyage.release.id, status="queued")
    assert not voyage.store.items.list(voyage.customer, queued)


def test_a_workflow_with_a_held_release_gets_no_second_one(harbour: Harbour) -> None:
    """Given a release that a gate held; when another run comes so far; then it names the first."""
    voyage = harbour.at(SANDBOX).until("ended", judge=contrary)
    held = voyage.release
    voyage.start(key="k-2")
    voyage.until("update")
    voyage.until("ended")

    assert voyage.terminal.kind == "blocker_escalated"
    assert voyage.terminal.proof == (held.id,)
    assert f"release {held.id} of run {held.run} is still held" in voyage.terminal.reason
