"""Facts of a release on its climb, whole unless a test takes something away."""

from datetime import timedelta
from typing import Any

from policies.gates import Judgement
from rollout import ladder
from rollout.advance import Facts, Judged, covers
from rollout.assignment import lineage
from rollout.milestones import SAYS, Line
from runs.records.evidence import Evidence, VerdictKind
from runs.records.record import digest_of
from runs.records.release import Release
from tests import builders
from tests.builders import NOW

LATER = NOW + timedelta(days=8)
OTHER = digest_of("other")
WEIGHTS = {-1: 0, 0: 0, 1: 500, 2: 5_000, 3: 9_500}


def climber(stage: int, **changed: Any) -> Release:
    """A release on this stage, for longer than any stage lasts."""
    return builders.release(stage=stage, weight_bp=WEIGHTS[stage], **changed)


def said(evidence: Evidence, outcome: VerdictKind = "pass") -> Judged:
    """Evidence and its gate's answer."""
    return Judged(evidence, Judgement(outcome, f"it is a {outcome}", ()))


def dry_run(release: Release, outcome: VerdictKind = "pass", **changed: Any) -> Judged:
    """The look at the holdout."""
    told = {"kind": "holdout", "version": release.version, "policy": release.policy}
    return said(builders.evidence(**told | changed), outcome)


def live(release: Release, outcome: VerdictKind = "pass", **changed: Any) -> Judged:
    """The stage's whole sample."""
    told = {"id": "stage-1", "kind": "stage", "split": "live", "subject": ladder.subject(release)}
    told |= {"version": release.version, "policy": release.policy, "measured_at": LATER}
    return said(builders.evidence(**told | changed), outcome)


def drill(release: Release, outcome: str = "pass", **changed: Any) -> Evidence:
    """Yesterday's rehearsal."""
    notes = {"outcome": outcome, "incumbent": changed.pop("incumbent", release.incumbent)}
    told = {"id": "drill-1", "kind": "drill", "subject": lineage(release.salt), "notes": notes}
    at = changed.pop("at", LATER - timedelta(days=1))
    return builders.evidence(**told | {"measured_at": at} | changed)


def watched(release: Release, **changed: Any) -> Evidence:
    """A watch without gaps."""
    fine = dict.fromkeys(("unread", "late", "unowned", "breached", "crossed"), "")
    notes = fine | changed.pop("notes", {})
    told = {"id": "watch-1", "kind": "monitoring", "subject": ladder.subject(release)}
    told |= {"notes": notes, "measured_at": LATER, "expires_at": LATER + timedelta(hours=1)}
    return builders.evidence(**told | changed)


def noted(release: Release, notes: dict[str, str]) -> Evidence:
    """A watch that found something."""
    return watched(release, notes=notes)


def facts(at: Release, **changed: Any) -> Facts:
    """Everything is there, and exactly this was approved."""
    whole = Facts(
        release=at,
        now=LATER,
        policy=at.policy,
        dry_run=dry_run(at),
        stage=live(at) if at.stage >= 0 else None,
        sample="5 of 6 sampled items are answered or overdue",
        drill=drill(at),
        monitoring=watched(at),
        checklist=every_line(),
        approval=None,
    )
    approval = changed.pop("approval", {})
    whole = whole._replace(**changed)
    if approval is None:
        return whole
    return whole._replace(approval=approved(whole, **approval))


def every_line() -> tuple[Line, ...]:
    """Every line of the checklist passes."""
    return tuple(Line(name, "pass", f"{name}-1", 1.0, says, "ana") for name, says in SAYS.items())


def approved(whole: Facts, **changed: Any) -> Any:
    """The approval of what the facts lead to; `more` it covers besides."""
    named = covers(whole) | changed.pop("more", {})
    told = {"kind": "stage", "status": "approved", "covers": named}
    return builders.approval(**told | changed)
