"""A question to named people about a digest, and their decisions."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from runs.moves import ApprovalStatus
from runs.records.record import Digest, Record
from runs.records.version import Risk

ApprovalKind = Literal[
    "plan", "test_exit", "stage", "update", "action", "call", "lesson", "policy", "confirmation"
]
"""`call`: whether exactly one call of a model passes that the guard holds. `confirmation`: whether
the ordinary approvers stand by what one person approved alone."""
DecisionKind = Literal[
    "approve",
    "approve_with_edit",
    "ask_for_changes",
    "reject",
    "escalate",
    "hand_over",
    "approve_in_emergency",
]
Proof = Literal["token", "session", "demo"]


class Need(Record):
    """So many of these people, in this role, must agree."""

    role: str
    count: int
    people: tuple[str, ...]


class Approval(Record):
    """A question to named people about exactly one digest."""

    id: str
    run: str
    """The run that waits for it; empty for a question that no run asks, such as one of policy."""
    kind: ApprovalKind
    title: str
    """Quotes what people wrote; `runs.words.told` reads it."""
    subject: Digest
    """Over everything that will happen: artefact, version, policy, plan, evidence, stage."""
    covers: dict[str, str]
    """What the digest was made of, by name: ids and digests, so that it can be made again."""
    needs: tuple[Need, ...]
    excluded: tuple[str, ...]
    """Who requested, configured, built or edited it."""
    risks: tuple[Risk, ...]
    if_approved: str
    if_rejected: str
    status: ApprovalStatus
    due_at: datetime
    opened_at: datetime
    solo: bool = False
    supersedes: str = ""
    """The question before it, whose subject changed; what is different is told beside it."""
    escalates: str = ""
    """The question before it, about the same digest, that nobody answered in time."""
    agreed: tuple[str, ...] = ()
    """Who agreed to this digest before it was escalated: their word stands, and counts once."""
    emergency: bool = False
    """One person approved it alone; the ordinary approvers confirm it, or it is withdrawn."""
    fresh_until: datetime | None = None
    """When the first evidence under the digest runs out; None where none does."""
    confirms: str = ""
    """The emergency approval that this question asks to confirm."""


class Signature(Record):
    """What a person signed with a key of their own: `runs.signing.Statement` says which bytes."""

    key: str
    """Id of the key."""
    signed_at: datetime
    value: str = Field(pattern=r"^[0-9a-f]{128}$")
    """The 64 bytes of the Ed25519 signature, as hexadecimal digits."""


class Decision(Record):
    """One person's answer to one approval; the first that is valid counts."""

    id: str
    approval: str
    person: str
    role: str
    kind: DecisionKind
    reason: Digest | Literal[""]
    """Snapshot of the person's words; empty without any."""
    seen: Digest
    """The digest the person was shown."""
    proved_by: Proof
    token: str
    """Id of the token the person proved themselves with; empty for a session."""
    solo: bool
    decided_at: datetime
    behalf: str = ""
    """In whose place a delegate decided; empty for who decided in their own."""
    delegation: str = ""
    to: tuple[str, ...] = ()
    """Whom the question was handed or escalated to."""
    edit: Digest | Literal[""] = ""
    """Snapshot of what was written in the place of what was asked about."""
    emergency: bool = False
    signature: Signature | None = None
    """None unless the person has a key; whoever has one decides with it."""
