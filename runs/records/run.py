"""A run: why it began, where it stands, what it chose, how it ended."""

from datetime import datetime
from decimal import Decimal
from typing import Literal

from pydantic import Field

from runs.moves import RunStatus
from runs.records.record import Digest, Record

TriggerKind = Literal["priority", "request", "feedback", "failure", "scheduled_review"]
TerminalKind = Literal["stage_reached", "issue_fixed", "blocker_escalated", "healthy_review"]


class Trigger(Record):
    """Why a run began."""

    id: str
    kind: TriggerKind
    title: Digest
    """Snapshot of one line, in the customer's words."""
    text: Digest
    """Snapshot of the whole text, and of the plan that came with it."""
    key: str
    """The sender's key: the same trigger twice is one run."""
    opened_by: str
    """Person id of the requester."""
    opened_at: datetime


class Run(Record):
    """The loop's work on one trigger."""

    id: str
    trigger: str
    workflow: str
    """Empty until the improvement is chosen, where the trigger is about none."""
    status: RunStatus
    waits_for: str
    """What a waiting run waits for: an approval id, or `signals:<release id>`; empty otherwise."""
    requester: str
    """Person id; never an approver of this run."""
    graph: Digest
    """Digest of the loop's nodes and edges the run was started with."""
    opened_at: datetime
    ended_at: datetime | None = None
    terminal: str = ""
    """Id of the terminal record; empty while open."""
    continues: str = ""
    """The run whose cleared blocker this run continues."""


class Spend(Record):
    """What something costs, or may cost."""

    calls: int = 0
    """Model calls."""
    tokens: int = 0
    """Read and written by models."""
    cost: Decimal = Decimal(0)
    seconds: Decimal = Decimal(0)

    def plus(self, other: "Spend") -> "Spend":
        """Both together."""
        return Spend(
            calls=self.calls + other.calls,
            tokens=self.tokens + other.tokens,
            cost=self.cost + other.cost,
            seconds=self.seconds + other.seconds,
        )

    def minus(self, other: "Spend") -> "Spend":
        """What is left of this without the other."""
        return Spend(
            calls=self.calls - other.calls,
            tokens=self.tokens - other.tokens,
            cost=self.cost - other.cost,
            seconds=self.seconds - other.seconds,
        )

    def least(self) -> Decimal:
        """The smallest of the four."""
        return min(Decimal(self.calls), Decimal(self.tokens), self.cost, self.seconds)


class Reservation(Record):
    """What a run set aside for a piece of work before it began."""

    id: str
    run: str
    what: str
    amount: Spend
    at: datetime


class Settlement(Record):
    """What a piece of work took, in the place of what was set aside for it."""

    id: str
    run: str
    reservation: str
    spent: Spend
    at: datetime


class Statement(Record):
    """One thing the briefing says, and the record it came from."""

    topic: Literal[
        "priority",
        "request",
        "feedback",
        "scheduled_review",
        "history",
        "failure",
        "approval",
        "usage",
        "cost",
        "roi",
        "lesson",
    ]
    text: str
    """Quotes what people wrote; `runs.words.told` reads it."""
    source: str
    """Id or digest of the record."""


class Briefing(Record):
    """What the loop knew when it chose."""

    run: str
    statements: tuple[Statement, ...]
    lessons: tuple[str, ...]
    """Ids of the lessons recalled."""


class Contender(Record):
    """One workflow or improvement that could be advanced, and its score."""

    name: str
    kind: Literal["workflow", "improvement"]
    volume_per_week: int
    cost_of_error: Decimal
    """In the plan's currency, per wrong item."""
    failing_share: str
    """Upper 95 % bound of the failing share, decimal text, 0 to 1."""
    fix_rank: int
    """Rank of the smallest plausible fix, 1 to 8."""
    score: Decimal
    """volume x cost of an error x failing share / fix rank."""
    due: datetime | None = None
    why: str


class Choice(Record):
    """The one improvement this run advances, and why the others lost."""

    run: str
    chosen: str
    why: str
    contenders: tuple[Contender, ...]
    """Best first; the chosen one is the first."""
    described: str = Field(default="", exclude_if=lambda id: not id)
    """Id of what a model said of them; empty, and left out of the digest, where none did."""


class Terminal(Record):
    """The proven end of a run."""

    run: str
    kind: TerminalKind
    reason: str
    """Quotes what people wrote; `runs.words.told` reads it."""
    owner: str
    """Person who answers for what happens next."""
    proof: tuple[str, ...]
    """Ids or digests of the records that prove it; never empty."""
    next_check: datetime | None = None


class OpsFinding(Record):
    """One thing an ops review looked at, and how it is."""

    name: str
    state: Literal["ok", "note", "missing", "wrong"]
    """Only the first two are healthy: what is missing is not known to be well."""
    says: str
    source: str
    """Id or digest of the record it was read from."""
    owner: str
    """Person or role that answers for it."""
    is_built: bool
    """A better version may mend it; otherwise only a person can."""


class OpsReview(Record):
    """What a scheduled operations review found of one workflow."""

    id: str
    run: str
    workflow: str
    findings: tuple[OpsFinding, ...]
    at: datetime
    next_check: datetime

    @property
    def wrong(self) -> tuple[OpsFinding, ...]:
        """Everything that is not known to be well."""
        return tuple(one for one in self.findings if one.state in ("missing", "wrong"))

    @property
    def is_healthy(self) -> bool:
        """True when everything was looked at and is well."""
        return bool(self.findings) and not self.wrong


class Cancellation(Record):
    """A person called a run off: it goes to its end from where it stands."""

    id: str
    run: str
    by: str
    reason: Digest
    """Snapshot of the person's words."""
    at: datetime


class Clearing(Record):
    """A person said that a blocker is cleared; another run goes on."""

    id: str
    """Of the run that ended as the blocker."""
    run: str
    """The run that goes on."""
    by: str
    reason: Digest
    """Snapshot of the person's words."""
    at: datetime


class Refusal(Record):
    """What one step of the loop would not do: it ends the run as a blocker."""

    run: str
    node: str
    error: Literal["InvalidInput", "NotAllowed", "Conflict"]
    text: Digest
    """Snapshot of the sentence, masked: what was refused, the value and the remedy."""


class Figure(Record):
    """One number of a report and the record it was read from."""

    name: str
    value: str
    evidence: str
    """Id or digest of the record the value stands in."""


class Report(Record):
    """The customer's update, drafted from audited facts only."""

    run: str
    title: str
    """Quotes what people wrote; `runs.words.told` reads it."""
    text: Digest
    """Snapshot of the text as it would be sent."""
    figures: tuple[Figure, ...]
    recipients: tuple[str, ...]
    """Person ids at the customer."""
    drafted: str = Field(default="", exclude_if=lambda id: not id)
    """Id of the proposal whose sentences stand in it; empty, and left out of the digest, where no
    model wrote any."""


class Pin(Record):
    """The loop and the rules that a run goes on with from this moment; the newest holds."""

    id: str
    run: str
    number: int
    """From 1, in the order in which the run met them."""
    source: Digest
    """Digest of the loop's whole code: the same code is the same loop."""
    rules: Digest
    """Digest of the installation's rules."""
    nodes: dict[str, Digest]
    """By name, the source of each node and of what it calls in the loop."""
    ways: tuple[str, ...]
    """Every way on, as `node outcome node`, sorted."""
    thread: str
    """Where the run stands: the name of its checkpoints."""
    after: str = ""
    """The thread that this one goes on for; empty for a run's first."""
    begins: str = ""
    """The node with which such a thread begins; empty for a run's first."""
    meets: Literal["begins", "continues", "asked_again", "closed"]
    """What became of the run when it met this loop."""
    why: str
    """In one sentence, by the names of nodes."""


class Archive(Record):
    """Where a run stood when it had ended; its checkpoints are gone, the record has the rest."""

    id: str
    run: str
    threads: tuple[str, ...]
    checkpoints: int
    """How many there were."""
    state: dict[str, str]
    """What travelled between the nodes at the end: ids and small plain values."""
