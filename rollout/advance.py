"""hold, expand, narrow, roll back or complete; pure.

Up, only when everything is there, fresh and of exactly this candidate: a passed dry run, the passed
gate of the stage on its whole sample, its hours, a rehearsed way back, somebody who watches, and an
approval of exactly this move. Down, as soon as the stage's gate fails or a signal that was kept
crosses the bar its plan rolls back at; nothing is waited for.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Literal, NamedTuple

from policies.gates import Judgement
from rollout import ladder, milestones
from rollout.assignment import lineage
from rollout.ladder import Rung
from rollout.milestones import Line
from runs.records.approval import Approval
from runs.records.evidence import Evidence
from runs.records.record import digest_of
from runs.records.release import Move, Release

DRILL_DAYS = 14
"""A way back that was not walked for longer counts as never walked."""

CHANGED = "the dry run counts no more, its sources have changed"

Missing = Literal[
    "release",
    "policy",
    "dry_run",
    "dry_run_failed",
    "sample",
    "verdict",
    "hours",
    "drill",
    "milestones",
    "monitoring",
    "signal",
    "approval",
]
"""What can stand in the way.

release         it is held, rolled back or complete
policy          other values lead than those its evidence was measured under
dry_run         no dry run, one that does not pass now, or one of sources that have changed since;
                `dry_run_failed`: it fails
sample          the stage's sample is not whole yet
verdict         the sample is whole, and the gate does not pass it
hours           the stage has not lasted long enough
drill           the way back was not rehearsed, on this lineage, in time
milestones      before it acts for the first time: a line of the go-live checklist does not pass
monitoring      nobody watches, or not lately
signal          one of those watched has shown nothing yet, or breaches its limit
approval        nobody agreed to exactly this move
"""


class Judged(NamedTuple):
    """A piece of evidence and what its gate says of it now."""

    evidence: Evidence
    judgement: Judgement
    """Made now, by `policies.gates.judge`: a verdict that was kept may be stale."""


class Facts(NamedTuple):
    """Everything a move rests on, as it is now."""

    release: Release
    now: datetime
    """UTC."""
    policy: str
    """Digest of the values that lead; before the first stage the candidate's do not lead yet."""
    dry_run: Judged | None
    stage: Judged | None
    """None before the first stage, and until the stage's sample is whole."""
    sample: str
    """How far the sample is, in one sentence."""
    drill: Evidence | None
    monitoring: Evidence | None
    approval: Approval | None
    checklist: tuple[Line, ...] = ()
    """What stands before it acts for the first time."""
    changed: str = ""
    """Sources whose schema is not what the dry run saw, with their fields; empty when none is."""


class _Gap(NamedTuple):
    name: Missing
    says: str


def judge(facts: Facts) -> Move:
    """The one move the facts allow, and why; never upwards while anything is missing."""
    release = facts.release
    if release.status == "rolled_back":
        return _stay(facts, [_Gap("release", _gone(facts))])
    stage = facts.stage
    if stage is not None and stage.judgement.outcome == "fail" and not _unfit(facts, stage):
        return _fall(facts, stage)
    crossed = find_fall(release, facts.monitoring, facts.now)
    if crossed is not None:
        return crossed
    if release.status != "open":
        return _stay(facts, [_Gap("release", f"it is {release.status}")])
    narrower = _find_narrower(release)
    if narrower is not None:
        return narrower
    gaps = list(_gaps(facts))
    return _stay(facts, gaps) if gaps else _climb(facts)


def find_fall(release: Release, seen: Evidence | None, now: datetime) -> Move | None:
    """The way back that a signal of the present stage asks for, or None; nothing else is looked at.

    In the sandbox nothing is out that could come back.
    """
    stage = ladder.find_stage(release)
    if seen is None or stage is None or not ladder.allows(stage).acts:
        return None
    if release.status == "rolled_back" or _unwatched(release, seen) or seen.measured_at > now:
        return None
    crossed = seen.notes.get("crossed", "")
    if not crossed:
        return None
    reason = f"a signal crossed the bar at which it goes back: {crossed}"
    return Move(kind="roll_back", stage=release.stage, weight_bp=0, reason=reason)


def find_strange(release: Release, changed: str) -> Move | None:
    """The hold that `changed` sources ask for where the version acts on what they say, or None."""
    stage = ladder.find_stage(release)
    if not changed or stage is None or not ladder.allows(stage).acts:
        return None
    if release.status == "rolled_back":
        return None
    reason, missing = f"{CHANGED}: {changed}", ("dry_run",)
    where = {"stage": release.stage, "weight_bp": release.weight_bp}
    return Move(kind="hold", **where, reason=reason, missing=missing)


def find_hold(facts: Facts) -> str:
    """Why a held release would be held or rolled back again at once; empty when it would not."""
    strange = find_strange(facts.release, facts.changed)
    if strange is not None:
        return strange.reason
    serving = facts.release.model_copy(update={"status": "open"})
    seen = facts.monitoring
    if seen is not None:
        # The evidence begins again, so a past silence is over; one that lasts still ends the watch.
        seen = seen.model_copy(update={"notes": seen.notes | {"late": ""}})
    move = judge(facts._replace(release=serving, monitoring=seen))
    return move.reason if move.kind == "roll_back" or pauses(move) else ""


def waits_for_approval(move: Move) -> bool:
    """Whether only people stand in the way: ask them."""
    return move.kind == "hold" and move.missing == ("approval",)


def pauses(move: Move) -> bool:
    """Whether a hold takes new items away until a person looks; otherwise it only waits.

    A gate that does not pass on a whole sample will not by waiting; a version that acts unwatched
    shall not act. A signal that is read and breaches its limit has an owner, who decides.
    """
    missing: set[str] = set(move.missing)
    if move.kind != "hold" or move.stage < 0 or "release" in missing:
        return False
    is_unwatched = "monitoring" in missing and move.weight_bp > 0
    return is_unwatched or bool(missing & {"verdict", "dry_run_failed"})


def target(release: Release) -> Rung:
    """Where the next move upwards leads; the top itself once no stage is left."""
    return ladder.find_next(release) or ladder.top(release)


def covers(facts: Facts) -> dict[str, str]:
    """What an approval of the next move upwards has to cover, by name; it may cover more.

    Signals are not in it: they are read again and again, and watched until the very move.
    """
    release = facts.release
    named = {
        "dry_run": facts.dry_run.evidence.id if facts.dry_run else "",
        "evidence": facts.stage.evidence.id if facts.stage else "",
        "drill": facts.drill.id if facts.drill else "",
    }
    if milestones.is_asked(release):
        lines = {line.name: line.evidence for line in facts.checklist}
        named |= {name: lines.get(name, "") for name in ("contract", "faults", "alerts")}
    return exact(release, target(release)) | {
        "plan": release.plan,
        "incumbent": release.incumbent,
        "from": ladder.place(release),
        **{name: id for name, id in named.items() if id},
    }


def exact(release: Release, rung: Rung) -> dict[str, str]:
    """The part of `covers` that says which candidate goes where."""
    return {
        "release": release.id,
        "version": release.version,
        "policy": release.policy,
        "stage": release.stages[rung.stage].name,
        "weight_bp": str(rung.weight_bp),
    }


def _climb(facts: Facts) -> Move:
    release, rung = facts.release, target(facts.release)
    name, share = release.stages[rung.stage].name, f"{rung.weight_bp / 100:g} %"
    if ladder.find_next(release) is None:
        return Move(kind="complete", **rung._asdict(), reason=f"{name} passed: {share} from now on")
    kind = "enter" if release.stage < 0 else "expand"
    return Move(kind=kind, **rung._asdict(), reason=f"all is there for {name} at {share}")


def _fall(facts: Facts, stage: Judged) -> Move:
    """What failed goes all the way back; in the sandbox nothing is out that could come back."""
    release, reason = facts.release, f"the stage's gate fails: {stage.judgement.reason}"
    if not ladder.allows(release.stages[release.stage]).acts:
        return _stay(facts, [_Gap("verdict", reason)])
    return Move(kind="roll_back", stage=release.stage, weight_bp=0, reason=reason)


def _find_narrower(release: Release) -> Move | None:
    stage = ladder.find_stage(release)
    most = ladder.allows(stage).weight_bp if stage else 0
    if release.weight_bp <= most:
        return None
    reason = f"it serves {release.weight_bp} bp where its stage allows {most}"
    return Move(kind="narrow", stage=release.stage, weight_bp=most, reason=reason)


def _stay(facts: Facts, gaps: list[_Gap]) -> Move:
    # Nobody is asked for a move that something else forbids: that is no reason of its own.
    told = [gap for gap in gaps if gap.name != "approval"] or gaps
    return Move(
        kind="hold",
        stage=facts.release.stage,
        weight_bp=facts.release.weight_bp,
        reason="; ".join(gap.says for gap in told),
        missing=tuple(gap.name for gap in gaps),
    )


def _gaps(facts: Facts) -> Iterator[_Gap]:
    release = facts.release
    if release.stage >= 0 and facts.policy != release.policy:
        yield _Gap("policy", "other policy values lead than those it was measured under")
    yield from _dry_run_gaps(facts)
    if release.stage >= 0:
        yield from _stage_gaps(facts)
        drill = _drill_gap(facts)
        if drill:
            yield _Gap("drill", drill)
        lacking = milestones.find_gap(facts.checklist) if milestones.is_asked(release) else ""
        if lacking:
            yield _Gap("milestones", f"it may not act yet: {lacking}")
    monitoring = _monitoring_gap(facts)
    if monitoring:
        yield _Gap("monitoring", monitoring)
    signal = _signal_gap(facts)
    if signal:
        yield _Gap("signal", signal)
    approval = _approval_gap(facts)
    if approval:
        yield _Gap("approval", approval)


def _dry_run_gaps(facts: Facts) -> Iterator[_Gap]:
    dry_run = facts.dry_run
    if dry_run is None or dry_run.evidence.kind not in ("dry_run", "holdout"):
        yield _Gap("dry_run", "there is no dry run")
    elif not _is_of(facts.release, dry_run.evidence):
        yield _Gap("dry_run", "the dry run was of another candidate")
    elif dry_run.judgement.outcome != "pass":
        name = "dry_run_failed" if dry_run.judgement.outcome == "fail" else "dry_run"
        outcome, reason = dry_run.judgement.outcome, dry_run.judgement.reason
        yield _Gap(name, f"the dry run is {outcome}: {reason}")
    elif facts.changed:
        yield _Gap("dry_run", f"{CHANGED}: {facts.changed}")


def _stage_gaps(facts: Facts) -> Iterator[_Gap]:
    release, stage = facts.release, facts.stage
    says = facts.sample or "the stage was not measured"
    if stage is not None:
        says = _unfit(facts, stage)
    if says:
        yield _Gap("sample", says)
    elif stage is not None and stage.judgement.outcome != "pass":
        outcome, reason = stage.judgement.outcome, stage.judgement.reason
        yield _Gap("verdict", f"the stage's gate is {outcome}: {reason}")
    hours = timedelta(hours=release.stages[release.stage].min_hours)
    if release.entered_at is None or facts.now - release.entered_at < hours:
        yield _Gap("hours", f"the stage lasts at least {hours / timedelta(hours=1):g} hours")


def _unfit(facts: Facts, stage: Judged) -> str:
    """Why the evidence is not of the stage the release stands on; empty when it is."""
    release, evidence = facts.release, stage.evidence
    if release.stage < 0 or release.entered_at is None:
        return "it stands on no stage yet"
    if evidence.kind != "stage" or evidence.subject != ladder.subject(release):
        return "the evidence is of another stage"
    if not _is_of(release, evidence):
        return "the evidence is of another candidate"
    is_of_now = release.entered_at <= evidence.measured_at <= facts.now
    return "" if is_of_now else "the evidence was measured before the stage began"


def _is_of(release: Release, evidence: Evidence) -> bool:
    return (evidence.version, evidence.policy) == (release.version, release.policy)


def _drill_gap(facts: Facts) -> str:
    drill, now, release = facts.drill, facts.now, facts.release
    if drill is None or drill.kind != "drill":
        return "the way back was never rehearsed"
    if drill.subject != lineage(release.salt) or drill.notes.get("incumbent") != release.incumbent:
        return "the rehearsed way back was another one"
    if drill.notes.get("outcome") != "pass":
        return "the last rehearsal of the way back failed"
    age = now - drill.measured_at
    if not timedelta(0) <= age <= timedelta(days=DRILL_DAYS) or _is_over(drill, now):
        return f"the rehearsal of {drill.measured_at:%Y-%m-%d %H:%M} counts no more"
    return ""


def _monitoring_gap(facts: Facts) -> str:
    seen, now, release = facts.monitoring, facts.now, facts.release
    if seen is None:
        return "nobody says that it is watched"
    if _unwatched(release, seen):
        return _unwatched(release, seen)
    if seen.measured_at > now or _is_over(seen, now):
        return f"the last sign of life of its watch is from {seen.measured_at:%Y-%m-%d %H:%M}"
    lacking = [
        f"{name}: {seen.notes.get(name, '?')}" for name in WATCHED if seen.notes.get(name, "?")
    ]
    return "the watch has gaps (" + ", ".join(lacking) + ")" if lacking else ""


def _unwatched(release: Release, seen: Evidence) -> str:
    """Why the evidence is not of the watch over this candidate and stage; empty when it is."""
    if seen.kind != "monitoring":
        return "nobody says that it is watched"
    is_here = _is_of(release, seen) and seen.subject == ladder.subject(release)
    return "" if is_here else "what is watched is another candidate or stage"


def _signal_gap(facts: Facts) -> str:
    """What was read and stands in the way; without a watch that gap is told instead."""
    seen = facts.monitoring
    if seen is None or _unwatched(facts.release, seen):
        return ""
    found = {says: seen.notes.get(name, "?") for name, says in READ.items()}
    return "; ".join(f"{says}: {what}" for says, what in found.items() if what)


def _gone(facts: Facts) -> str:
    """A release that was rolled back serves nothing; what was breached then is told with it."""
    says = "it was rolled back and serves nothing"
    breached = facts.monitoring.notes.get("breached", "") if facts.monitoring else ""
    return f"{says}; {READ['breached']}: {breached}" if breached else says


WATCHED = ("late", "unowned")
"""Notes of monitoring evidence that must be there and empty: somebody watches."""
READ = {
    "unread": "a signal has shown nothing yet",
    "breached": "a signal breaches its limit",
}
"""Notes that must be there and empty as well: what is watched is well."""


def _approval_gap(facts: Facts) -> str:
    approval = facts.approval
    if approval is None or approval.kind != "stage":
        return "nobody was asked"
    is_whole = approval.subject == digest_of(approval.covers)
    if not (is_whole and covers(facts).items() <= approval.covers.items()):
        return f"approval {approval.id} is about something else than this move"
    return "" if approval.status == "approved" else f"approval {approval.id} is {approval.status}"


def _is_over(evidence: Evidence, now: datetime) -> bool:
    return evidence.expires_at is None or evidence.expires_at <= now
