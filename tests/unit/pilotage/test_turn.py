"""Whose turn it is, and the code a watched run ends with."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from pilotage.cli import exits
from pilotage.cli.turn import exit_code, failed_job, has_work, is_stopped, turn_of, turns_of
from runs.errors import Conflict
from runs.records.run import Run
from runs.store.runs import open_run
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
    assert is_stopped(told.store, told.run)
    assert says(told) == (
        "stopped: job failed: InvalidInput: no label; mend that, then `pilotage run retry r-1`"
    )


def test_a_run_that_stands_before_an_answered_question_says_why(told: Told) -> None:
    """The answer is there; the job that should have gone on with it failed."""
    asked = told.ask()
    told.answer(asked, "ana", "product_owner", "reject")
    before = says(told)
    for job in told.store.jobs.waiting():
        told.store.jobs.mark_failed(told.customer, job.id, "RuntimeError: a bug")

    assert "to decide the plan" in before
    assert says(told).startswith("stopped: job failed: RuntimeError: a bug")


def test_a_run_that_is_tried_again_is_at_work(told: Told) -> None:
    """Once for each failure: what gave up is settled, and another job goes on."""
    told.store.jobs.mark_failed(told.customer, "advance_run:r-1:opened", "RuntimeError: a bug")
    job = told.store.runs.retry(told.customer, "dan", told.run)
    with pytest.raises(Conflict, match="was not given up by the worker"):
        told.store.runs.retry(told.customer, "dan", told.run)

    assert [one.id for one in told.store.jobs.waiting()] == [job]
    assert not is_stopped(told.store, told.run)
    assert says(told) == "at work, or next in the queue of the worker"
    assert told.store.jobs.failed() == []


def test_each_failure_of_a_run_may_be_tried_again(told: Told) -> None:
    """A job that gave up again is another one."""
    tried = []
    for _ in range(3):
        for job in told.store.jobs.waiting():
            told.store.jobs.mark_failed(told.customer, job.id, "RuntimeError: a bug")
        tried.append(told.store.runs.retry(told.customer, "dan", told.run))

    assert len(set(tried)) == 3


def test_an_ended_run_is_not_tried_again(told: Told) -> None:
    """Whatever gave up on its way."""
    told.store.jobs.mark_failed(told.customer, "advance_run:r-1:opened", "RuntimeError: a bug")
    told.end()

    with pytest.raises(Conflict, match="run r-1 has ended"):
        told.store.runs.retry(told.customer, "dan", told.run)


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


def reads(told: Told, runs: Sequence[Run]) -> int:
    """How many statements it takes to say whose turn it is in all of them."""
    asked: list[str] = []

    def note(*about: Any) -> None:
        asked.append(about[2])

    event.listen(told.store.database.engine, "before_cursor_execute", note)
    turns = turns_of(told.store, told.customer, runs)
    event.remove(told.store.database.engine, "before_cursor_execute", note)
    assert turns.keys() == {run.id for run in runs}
    return sum(statement.startswith("SELECT") for statement in asked)


def test_many_runs_are_looked_at_with_as_many_reads_as_few(told: Told) -> None:
    """Each waits for a question, for items or for the worker."""
    told.store.releases.open(told.customer, "worker", builders.release())
    with told.store.change(told.customer, "dan") as change:
        for n in range(300):
            waits_for = (f"a-{n}", "signals:rel-1", "")[n % 3]
            status = "waiting" if waits_for else "open"
            why = builders.trigger(id=f"t-x{n}", key=f"x{n}")
            told_of = {"id": f"r-x{n}", "trigger": why.id, "waits_for": waits_for}
            open_run(change, why, builders.run(status=status, **told_of))
    every = told.store.runs.list(told.customer, limit=1_000)

    assert len(every) == 301
    assert reads(told, every) == reads(told, every[:6]) <= 10
    assert len(told.store.runs.triggers(told.customer, [one.trigger for one in every])) == 301
