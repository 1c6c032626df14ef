"""Whose turn it is, and the code a watched run ends with."""

from pathlib import Path

import pytest

from pilotage.cli import exits
from pilotage.cli.turn import exit_code, failed_job, has_work, turn_of
from tests import builders
from tests.unit.pilotage.told import Told, verdict


@pytest.fixture
def told(tmp_path: Path) -> Told:
    """A record with one run."""
    return Told(tmp_path)


def says(told: Told) -> str:
    """Whose turn it is, as a person reads it."""
    return turn_of(told.store, told.customer, told.run)["says"]


def code(told: Told) -> int:
    """With which code a command that watched the run ends."""
    return exit_code(told.store, told.customer, told.run)


def done(told: Told) -> None:
    """Let every job of the run end."""
    for job in told.store.jobs.waiting():
        told.store.jobs.mark_done(told.customer, job.id)


def test_a_run_in_the_queue_is_at_work(told: Told) -> None:
    """A command that stops watching it then was too impatient."""
    assert has_work(told.store, told.run)
    assert says(told) == "at work, or next in the queue of the worker"
    assert code(told) == exits.TEMPORARY


def test_a_run_nobody_works_on_says_how_to_go_on(told: Told) -> None:
    """Its jobs ended and nothing waits."""
    done(told)

    assert says(told) == "nobody works on it; start `pilotage worker`"


def test_a_run_the_worker_gave_up_on_says_why(told: Told) -> None:
    """And what to do about it."""
    told.store.jobs.mark_failed(told.customer, "advance_run:r-1:opened", "InvalidInput: no label")

    assert failed_job(told.store, told.run) is not None
    assert "gave up: InvalidInput: no label" in says(told)
    assert "pilotage run watch r-1 --work" in says(told)


def test_a_question_names_who_has_not_answered_yet(told: Told) -> None:
    """Whoever did is out of it."""
    asked = told.ask()
    told.answer(asked, "ana", "product_owner")

    turn = turn_of(told.store, told.customer, told.run)

    assert (turn["waits_for"], turn["people"]) == ("a-1", ["ben"])
    assert "decide the plan until 2026-03-03 09:00 UTC" in turn["says"]
    assert code(told) == exits.WAITING


def test_a_wait_for_live_items_counts_what_is_there(told: Told) -> None:
    """Taken in, answered, needed."""
    told.store.releases.open(told.customer, "worker", builders.release())
    told.store.items.admit(told.customer, "dan", builders.item(arm="shadow"))
    told.store.runs.wait(told.customer, "r-1", "signals:rel-1")

    assert says(told) == (
        "waits for live items of stage sandbox: 1 came in, 0 have a person's answer, 6 are needed"
    )
    assert code(told) == exits.WAITING


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("stage_reached", exits.DONE),
        ("issue_fixed", exits.DONE),
        ("healthy_review", exits.DONE),
        ("blocker_escalated", exits.BLOCKED),
    ],
)
def test_an_end_has_its_code(told: Told, kind: str, expected: int) -> None:
    """By its kind."""
    told.end(kind)

    assert code(told) == expected
    assert says(told) == ""


@pytest.mark.parametrize(
    ("outcome", "expected"),
    [
        ("fail", exits.GATE_NOT_MET),
        ("inconclusive", exits.INCONCLUSIVE),
        ("error", exits.INCONCLUSIVE),
        ("pass", exits.BLOCKED),
    ],
)
def test_a_blocker_proved_by_a_verdict_tells_which(told: Told, outcome: str, expected: int) -> None:
    """A gate that is not met is another matter than one that cannot decide."""
    told.keep(verdict(outcome))
    told.end("blocker_escalated", "r-1.dry.1.verdict")

    assert code(told) == expected
