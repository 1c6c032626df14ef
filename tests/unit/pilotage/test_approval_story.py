"""An approval shows exactly what is asked, what it covers and what follows."""

from pathlib import Path

import pytest

from pilotage.cli import approval_story
from runs import approvals
from runs.records.approval import Approval
from runs.records.lesson import Lesson
from tests import builders
from tests.builders import NOW
from tests.oracles import ASKED
from tests.unit.pilotage.told import WRONG, Told, verdict


@pytest.fixture
def told(tmp_path: Path) -> Told:
    """A record with one run."""
    return Told(tmp_path)


def lines(told: Told, asked: Approval) -> str:
    """The question as a person reads it."""
    story = approval_story.story(told.store, told.customer, asked)
    return "\n".join(approval_story.lines(story))


def test_both_answers_are_told_with_what_follows(told: Told) -> None:
    """And the digest to decide by."""
    asked = told.ask(risks=("financial",))
    name = asked.subject[7:19]

    shown = lines(told, asked)

    assert f"digest {name}" in shown
    assert "if approved\n  a version is built" in shown
    assert "if rejected\n  the run ends" in shown
    assert "risks\n  financial" in shown
    assert f"pilotage approval approve a-1 --digest {name}" in shown


def test_who_must_and_who_may_not_agree_is_told(told: Told) -> None:
    """By role and name."""
    shown = lines(told, told.ask())

    assert "1 product_owner: ana\n  1 ops_lead: ben" in shown
    assert "who may not\n  dan" in shown


def test_a_closed_question_offers_no_answer(told: Told) -> None:
    """Who decided is told instead."""
    asked = told.ask()
    told.answer(asked, "ana", "product_owner", "reject")

    shown = lines(told, approvals.get(told.store, told.customer, "a-1"))

    assert "plan rejected: Plan of the desk" in shown
    assert "pilotage approval approve" not in shown
    assert "ana (product_owner, by token) reject: not yet" in shown


def test_a_covered_plan_is_told_in_words(told: Told) -> None:
    """Goal, edges, stages and owners."""
    plan = told.keep(builders.plan_record())

    shown = lines(told, told.ask(covers={"plan": plan.digest}))

    assert "goal: every ticket in its queue within a minute" in shown
    assert "may do: assign (update)" in shown
    assert "may not: refund" in shown
    assert "done at full" in shown
    assert "builder dan" in shown


def test_the_question_about_a_plan_tells_what_the_plan_comes_to(told: Told) -> None:
    """Gates, who is asked, masks, retention, ceilings, alerts and ladder; and what to look at."""
    plan = told.keep(builders.plan_record(plan=builders.plan(owners={"builder": "ana"})))
    policy = told.keep(builders.policy())

    shown = lines(told, told.ask(covers={"plan": plan.digest, "policy": policy.digest}))

    assert "gate slice: wrong alone at most 0.5, covered at least 0.5, with 0.9 on 5 or" in shown
    assert "asked for plan: 1 x product_owner" in shown
    assert "asked for stage slice: 1 x ops_lead, 1 x ops_manager" in shown
    assert "may update: assign; not refund" in shown
    assert "masked: pattern:email" in shown
    assert "kept: 30 days" in shown
    assert "may cost: 1.50 EUR an item, 1000 a week; may take 60000 ms" in shown
    assert "alert quality: at least 0.6, tells ben; taken back below 0.3" in shown
    assert "ladder: sandbox (0 %, 24 h), slice_5 (5 %, 24 h)" in shown
    assert "may pause, narrow and take back: ben, ana" in shown
    assert "warning: owners.builder and owners.business_outcome are both ana" in shown


def test_the_question_about_a_plan_tells_which_models_read_what(told: Told) -> None:
    """Whoever agrees sees what leaves, where to and for how much at most."""
    asked = {k: v for k, v in ASKED.items() if k != "text"} | {"task": ASKED["text"]}
    plan = told.keep(builders.plan_record(plan=builders.plan(models=[asked])))
    policy = told.keep(builders.policy())

    shown = lines(told, told.ask(covers={"plan": plan.digest, "policy": policy.digest}))

    assert "asks primary at route big of models.yaml, which reads text; an item at most" in shown
    assert "at most 3 calls, 200000 tokens, cost 1" in shown


def test_covered_evidence_and_its_verdict_are_told_with_figures(told: Told) -> None:
    """Whoever lets a version leave testing sees what it did."""
    measured = told.keep(builders.evidence(families=WRONG))
    judged = told.keep(verdict())
    covers = {"evidence": measured.id, "verdict": judged.id}

    shown = lines(told, told.ask(kind="test_exit", covers=covers))

    assert "families: 120 right auto, 40 right review, 30 wrong auto, 10 needless review" in shown
    assert "fail: wrong alone too often" in shown
    assert "wrong auto: fail; 30/200 = 15.0% (10.7% to 20.6%) against 0.05" in shown


def test_a_covered_drill_is_told_with_its_outcome_and_time(told: Told) -> None:
    """A stage is entered on a way back that was walked."""
    notes = {"outcome": "pass"}
    drill = told.keep(builders.evidence(id="d-1", kind="drill", seconds="0.7", notes=notes))

    shown = lines(told, told.ask(kind="stage", covers={"drill": drill.id}))

    assert "d-1: way back rehearsed in 0.7 s: pass" in shown


def test_a_text_that_would_be_sent_is_shown_word_for_word(told: Told) -> None:
    """With the lessons that are kept by the same answer."""
    kept = told.snapshot("report", {"title": "Update", "text": "Dear Ana,\nall went well."})
    lesson = Lesson.model_validate(
        {
            "id": "lesson-1",
            "kind": "rule",
            "status": "proposed",
            "trust": "evaluated",
            "subject": "rule.amount",
            "when": "amounts are read",
            "text": "send large amounts to a person",
            "workflow": "",
            "payload": {},
            "run": "r-1",
            "evidence": ("r-1.dry.1",),
            "author": "run:r-1",
            "accepted_by": "",
            "supersedes": "",
            "valid_until": None,
            "tokens": 5,
            "written_at": NOW,
        }
    )
    told.store.lessons.propose(told.customer, "run:r-1", lesson)

    shown = lines(told, told.ask(kind="update", covers={"text": kept, "lessons": builders.DIGEST}))

    assert "text\n  Dear Ana,\n  all went well." in shown
    assert "lessons to keep\n  rule: send large amounts to a person" in shown


def test_what_the_digest_was_made_of_is_told_by_name(told: Told) -> None:
    """Also what has no form of its own."""
    covers = {"release_state": builders.DIGEST, "stage": "slice_5", "leading_policy": ""}

    shown = lines(told, told.ask(kind="stage", covers=covers))

    assert f"release_state: {builders.DIGEST[7:19]}" in shown
    assert "stage: slice_5" in shown
    assert "leading_policy: -" in shown
