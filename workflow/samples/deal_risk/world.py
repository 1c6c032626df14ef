"""The fictional sales team: its labels, stages, texts, and what is easily confused."""

from decimal import Decimal
from typing import Literal

Tier = Literal["standard", "plus", "strategic"]
Saying = Literal["good", "vague", "alarm", "wrong", "hostile"]
"""What a next step says."""

AT_RISK, ON_TRACK, UNCLEAR = LABELS = ("at_risk", "on_track", "unclear")
NEIGHBOURS = {
    AT_RISK: (ON_TRACK, UNCLEAR),
    ON_TRACK: (AT_RISK, UNCLEAR),
    UNCLEAR: (AT_RISK, ON_TRACK),
}
"""The labels a careful person may give instead."""

LIMIT_EUR = Decimal(100_000)
"""Above this amount a person decides: clause 1 of the policy document."""
TOO_LONG, MOVES, SILENT_DAYS, TICKETS, CLOSE_DAYS = 2, 2, 21, 3, 10
"""Limits of the signs a, b, c, e and f."""
ENOUGH = 2
"""So many signs make a deal at risk."""
STAGES = {"discovery": 21, "evaluation": 30, "proposal": 18, "negotiation": 14, "closing": 9}
"""Median days of every stage, in their order."""
BEFORE_NEGOTIATION = ("discovery", "evaluation", "proposal")
REGIONS = {"dach": 40, "nordics": 20, "iberia": 15, "uk": 25}
GERMAN = "dach"


def neighbours(label: str) -> tuple[str, ...]:
    """The labels that a person may confuse with `label`; never empty."""
    return NEIGHBOURS[label]
