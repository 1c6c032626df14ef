"""wait for signals and say what they mean."""

from datetime import datetime, timedelta

from langgraph.types import interrupt

from agent.deps import Deps
from agent.loop import measured
from agent.state import State, Update
from policies import gates
from rollout import ladder
from rollout.signals import StageEvidence, measure
from runs.records.evidence import Evidence, Verdict
from runs.records.release import Release
from runs.records.version import PolicyValues


def monitor(state: State, deps: Deps) -> Update:
    """Wait until the stage's sample is whole and its hours are over, then keep what it proves.

    Runs again from its first line on every resume, and writes nothing before it waits. What the
    resume carries is ignored.
    """
    customer = deps.customer(state)
    release = deps.store.releases.get(customer, state.release)
    now = deps.store.clock.now()
    # Before measuring: what changes meanwhile must wake the run again.
    mark = measured(deps.store, customer, release)
    seen = measure(deps.store, customer, release=release, now=now)
    if waits(release, seen, now):
        interrupt({"release_id": release.id, "measured": mark})
        return {"verdict": ""}
    for signal in seen.signals:
        deps.keep(state, signal)
    if seen.evidence is None:
        return {"verdict": "none"}
    return {"verdict": _verdict(state, deps, release, seen.evidence).id}


def after_monitor(state: State, deps: Deps) -> str:
    """To judge the move once something was kept; to wait again after a mere wake-up."""
    return "judge" if state.verdict else "wait"


def waits(release: Release, seen: StageEvidence, now: datetime) -> bool:
    """True while the sample is not whole or the stage too short, unless the release stopped."""
    if release.status != "open":
        return False
    stage = ladder.find_stage(release)
    hours = timedelta(hours=stage.min_hours if stage else 0)
    began = release.entered_at or release.opened_at
    return seen.evidence is None or now - began < hours


def _verdict(state: State, deps: Deps, release: Release, evidence: Evidence) -> Verdict:
    """The stage's gate on its whole sample, judged once."""
    stage = ladder.find_stage(release)
    assert stage is not None
    policy = deps.get(state, PolicyValues, release.policy)
    known = _find_kept(state, deps, evidence)
    if known is not None:
        return known
    deps.keep(state, evidence)
    judged = gates.judge(
        evidence,
        policy.gates.get(ladder.allows(stage).gate),
        version=release.version,
        policy=release.policy,
        now=evidence.measured_at,
    )
    verdict = Verdict(
        id=f"{evidence.id}.verdict",
        run=state.run,
        gate=f"stage {stage.name}",
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
