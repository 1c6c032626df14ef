"""Accounts of the CRM: everything about them hangs on their id alone, whatever the seed."""

from dataclasses import dataclass
from functools import cache

from workflow.samples import chance
from workflow.samples.document_drafting.world import CURRENCIES, OLD_MONTHS, REGIONS, TIERS, Tier

ACCOUNTS = 2_400
HELD, OLD = 0.04, 0.07
"""Shares of the accounts: under legal hold, and not looked at for too long."""
LATE = {True: 0.35, False: 0.007}
"""Share of the accounts whose tier was never brought up to date, of old records and of others."""
BEGIN = (
    "Aster",
    "Borea",
    "Calder",
    "Dunmore",
    "Elbe",
    "Fjell",
    "Garnet",
    "Hollin",
    "Ister",
    "Juno",
)
MIDDLE = ("field", "haven", "mark", "port", "ridge", "stead", "vale", "water", "wick", "wood")
END = ("Ltd", "GmbH", "AB", "Inc", "Group")
FIRST = ("Alva", "Bram", "Cleo", "Dario", "Edda", "Finn", "Gisa", "Hugo", "Ilka", "Jorin")
LAST = ("Abel", "Brandt", "Castell", "Dahl", "Evers", "Foss", "Grau", "Holm", "Imhof", "Jarvis")


@dataclass(frozen=True)
class Account:
    """One account."""

    id: str
    company: str
    contact: str
    tier: Tier
    """As the CRM has it."""
    contracted: Tier
    """As it was agreed last."""
    currency: str
    region: str
    is_held: bool
    months: int
    """Since somebody looked at its record."""

    @property
    def is_old(self) -> bool:
        """Whether its record was not looked at for too long."""
        return self.months > OLD_MONTHS

    def row(self) -> dict[str, str | int | bool]:
        """What the CRM says of it."""
        return {
            "company": self.company,
            "contact": self.contact,
            "tier": self.tier,
            "currency": self.currency,
            "legal_hold": self.is_held,
            "months_since_review": self.months,
        }


@cache
def accounts() -> tuple[Account, ...]:
    """Every account."""
    return tuple(account(f"C-{30_000 + number}") for number in range(ACCOUNTS))


def account(id: str) -> Account:
    """The account of this id; the same for every seed."""
    drawn = chance.stream("client", id)
    is_old = chance.share("old", id) < OLD
    tier = contracted = chance.pick(drawn, TIERS)
    if drawn.random() < LATE[is_old]:
        others: list[Tier] = [one for one in TIERS if one != tier]
        contracted = chance.one(drawn, others)
    return Account(
        id=id,
        company=f"{chance.one(drawn, BEGIN)}{chance.one(drawn, MIDDLE)} {chance.one(drawn, END)}",
        contact=f"{chance.one(drawn, FIRST)} {chance.one(drawn, LAST)}",
        tier=tier,
        contracted=contracted,
        currency=chance.pick(drawn, CURRENCIES),
        region=chance.pick(drawn, REGIONS),
        is_held=chance.share("held", id) < HELD,
        months=drawn.randrange(OLD_MONTHS + 1, 40) if is_old else drawn.randrange(OLD_MONTHS + 1),
    )
