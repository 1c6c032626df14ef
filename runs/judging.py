"""what judges a decision: an answer as it was sent, a ruling, and the rules that are handed in."""

from collections.abc import Callable, Collection, Sequence
from typing import NamedTuple, Protocol

from runs import keys, words
from runs.keys import Said
from runs.moves import ApprovalStatus
from runs.records.approval import Approval, Decision, DecisionKind, Need, Signature
from runs.records.delegation import Around
from runs.records.person import Identity
from runs.records.version import PolicyValues
from runs.snapshots import Terms
from runs.store.store import Store


class Ruling(Protocol):
    """What the rules say of one person's decision."""

    @property
    def allowed(self) -> bool:
        """True when this person may decide this."""
        ...

    @property
    def reason(self) -> str:
        """Why not, or what it does, in one sentence."""
        ...

    @property
    def closes(self) -> ApprovalStatus | None:
        """What the approval becomes with this decision; None while more must agree."""
        ...

    @property
    def role(self) -> str:
        """The role in which the person decides."""
        ...

    @property
    def because(self) -> str:
        """Why not, as one word for the audit."""
        ...

    @property
    def behalf(self) -> str:
        """In whose place a delegate decides."""
        ...

    @property
    def delegation(self) -> str:
        """The delegation they decide under."""
        ...

    @property
    def needs(self) -> tuple[Need, ...]:
        """Who is asked from now on: handed over, or who confirms what was approved alone."""
        ...

    @property
    def to(self) -> tuple[str, ...]:
        """Whom it was passed on to."""
        ...


Judge = Callable[[Approval, Sequence[Decision], Identity, DecisionKind, Around], Ruling]
Current = Callable[[Approval], str]
"""Makes the digest of what would happen again, from the records as they are now."""
Unsigned = Callable[[Store, Identity, Said], str]
"""Why the decision needs another signature; empty when it does not."""
Follow = Callable[[Approval, Sequence[Decision], Collection[str], Around], tuple[Need, ...]]
"""Whom an unanswered question goes to next; nobody when the escalation is used up."""


def nobody(*_: object) -> tuple[Need, ...]:
    """Nobody comes next."""
    return ()


def accept_edit(_: Approval, __: str) -> None:
    """Whatever was written is taken."""


def no_policy(_: Approval) -> PolicyValues | None:
    """No policy is known: nobody comes next, and nobody approves alone."""
    return None


class Answer(NamedTuple):
    """One person's answer as it was sent."""

    approval: str
    kind: DecisionKind
    reason: str
    seen: str
    """The digest the person was shown."""
    to: str = ""
    """Whom it is handed over to."""
    edit: str = ""
    """What stands in the place of what was asked about, as it was written."""
    signature: Signature | None = None
    """What they signed it with; needed from whoever has a key."""


class Rules(NamedTuple):
    """What judges an answer, what makes the digest again, and what is kept of people's words."""

    judge: Judge
    current: Current
    terms: Terms = words.AS_SAID
    """What may be kept of a reason."""
    policy: Callable[[Approval], PolicyValues | None] = no_policy
    """The values a question is judged by: its escalation, its emergencies."""
    follow: Follow = nobody
    check_edit: Callable[[Approval, str], None] = accept_edit
    """InvalidInput for an edit that the question could not be asked anew about."""
    unsigned: Unsigned = keys.why_unsigned
