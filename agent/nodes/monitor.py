"""wait for signals and say what they mean."""

from datetime import datetime, timedelta

from langgraph.types import interrupt

from agent.deps import Deps
from agent.loop import find_cancellation, measured
from agent.state import State, Update
from policies import gates
from policies.gates import Judgement
from rollout import ladder, watch
from rollout.signals import StageEvidence, measure
from runs.plan import PlanRecord
from runs.records.evidence import Evidence, Verdict
from runs.records.person import Customer
from runs.records.release import Release
from runs.records.version import PolicyValues


def monitor(state: State, deps: Deps) -> Update:
    """Wait until the stage can be judged, then keep what its signals show and its sample proves.

    Runs again from its first line on every resume, and writes nothing before it waits. What the
    resume carries is ignored.
    """
    customer = deps.customer(state)
    if find_cancellation(deps.store, customer, state.run):
        return {"verdict": "none"}
    release = deps.store.releases.get(customer, state.release)
    now = deps.store.clock.now()
    # Before measuring: what changes meanwhile must wake the run again.
    mark = measured(deps.store, customer, release)
    seen = measure(deps.store, customer, release=release, now=now, is_early=True)
    if _waits(deps, customer, release, seen, now=now):
        interrupt({"release_id": release.id, "measured": mark})
        return {"verdict": ""}
    watch.keep(deps.store, customer, f"run:{state.run}", release=release, read=seen.signals)
    if seen.evidence is None:
        return {"verdict": "none"}
    return {"verdict": _verdict(state, deps, release, seen.evidence).id}


def after_monitor(state: State, deps: Deps) -> str:
    """To judge the move once something was kept; to wait again after a mere wake-up."""
    return "judge" if state.verdict else "wait"


def _waits(
    deps: Deps, customer: Customer, release: Release, seen: StageEvidence, *, now: datetime
) -> bool:
    """True while the stage cannot be judged, unless a signal asks to take the release back.

    Where the gate passes, the signals must have shown something and keep their limits too: more
    items may mend that. Where it does not, nothing mends it. A release that a person paused waits
    for a person, or to fail.
    """
    stage = ladder.find_stage(release)
    if release.status not in ("open", "held") or stage is None:
        return False
    plan = deps.store.get(customer, PlanRecord, release.plan).plan
    told = watch.standings(plan, {signal.name: signal for signal in seen.signals})
    if ladder.allows(stage).acts and any(one.find_crossed() for one in told):
        return False
    began = release.entered_at or release.opened_at
    if seen.evidence is None or now - began < timedelta(hours=stage.min_hours):
        return True
    outcome = _judge(deps, customer, release, seen.evidence).outcome
    if release.status == "held":
        return outcome != "fail"
    return outcome == "pass" and any(one.is_unread or one.is_breached for one in told)


def _judge(deps: Deps, customer: Customer, release: Release, evidence: Evidence) -> Judgement:
    """What the stage's gate says of its whole sample; keeps nothing."""
    stage = ladder.find_stage(release)
    assert stage is not None
    return gates.judge(
        evidence,
        deps.store.get(customer, PolicyValues, release.policy).gates.get(ladder.allows(stage).gate),
        version=release.version,
        policy=release.policy,
        now=evidence.measured_at,
    )


def _verdict(state: State, deps: Deps, release: Release, evidence: Evidence) -> Verdict:
    """The stage's gate on its whole sample, judged once."""
    known = _find_kept(state, deps, evidence)
    if known is not None:
        return known
    deps.keep(state, evidence)
    judged = _judge(deps, deps.customer(state), release, evidence)
    verdict = Verdict(
        id=f"{evidence.id}.verdict",
        run=state.run,
        gate=f"stage {release.stages[release.stage].name}",
        evidence=evidence.id,
        policy=release.policy,
        outcome=judged.outcome,
        reason=judged.reason,
        bars=judged.bars,
        judged_at=evidence.measured_at,
    )
    deps.keep(state, verdict)
    return verdict


def _find_kept(state: State, deps: Deps, evidence: Evidence) -> Verdict | None:
    """The verdict an earlier attempt kept on the very same sample, while it counts."""
    customer = deps.customer(state)
    for kept in deps.store.of_run(customer, Evidence, state.run):
        is_same = (kept.subject, kept.notes) == (evidence.subject, evidence.notes)
        counts = kept.expires_at is None or kept.expires_at > evidence.measured_at
        if (
            is_same
            and counts
            and (kept.version, kept.policy) == (evidence.version, evidence.policy)
        ):
            return deps.store.find(customer, Verdict, f"{kept.id}.verdict")
    return None
