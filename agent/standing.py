"""everything a move of a release rests on, gathered as it is now."""

from collections.abc import Iterable

from agent import reach
from agent.deps import Deps
from agent.state import State, Update
from policies import bounds, gates
from rollout import ladder
from rollout.advance import Facts, Judged
from rollout.assignment import lineage
from rollout.milestones import Ground, checklist
from rollout.release import climb
from rollout.signals import count
from rollout.watch import watch
from runs import approvals
from runs.errors import InvalidInput
from runs.people import find_people
from runs.plan import PlanRecord
from runs.records.approval import Approval
from runs.records.evidence import Evidence
from runs.records.person import Customer
from runs.records.release import Release
from runs.records.version import GateValues, PolicyValues, Version


def release_of(state: State, deps: Deps) -> Release:
    """The run's release, opened with the candidate before its first stage.

    Until that stage it takes the candidate's values as they are now. Raises Conflict while another
    release of the workflow is on its way.
    """
    customer = deps.customer(state)
    candidate = climb.Candidate(state.run, state.plan, state.version, state.policy)
    if state.release:
        release = deps.store.releases.get(customer, state.release)
    else:
        release = climb.open(deps.store, customer, candidate=candidate, salt=deps.salt())
    if release.stage >= 0 or release.policy == state.policy:
        return release
    return deps.store.releases.change(
        customer,
        f"run:{state.run}",
        before=release,
        after=release.model_copy(update={"policy": state.policy}),
        event=("policy_changed", {"policy": state.policy, "before": release.policy}),
    )


def values_of(state: State, deps: Deps) -> Update:
    """The candidate's values as they are now: each that operations changed since, as they set it.

    From the first stage on the file leads alone. Values out of the version's bounds lead nothing.
    """
    customer = deps.customer(state)
    candidate = deps.get(state, PolicyValues, state.policy)
    leading = deps.leading(customer, candidate.workflow)
    if leading is None or leading.digest == state.leading:
        return {"policy": state.policy, "leading": state.leading}
    is_out = state.release and deps.store.releases.get(customer, state.release).stage >= 0
    values = leading if is_out else _rebased(state, deps, candidate, leading)
    version = deps.get(state, Version, state.version)
    try:
        bounds.check(values, version.bounds, deps.installation.bounds)
    except InvalidInput:
        return {"policy": state.policy, "leading": state.leading}
    return {"policy": deps.keep(state, values), "leading": leading.digest}


def _rebased(
    state: State, deps: Deps, candidate: PolicyValues, leading: PolicyValues
) -> PolicyValues:
    """What operations lead with now, with the fixes of the run where they changed nothing."""
    before = deps.get(state, PolicyValues, state.leading) if state.leading else None
    told = {}
    for part in ("values", "lists"):
        own, now = getattr(candidate, part), getattr(leading, part)
        then = getattr(before, part) if before else {}
        told[part] = own | {n: now[n] for n in own if n in now and now[n] != then.get(n)}
    return leading.model_copy(update=told)


def facts_of(state: State, deps: Deps, release: Release, *, approval: str = "") -> Facts:
    """What `look` finds, for whoever acts on it: what the watch is worth is kept."""
    facts = look(state, deps, release, approval=approval)
    if facts.monitoring is not None:
        deps.keep(state, facts.monitoring)
    return facts


def look(state: State, deps: Deps, release: Release, *, approval: str = "") -> Facts:
    """Evidence, judged now; the signals that were kept; the values that lead; an approval, if any.

    No signal is read here: what nobody read before was not watched. Keeps nothing.
    """
    customer = deps.customer(state)
    store, now = deps.store, deps.store.clock.now()
    watched = watch(store, customer, release=release, now=now)
    kept = store.of_run(customer, Evidence, state.run)
    active = {one.id for one in find_people(store, customer) if not one.is_disabled}
    plan = deps.get(state, PlanRecord, release.plan).plan
    ground = Ground(release, plan, kept, watched=watched, active=active, now=now)
    return Facts(
        release=release,
        now=now,
        checklist=checklist(ground),
        policy=_leading(deps, customer, release),
        dry_run=_judged(deps, customer, release, _dry_run(kept, release), "dry_run"),
        stage=_judged(deps, customer, release, _of_stage(kept, release), _gate(release)),
        sample=count(store, customer, release=release, now=now).says,
        drill=drill_of(kept, release),
        monitoring=watched,
        approval=_approval(deps, customer, approval),
        changed=reach.changed(kept, release),
    )


def drill_of(kept: Iterable[Evidence], release: Release) -> Evidence | None:
    """The newest rehearsal of the way back on the release's lineage, or None."""
    return _newest(e for e in kept if e.kind == "drill" and e.subject == lineage(release.salt))


def _leading(deps: Deps, customer: Customer, release: Release) -> str:
    """Before the first stage the candidate's own values have not led yet."""
    values = deps.leading(customer, release.workflow)
    return release.policy if release.stage < 0 or values is None else values.digest


def _dry_run(kept: list[Evidence], release: Release) -> Evidence | None:
    candidate = (release.version, release.policy)
    found = (e for e in kept if e.kind == "holdout" and (e.version, e.policy) == candidate)
    return _newest(found)


def _of_stage(kept: list[Evidence], release: Release) -> Evidence | None:
    here = ladder.subject(release)
    began = release.entered_at
    found = (
        e
        for e in kept
        if e.kind == "stage" and e.subject == here and began and e.measured_at >= began
    )
    return _newest(found)


def _newest(found: Iterable[Evidence]) -> Evidence | None:
    return max(found, key=lambda evidence: evidence.measured_at, default=None)


def _gate(release: Release) -> str:
    stage = ladder.find_stage(release)
    return ladder.allows(stage).gate if stage else "dry_run"


def _judged(
    deps: Deps, customer: Customer, release: Release, evidence: Evidence | None, gate: str
) -> Judged | None:
    if evidence is None:
        return None
    bars: GateValues | None = _bars(deps, customer, release, gate)
    judgement = gates.judge(
        evidence,
        bars,
        version=release.version,
        policy=release.policy,
        now=deps.store.clock.now(),
        looks=deps.installation.looks if evidence.kind == "holdout" else 1,
    )
    return Judged(evidence, judgement)


def _bars(deps: Deps, customer: Customer, release: Release, gate: str) -> GateValues | None:
    gates_of = deps.store.get(customer, PolicyValues, release.policy).gates
    return {str(name): bars for name, bars in gates_of.items()}.get(gate)


def _approval(deps: Deps, customer: Customer, id: str) -> Approval | None:
    return approvals.get(deps.store, customer, id) if id else None
