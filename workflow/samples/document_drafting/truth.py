"""What is right for a request, by the clauses of the customer's policy document."""

from dataclasses import dataclass
from typing import Any

from workflow.samples.document_drafting.accounts import Account
from workflow.samples.document_drafting.world import (
    DISCOUNT_CAP,
    LAW,
    NO_DRAFT,
    SOW,
    fee,
)
from workflow.samples.truth import Clause, Kind, Severity, review, unfit


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What the policy document asks about a request."""

    kind: Kind
    document: str
    service: str
    terms: str
    asks_excluded: bool
    """Whether its note asks for a term that is excluded."""
    discount: int | None
    currency: str | None
    """As the request says it."""
    term_months: int
    start_on: str
    region: str
    account: Account


def label_of(facts: Facts) -> str:
    """The label of the policy document's table."""
    is_drafted = facts.kind == "ordinary" and facts.document == "statement_of_work"
    return SOW if is_drafted else NO_DRAFT


def fields_of(facts: Facts) -> dict[str, Any]:
    """What the document has to say; nothing of what is not drafted."""
    if label_of(facts) != SOW:
        return {}
    tier, currency = facts.account.contracted, facts.account.currency
    law = LAW[facts.region]
    return {
        "tier": tier,
        "currency": currency,
        "monthly_fee": fee(facts.service, tier, currency),
        "term_months": str(facts.term_months),
        "discount_pct": None if facts.discount is None else str(facts.discount),
        "start_on": facts.start_on,
        "governing_law": law["governing_law"],
        "notice_days": str(law["notice_days"]),
        "clauses": str(law["clauses"]).split("; "),
    }


def decide(facts: Facts) -> Clause:
    """The first clause that binds, else clause 8."""
    return binding(facts) or Clause(routes=("act",), why="clause 8: drafted alone")


def binding(facts: Facts) -> Clause | None:
    """The clause that takes the decision away from the machine, if one does."""
    if clause := unfit(facts.kind):
        return clause
    if facts.account.is_held:
        return review("clause 3: nothing is drafted alone for an account under legal hold")
    if facts.document != "statement_of_work":
        return Clause(routes=("review",), why="clause 7: another document, a person writes it")
    if facts.terms != "standard" or facts.asks_excluded:
        return review("clause 2: terms that are not standard belong to legal counsel")
    if facts.discount is not None and facts.discount > DISCOUNT_CAP:
        return review("clause 1: a discount above 15 in a hundred is the sales director's")
    if facts.currency is not None and facts.currency != facts.account.currency:
        return Clause(routes=("review",), why="clause 4: request and CRM disagree on the currency")
    if facts.account.is_old:
        return Clause(routes=("review",), why="clause 9: its record was not looked at for a year")
    return None


def severity(facts: Facts) -> Severity:
    """What a wrong document costs where no clause says more."""
    return "minor" if facts.account.contracted == "essential" else "major"
