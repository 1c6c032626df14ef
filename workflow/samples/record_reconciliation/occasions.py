"""One family: what is special about it, and the one to three invoices it makes."""

import random
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from math import log
from typing import Any

from workflow.samples import chance
from workflow.samples.pieces import Pool
from workflow.samples.record_reconciliation.suppliers import RATES, Supplier, suppliers
from workflow.samples.record_reconciliation.world import (
    CENT,
    EVENTS,
    Event,
    tolerance,
)

INVOICES = {1: 48, 2: 31, 3: 21}
"""How many invoices a family makes, in hundredths."""
MEDIAN, SPREAD = 850, 1.1
"""Net value of an order: log-normal."""
OTHER_CURRENCY = {"EUR": 70, "USD": 20, "GBP": 10}
BEGINS: Mapping[Pool, str] = {"dataset": "45", "live": "46"}
"""First digits of the order numbers: the pools share none, whatever the seeds."""


@dataclass(frozen=True, kw_only=True)
class Family:
    """One occasion of one supplier."""

    id: str
    place: int
    pool: Pool
    event: Event
    supplier: Supplier
    phrase: int
    """Which note is written, where one is."""
    received: date


@dataclass(frozen=True, kw_only=True)
class Amounts:
    """What an invoice asks for."""

    net: Decimal
    tax: Decimal
    total: Decimal


@dataclass(frozen=True, kw_only=True)
class Deal:
    """One invoice with its order and its receipts, before anything is written down."""

    po_number: str
    ordered_net: Decimal
    open_net: Decimal
    rate: int
    """Tax of the order, in hundredths."""
    currency: str
    """Of the order."""
    order_supplier: str
    lines: int
    last_invoice: str | None
    received_on: date | None
    invoice_number: str
    invoice_currency: str
    asked: Amounts
    dated: date

    @property
    def open_tax(self) -> Decimal:
        """Tax on what is open."""
        return part(self.open_net, self.rate)

    def order(self, *, with_comma: bool) -> dict[str, Any]:
        """The row of the orders' table; two plants write decimals with a comma."""
        net = f"{self.ordered_net:,.2f}"
        return {
            "supplier_id": self.order_supplier,
            "currency": self.currency,
            "ordered_net": swapped(net) if with_comma else net.replace(",", ""),
            "tax_rate": str(self.rate),
            "lines": str(self.lines),
        }

    def receipt(self) -> dict[str, Any]:
        """What was delivered under the order and is not invoiced yet."""
        return {
            "open_net": float(self.open_net),
            "open_tax": float(self.open_tax),
            "open_total": float(self.open_net + self.open_tax),
            "last_invoice": self.last_invoice,
            "received_on": None if self.received_on is None else self.received_on.isoformat(),
        }


def family(seed: int, place: int, *, pool: Pool, received: date) -> Family:
    """The family at one place of one pool of one seed."""
    drawn = chance.stream(seed, pool, place, "family")
    return Family(
        id="f" + chance.name("family", seed, pool, place),
        place=place,
        pool=pool,
        event=chance.pick(drawn, EVENTS),
        supplier=chance.one(drawn, suppliers()),
        phrase=drawn.randrange(1_000),
        received=received,
    )


def deals(one: Family) -> list[Deal]:
    """The invoices of a family, each under an order of its own."""
    drawn = chance.stream(one.id, "deals")
    return [deal(one, number) for number in range(chance.pick(drawn, INVOICES))]


def deal(one: Family, number: int) -> Deal:
    """One invoice: in order first, then as its event has it."""
    drawn = chance.stream(one.id, number)
    net = money(max(12.0, drawn.lognormvariate(log(MEDIAN), SPREAD)))
    rate, supplier = RATES[one.supplier.country], one.supplier
    dated = one.received + timedelta(days=number + drawn.randrange(2))
    plain = Deal(
        po_number=f"{BEGINS[one.pool]}{one.place * 3 + number:05d}{drawn.randrange(1_000):03d}",
        ordered_net=net,
        open_net=net,
        rate=rate,
        currency=supplier.currency,
        order_supplier=supplier.id,
        lines=1 + min(30, int(drawn.expovariate(0.4))),
        last_invoice=numbered(supplier, drawn) if drawn.random() < 0.4 else None,
        received_on=dated - timedelta(days=1 + drawn.randrange(12)),
        invoice_number=numbered(supplier, drawn),
        invoice_currency=supplier.currency,
        asked=asked(net, rate),
        dated=dated,
    )
    return changed(plain, one, drawn)


def changed(plain: Deal, one: Family, drawn: random.Random) -> Deal:
    """The invoice as the event of its family has it."""
    change = CHANGES.get(one.event)
    return change(plain, drawn) if change else plain


def rounded(plain: Deal, drawn: random.Random) -> Deal:
    """Cents up or down, from prices with more than two digits."""
    cents = Decimal(drawn.randrange(1, 60)) * CENT * drawn.choice((-1, 1))
    return billed(plain, plain.open_net + cents)


def freight(plain: Deal, drawn: random.Random) -> Deal:
    """Freight beside the order: mostly within the tolerance, sometimes beyond it."""
    share = drawn.lognormvariate(log(0.6), 0.7)
    return billed(plain, plain.open_net + money(float(tolerance(plain.open_net)) * share))


def part_delivered(plain: Deal, drawn: random.Random) -> Deal:
    """A part was delivered and is invoiced as such."""
    some = money(float(plain.ordered_net) * drawn.uniform(0.2, 0.8))
    return billed(replace(plain, open_net=some), some)


def whole_for_part(plain: Deal, drawn: random.Random) -> Deal:
    """A part was delivered and all of it is invoiced."""
    return replace(plain, open_net=money(float(plain.ordered_net) * drawn.uniform(0.2, 0.9)))


def early(plain: Deal, _: random.Random) -> Deal:
    """Nothing was delivered yet."""
    return replace(plain, open_net=Decimal("0.00"), received_on=None)


def dearer(plain: Deal, drawn: random.Random) -> Deal:
    """Prices above the order, by a few per cent; small ones stay within the tolerance."""
    return billed(plain, money(float(plain.open_net) * (1 + drawn.lognormvariate(log(0.04), 0.8))))


def more(plain: Deal, drawn: random.Random) -> Deal:
    """More invoiced than was received."""
    return billed(plain, money(float(plain.open_net) * drawn.uniform(1.05, 1.6)))


def twice(plain: Deal, drawn: random.Random) -> Deal:
    """The number was booked before; sometimes as much again was delivered meanwhile."""
    is_open = drawn.random() < 0.3
    left = plain.open_net if is_open else Decimal("0.00")
    return replace(plain, open_net=left, last_invoice=plain.invoice_number)


def other_currency(plain: Deal, drawn: random.Random) -> Deal:
    """The same figures in another currency."""
    others = {code: n for code, n in OTHER_CURRENCY.items() if code != plain.currency}
    return replace(plain, invoice_currency=chance.pick(drawn, others))


def other_tax(plain: Deal, drawn: random.Random) -> Deal:
    """Taxed at another rate than the order's."""
    rate = chance.one(drawn, [one for one in (0, 7, 19, 20, 21) if one != plain.rate])
    return replace(plain, asked=asked(plain.asked.net, rate))


def wrong_sum(plain: Deal, drawn: random.Random) -> Deal:
    """A total that does not follow from net and tax."""
    wrong = money(drawn.uniform(1, 90)) * drawn.choice((-1, 1))
    return replace(plain, asked=replace(plain.asked, total=max(CENT, plain.asked.total + wrong)))


def other_supplier(plain: Deal, drawn: random.Random) -> Deal:
    """The order is another supplier's."""
    others = [one.id for one in suppliers() if one.id != plain.order_supplier]
    return replace(plain, order_supplier=chance.one(drawn, others))


def asks(plain: Deal, drawn: random.Random) -> Deal:
    """The note asks for more; in half of the invoices the net differs as well."""
    return dearer(plain, drawn) if drawn.random() < 0.5 else plain


CHANGES = {
    "rounded": rounded,
    "freight": freight,
    "part": part_delivered,
    "whole_for_part": whole_for_part,
    "early": early,
    "price": dearer,
    "quantity": more,
    "twice": twice,
    "currency": other_currency,
    "tax": other_tax,
    "sum": wrong_sum,
    "other_supplier": other_supplier,
    "asks": asks,
}


def billed(plain: Deal, net: Decimal) -> Deal:
    """The same with another net, taxed at the order's rate."""
    return replace(plain, asked=asked(max(CENT, net), plain.rate))


def asked(net: Decimal, rate: int) -> Amounts:
    """A net with its tax and total."""
    tax = part(net, rate)
    return Amounts(net=net, tax=tax, total=net + tax)


def part(net: Decimal, rate: int) -> Decimal:
    """Tax at a rate in hundredths."""
    return (net * rate / 100).quantize(CENT)


def money(amount: float) -> Decimal:
    """An amount in whole cents."""
    return Decimal(repr(round(amount, 2))).quantize(CENT)


def numbered(supplier: Supplier, drawn: random.Random) -> str:
    """A number as this supplier writes them."""
    form = chance.share("numbers", supplier.id)
    number = drawn.randrange(100, 100_000)
    if form < 0.4:
        return f"RE-2025-{number:05d}"
    return f"{supplier.name[:2].upper()}{number:06d}" if form < 0.7 else f"INV/{number}"


def swapped(text: str) -> str:
    """A number with comma and point in each other's place."""
    return text.translate(str.maketrans(",.", ".,"))
