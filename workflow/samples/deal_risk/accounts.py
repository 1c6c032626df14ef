"""Accounts and owners: everything about them hangs on their id alone, whatever the seed."""

from dataclasses import dataclass
from functools import cache

from workflow.samples import chance
from workflow.samples.deal_risk.world import REGIONS, Tier

ACCOUNTS, OWNERS = 2_400, 36
STRATEGIC, PLUS, HELD, OVERDUE = 0.1, 0.3, 0.05, 0.12
"""Shares of the accounts."""
INDUSTRIES = {"offices": 30, "clinics": 15, "logistics": 20, "education": 15, "retail": 20}
TICKETS = 1.1
"""Open support tickets of an account, on average."""


@dataclass(frozen=True)
class Account:
    """One account, as the CRM has it."""

    id: str
    tier: Tier
    industry: str
    open_tickets: int
    is_overdue: bool
    is_held: bool

    def row(self) -> dict[str, str | int | bool]:
        """What the CRM says of it."""
        return {
            "tier": self.tier,
            "industry": self.industry,
            "open_tickets": self.open_tickets,
            "is_overdue": self.is_overdue,
            "legal_hold": self.is_held,
        }


@dataclass(frozen=True)
class Owner:
    """One sales representative."""

    id: str
    region: str
    meetings_30d: int
    open_deals: int

    def row(self) -> dict[str, str | int]:
        """What the CRM says of them."""
        return {"meetings_30d": self.meetings_30d, "open_deals": self.open_deals}


@cache
def accounts() -> tuple[Account, ...]:
    """Every account."""
    return tuple(account(f"A-{20_000 + number}") for number in range(ACCOUNTS))


@cache
def owners() -> tuple[Owner, ...]:
    """Every representative."""
    return tuple(owner(f"R-{10 + number}") for number in range(OWNERS))


def account(id: str) -> Account:
    """The account of this id; the same for every seed."""
    drawn = chance.stream("account", id)
    place = chance.share("tier", id)
    tier: Tier = "standard"
    if place < STRATEGIC:
        tier = "strategic"
    elif place < STRATEGIC + PLUS:
        tier = "plus"
    return Account(
        id=id,
        tier=tier,
        industry=chance.pick(drawn, INDUSTRIES),
        open_tickets=int(drawn.expovariate(1 / TICKETS)),
        is_overdue=drawn.random() < OVERDUE,
        is_held=chance.share("hold", id) < HELD,
    )


def owner(id: str) -> Owner:
    """The representative of this id; the same for every seed."""
    drawn = chance.stream("owner", id)
    meetings, deals = drawn.randrange(4, 40), drawn.randrange(8, 40)
    return Owner(id, chance.pick(drawn, REGIONS), meetings_30d=meetings, open_deals=deals)
