"""The fictional services firm: its labels, tiers, services, and what is easily confused."""

from decimal import Decimal
from typing import Literal

Tier = Literal["essential", "growth", "strategic"]
Saying = Literal["named", "other", "both", "silent", "hostile"]
"""What a note says of the tier: the right one, another one, two of them, none."""

SOW, NO_DRAFT = LABELS = ("statement_of_work", "no_draft")
NEIGHBOURS = {SOW: (NO_DRAFT,), NO_DRAFT: (SOW,)}
"""The labels a careful person may give instead."""
TIERS: dict[Tier, int] = {"essential": 46, "growth": 40, "strategic": 14}
"""Tiers of accounts, in hundredths."""
CURRENCIES = {"EUR": 60, "GBP": 22, "USD": 18}
FEES = {"managed_care": 1_900, "data_migration": 3_400, "training": 1_200, "onboarding": 2_300}
"""List fee of a month in EUR for the tier essential, by service."""
DEARER: dict[Tier, Decimal] = {
    "essential": Decimal(1),
    "growth": Decimal("1.6"),
    "strategic": Decimal("2.7"),
}
EXCHANGED = {"EUR": Decimal(1), "GBP": Decimal("0.86"), "USD": Decimal("1.08")}
REGIONS = {"dach": 42, "uk": 26, "nordics": 14, "us": 18}
GERMAN = "dach"
DOCUMENTS = {"statement_of_work": 94, "change_order": 3, "renewal_letter": 3}
TERMS = {"standard": 92, "amended": 6, "customer_paper": 2}
TERM_MONTHS = {6: 12, 12: 48, 24: 28, 36: 12}
DISCOUNT_CAP = 15
"""Above this discount, in hundredths, a person decides: clause 1 of the policy document."""
OLD_MONTHS = 12
"""An account's record that nobody looked at for longer is a person's: clause 9."""
LAW: dict[str, dict[str, str | int]] = {
    "dach": {
        "governing_law": "Germany",
        "notice_days": 30,
        "clauses": "liability-cap; data-processing; works-acceptance",
    },
    "uk": {
        "governing_law": "England and Wales",
        "notice_days": 30,
        "clauses": "liability-cap; data-processing",
    },
    "nordics": {
        "governing_law": "Sweden",
        "notice_days": 45,
        "clauses": "liability-cap; data-processing; local-language",
    },
    "us": {
        "governing_law": "Delaware",
        "notice_days": 60,
        "clauses": "liability-cap; insurance; export-control",
    },
}
"""Standard terms by region."""


def neighbours(label: str) -> tuple[str, ...]:
    """The labels that a person may confuse with `label`; never empty."""
    return NEIGHBOURS[label]


def fee(service: str, tier: Tier, currency: str) -> str:
    """The list fee of a month, as the rate card says it."""
    exact = Decimal(FEES[service]) * DEARER[tier] * EXCHANGED[currency]
    return f"{exact.quantize(Decimal(10)):f}.00" if exact < 1_000 else f"{round(exact, -1):f}.00"
