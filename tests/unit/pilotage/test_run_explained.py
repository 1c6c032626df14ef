"""A past run answers six questions from the record alone."""

from pathlib import Path

import pytest

from pilotage.cli import run_explained
from runs import snapshots
from runs.records.release import Move
from runs.records.run import Briefing, Choice, Contender, Statement
from tests import acts, builders
from tests.unit.pilotage.told import WRONG, Told, fix, verdict


@pytest.fixture
def told(tmp_path: Path) -> Told:
    """A record with one run."""
    return Told(tmp_path)


def lines(told: Told) -> str:
    """The explanation as a person reads it."""
    story = run_explained.explanation(told.store, told.customer, told.run)
    return "\n".join(run_explained.lines(story))


def test_what_went_in_is_told_with_the_record_it_came_from(told: Told) -> None:
    """The trigger's words, the briefing, and why this improvement."""
    said = Statement(topic="history", text="desk ended: stage reached", source="r-0")
    told.keep(Briefing(run="r-1", statements=(said,), lessons=()))
    contender = Contender.model_validate(
        {
            "name": "desk",
            "kind": "workflow",
            "volume_per_week": 500,
            "cost_of_error": "10",
            "failing_share": "1.0",
            "fix_rank": 1,
            "score": "5000",
            "why": "nothing measured yet",
        }
    )
    told.keep(Choice(run="r-1", chosen="desk", why="desk scores 5000", contenders=(contender,)))

    shown = lines(told)

    assert "priority by dan, 2026-03-02 09:00: Answer the desk's tickets sooner" in shown
    assert "Tickets wait a day" in shown
    assert "history: desk ended: stage reached [r-0]" in shown
    assert "chosen: desk scores 5000" in shown


def test_a_text_that_was_erased_says_so(told: Told) -> None:
    """The rest of the explanation stands."""
    trigger = told.store.runs.trigger(told.customer, "t-1")
    snapshots.erase(told.store, told.customer, "olga", trigger.text)

    shown = lines(told)

    assert "[erased 2026-03-02 09:00 UTC by olga]" in shown
    assert "Tickets wait a day" not in shown
    assert "Answer the desk's tickets sooner" in shown


def test_versions_and_verdicts_are_told_with_what_they_were_tried_on(told: Told) -> None:
    """Which version, which values, on what, and what came out."""
    measured = told.keep(builders.evidence(families=WRONG))
    told.keep(verdict())

    shown = lines(told)

    assert measured.version[7:19] in shown
    assert "dry run: fail [r-1.dry.1]" in shown
    assert "wrong auto 30/200 = 15.0% (10.7% to 20.6%) against 0.05: fail" in shown


def test_a_decision_is_told_with_the_digest_that_was_seen(told: Told) -> None:
    """And what the digest was made of."""
    asked = told.ask()
    told.answer(asked, "ana", "product_owner")

    shown = lines(told)

    assert f"plan open: Plan of the desk [digest {asked.subject[7:19]}]" in shown
    assert f"approve; saw {asked.subject[7:19]}" in shown
    assert f"covers plan {builders.DIGEST[7:19]}" in shown


def test_what_was_done_outside_is_told_with_key_receipt_and_approval(told: Told) -> None:
    """Items are counted, the run's own acts are named."""
    act = builders.action(item="", run="r-1", approval="a-1", tool="outbox", operation="send")
    acts.reserve(told.store, told.customer, act, 1)
    receipt = told.snapshot("receipt", {"key": act.key})
    acts.settle(told.store, told.customer, act.key, status="done", receipt=receipt, reason="")

    shown = lines(told)

    assert f"send by tool outbox: done (key {act.key}, receipt {receipt[7:19]}" in shown
    assert "approval a-1)" in shown


def test_a_run_that_did_nothing_outside_says_so(told: Told) -> None:
    """An empty section would leave it open."""
    assert "what was done outside\n  nothing" in lines(told)


def test_an_end_is_told_with_what_each_proof_is(told: Told) -> None:
    """A stranger knows what to look at."""
    move = Move(kind="hold", stage=0, weight_bp=0, reason="the sample is not whole")
    told.keep(move)
    asked = told.ask()
    told.end("blocker_escalated", move.digest, asked.id, "r-1")

    shown = lines(told)

    assert f"proof {move.digest[7:19]}: move: the sample is not whole" in shown
    assert "proof a-1: approval: open" in shown
    assert "proof r-1: a record of this run" in shown


def test_a_run_under_way_says_that_it_has_not_ended(told: Told) -> None:
    """No end is made up."""
    assert "why this end\n  it has not ended" in lines(told)


def test_several_runs_are_a_page_each(told: Told) -> None:
    """With their number; without any it says so."""
    story = run_explained.explanation(told.store, told.customer, told.run)
    shown = run_explained.pages([story, story])

    assert [line for line in shown if line.endswith(" of 2")] == ["1 of 2", "2 of 2"]
    assert shown.count(run_explained.PAGE) == 2
    assert run_explained.pages([]) == ["no runs"]


def test_the_change_that_stayed_is_told_and_one_that_was_left_is_not(told: Told) -> None:
    """With the record it was tried in."""
    told.keep(fix())
    told.keep(fix(id="r-1.fix.2", accepted=False))

    shown = lines(told)

    assert "change that stayed: to review when item.amount_eur is above 199 [r-1.fix.1]" in shown
    assert "r-1.fix.2" not in shown


def test_changes_that_were_left_are_counted_by_rank_and_told_whole_as_json(told: Told) -> None:
    """Examples, fields and what only a person can do are among them."""
    ranks = [2, 3, 4, 4, 8]
    for place, rank in enumerate(ranks):
        patch = fix().patch.model_copy(update={"rank": rank})
        told.keep(fix(id=f"r-1.fix.{place}", patch=patch, accepted=False, reason="refused: p"))

    story = run_explained.explanation(told.store, told.customer, told.run)

    counted = "changes tried and left: 1 of rank 2, 1 of rank 3, 2 of rank 4, 1 of rank 8"
    assert counted in lines(told)
    assert [one["rank"] for one in story["made"]["left"]] == ranks
    assert {one["reason"] for one in story["made"]["left"]} == {"refused: p"}
