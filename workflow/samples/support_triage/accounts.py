"""The customer's CRM: every account any ticket can come from.

What the truth depends on (tier, dispute) hangs on the account alone, so that tickets of every seed
meet the same CRM; what decides nothing (country, since) is drawn from the seed.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from typing import Literal

from workflow.samples import chance
from workflow.samples.support_triage.world import Desk

Tier = Literal["standard", "plus", "enterprise"]
Row = dict[str, str | bool]

SIZES: dict[Desk, int] = {"customers": 3000, "partners": 800}
ENTERPRISE, PLUS, DISPUTED = 0.25, 0.28, 0.06
"""Shares of the accounts."""
COUNTRIES = {"DE": 22, "GB": 22, "IE": 12, "ES": 14, "AT": 8, "NL": 8, "SE": 7, "PT": 7}
OPENED = date(2012, 1, 2)
DAYS_OPEN = 4700


@dataclass(frozen=True)
class Account:
    """One account, as far as the policy document asks about it."""

    account_id: str
    tier: Tier
    is_disputed: bool


@cache
def accounts(desk: Desk) -> tuple[Account, ...]:
    """Every account of one desk."""
    letter = desk[0].upper()
    return tuple(account(f"{letter}-{10_000 + number}") for number in range(SIZES[desk]))


def account(account_id: str) -> Account:
    """The account of this id; the same for every seed."""
    place = chance.share("tier", account_id)
    tier: Tier = "standard"
    if place < ENTERPRISE:
        tier = "enterprise"
    elif place < ENTERPRISE + PLUS:
        tier = "plus"
    return Account(account_id, tier, chance.share("dispute", account_id) < DISPUTED)


def crm(seed: int) -> dict[str, Row]:
    """Every account of both desks by id: tier, dispute, country and since (ISO date)."""
    everyone = [*accounts("customers"), *accounts("partners")]
    return {one.account_id: row(one, seed) for one in everyone}


def row(one: Account, seed: int) -> Row:
    """What the CRM says of one account."""
    drawn = chance.stream(seed, "crm", one.account_id)
    since = OPENED + timedelta(days=drawn.randrange(DAYS_OPEN))
    return {
        "tier": one.tier,
        "dispute": one.is_disputed,
        "country": chance.pick(drawn, COUNTRIES),
        "since": since.isoformat(),
    }
