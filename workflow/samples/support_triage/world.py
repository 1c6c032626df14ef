"""The fictional desks: their labels, how often each comes in, and which are easily confused."""

from typing import Literal

Desk = Literal["customers", "partners"]
Language = Literal["en", "de", "es"]
Kind = Literal["ordinary", "out_of_scope", "hostile", "malformed"]

OUT_OF_SCOPE = "out_of_scope"
HOSTILE = "hostile"
"""The group of phrases that give orders to the machine; not a label."""

MONEY_BACK = frozenset({"refund_request", "duplicate_charge"})
"""Tickets that ask for a refund or a chargeback: clause 1 of the policy document."""
LEAVING = frozenset({"cancel_subscription", "cancel_order", "complaint"})
"""Cancellations and complaints: clause 2 of the policy document."""

LABELS: dict[Desk, dict[str, int]] = {
    "customers": {
        "refund_request": 13,
        "duplicate_charge": 10,
        "payment_failed": 8,
        "cancel_subscription": 10,
        "cancel_order": 9,
        "delivery_status": 13,
        "damaged_item": 10,
        "return_goods": 7,
        "invoice_copy": 6,
        "account_access": 6,
        "complaint": 8,
    },
    "partners": {
        "refund_request": 16,
        "duplicate_charge": 10,
        "payment_failed": 9,
        "cancel_order": 14,
        "delivery_status": 17,
        "damaged_item": 12,
        "invoice_copy": 10,
        "complaint": 12,
    },
}
"""How often each label is asked for among ordinary tickets, in hundredths."""

LANGUAGES: dict[Desk, dict[Language, int]] = {
    "customers": {"en": 60, "de": 25, "es": 15},
    "partners": {"en": 50, "de": 32, "es": 18},
}
"""The language a family is written in, in hundredths."""

KINDS: dict[Kind, float] = {"malformed": 1.5, "hostile": 2.0, "out_of_scope": 6.0, "ordinary": 90.5}
"""Shares of the families, in hundredths."""

NEIGHBOURS = {
    "refund_request": ("duplicate_charge", "return_goods", "complaint"),
    "duplicate_charge": ("refund_request", "payment_failed", "invoice_copy"),
    "payment_failed": ("duplicate_charge", "account_access"),
    "cancel_subscription": ("cancel_order", "account_access", "duplicate_charge"),
    "cancel_order": ("cancel_subscription", "return_goods", "delivery_status"),
    "delivery_status": ("complaint", "cancel_order", "damaged_item"),
    "damaged_item": ("return_goods", "refund_request", "complaint"),
    "return_goods": ("refund_request", "damaged_item"),
    "invoice_copy": ("duplicate_charge", "account_access"),
    "account_access": ("payment_failed", "cancel_subscription"),
    "complaint": ("delivery_status", "refund_request"),
    OUT_OF_SCOPE: ("complaint", "account_access"),
}
"""The labels a careful person may give instead."""


def labels(desk: Desk = "customers") -> tuple[str, ...]:
    """Every label of a desk, `out_of_scope` last."""
    return (*LABELS[desk], OUT_OF_SCOPE)


def neighbours(label: str, desk: Desk) -> tuple[str, ...]:
    """The labels of this desk that a person may confuse with `label`; never empty."""
    return tuple(other for other in NEIGHBOURS[label] if other in LABELS[desk])
