"""The fictional ledger: its labels, how often each event comes in, and what is easily confused."""

from decimal import Decimal
from typing import Literal

Event = Literal[
    "plain",
    "rounded",
    "freight",
    "part",
    "whole_for_part",
    "early",
    "price",
    "quantity",
    "twice",
    "currency",
    "tax",
    "sum",
    "other_supplier",
    "asks",
    "no_order",
    "wrong_order",
    "hostile",
    "malformed",
]

MATCH, MISMATCH, UNCLEAR = LABELS = ("match", "mismatch", "unclear")
NEIGHBOURS = {
    MATCH: (MISMATCH, UNCLEAR),
    MISMATCH: (MATCH, UNCLEAR),
    UNCLEAR: (MISMATCH, MATCH),
}
"""The labels a careful person may give instead."""

EVENTS: dict[Event, float] = {
    "plain": 36,
    "rounded": 10,
    "freight": 8,
    "part": 9,
    "whole_for_part": 4,
    "early": 3,
    "price": 7,
    "quantity": 4,
    "twice": 4,
    "currency": 2.5,
    "tax": 2.5,
    "sum": 2,
    "other_supplier": 1.5,
    "asks": 5,
    "no_order": 2.5,
    "wrong_order": 2.5,
    "hostile": 2,
    "malformed": 2,
}
"""What is special about a family, by weight."""

LIMIT = Decimal(5000)
"""Above this total a person decides: clause 1 of the policy document."""
KNOWN_FROM = 3
"""A supplier with fewer invoices before is new: clause 2."""
SHARE, LEAST, MOST = Decimal("0.01"), Decimal(2), Decimal(50)
"""The tolerance: a share of the open value, and its ends."""
PENCE = Decimal("0.05")
"""So much tax and total may differ from what follows from the net."""
CENT = Decimal("0.01")


def neighbours(label: str) -> tuple[str, ...]:
    """The labels that a person may confuse with `label`; never empty."""
    return NEIGHBOURS[label]


def tolerance(open_net: Decimal) -> Decimal:
    """How far the net of an invoice may lie from the open value."""
    return max(LEAST, min(MOST, SHARE * open_net))
