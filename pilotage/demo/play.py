"""The priorities of a sample's customer, each taken to its end by a worker in this process."""

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import NamedTuple

from agent.loop import RETRY, TriggerDraft, start
from pilotage.cli.turn import failed_job, is_stopped
from pilotage.demo.asking import Counted
from pilotage.demo.cast import Cast
from pilotage.demo.stage import LIVE_SEED, Stage, import_cases, lay_policy
from pilotage.worker import Worker, working
from runs.errors import InvalidInput, PilotageError, Unavailable
from runs.records.run import Run
from workflow.samples.sample import Priority

REQUESTER = "delivery_engineer"

Tell = Callable[[str], None]
"""Says in one line what is going on."""


class Played(NamedTuple):
    """A run that was taken to its end, and how long that took."""

    priority: Priority
    run: Run
    seconds: float


def play(stage: Stage, *, seed: int, tell: Tell) -> list[Played]:
    """Take each priority of the sample to its end, one after the other, in one worker."""
    played = []
    with working(stage.wired) as worker:
        for priority in stage.sample.priorities:
            began = time.monotonic()
            run = _begin(stage, priority, seed=seed, tell=tell)
            cast = cast_of(stage, priority, seed=seed)
            run = _to_the_end(stage, cast, run, worker=worker, tell=tell)
            played.append(Played(priority, run, time.monotonic() - began))
    return played


def cast_of(stage: Stage, priority: Priority, *, seed: int) -> Cast:
    """Everybody of one priority, and the live work that comes in for it."""
    live = stage.sample.reviewer(seed + LIVE_SEED, priority.workflow, priority.live_families)
    rules = stage.wired.decision_rules(stage.customer)
    return Cast(stage, live, priority.workflow, rules)


def _begin(stage: Stage, priority: Priority, *, seed: int, tell: Tell) -> Run:
    dataset = import_cases(stage, priority.workflow, seed=seed)
    lay_policy(stage, priority)
    counts = ", ".join(f"{n} {split}" for split, n in sorted(dataset.counts.items()) if n)
    tell(f"{priority.workflow}: {sum(dataset.counts.values())} labelled cases ({counts})")
    requester = stage.holder_of(REQUESTER)
    draft = TriggerDraft(
        kind="priority",
        title=priority.title,
        text=priority.text,
        key=f"demo-{priority.workflow}-{seed}",
        plan=stage.sample.documents.text(priority.plan),
    )
    return start(
        stage.wired.store, stage.customer, requester.person, draft, stage.wired.trigger_terms()
    )


def _to_the_end(stage: Stage, cast: Cast, run: Run, *, worker: Worker, tell: Tell) -> Run:
    """Do whatever the run waits for, as people and systems would, until it has ended."""
    store, customer = stage.wired.store, stage.customer
    said, counted = "", Counted(stage.wired, customer, tell)
    while True:
        counted.look()
        run = store.runs.get(customer, run.id)
        if run.status == "ended":
            return run
        if not worker.has_lease:
            raise Unavailable("another worker took over this home; try again in a moment")
        _require_way_on(stage, cast, run)
        if run.waits_for != said:
            said = run.waits_for
            tell(f"{run.id} waits for {said}" if said else f"{run.id} goes on")
        if not _do_something(stage, cast, run):
            time.sleep(stage.wired.settings.poll_s)


def _require_way_on(stage: Stage, cast: Cast, run: Run) -> None:
    """Raise what stops the run for good: a job that gave up, or no live work left for its stage."""
    store, customer = stage.wired.store, stage.customer
    failed = failed_job(store, run)
    if failed is not None and is_stopped(store, run) and not _is_outage(failed["error"]):
        raise PilotageError(
            f"run {run.id} stopped: job failed: {failed['error']}; "
            f"look with `pilotage --home {stage.wired.home.folder} run show {run.id}`"
        )
    what, _, id = run.waits_for.partition(":")
    if what != "signals":
        return
    release = store.releases.get(customer, id)
    is_same = store.runs.get(customer, run.id).waits_for == run.waits_for
    if is_same and cast.is_out_of_work(release) and not cast.has_queued(release):
        raise InvalidInput(
            f"run {run.id}: the sample has no live work left for stage {release.stage} of release "
            f"{release.id}; try another --seed"
        )


def _is_outage(error: str) -> bool:
    """What the worker tries again by itself."""
    return error.startswith(Unavailable.__name__)


def _do_something(stage: Stage, cast: Cast, run: Run) -> bool:
    what, _, id = run.waits_for.partition(":")
    if run.waits_for.startswith(RETRY):
        stage.turn(max(timedelta(0), datetime.fromisoformat(id) - stage.wired.clock.now()))
        return False
    if what != "signals":
        return bool(run.waits_for) and bool(cast.decide(run))
    release = stage.wired.store.releases.get(stage.customer, id)
    if cast.has_queued(release):
        return False
    if not cast.agree(release) and not cast.look_at(release) and not cast.bring(release):
        cast.pass_time(release)
        return False
    return True
