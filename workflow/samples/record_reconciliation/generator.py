"""Invoices, labelled cases and the customer's systems: seeded, without a clock, wholly synthetic.

The same arguments give the same bytes on every machine. The rules of the world stand in
`customer/policy.md` and in `truth.py`; nothing here looks at what any workflow makes of an invoice.
"""

import csv
import io
import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import Any

from workflow.samples import chance, wording
from workflow.samples.pieces import FIRST_DAY, Piece, Pool, in_order, labelled
from workflow.samples.record_reconciliation.occasions import Deal, Family, deals, family, part
from workflow.samples.record_reconciliation.suppliers import suppliers
from workflow.samples.record_reconciliation.truth import (
    Facts,
    decide,
    is_close,
    label_of,
    severity,
)
from workflow.samples.record_reconciliation.world import neighbours
from workflow.samples.truth import Kind, Truth

DATASET_FAMILIES = 1_370
EXPERT = "lorenz_quandt"
"""The domain expert of `customer/people.yaml`, who labels every case."""
FAMILIES_A_DAY = 8
CHANNELS = {"edi": 40, "pdf": 45, "portal": 15}
NOTED = 0.6
"""Share of the ordinary invoices with a note; what is special is told more often."""
TELLS = {"part": 0.7, "freight": 0.6, "asks": 1.0, "hostile": 1.0}
SLIPPED = 0.25
"""Share of the notes with a slip."""
WITH_COMMA = 0.35
"""Share of the orders of plants that write decimals with a comma."""
NO_CURRENCY, NO_TAX, NO_LINES, OTHER_LINES = 0.03, 0.03, 0.1, 0.08
"""Shares of the invoices: what is not given, and lines counted otherwise than in the order."""
DEFECTS = {"comma": 4, "letter": 2, "net": 2, "total": 2, "dated": 3, "supplier_id": 2}
"""What is wrong with a malformed invoice, by weight."""
SPEAK_GERMAN = ("DE", "AT", "CH")


@dataclass(frozen=True)
class Written:
    """One invoice with the records it was made from."""

    piece: Piece
    deal: Deal
    with_comma: bool


def invoices(seed: int, families: int, *, pool: Pool) -> list[Piece]:
    """The invoices of so many families in the order received; more families only add invoices."""
    return in_order(one.piece for one in everything(seed, families, pool=pool))


@cache
def everything(seed: int, families: int, *, pool: Pool) -> tuple[Written, ...]:
    """The invoices of a pool with their records, family by family."""
    found: list[Written] = []
    for place in range(families):
        day = FIRST_DAY[pool] + timedelta(days=place // FAMILIES_A_DAY)
        one = family(seed, place, pool=pool, received=day)
        found += [written(one, deal, number) for number, deal in enumerate(deals(one))]
    return tuple(found)


def cases(seed: int, *, families: int = DATASET_FAMILIES) -> list[dict[str, Any]]:
    """The labelled dataset as JSON objects, each with what the systems said of it."""
    return [case(one, seed) for one in invoices(seed, families, pool="dataset")]


def case(one: Piece, seed: int) -> dict[str, Any]:
    """One labelled case."""
    near = neighbours(one.truth.label)
    return labelled(one, seed=seed, expert=EXPERT, neighbours=near)


def orders(found: list[Written]) -> str:
    """The orders' table."""
    file = io.StringIO()
    names = ["po_number", *found[0].deal.order(with_comma=False)]
    table = csv.DictWriter(file, names, delimiter=";", lineterminator="\n")
    table.writeheader()
    for one in found:
        order = one.deal.order(with_comma=one.with_comma)
        table.writerow({"po_number": one.deal.po_number, **order})
    return file.getvalue()


def receipts(found: list[Written]) -> str:
    """What was received under every order."""
    return json.dumps({one.deal.po_number: one.deal.receipt() for one in found})


def supplier_file() -> str:
    """Every supplier."""
    return json.dumps({one.id: one.row() for one in suppliers()})


def written(one: Family, deal: Deal, number: int) -> Written:
    """One invoice as it comes in, and what is right for it."""
    drawn = chance.stream(one.id, number, "written")
    channel = chance.pick(drawn, CHANNELS)
    with_comma = chance.share("plant", deal.po_number) < WITH_COMMA
    fields = given(one, deal, drawn) | {"channel": channel, "note": note(one, drawn)}
    fields["invoice_id"] = "d" + chance.name("invoice", one.id, number)
    kind: Kind = "ordinary"
    if one.event == "hostile":
        kind = "hostile"
    if one.event == "malformed":
        kind, fields = "malformed", spoilt(fields, drawn)
    facts = facts_of(one, deal, kind, has_tax=fields["tax"] is not None)
    piece = Piece(
        key=str(fields["invoice_id"]),
        input=fields,
        truth=judge(facts, one, segment=channel),
        received=deal.dated,
        is_unclear=facts.asks or is_close(facts),
        context=context(one, deal, fields, with_comma=with_comma),
    )
    return Written(piece, deal, with_comma)


def given(one: Family, deal: Deal, drawn: random.Random) -> dict[str, Any]:
    """The fields of the invoice, some of which are simply not given."""
    lines = deal.lines + drawn.choice((-1, 1, 2)) if drawn.random() < OTHER_LINES else deal.lines
    has_tax = drawn.random() >= NO_TAX or deal.rate > 0 or one.event == "tax"
    return {
        "invoice_id": "",
        "invoice_number": deal.invoice_number,
        "supplier_id": one.supplier.id,
        "po_number": order_number(one, deal, drawn),
        "currency": None if drawn.random() < NO_CURRENCY else deal.invoice_currency,
        "net": str(deal.asked.net),
        "tax": str(deal.asked.tax) if has_tax else None,
        "total": str(deal.asked.total),
        "lines": None if drawn.random() < NO_LINES else max(1, lines),
        "dated": deal.dated.isoformat(),
    }


def order_number(one: Family, deal: Deal, drawn: random.Random) -> str | None:
    """The order as the invoice names it."""
    number = deal.po_number
    if one.event == "no_order":
        return None
    if one.event != "wrong_order":
        return number
    forms = (f"PO {number}", f"{number[:2]} {number[2:6]} {number[6:]}", number[:-1])
    return chance.one(drawn, (*forms, number[:6] + number[7] + number[6] + number[8:] + "1"))


def note(one: Family, drawn: random.Random) -> str | None:
    """What the supplier writes below the figures."""
    if drawn.random() >= TELLS.get(one.event, NOTED):
        return None
    notes = wording.written("record_reconciliation", "notes.yaml")
    language = "de" if one.supplier.country in SPEAK_GERMAN else "en"
    phrases = notes[one.event if one.event in TELLS else "plain"][language]
    said = phrases[(one.phrase + drawn.randrange(3)) % len(phrases)]
    gaps = {
        "slip": str(drawn.randrange(10_000, 99_999)),
        "day": f"{drawn.randrange(1, 29):02d}.{drawn.randrange(1, 13):02d}",
        "name": chance.one(drawn, notes["names"]),
    }
    return wording.typed(wording.fill(said, gaps.__getitem__, drawn), drawn, slipped=SLIPPED)


def spoilt(fields: dict[str, Any], drawn: random.Random) -> dict[str, Any]:
    """The same invoice with one field missing or unreadable."""
    defect = chance.pick(drawn, DEFECTS)
    if defect == "comma":
        return fields | {"total": fields["total"].replace(".", ",")}
    if defect == "letter":
        return fields | {"net": "O" + fields["net"]}
    if defect == "dated":
        return fields | {"dated": chance.one(drawn, ("31.02.2025", "2025-02-30", "soon"))}
    return fields | {defect: None}


def context(
    one: Family, deal: Deal, fields: dict[str, Any], *, with_comma: bool
) -> dict[str, dict[str, Any]]:
    """What the systems say of the invoice; nothing of an order that they do not find."""
    found: dict[str, dict[str, Any]] = {}
    if fields["po_number"] == deal.po_number:
        found = {"orders": deal.order(with_comma=with_comma), "receipts": deal.receipt()}
    if fields["supplier_id"]:
        found["suppliers"] = dict(one.supplier.row())
    return found


def facts_of(one: Family, deal: Deal, kind: Kind, *, has_tax: bool) -> Facts:
    """What the policy document asks about an invoice."""
    asked = deal.asked
    is_booked = deal.invoice_number == deal.last_invoice
    is_theirs = deal.order_supplier == one.supplier.id
    tax = asked.tax if has_tax else part(asked.net, deal.rate)
    return Facts(
        kind=kind,
        has_order=one.event not in ("no_order", "wrong_order"),
        asks=one.event == "asks",
        is_same=is_theirs and not is_booked and deal.invoice_currency == deal.currency,
        net=asked.net,
        open_net=deal.open_net,
        tax_gap=abs(tax - part(asked.net, deal.rate)),
        sum_gap=abs(asked.total - asked.net - asked.tax),
        total=asked.total,
        is_disputed=one.supplier.is_disputed,
        invoices_before=one.supplier.invoices_before,
    )


def judge(facts: Facts, one: Family, *, segment: str) -> Truth:
    """What is right for an invoice of this family."""
    label, clause = label_of(facts), decide(facts)
    return Truth(
        label=label,
        routes=clause.routes,
        why=clause.why,
        severity=clause.severity or severity(label),
        family=one.id,
        segment=segment,
        kind=facts.kind,
    )


def everybody(seed: int, live_seed: int, live_families: int) -> Iterator[Written]:
    """The invoices of the cases and the live ones: what the systems know of."""
    yield from everything(seed, DATASET_FAMILIES, pool="dataset")
    yield from everything(live_seed, live_families, pool="live")
