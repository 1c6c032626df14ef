"""What is right for an invoice, by the clauses of the customer's policy document.

No field alone can know it: it takes the invoice, its order, its receipts and its supplier.
"""

from dataclasses import dataclass
from decimal import Decimal

from workflow.samples.record_reconciliation.world import (
    KNOWN_FROM,
    LIMIT,
    MATCH,
    MISMATCH,
    PENCE,
    UNCLEAR,
    tolerance,
)
from workflow.samples.truth import Clause, Kind, Severity, review, unfit


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What the policy document asks about an invoice."""

    kind: Kind
    has_order: bool
    """Whether the order it names is one that the ERP knows as it is written."""
    asks: bool
    """Whether its note asks for something other than payment as ordered."""
    is_same: bool
    """The order's supplier and currency, and a number not booked before."""
    net: Decimal
    open_net: Decimal
    tax_gap: Decimal
    """Its tax against what follows from its net and the order's rate."""
    sum_gap: Decimal
    """Its total against its net and tax."""
    total: Decimal
    is_disputed: bool
    invoices_before: int

    @property
    def gap(self) -> Decimal:
        """How far the net lies from the open value."""
        return abs(self.net - self.open_net)

    @property
    def is_else_right(self) -> bool:
        """Whether everything but the net agrees."""
        return self.is_same and max(self.tax_gap, self.sum_gap) <= PENCE


def label_of(facts: Facts) -> str:
    """The label of the policy document's table."""
    if facts.kind != "ordinary" or facts.asks or not facts.has_order:
        return UNCLEAR
    is_near = facts.gap <= tolerance(facts.open_net)
    return MATCH if facts.is_else_right and is_near else MISMATCH


def decide(facts: Facts) -> Clause:
    """The first clause that binds, else the one that gives a choice, else clause 8."""
    return binding(facts) or choice(facts) or Clause(routes=("act",), why="clause 8: marked alone")


def binding(facts: Facts) -> Clause | None:
    """The clause that takes the decision away from the machine, if one does."""
    if clause := unfit(facts.kind, text="note"):
        return clause
    if facts.is_disputed:
        return review("clause 3: a supplier in dispute is not touched automatically")
    if label_of(facts) == UNCLEAR:
        return Clause(routes=("review",), why="clause 4: unclear, a person says")
    if facts.total > LIMIT:
        return review("clause 1: above 5,000 a person decides")
    if facts.invoices_before < KNOWN_FROM:
        return review("clause 2: a new supplier is looked at")
    return None


def choice(facts: Facts) -> Clause | None:
    """The clause under which a person may look although the machine may act, if there is one."""
    if facts.is_else_right and is_close(facts):
        return Clause(routes=("act", "review"), why="clause 7: just beyond, a person may look")
    return None


def is_close(facts: Facts) -> bool:
    """Whether the net lies beyond the tolerance, and at most twice as far."""
    allowed = tolerance(facts.open_net)
    return allowed < facts.gap <= 2 * allowed


def severity(label: str) -> Severity:
    """What a wrong mark costs where no clause says more."""
    return "minor" if label == MATCH else "major"
