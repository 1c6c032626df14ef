"""What was measured, what it means, and which small changes were tried."""

from datetime import datetime
from typing import Any, Literal

from runs.records.case import Severity
from runs.records.record import Digest, Rate, Record

Outcome = Literal["right_auto", "right_review", "wrong_auto", "needless_review", "error"]
VerdictKind = Literal["pass", "fail", "inconclusive", "error"]


class OutcomeTable(Record):
    """Families (the unit of every gate) or live items, by outcome."""

    right_auto: int = 0
    right_review: int = 0
    wrong_auto: int = 0
    needless_review: int = 0
    error: int = 0

    @property
    def total(self) -> int:
        """Everything that was tried, errors included."""
        return (
            self.right_auto
            + self.right_review
            + self.wrong_auto
            + self.needless_review
            + self.error
        )

    @property
    def covered(self) -> int:
        """Right answers given alone and reviews that had to be."""
        return self.right_auto + self.right_review


class CaseResult(Record):
    """What one version did with one case in one epoch of one trial."""

    trial: str
    case: str
    family: str
    epoch: int
    outcome: Outcome
    label: str
    confidence: Rate
    scope: Rate
    route: Literal["act", "review", "refuse", ""]
    rule: str
    """Id of the rule that routed it; `threshold`, `scope` or `contract` otherwise."""
    failure: str
    """Key of its failure group; empty when it is right."""
    error: str = ""


class Evidence(Record):
    """What was measured: of which version under which policy, on what, how many, when."""

    id: str
    run: str
    kind: Literal["dry_run", "holdout", "stage", "drill", "monitoring"]
    version: Digest
    policy: Digest
    subject: str
    """Digest of the dataset, or `release:<id>:<stage>` for live items."""
    split: Literal["dev", "holdout", "live", ""]
    look: int
    """Which look at the holdout this was, from 1; 0 elsewhere."""
    families: OutcomeTable
    items: OutcomeTable
    segments: dict[str, OutcomeTable]
    unlabelled: int
    """Live items without a person's answer yet; never counted as right."""
    seconds: str
    """How long it took, decimal text; for a drill, the time of the way back."""
    notes: dict[str, str]
    """Named facts of a drill or a monitoring check."""
    measured_at: datetime
    expires_at: datetime | None


class Settle(Record):
    """What would settle an inconclusive verdict."""

    failures_allowed_in_next: dict[int, int]
    """For the next 50, 100 and 200 cases: the most failures that still pass; -1 when none does."""
    n_to_settle: int | None
    """Smallest total that passes with probability 0.8 at the shrunken rate; None when none does."""
    settleable: bool
    """False when it lies above the review budget."""


class Bar(Record):
    """One bar of a gate, judged."""

    name: Literal["wrong_auto", "coverage", "errors", "freshness", "subject"]
    outcome: VerdictKind
    reason: str
    events: int
    total: int
    low: Rate
    high: Rate
    threshold: Rate
    settle: Settle | None = None


class Verdict(Record):
    """A gate's answer. Any bar that fails fails it; else any that is inconclusive holds it."""

    id: str
    run: str
    gate: str
    evidence: str
    """Id of the evidence judged; empty when there was none."""
    policy: Digest
    outcome: VerdictKind
    reason: str
    bars: tuple[Bar, ...]
    judged_at: datetime


class FailureGroup(Record):
    """Failures of one trial that share step, field, code, expected and actual class."""

    key: str
    step: Literal["intake", "context", "decide", "route", "act"]
    field: str
    code: str
    expected: str
    actual: str
    cases: tuple[str, ...]
    severity: Severity
    explained: bool


class Operation(Record):
    """One RFC 6902 operation between two canonical documents."""

    op: Literal["add", "remove", "replace"]
    path: str
    value: Any = None


class Patch(Record):
    """A small change to a version or its policy values, and how small it is."""

    rank: int
    """1 value, 2 rule, 3 field, 4 example, 5 prompt, 6 model, 7 step, 8 escalate."""
    document: Literal["version", "policy", "both"]
    operations: tuple[Operation, ...]
    tokens: int
    """Inserted plus deleted."""
    says: str
    """The change in one sentence."""

    @property
    def size(self) -> tuple[int, int, int]:
        """Compared lexicographically: rank, operations, tokens."""
        return (self.rank, len(self.operations), self.tokens)


class FixTrial(Record):
    """One change tried on one failure group, accepted or not, with its reason."""

    id: str
    run: str
    group: str
    patch: Patch
    version: Digest
    policy: Digest
    repaired: int
    broken: int
    critical_broken: int
    gain: int
    """Dev families that only the changed version got right."""
    loss: int
    """Dev families that only the unchanged version got right."""
    p_improve: str
    """Exact one-sided McNemar on dev, decimal text."""
    holdout_low: str
    """Tango one-sided 95 % lower bound of the paired difference; empty when no look was spent."""
    look: int
    accepted: bool
    reason: str
    from_lesson: str = ""
    """The lesson that proposed it, if one did."""
    tried_at: datetime
