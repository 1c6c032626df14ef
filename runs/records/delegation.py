"""Who stands in for whom: delegations with their limits, and accounts that one human holds."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal, NamedTuple

from runs.records.approval import ApprovalKind
from runs.records.person import Person
from runs.records.record import Digest, Record
from runs.records.version import EmergencyRule, Risk


class Delegation(Record):
    """One person's word that another may decide in their place, within limits."""

    id: str
    giver: str
    """Whose place it is; nobody gives away another's."""
    to: str
    """Who may decide in it, once a question, and gives it to nobody further."""
    kinds: tuple[ApprovalKind, ...]
    """Questions it is for; no other."""
    risks: tuple[Risk, ...] = ()
    """Risk classes it reaches up to; a question of any other class is not for the delegate."""
    until: datetime
    """From then on it is over."""
    reason: Digest | Literal[""] = ""
    """Snapshot of the giver's words."""
    given_at: datetime


class DelegationEnd(Record):
    """A delegation that was taken back before its time."""

    id: str
    """That of the delegation."""
    by: str
    at: datetime


class SamePerson(Record):
    """An owner's word that two accounts are one human: they count once, whatever is asked."""

    id: str
    account: str
    person: str
    """The other account of the same human."""
    by: str
    at: datetime


class Around(NamedTuple):
    """What a decision is judged with beside the question, as it is at that moment."""

    people: Sequence[Person] = ()
    delegations: Sequence[Delegation] = ()
    """Those that were not taken back; their time is not looked at yet."""
    now: datetime | None = None
    """UTC; without it no delegation holds."""
    escalation: Sequence[str] = ()
    """Roles or person ids of the policy, in order."""
    emergency: EmergencyRule | None = None
    """What the policy lets one person approve alone; None where it lets nobody."""
    to: str = ""
    """Whom a question is handed over to."""


ALONE = Around()
"""Nothing is known beside the question itself."""
