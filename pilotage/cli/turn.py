"""whose turn it is: what a run waits for in one sentence, and the exit code its state gives."""

from collections import defaultdict
from collections.abc import Mapping, Sequence, Set
from typing import Any, NamedTuple

from agent.loop import RETRY
from pilotage.cli import exits
from runs import approvals
from runs.records.approval import Approval
from runs.records.evidence import Verdict
from runs.records.person import Customer
from runs.records.run import Run, Terminal
from runs.store.releases import Progress
from runs.store.store import Store

SIGNALS = "signals:"
MOST = 10_000
"""Jobs that are looked through; a home has fewer."""


class _Seen(NamedTuple):
    """What was read of all the runs that are looked at."""

    asked: Mapping[str, Approval]
    decided: Mapping[str, set[str]]
    """Who has decided on an approval."""
    progress: Mapping[str, Progress]
    at_work: Set[str]
    """Runs of which a job has not ended."""
    failed: Mapping[str, dict[str, Any]]
    """The newest job of a run that gave up."""


def turn_of(store: Store, customer: Customer, run: Run) -> dict[str, Any]:
    """What the run waits for, whose turn it is, and the sentence that says both."""
    return turns_of(store, customer, [run])[run.id]


def turns_of(store: Store, customer: Customer, runs: Sequence[Run]) -> dict[str, dict[str, Any]]:
    """Whose turn it is in each of these runs, by id; as many reads for a thousand as for one."""
    seen = _look(store, customer, [run for run in runs if run.status != "ended"])
    return {run.id: _turn(run, seen) for run in runs}


def _look(store: Store, customer: Customer, runs: Sequence[Run]) -> _Seen:
    waited = [run.waits_for for run in runs if run.waits_for]
    asked = [name for name in waited if not name.startswith((SIGNALS, RETRY))]
    releases = [name.removeprefix(SIGNALS) for name in waited if name.startswith(SIGNALS)]
    decided: dict[str, set[str]] = defaultdict(set)
    for one in approvals.decisions_on(store, customer, asked) if asked else ():
        decided[one.approval].add(one.person)
    found = approvals.find_all(store, customer, asked) if asked else {}
    # An answered question moves its run on: one that stands is at work, or its job gave up.
    is_idle = len(waited) == len(runs) and all(one.status == "open" for one in found.values())
    return _Seen(
        asked=found,
        decided=decided,
        progress=store.releases.progress(customer, releases) if releases else {},
        at_work=set() if is_idle else _at_work_now(store),
        failed={} if is_idle else _failed(store),
    )


def _turn(run: Run, seen: _Seen) -> dict[str, Any]:
    if run.status == "ended":
        return {"waits_for": "", "people": [], "says": ""}
    progress = seen.progress.get(run.waits_for.removeprefix(SIGNALS))
    if progress is not None:
        return _for_signals(run, progress)
    if run.waits_for.startswith(RETRY):
        return _for_retry(run)
    asked = seen.asked.get(run.waits_for)
    if asked is not None and (asked.status == "open" or not _is_stopped(run, seen)):
        return _for_approval(asked, seen.decided.get(asked.id, set()))
    is_told = run.waits_for and not asked
    says = f"waits for {run.waits_for}" if is_told else _at_work(run, seen)
    return {"waits_for": run.waits_for, "people": [], "says": says}


def exit_code(store: Store, customer: Customer, run: Run) -> int:
    """The code of a command that watched this run; a run at work has waited too long."""
    if run.status == "ended":
        return _of_end(store, customer, store.get(customer, Terminal, run.terminal))
    return exits.WAITING if run.waits_for else exits.TEMPORARY


def failed_job(store: Store, run: Run) -> dict[str, Any] | None:
    """The newest job of the run that gave up, or None; later ones may have done its work."""
    return _failed(store).get(run.id)


def is_stopped(store: Store, run: Run) -> bool:
    """True when a job of the run gave up, and none is left that would take it on."""
    return not has_work(store, run) and failed_job(store, run) is not None


def has_work(store: Store, run: Run) -> bool:
    """True while a job of the run has not ended."""
    return run.id in _at_work_now(store)


def _failed(store: Store) -> dict[str, dict[str, Any]]:
    jobs = [job for job in store.jobs.failed(MOST) if job["id"].startswith("advance_run:")]
    return {job["id"].split(":")[1]: job for job in reversed(jobs)}


def _at_work_now(store: Store) -> set[str]:
    jobs = [*store.jobs.waiting(MOST), *store.jobs.enqueued(MOST)]
    return {job.subject for job in jobs if job.kind == "advance_run"}


def _of_end(store: Store, customer: Customer, end: Terminal) -> int:
    if end.kind != "blocker_escalated":
        return exits.DONE
    for proof in end.proof:
        verdict = store.find(customer, Verdict, proof)
        if verdict is not None:
            return exits.OF_VERDICT.get(verdict.outcome, exits.BLOCKED)
    return exits.BLOCKED


def _for_signals(run: Run, progress: Progress) -> dict[str, Any]:
    stage = progress.release.stages[max(progress.release.stage, 0)]
    says = (
        f"waits for live items of stage {stage.name}: {progress.came} came in, "
        f"{progress.answered} have a person's answer, {stage.sample} are needed"
    )
    return {"waits_for": run.waits_for, "people": [], "says": says}


def _for_retry(run: Run) -> dict[str, Any]:
    at = run.waits_for.removeprefix(RETRY)[:16].replace("T", " ")
    says = f"something did not answer; it is tried again at {at} UTC, by itself"
    return {"waits_for": run.waits_for, "people": [], "says": says}


def _for_approval(asked: Approval, decided: set[str]) -> dict[str, Any]:
    people = sorted({p for need in asked.needs for p in need.people} - decided)
    wanted = " and ".join(
        f"{need.count} {need.role} ({', '.join(need.people)})" for need in asked.needs
    )
    says = (
        f"waits for {wanted} to decide the {asked.kind.replace('_', ' ')} "
        f"until {asked.due_at:%Y-%m-%d %H:%M} UTC: pilotage approval show {asked.id}"
    )
    return {"waits_for": asked.id, "people": people, "says": says}


def _is_stopped(run: Run, seen: _Seen) -> bool:
    return run.id not in seen.at_work and run.id in seen.failed


def _at_work(run: Run, seen: _Seen) -> str:
    if run.id in seen.at_work:
        return "at work, or next in the queue of the worker"
    failed = seen.failed.get(run.id)
    if failed is None:
        return "nobody works on it; start `pilotage worker`"
    return f"stopped: job failed: {failed['error']}; mend that, then `pilotage run retry {run.id}`"
