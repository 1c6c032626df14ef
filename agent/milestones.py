"""what has to stand before a release acts for the first time: made here where it can be made."""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import NamedTuple

from agent.deps import Deps
from agent.reach import follow_run
from agent.standing import drill_of
from agent.state import State
from rollout import alerts, ladder, watch
from rollout.milestones import is_whole
from rollout.release.rehearsal import rehearse
from rollout.signals import measure
from rollout.watch import Standing, standings
from runs.people import add_person, find_people
from runs.plan import Plan, PlanRecord
from runs.records.evidence import Evidence, EvidenceKind, Fault
from runs.records.person import Customer
from runs.records.record import digest_of
from runs.records.release import Release, Signal
from runs.records.version import PolicyValues, Version
from runs.store.store import Store
from workflow.evaluate.bench import without_models
from workflow.evaluate.learning import to_score
from workflow.faults import models, ways
from workflow.faults.played import Drilled
from workflow.models.live import find_proof
from workflow.profile import lacking, profile

LASTS = timedelta(days=14)
"""Nothing practised counts for longer than a rehearsal of the way back does."""


def make_ready(state: State, deps: Deps, release: Release) -> None:
    """While it stands in the sandbox: reach its systems, practise faults and the way back.

    What counts still is not done again; each is kept as evidence, whatever it shows.
    """
    stage = ladder.find_stage(release)
    if release.status != "open":
        return
    follow_run(state, deps)
    if stage is None or ladder.allows(stage).acts:
        return
    now = deps.store.clock.now()
    kept = deps.store.of_run(deps.customer(state), Evidence, release.run)
    last = drill_of(kept, release)
    if last is None or not last.expires_at or last.expires_at <= now:
        rehearse(deps.store, deps.customer(state), release=release)
    plan = deps.get(state, PlanRecord, release.plan).plan
    for kind, make in MADE.items():
        present = newest(kept, release, kind)
        if present is None or not _counts(present, now, plan):
            deps.keep(state, make(state, deps, release))


def _counts(present: Evidence, now: datetime, plan: Plan) -> bool:
    """What did not pass is practised again: what stood in the way may be over."""
    is_fresh = present.expires_at is not None and present.expires_at > now
    return is_fresh and present.notes.get("outcome") == "pass" and is_whole(present, plan)


def newest(kept: Iterable[Evidence], release: Release, kind: EvidenceKind) -> Evidence | None:
    """The newest evidence of this kind about exactly the release's candidate, or None."""
    candidate = (release.version, release.policy)
    found = (e for e in kept if e.kind == kind and (e.version, e.policy) == candidate)
    return max(found, key=lambda one: one.measured_at, default=None)


def _profile(state: State, deps: Deps, release: Release) -> Evidence:
    """The data contract against every labelled case; passed when each required field was seen."""
    customer, began = deps.customer(state), deps.seconds()
    version = deps.get(state, Version, release.version)
    cases = deps.store.cases.read(customer, version.routes[0].dataset)
    found = profile(version.contract, [case.input for case in cases])
    gone = lacking(version.contract, found)
    notes = {
        "outcome": "fail" if gone or not cases else "pass",
        "lacking": ", ".join(gone),
        "cases": str(len(cases)),
        "gaps": str(sum(len(one.gaps) for one in found)),
    }
    took = deps.seconds() - began
    made = _evidence(state, deps, release, kind="contract", notes=notes, seconds=took)
    return made.model_copy(update={"fields": found})


def _practise_faults(state: State, deps: Deps, release: Release) -> Evidence:
    """Every fault on purpose, dead models among them; passed when each item ended as it may."""
    customer, practice = deps.customer(state), deps.practice
    began = deps.seconds()
    drilled = Drilled(
        version=deps.store.get(customer, Version, release.version),
        policy=deps.store.get(customer, PolicyValues, release.policy),
        release=release,
        router=practice.router,
        terms=practice.terms,
        person=lambda whose, wanted: practice.person(customer, wanted),
        budget=practice.budget,
    )
    with practice.scratch(customer) as (store, whose):
        store.keep(whose, "worker", deps.get(state, PlanRecord, release.plan))
        found = ways.practise(store, whose, drilled)
    unanswered = ways.lacking(found)
    dead = _practise_models(state, deps, drilled) if drilled.version.models else NO_MODELS
    names = " ".join(one.name for one in unanswered)
    notes = {
        "outcome": "fail" if names or dead.wrong or not found else "pass",
        "faults": str(len(found) + len(dead.found)),
        "lacking": "; ".join(filter(None, (names, *dead.wrong))),
        **dead.notes,
    }
    made = _evidence(
        state, deps, release, kind="faults", notes=notes, seconds=deps.seconds() - began
    )
    return made.model_copy(update={"faults": (*found, *dead.found)})


class _Dead(NamedTuple):
    """What became of items whose models were dead."""

    found: tuple[Fault, ...]
    wrong: tuple[str, ...]
    notes: dict[str, str]


NO_MODELS = _Dead((), (), {})


def _practise_models(state: State, deps: Deps, drilled: Drilled) -> _Dead:
    """Every model of the version dead, for a few labelled cases; each counted as a fallback."""
    customer, version, store = deps.customer(state), drilled.version, deps.store
    plain, bench = without_models(version), deps.bench(customer)
    labelled = to_score(plain, store.cases.read(customer, version.routes[0].dataset, "dev"))
    proof = find_proof(store, customer, version.digest, drilled.policy.digest)
    dead = models.Dead(drilled, bench.answer, bench.seen(plain, labelled), proof)
    there = [one for one in find_people(store, customer) if not one.is_disabled]
    with deps.practice.scratch(customer) as (scratch, whose):
        scratch.keep(whose, "worker", deps.get(state, PlanRecord, drilled.release.plan))
        for person in there:
            add_person(scratch, whose, "worker", person)
        found = models.practise(scratch, whose, dead)
        counted = _counted(scratch, whose)
    wrong = models.find_wrong(found)
    if counted != (len(found), len(found)):
        told = f"{counted[0]} of {counted[1]}, where {len(found)} items were without a model"
        wrong = (*wrong, f"fallback: the signal counts {told}: take it to who runs Pilotage")
    cases = {one.case for one in found}
    says = f"faults and dead models ({len(found)} items of {len(cases)} cases) ended as they may"
    return _Dead(found, wrong, {"models": says, "fallback": f"{counted[0]} of {counted[1]}"})


def _counted(store: Store, customer: Customer) -> tuple[int, int]:
    """What the signal `fallback` counts in a record that has one release, and of how many."""
    [release] = store.releases.list(customer)
    now = store.clock.now()
    read = measure(store, customer, release=release, now=now, is_early=True).signals
    return next((one.events, one.total) for one in read if one.name == "fallback")


def _practise_alerts(state: State, deps: Deps, release: Release) -> Evidence:
    """A breach of everything the plan asks for, made on purpose and told as a real one is.

    It is kept in a record of its own and goes from there the way that the worker's look goes.
    Passed when each owner was left a notice.
    """
    customer, began = deps.customer(state), deps.seconds()
    plan, now = deps.get(state, PlanRecord, release.plan), deps.store.clock.now()
    asked = [one for one in standings(plan.plan, {}) if one.is_planned]
    there = [one for one in find_people(deps.store, customer) if not one.is_disabled]
    with deps.practice.scratch(customer) as (scratch, whose):
        scratch.keep(whose, "worker", plan)
        scratch.releases.open(whose, "worker", release)
        for person in there:
            add_person(scratch, whose, "worker", person)
        read = [_breach(one, release, now) for one in asked]
        watch.keep(scratch, whose, "worker", release=release, read=read)
        place = alerts.Place(scratch, whose, deps.practice.notices(customer), drill="drill")
        left = {one.signal: one for one in alerts.tell_breaches(place, release, now)}
    told = {name: f"{one.to} {digest_of(one.receipt)}" for name, one in left.items()}
    untold = [f"{one.name} {one.owner}" for one in asked if not _is_told(one, left.get(one.name))]
    notes = told | {"outcome": "fail" if untold or not left else "pass"}
    notes |= {"lacking": ", ".join(untold)}
    took = deps.seconds() - began
    return _evidence(state, deps, release, kind="alert_drill", notes=notes, seconds=took)


def _is_told(asked: Standing, notice: alerts.Notice | None) -> bool:
    """Whether the owner was, and nobody in their place."""
    return notice is not None and notice.to == asked.owner


def _breach(asked: Standing, release: Release, now: datetime) -> Signal:
    """A reading beyond the limit and every ceiling."""
    limit = asked.limit
    least = max([one.min_items for one in asked.ceilings], default=1)
    total = max(least, limit.min_items if limit else 1)
    events = 0 if limit is not None and limit.direction == "at_least" else total
    return Signal(
        release=release.id,
        stage=release.stage,
        name=asked.name,
        value=str(events / total),
        low=None,
        high=None,
        events=events,
        total=total,
        owner=asked.owner,
        since=release.entered_at or release.opened_at,
        until=now,
        figures={one.figure: str(one.most + 1) for one in asked.ceilings},
    )


def _evidence(
    state: State,
    deps: Deps,
    release: Release,
    *,
    kind: EvidenceKind,
    notes: dict[str, str],
    seconds: float,
) -> Evidence:
    now = deps.store.clock.now()
    policy = deps.get(state, PolicyValues, release.policy)
    lasts = min(timedelta(hours=policy.evidence_hours.get("drill", 0)), LASTS)
    named = digest_of([release.id, release.version, release.policy, now.isoformat()])
    return Evidence(
        id=f"{release.id}.{kind}.{named[7:19]}",
        run=release.run,
        kind=kind,
        version=release.version,
        policy=release.policy,
        subject=release.id,
        seconds=f"{seconds:.3f}",
        notes=notes,
        measured_at=now,
        expires_at=now + lasts,
    )


MADE: dict[EvidenceKind, Callable[[State, Deps, Release], Evidence]] = {
    "contract": _profile,
    "faults": _practise_faults,
    "alert_drill": _practise_alerts,
}
"""What is practised in the sandbox, by the evidence it leaves."""
