"""what has to stand before a release acts for the first time: made here where it can be made."""

from collections.abc import Callable
from datetime import datetime, timedelta

from agent.deps import Deps
from agent.reach import follow_run
from agent.standing import drill_of
from agent.state import State
from rollout import ladder
from rollout.release.rehearsal import rehearse
from rollout.watch import standings
from runs.people import find_people
from runs.plan import PlanRecord, SignalPlan
from runs.records.evidence import Evidence, EvidenceKind
from runs.records.record import digest_of
from runs.records.release import Release, Signal
from runs.records.version import PolicyValues, Version
from tools.notify import tell
from workflow import faults
from workflow.faults import Drilled
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
    last = drill_of(state, deps, release)
    if last is None or not last.expires_at or last.expires_at <= now:
        rehearse(deps.store, deps.customer(state), release=release)
    for kind, make in MADE.items():
        present = newest(state, deps, release, kind)
        if present is None or not present.expires_at or present.expires_at <= now:
            deps.keep(state, make(state, deps, release))


def newest(state: State, deps: Deps, release: Release, kind: EvidenceKind) -> Evidence | None:
    """The newest evidence of this kind about exactly the release's candidate, or None."""
    kept = deps.store.of_run(deps.customer(state), Evidence, release.run)
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
    """Every fault on purpose; passed when each item ends with somebody who answers for it."""
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
    with practice.scratch(customer) as scratch:
        store, whose = scratch
        plan = deps.get(state, PlanRecord, release.plan)
        store.keep(whose, "worker", plan)
        found = faults.practise(store, whose, drilled)
    unanswered = faults.lacking(found)
    notes = {
        "outcome": "fail" if unanswered or not found else "pass",
        "faults": str(len(found)),
        "lacking": " ".join(one.name for one in unanswered),
    }
    made = _evidence(
        state, deps, release, kind="faults", notes=notes, seconds=deps.seconds() - began
    )
    return made.model_copy(update={"faults": found})


def _practise_alerts(state: State, deps: Deps, release: Release) -> Evidence:
    """A breach of each planned signal made on purpose, and the notice that its owner is left."""
    customer, began = deps.customer(state), deps.seconds()
    plan = deps.get(state, PlanRecord, release.plan).plan
    notices, now = deps.practice.notices(customer), deps.store.clock.now()
    people = {one.id for one in find_people(deps.store, customer) if not one.is_disabled}
    made = {one.name: _breach(one, release, now) for one in plan.signals}
    notes, untold = {}, list[str]()
    for one in standings(plan, made):
        if not one.is_breached or one.owner not in people:
            untold.append(f"{one.name} {one.owner}")
            continue
        key = f"{release.id}:alert-drill:{one.name}:{now:%Y%m%dT%H%M%S.%f}"
        text = f"{one.says}\nThis is a drill: the breach was made on purpose, nothing is wrong.\n"
        title = f"drill: {release.workflow}: {one.name.replace('_', ' ')} breaches its limit"
        tell(notices, to=(one.owner,), title=title, text=text, key=key)
        receipt = notices.find_receipt(key)
        notes[one.name] = f"{one.owner} {digest_of(receipt)}" if receipt else ""
        if receipt is None:
            untold.append(f"{one.name} {one.owner}")
    notes |= {"outcome": "fail" if untold else "pass", "lacking": ", ".join(untold)}
    took = deps.seconds() - began
    return _evidence(state, deps, release, kind="alert_drill", notes=notes, seconds=took)


def _breach(planned: SignalPlan, release: Release, now: datetime) -> Signal:
    """A reading that breaks the limit; it is kept nowhere."""
    limit = planned.limit
    events = 0 if limit.direction == "at_least" else limit.min_items
    return Signal(
        release=release.id,
        stage=release.stage,
        name=planned.name,
        value=str(events / limit.min_items),
        low=None,
        high=None,
        events=events,
        total=limit.min_items,
        owner=planned.owner,
        since=now,
        until=now,
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
