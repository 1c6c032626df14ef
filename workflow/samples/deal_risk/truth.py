"""What is right for a deal, by the signs and clauses of the customer's policy document."""

from dataclasses import dataclass
from decimal import Decimal

from workflow.samples.deal_risk.world import (
    AT_RISK,
    BEFORE_NEGOTIATION,
    CLOSE_DAYS,
    ENOUGH,
    LIMIT_EUR,
    MOVES,
    ON_TRACK,
    SILENT_DAYS,
    STAGES,
    TICKETS,
    TOO_LONG,
    UNCLEAR,
    Saying,
    Tier,
)
from workflow.samples.truth import Clause, Kind, Severity, review, unfit


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What the policy document asks about a deal."""

    kind: Kind
    stage: str
    days_in_stage: int
    close_moves: int
    silent_days: int | None
    """Days since the last contact; None where none is given."""
    says: Saying | None
    """None where no next step is written."""
    open_tickets: int
    is_overdue: bool
    days_to_close: int
    """Negative when the close date is past."""
    amount_eur: Decimal
    tier: Tier
    is_held: bool
    """Whether the account is under legal hold."""


def signs(facts: Facts) -> str:
    """The letters of the signs of risk that the deal shows."""
    is_silent = facts.silent_days is None or facts.silent_days > SILENT_DAYS
    is_early = facts.stage in BEFORE_NEGOTIATION and facts.days_to_close <= CLOSE_DAYS
    shown = {
        "a": facts.days_in_stage > TOO_LONG * STAGES[facts.stage],
        "b": facts.close_moves >= MOVES,
        "c": is_silent,
        "d": facts.says in (None, "vague"),
        "e": facts.is_overdue or facts.open_tickets >= TICKETS,
        "f": is_early,
    }
    return "".join(letter for letter, is_shown in shown.items() if is_shown)


def label_of(facts: Facts) -> str:
    """The label of the policy document's table."""
    if facts.kind != "ordinary" or facts.says == "wrong":
        return UNCLEAR
    return AT_RISK if facts.says == "alarm" or len(signs(facts)) >= ENOUGH else ON_TRACK


def decide(facts: Facts) -> Clause:
    """The first clause that binds, else the one that gives a choice, else clause 8."""
    alone = Clause(routes=("act",), why="clause 8: flagged alone")
    close = Clause(routes=("act", "review"), why="clause 7: only just, a person may look")
    return binding(facts) or (close if is_close(facts) else alone)


def binding(facts: Facts) -> Clause | None:
    """The clause that takes the decision away from the machine, if one does."""
    if clause := unfit(facts.kind):
        return clause
    if facts.is_held:
        return review("clause 3: an account under legal hold is not touched automatically")
    if label_of(facts) == UNCLEAR:
        return Clause(routes=("review",), why="clause 4: unclear, a person says")
    if facts.amount_eur > LIMIT_EUR:
        return review("clause 1: above 100,000 EUR a person decides")
    if facts.tier == "strategic":
        return review("clause 2: belongs to the account director")
    return None


def is_close(facts: Facts) -> bool:
    """Whether the deal has just as many signs as make it one at risk, and no alarm."""
    return facts.says != "alarm" and len(signs(facts)) == ENOUGH


def severity(label: str) -> Severity:
    """What a wrong flag costs where no clause says more."""
    return "minor" if label == ON_TRACK else "major"
