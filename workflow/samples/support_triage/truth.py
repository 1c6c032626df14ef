"""What is right for a ticket, by the clauses of the customer's policy document.

The text alone cannot know it: amount, tier and dispute come from the input and the CRM.
"""

from dataclasses import dataclass
from decimal import Decimal

from workflow.samples.support_triage.world import LEAVING, MONEY_BACK, OUT_OF_SCOPE, Kind
from workflow.samples.truth import Clause, Severity, review, unfit

LIMIT_EUR = Decimal(200)
"""Money back above this is decided by a person."""


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What the policy document asks about a ticket."""

    label: str
    kind: Kind
    amount_eur: Decimal | None
    tier: str
    is_disputed: bool
    is_unclear: bool
    """Too short to tell, or two matters in one."""


def decide(facts: Facts) -> Clause:
    """The first clause that binds, else the first that gives a choice, else clause 8."""
    return (
        binding(facts) or choice(facts) or Clause(routes=("act",), why="clause 8: assigned alone")
    )


def binding(facts: Facts) -> Clause | None:
    """The clause that takes the decision away from the machine, if one does."""
    if clause := unfit(facts.kind):
        return clause
    if facts.is_disputed:
        return review("clause 3: an account in dispute is not touched automatically")
    if facts.label == OUT_OF_SCOPE:
        return Clause(routes=("review",), why="clause 4: not a matter of this desk")
    if facts.label in MONEY_BACK and is_large(facts.amount_eur):
        return review("clause 1: money back above 200 EUR is decided by a person")
    if facts.label in LEAVING and facts.tier == "enterprise":
        return review("clause 2: belongs to the account manager")
    return None


def choice(facts: Facts) -> Clause | None:
    """The clause under which a person may look although the machine may act, if there is one."""
    if facts.tier == "enterprise":
        return Clause(routes=("act", "review"), why="clause 2a: enterprise, a person may look")
    if is_large(facts.amount_eur):
        return Clause(routes=("act", "review"), why="clause 1a: above 200 EUR, a person may look")
    if facts.is_unclear:
        return Clause(routes=("act", "review"), why="clause 7: unclear, a person may look")
    return None


def is_large(amount_eur: Decimal | None) -> bool:
    """Whether an amount is named and above the limit."""
    return amount_eur is not None and amount_eur > LIMIT_EUR


def severity(label: str) -> Severity:
    """What a wrong queue costs where no clause says more."""
    is_major = label in MONEY_BACK or label in LEAVING or label == OUT_OF_SCOPE
    return "major" if is_major else "minor"
