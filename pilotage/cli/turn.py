"""whose turn it is: what a run waits for in one sentence, and the exit code its state gives."""

from typing import Any

from pilotage.cli import exits
from runs import approvals
from runs.records.approval import Approval
from runs.records.evidence import Verdict
from runs.records.person import Customer
from runs.records.run import Run, Terminal
from runs.store.items import ItemFilter
from runs.store.store import Store

SIGNALS = "signals:"


def turn_of(store: Store, customer: Customer, run: Run) -> dict[str, Any]:
    """What the run waits for, whose turn it is, and the sentence that says both."""
    if run.status == "ended":
        return {"waits_for": "", "people": [], "says": ""}
    if run.waits_for.startswith(SIGNALS):
        return _for_signals(store, customer, run)
    if run.waits_for:
        return _for_approval(store, customer, approvals.get(store, customer, run.waits_for))
    return {"waits_for": "", "people": [], "says": _at_work(store, run)}


def exit_code(store: Store, customer: Customer, run: Run) -> int:
    """The code of a command that watched this run; a run at work has waited too long."""
    if run.status == "ended":
        return _of_end(store, customer, store.get(customer, Terminal, run.terminal))
    return exits.WAITING if run.waits_for else exits.TEMPORARY


def failed_job(store: Store, run: Run) -> dict[str, str] | None:
    """The newest job of the run that gave up, or None; later ones may have done its work."""
    begins = f"advance_run:{run.id}:"
    return next((job for job in store.jobs.failed() if job["id"].startswith(begins)), None)


def has_work(store: Store, run: Run) -> bool:
    """True while a job of the run has not ended."""
    jobs = [*store.jobs.waiting(), *store.jobs.enqueued()]
    return any(job.kind == "advance_run" and job.subject == run.id for job in jobs)


def _of_end(store: Store, customer: Customer, end: Terminal) -> int:
    if end.kind != "blocker_escalated":
        return exits.DONE
    for proof in end.proof:
        verdict = store.find(customer, Verdict, proof)
        if verdict is not None:
            return exits.OF_VERDICT.get(verdict.outcome, exits.BLOCKED)
    return exits.BLOCKED


def _for_signals(store: Store, customer: Customer, run: Run) -> dict[str, Any]:
    release = store.releases.get(customer, run.waits_for.removeprefix(SIGNALS))
    stage = release.stages[max(release.stage, 0)]
    counts = store.items.count(customer, ItemFilter(release=release.id, stage=release.stage))
    labelled = store.reviews.count_decided(customer, release.id, release.stage)
    says = (
        f"waits for live items of stage {stage.name}: {sum(counts.values())} came in, "
        f"{labelled} have a person's answer, {stage.sample} are needed"
    )
    return {"waits_for": run.waits_for, "people": [], "says": says}


def _for_approval(store: Store, customer: Customer, asked: Approval) -> dict[str, Any]:
    decided = {d.person for d in approvals.decisions_of(store, customer, asked.id)}
    people = sorted({p for need in asked.needs for p in need.people} - decided)
    wanted = " and ".join(
        f"{need.count} {need.role} ({', '.join(need.people)})" for need in asked.needs
    )
    says = (
        f"waits for {wanted} to decide the {asked.kind.replace('_', ' ')} "
        f"until {asked.due_at:%Y-%m-%d %H:%M} UTC: pilotage approval show {asked.id}"
    )
    return {"waits_for": asked.id, "people": people, "says": says}


def _at_work(store: Store, run: Run) -> str:
    if has_work(store, run):
        return "at work, or next in the queue of the worker"
    failed = failed_job(store, run)
    if failed is None:
        return "nobody works on it; start `pilotage worker`"
    return (
        f"the worker gave up: {failed['error']}; mend that, then "
        f"`pilotage run watch {run.id} --work` tries again"
    )
