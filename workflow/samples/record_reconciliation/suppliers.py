"""The suppliers: what the truth depends on hangs on the id alone, whatever the seed."""

from dataclasses import dataclass
from functools import cache

from workflow.samples import chance

COUNT = 260
NEW, DISPUTED = 0.06, 0.05
"""Shares of the suppliers."""
COUNTRIES = {"DE": 46, "AT": 12, "NL": 10, "FR": 8, "GB": 12, "CH": 6, "US": 6}
RATES = {"DE": 19, "AT": 20, "NL": 21, "FR": 20, "GB": 0, "CH": 0, "US": 0}
"""Tax on what they sell to us, in hundredths."""
CURRENCIES = {"GB": "GBP", "CH": "CHF", "US": "USD"}
"""Where it is not EUR."""
FIRST = ("Alder", "Brink", "Corvin", "Delbrook", "Esker", "Farrow", "Gault", "Hollis", "Ibsen")
LAST = ("Castings", "Circuits", "Drives", "Fasteners", "Glass", "Optics", "Sensors", "Springs")


@dataclass(frozen=True)
class Supplier:
    """One supplier, as far as the policy document asks about it."""

    id: str
    name: str
    country: str
    currency: str
    is_disputed: bool
    invoices_before: int

    def row(self) -> dict[str, str | int | bool]:
        """What the supplier file says of it."""
        return {
            "name": self.name,
            "country": self.country,
            "invoices_before": self.invoices_before,
            "dispute": self.is_disputed,
        }


@cache
def suppliers() -> tuple[Supplier, ...]:
    """Every supplier."""
    return tuple(supplier(f"S-{1_000 + number}") for number in range(COUNT))


def supplier(id: str) -> Supplier:
    """The supplier of this id; the same for every seed."""
    drawn = chance.stream("supplier", id)
    country = chance.pick(drawn, COUNTRIES)
    is_new = chance.share("new", id) < NEW
    return Supplier(
        id=id,
        name=f"{chance.one(drawn, FIRST)} {chance.one(drawn, LAST)} {id[2:]} (fictional)",
        country=country,
        currency=CURRENCIES.get(country, "EUR"),
        is_disputed=chance.share("dispute", id) < DISPUTED,
        invoices_before=drawn.randrange(3) if is_new else 3 + int(drawn.expovariate(1 / 40)),
    )
