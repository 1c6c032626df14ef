"""whether a plan's systems can be reached now, kept as evidence."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from agent.deps import Deps
from agent.state import State
from policies.plans import who_answers
from runs.plan import Plan, PlanRecord
from runs.records.evidence import Access, Evidence
from runs.records.person import Customer
from runs.records.record import digest_of
from runs.records.release import Release
from runs.records.version import PolicyValues
from runs.store.store import Store
from workflow.access import REMEDIES, Systems, find_changes, reach

ITEMS = 50
"""So many labelled cases lend the keys of their records."""
PASSING = ("unavailable", "garbage")
"""Errors of a system that is being restarted, or of a file that is being written."""
LOOK_EVERY = timedelta(hours=1)
"""A look that was kept is made again after this time, or half of what is left of its own."""


class Candidate(NamedTuple):
    """Whose systems are looked at."""

    run: str
    plan: str
    """Digest of the plan record."""
    version: str
    policy: str


def look_at(state: State, deps: Deps) -> tuple[Access, ...]:
    """One look at every source and tool of the run's plan; changes and keeps nothing."""
    plan = deps.get(state, PlanRecord, state.plan).plan
    return look(deps.store, deps.customer(state), _systems(state, deps), plan=plan)


def look(store: Store, customer: Customer, systems: Systems, *, plan: Plan) -> tuple[Access, ...]:
    """The same for whoever has no run in hand."""
    brought = store.cases.datasets(customer, plan.dataset)
    cases = store.cases.first(customer, brought[0].digest, ITEMS) if brought else []
    items = [case.input for case in cases]
    return reach(systems, plan.context.sources, effects=plan.actions.allowed, items=items)


def keep_access(state: State, deps: Deps, *, version: str) -> Evidence:
    """Look now, and keep what was found; it counts as long as the policy says of a source."""
    whose = Candidate(state.run, state.plan, version, state.policy)
    customer = deps.customer(state)
    return _keep(deps.store, customer, _systems(state, deps), f"run:{state.run}", whose=whose)


def follow(
    store: Store, customer: Customer, systems: Systems, *, whose: Candidate, is_due: bool = False
) -> Evidence:
    """The last look that was kept, or another once that is due or, on request, in any case.

    A look that finds what the last one found is kept only when that grows old.
    """
    last, now = newest_access(store, customer, whose.run), store.clock.now()
    if last is not None and not is_due and not _is_old(last, now):
        return last
    if last is not None and not _is_old(last, now):
        plan = store.get(customer, PlanRecord, whose.plan).plan
        found = look(store, customer, systems, plan=plan)
        if _seen(found) == _seen(last.access):
            return last
    return _keep(store, customer, systems, "worker", whose=whose)


def follow_run(state: State, deps: Deps) -> Evidence:
    """Look at the run's systems before a move is judged."""
    whose = Candidate(state.run, state.plan, state.version, state.policy)
    systems, customer = _systems(state, deps), deps.customer(state)
    return follow(deps.store, customer, systems, whose=whose, is_due=True)


def newest_access(store: Store, customer: Customer, run: str) -> Evidence | None:
    """The last look at the run's systems that was kept, or None."""
    return next(iter(store.list(customer, Evidence, 1, run=run, of=("access",))), None)


def changed(kept: Sequence[Evidence], release: Release) -> str:
    """Which fields of which sources are not what the release's dry run saw; empty where none is.

    `kept`: the run's looks and proofs at least, in the order kept.
    """
    candidate = (release.version, release.policy)
    proofs = [e for e in kept if e.kind == "holdout" and (e.version, e.policy) == candidate]
    seen = [e for e in kept if e.kind == "access"]
    if not proofs or not seen:
        return ""
    measured = max(proofs, key=lambda one: one.measured_at)
    return "; ".join(one.says for one in find_changes(measured.access, seen[-1].access))


def schema_of(seen: Evidence | None) -> str:
    """One name for the schemas of all sources as they were seen."""
    rows = () if seen is None else seen.access
    return digest_of({one.name: one.fingerprint for one in rows if one.part == "source"})


def not_reached(found: Iterable[Access]) -> list[Access]:
    """Those that could not be reached."""
    return [one for one in found if not one.reached]


def may_come_back(found: Iterable[Access]) -> bool:
    """Whether everything that was not reached may be there in a moment, without anybody's help."""
    return all(one.error in PASSING for one in not_reached(found))


def told(one: Access) -> str:
    """What is wrong with one that was not reached, and the remedy."""
    error = REMEDIES.get(one.error, "it was reached")
    named = f" ({one.credential})" if one.credential else ""
    return f"{one.part} {one.name} (tool {one.tool}): {error}{named}"


def owner_of(plan: Plan, found: Iterable[Access] = ()) -> str:
    """Who answers for the first system that was not reached; the builder for the way to all."""
    return who_answers(plan, {one.tool for one in not_reached(found)})


def _systems(state: State, deps: Deps) -> Systems:
    tools = deps.actions(deps.customer(state), lambda request: "").tools
    return Systems(tools, deps.seconds)


def _keep(
    store: Store, customer: Customer, systems: Systems, actor: str, *, whose: Candidate
) -> Evidence:
    plan = store.get(customer, PlanRecord, whose.plan).plan
    policy, now = store.get(customer, PolicyValues, whose.policy), store.clock.now()
    began = systems.seconds()
    found = look(store, customer, systems, plan=plan)
    named = digest_of([whose._asdict(), now.isoformat(), [one.as_json() for one in found]])
    made = Evidence(
        id=f"{whose.run}.access.{named[7:19]}",
        run=whose.run,
        kind="access",
        version=whose.version,
        policy=whose.policy,
        subject=whose.plan,
        seconds=f"{systems.seconds() - began:.3f}",
        notes={"outcome": "fail" if not_reached(found) else "pass"},
        access=found,
        measured_at=now,
        expires_at=now + timedelta(hours=policy.evidence_hours.get("source", 0)),
    )
    store.keep(customer, actor, made, whose.run)
    return made


def _is_old(seen: Evidence, now: datetime) -> bool:
    left = (seen.expires_at or seen.measured_at) - seen.measured_at
    return now - seen.measured_at >= min(LOOK_EVERY, left / 2)


def _seen(found: Iterable[Access]) -> list[Mapping[str, Any]]:
    """Everything but how long it took and which records there were."""
    return [one.model_dump(exclude={"ms", "version", "records"}) for one in found]
