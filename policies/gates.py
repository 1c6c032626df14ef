"""is this evidence good enough.

A gate has two bars, each judged by a one-sided exact bound and never by a point value:

A  wrong_auto   the upper bound of the share that acted alone and was wrong is at most the maximum
B  coverage     the lower bound of the share that was right alone or rightly reviewed is at least
                the minimum

Shares are of everything that was tried: families on a dataset, items where the evidence is live.
An error counts as a failure in both. Sending everything to review passes A and fails B.
"""

from datetime import datetime
from typing import Literal, NamedTuple

from policies import intervals
from runs.errors import InvalidInput
from runs.records.evidence import Bar, Evidence, OutcomeTable, Settle, VerdictKind
from runs.records.version import GateValues

ERRORS_MAX = 0.05
"""Share of errors above which it is the infrastructure that was measured (spec 1.3)."""
UNLABELLED_MAX = 0.05
"""Share of the sample without a person's answer above which nothing is judged (spec 2.1)."""
NEXT = (50, 100, 200)
"""For so many further cases an inconclusive bar says how many may fail."""
MEASURES = ("dry_run", "holdout", "stage")
"""Kinds of evidence that hold answers."""
WORST_FIRST: tuple[VerdictKind, ...] = ("error", "fail", "inconclusive", "pass")
TOLD = {"wrong_auto": ("wrong alone:", "at most"), "coverage": ("covered:", "at least")}


class Judgement(NamedTuple):
    """A gate's answer, before it is given an id and kept as a Verdict."""

    outcome: VerdictKind
    reason: str
    """One sentence that a reviewer can read."""
    bars: tuple[Bar, ...]


class _Counted(NamedTuple):
    """How often something was seen, and the bounds of its share."""

    events: int
    low: float
    high: float


class _Bars(NamedTuple):
    """What both bars share."""

    table: OutcomeTable
    gate: GateValues
    confidence: float
    hold: str
    """Why the figures do not decide; empty when they do."""


def judge(
    evidence: Evidence | None,
    gate: GateValues | None,
    *,
    version: str,
    policy: str,
    now: datetime,
    looks: int = 1,
) -> Judgement:
    """Pass only what fresh, whole evidence of exactly this version and policy proves.

    Missing, stale, thin or other evidence, and a gate that does not exist, are inconclusive;
    counts that cannot be are an error. `looks` is how many looks the confidence is shared among
    (Bonferroni, spec 2.1); `now` is UTC. InvalidInput when `looks` is below 1.
    """
    if gate is None:
        return _of(_plain("subject", "the policy has no gate for this, so nothing can pass it"))
    if evidence is None:
        return _of(_plain("subject", "no evidence has been recorded"))
    stop = _unfit(evidence, version, policy) or _stale(evidence, now)
    if stop is not None:
        return _of(stop)
    table = evidence.items if evidence.split == "live" else evidence.families
    if min(table.model_dump().values()) < 0 or evidence.unlabelled < 0:
        reason = "the evidence counts less than nothing; measure again"
        return _of(_plain("subject", reason, "error"))
    errors = _errors(table)
    confidence = shared_confidence(gate.confidence, looks)
    bars = _Bars(table, gate, confidence, _why_hold(evidence, table, gate, errors))
    return _of(_wrong_auto(bars), _coverage(bars), errors)


def wrong_alone(table: OutcomeTable, gate: GateValues | None, looks: int = 1) -> VerdictKind:
    """The bar of what acted alone and was wrong, by itself; as `judge`, inconclusive if thin."""
    if gate is None:
        return "inconclusive"
    hold = _why_thin(table, gate, _errors(table))
    bars = _Bars(table, gate, shared_confidence(gate.confidence, looks), hold)
    return _wrong_auto(bars).outcome


def shared_confidence(confidence: float, looks: int) -> float:
    """The confidence each of `looks` looks must have so that all together keep `confidence`."""
    if looks < 1:
        raise InvalidInput(f"{looks} looks: name at least one")
    return 1 - (1 - confidence) / looks


def _unfit(evidence: Evidence, version: str, policy: str) -> Bar | None:
    if evidence.kind not in MEASURES:
        reason = f"evidence of kind {evidence.kind} holds no answers to judge"
    elif evidence.version != version:
        reason = "the evidence is of another version"
    elif evidence.policy != policy:
        reason = "the evidence was measured under other policy values"
    elif evidence.models is not None and evidence.models.is_script:
        reason = "a script answered in a model's place, which says nothing of a model"
    elif evidence.models is not None and evidence.models.lost_share > ERRORS_MAX:
        lost, asked = evidence.models.lost, evidence.models.asked
        reason = (
            f"infrastructure: of {asked} cases a model was asked about {lost} had a route that was "
            f"silent, refused us, was over budget or not there, more than {ERRORS_MAX:.0%}"
        )
    else:
        return None
    return _plain("subject", reason)


def _stale(evidence: Evidence, now: datetime) -> Bar | None:
    if evidence.expires_at is None:
        reason = "the evidence does not say until when it holds"
    elif evidence.measured_at > now:
        reason = f"the evidence was measured later than now: {evidence.measured_at:%Y-%m-%d %H:%M}"
    elif evidence.expires_at <= now:
        reason = f"the evidence expired at {evidence.expires_at:%Y-%m-%d %H:%M} UTC"
    else:
        return None
    return _plain("freshness", reason)


def _why_hold(evidence: Evidence, table: OutcomeTable, gate: GateValues, errors: Bar) -> str:
    sample = table.total + evidence.unlabelled
    if thin := _why_thin(table, gate, errors):
        return thin
    if evidence.unlabelled > UNLABELLED_MAX * sample:
        return (
            f"{evidence.unlabelled} of {sample} sampled items have no person's answer, "
            f"more than {UNLABELLED_MAX:.0%}"
        )
    return ""


def _why_thin(table: OutcomeTable, gate: GateValues, errors: Bar) -> str:
    if errors.outcome != "pass":
        return errors.reason
    if table.total < gate.min_cases:
        return f"{table.total} of {gate.min_cases} cases are there"
    return ""


def _errors(table: OutcomeTable) -> Bar:
    share = table.error / table.total if table.total else 0.0
    is_broken = share > ERRORS_MAX
    reason = f"{table.error} of {table.total} raised an error"
    if is_broken:
        reason = f"infrastructure: {reason}, more than {ERRORS_MAX:.0%}"
    return Bar(
        name="errors",
        outcome="inconclusive" if is_broken else "pass",
        reason=reason,
        events=table.error,
        total=table.total,
        low=share,
        high=share,
        threshold=ERRORS_MAX,
    )


def _wrong_auto(bars: _Bars) -> Bar:
    counted = _counted(bars, bars.table.wrong_auto + bars.table.error)
    limit = bars.gate.wrong_auto_max
    return _bar(
        bars,
        counted,
        name="wrong_auto",
        verdict=_verdict(is_pass=counted.high <= limit, is_fail=counted.low > limit),
        threshold=limit,
    )


def _coverage(bars: _Bars) -> Bar:
    counted = _counted(bars, bars.table.covered)
    floor = bars.gate.coverage_min
    return _bar(
        bars,
        counted,
        name="coverage",
        verdict=_verdict(is_pass=counted.low >= floor, is_fail=counted.high < floor),
        threshold=floor,
    )


def _counted(bars: _Bars, events: int) -> _Counted:
    n, c = bars.table.total, bars.confidence
    return _Counted(events, intervals.lower(events, n, c), intervals.upper(events, n, c))


def _verdict(*, is_pass: bool, is_fail: bool) -> VerdictKind:
    if is_pass:
        return "pass"
    return "fail" if is_fail else "inconclusive"


def _bar(
    bars: _Bars,
    counted: _Counted,
    *,
    name: Literal["wrong_auto", "coverage"],
    verdict: VerdictKind,
    threshold: float,
) -> Bar:
    outcome = "inconclusive" if bars.hold else verdict
    told = (
        f"{TOLD[name][0]} {counted.events} of {bars.table.total}, between {counted.low:.1%} and "
        f"{counted.high:.1%}; {TOLD[name][1]} {threshold:.1%} is asked"
    )
    return Bar(
        name=name,
        outcome=outcome,
        reason=f"{bars.hold}; {told}" if bars.hold else told,
        events=counted.events,
        total=bars.table.total,
        low=counted.low,
        high=counted.high,
        threshold=threshold,
        settle=_settle(bars, counted.events, name) if outcome == "inconclusive" else None,
    )


def _settle(bars: _Bars, events: int, name: Literal["wrong_auto", "coverage"]) -> Settle | None:
    """What would settle it (spec 2.2); None where no count could: the bar has no room."""
    n, c = bars.table.total, bars.confidence
    passed, threshold = (events, bars.gate.coverage_min)
    if name == "wrong_auto":
        passed, threshold = (n - events, 1 - bars.gate.wrong_auto_max)
    if threshold >= 1:
        return None
    total = intervals.n_to_settle(passed, n, threshold, confidence=c)
    return Settle(
        failures_allowed_in_next={
            more: intervals.failures_allowed(passed, n, threshold, confidence=c, more=more)
            for more in NEXT
        },
        n_to_settle=total,
        settleable=total is not None and total - n <= bars.gate.max_review_budget,
    )


def _of(*bars: Bar) -> Judgement:
    """The worst outcome of the bars, with the reasons of those that have it."""
    outcomes = {bar.outcome for bar in bars}
    outcome: VerdictKind = next(one for one in WORST_FIRST if one in outcomes)
    reasons = dict.fromkeys(bar.reason for bar in bars if bar.outcome == outcome)
    return Judgement(outcome, "; ".join(reasons), bars)


def _plain(
    name: Literal["subject", "freshness"], reason: str, outcome: VerdictKind = "inconclusive"
) -> Bar:
    """A bar that nothing was counted for: its rate may lie anywhere."""
    return Bar(
        name=name, outcome=outcome, reason=reason, events=0, total=0, low=0, high=1, threshold=0
    )
