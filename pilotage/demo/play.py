"""Two priorities of the sample's customer, each taken to its end by a worker in this process."""

import time
from collections.abc import Callable
from typing import NamedTuple

from agent.loop import TriggerDraft, start
from pilotage.demo.cast import Cast
from pilotage.demo.stage import Stage, import_cases, lay_policy
from pilotage.worker import Worker, working
from runs.errors import Unavailable
from runs.records.run import Run
from workflow.samples.support_triage import customer as sample
from workflow.samples.support_triage.simulator import Simulator
from workflow.samples.support_triage.world import Desk

REQUESTER = "delivery_engineer"
LIVE_SEED = 1_000_003
"""Added to the seed of the cases: live tickets are other ones, of other families."""

Tell = Callable[[str], None]
"""Says in one line what is going on."""


class Priority(NamedTuple):
    """One thing the customer wants, and the files that come with it."""

    desk: Desk
    workflow: str
    title: str
    text: str
    plan: str
    policy: str
    live_families: int


FIRST = Priority(
    "customers",
    "support_triage",
    "Bring every customer ticket to the right queue within a minute",
    "Two people sort all day, and in the season tickets wait five hours before anybody reads them.",
    "plan.yaml",
    "policy.yaml",
    2_400,
)
SECOND = Priority(
    "partners",
    "partner_triage",
    "Do the same for the desk of our partners",
    "The partner desk sorts by hand too; start in the shadow and reuse what was learnt.",
    "plan_second.yaml",
    "policy_second.yaml",
    600,
)


class Played(NamedTuple):
    """A run that was taken to its end, and how long that took."""

    priority: Priority
    run: Run
    seconds: float


def play(stage: Stage, priorities: tuple[Priority, ...], *, seed: int, tell: Tell) -> list[Played]:
    """Take each priority to its end, one after the other, in one worker."""
    played = []
    with working(stage.wired) as worker:
        for priority in priorities:
            began = time.monotonic()
            run = _begin(stage, priority, seed=seed, tell=tell)
            live = Simulator(seed + LIVE_SEED, families=priority.live_families, desk=priority.desk)
            rules = stage.wired.decision_rules(stage.customer)
            cast = Cast(stage, live, priority.workflow, rules)
            run = _to_the_end(stage, cast, run, worker=worker, tell=tell)
            played.append(Played(priority, run, time.monotonic() - began))
    return played


def _begin(stage: Stage, priority: Priority, *, seed: int, tell: Tell) -> Run:
    dataset = import_cases(stage, priority.desk, seed=seed, name=priority.workflow)
    lay_policy(stage, priority.policy, priority.workflow)
    counts = ", ".join(f"{n} {split}" for split, n in sorted(dataset.counts.items()) if n)
    tell(f"{priority.workflow}: {sum(dataset.counts.values())} labelled cases ({counts})")
    requester = stage.holder_of(REQUESTER)
    draft = TriggerDraft(
        kind="priority",
        title=priority.title,
        text=priority.text,
        key=f"demo-{priority.workflow}-{seed}",
        plan=sample.document(priority.plan),
    )
    return start(
        stage.wired.store, stage.customer, requester.person, draft, stage.wired.trigger_terms()
    )


def _to_the_end(stage: Stage, cast: Cast, run: Run, *, worker: Worker, tell: Tell) -> Run:
    """Do whatever the run waits for, as people and systems would, until it has ended."""
    store, customer = stage.wired.store, stage.customer
    said = ""
    while True:
        run = store.runs.get(customer, run.id)
        if run.status == "ended":
            return run
        if not worker.has_lease:
            raise Unavailable("another worker took over this home; try again in a moment")
        if run.waits_for != said:
            said = run.waits_for
            tell(f"{run.id} waits for {said}" if said else f"{run.id} goes on")
        if not _do_something(stage, cast, run):
            time.sleep(stage.wired.settings.poll_s)


def _do_something(stage: Stage, cast: Cast, run: Run) -> bool:
    what, _, id = run.waits_for.partition(":")
    if what != "signals":
        return bool(run.waits_for) and bool(cast.decide(run))
    release = stage.wired.store.releases.get(stage.customer, id)
    if cast.has_queued(release):
        return False
    if not cast.look_at(release) and not cast.bring(release):
        cast.pass_time(release)
        return False
    return True
