"""What was measured, what it means, and which small changes were tried."""

from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from runs.moves import ActionStatus, ItemStatus
from runs.records.case import Severity
from runs.records.model import Comparison, Economics
from runs.records.record import Digest, Rate, Record
from runs.records.version import Level

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
    wrong: tuple[str, ...] = Field(default=(), exclude_if=lambda names: not names)
    """Fields of its draft that are not as expected."""


AccessError = Literal[
    "",
    "no_tool",
    "no_credential",
    "wrong_level",
    "no_operation",
    "unavailable",
    "garbage",
    "refused",
]
"""Why a system was not reached; never what it said, which may hold anything."""


class Access(Record):
    """What one look at a source or tool of a plan found; no value of any record."""

    name: str
    """Of the source, or of the effect that asks it of its tool."""
    part: Literal["source", "tool"]
    tool: str
    level: Level | Literal[""]
    """The most the tool does; empty where there is none."""
    reached: bool
    error: AccessError
    credential: str = ""
    """The reference that led to nothing; never a value."""
    present: tuple[str, ...] = ()
    """Declared fields that some record had."""
    missing: tuple[str, ...] = ()
    """Declared fields that no record had, where records were seen."""
    types: dict[str, str] = Field(default_factory=dict)
    """By declared field, the types seen, nulls left out."""
    records: int = 0
    fingerprint: str = ""
    """Digest of the fields and their types; empty before a record was seen."""
    version: str = ""
    """Digest of the versions of the records seen."""
    ms: int = 0


class Fault(Record):
    """What became of an item when one part of its way failed on purpose."""

    name: str
    part: Literal["intake", "context", "decide", "act"]
    """Where it was put."""
    status: ItemStatus
    owner: str
    """Who answers for the item then."""
    rule: str
    reason: str
    """Names fields and rules: no word of the customer's."""
    actions: tuple[ActionStatus, ...]
    """What became of each effect that was begun; all of them were played."""
    reviews: int
    """Reviews that are open then."""
    is_answered: bool
    """It did not act, and ended where a named person answers for it; where models are dead and the
    baseline was proven by itself, it went where the policy sends what that says."""
    case: str = Field(default="", exclude_if=lambda case: not case)
    """Id of the labelled case that came in; empty, and left out of the digest, of what was made up.
    """


class FieldProfile(Record):
    """What one field of the data contract was seen with."""

    field: str
    type: str
    values: int
    """Cases that hold something."""
    empty: int
    outside: int
    """Cases whose value breaks the contract."""
    kinds: dict[str, int]
    """How values are written, by JSON type."""
    shortest: int
    longest: int
    """Characters, of values that are text."""
    choices: int
    """How many of its choices were seen."""
    gaps: tuple[str, ...] = ()
    """Edge cases that nobody has shown."""


EvidenceKind = Literal[
    "dry_run",
    "holdout",
    "stage",
    "drill",
    "monitoring",
    "access",
    "contract",
    "faults",
    "alert_drill",
    "comparison",
]


class Evidence(Record):
    """What was measured: of which version under which policy, on what, how many, when."""

    id: str
    run: str
    kind: EvidenceKind
    version: Digest
    policy: Digest
    subject: str
    """Digest of the dataset, or `release:<id>:<stage>` for live items."""
    split: Literal["dev", "holdout", "live", ""] = ""
    """What was counted; empty where nothing was, as of a drill."""
    look: int = 0
    """Which look at the holdout this was, from 1; 0 elsewhere."""
    families: OutcomeTable = Field(default_factory=OutcomeTable)
    items: OutcomeTable = Field(default_factory=OutcomeTable)
    segments: dict[str, OutcomeTable] = Field(default_factory=dict)
    unlabelled: int = 0
    """Live items without a person's answer yet; never counted as right."""
    seconds: str = "0"
    """How long it took, decimal text; for a drill, the time of the way back."""
    notes: dict[str, str]
    """Named facts of a drill or a monitoring check."""
    access: tuple[Access, ...] = Field(default=(), exclude_if=lambda access: not access)
    """Each source and tool as it was when this was measured; left out of the digest without any."""
    fields: tuple[FieldProfile, ...] = Field(default=(), exclude_if=lambda fields: not fields)
    """Each field of the data contract as it was seen; left out of the digest without any."""
    faults: tuple[Fault, ...] = Field(default=(), exclude_if=lambda faults: not faults)
    """Each fault that was tried on purpose; left out of the digest without any."""
    models: Economics | None = Field(default=None, exclude_if=lambda models: models is None)
    """What models did beside the baseline; left out of the digest where none was asked."""
    comparison: Comparison | None = Field(default=None, exclude_if=lambda found: found is None)
    """Two routes over the same cases; left out of the digest of any other evidence."""
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
    """1 value, 2 rule, 3 field, 4 example, 5 prompt, 6 model, 7 step, 8 escalate; 0 a label, which
    only the domain expert changes."""
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
    proposed: str = Field(default="", exclude_if=lambda id: not id)
    """Id of the proposal of a model that it comes from; empty, and left out of the digest, where
    code found it."""
    tried_at: datetime


class Reopening(Record):
    """The word of one person that words may be rewritten again for one kind of failure."""

    id: str
    workflow: str
    key: str
    """Step, field, code and expected class."""
    rewrites: tuple[str, ...]
    """Ids of the fixes that no longer count."""
    by: str
    reason: Digest
    """Snapshot of what was written."""
    reopened_at: datetime
