"""Requests, labelled cases and the customer's systems: seeded, without a clock, wholly synthetic.

The same arguments give the same bytes on every machine. The rules of the world stand in
`customer/policy.md` and in `truth.py`; nothing here looks at what any workflow makes of a request.
"""

import random
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from workflow.samples import chance, wording
from workflow.samples.document_drafting.accounts import Account, accounts
from workflow.samples.document_drafting.truth import Facts, decide, fields_of, label_of, severity
from workflow.samples.document_drafting.world import (
    CURRENCIES,
    DISCOUNT_CAP,
    DOCUMENTS,
    FEES,
    GERMAN,
    LAW,
    SOW,
    TERM_MONTHS,
    TERMS,
    TIERS,
    Saying,
    fee,
    neighbours,
)
from workflow.samples.pieces import FIRST_DAY, Piece, Pool, in_order, kinds, labelled
from workflow.samples.sample import Records, as_lines
from workflow.samples.truth import Kind, Truth

DATASET_FAMILIES = 940
EXPERT = "maren_holtz"
"""The domain expert of `customer/people.yaml`, who labels every case."""
FAMILIES_A_WEEK = 40
REQUESTS = {1: 42, 2: 33, 3: 25}
"""How many requests an account makes on one occasion, in hundredths."""
SAYINGS: dict[Saying, float] = {"named": 76, "other": 9, "both": 4, "silent": 11}
"""What notes say of the tier, by weight."""
KINDS = kinds(hostile=0.02, malformed=0.02)
"""How often each kind of occasion comes in."""
EXCLUDED, IS_MARKED = 0.05, 0.7
"""Share of the requests whose note asks for an excluded term, and of those marked as amended."""
NO_CURRENCY, OTHER_CURRENCY, NO_DISCOUNT = 0.2, 0.045, 0.6
"""Shares of the requests: currency not given, another than the account's, no discount."""
TOO_MUCH = 0.16
"""Share of the discounts that are above the cap."""
SLIPPED = 0.2
"""Share of the notes with a slip."""
DEFECTS = {"term": 3, "start_on": 3, "discount": 2, "account_id": 2, "service": 2, "region": 1}
"""What is wrong with a malformed request, by weight."""


@dataclass(frozen=True, kw_only=True)
class Occasion:
    """One occasion of one account: what its requests share."""

    id: str
    kind: Kind
    account: Account
    began: date
    term_months: int


def requests(seed: int, families: int, *, pool: Pool) -> list[Piece]:
    """The requests of so many occasions in their order; more occasions only add requests."""
    found: list[Piece] = []
    for place in range(families):
        one = occasion(seed, place, pool=pool)
        drawn = chance.stream(one.id, "requests")
        found += [request(one, number) for number in range(chance.pick(drawn, REQUESTS))]
    return in_order(found)


def cases(seed: int, *, families: int = DATASET_FAMILIES) -> list[dict[str, Any]]:
    """The labelled dataset as JSON objects, each with what the systems said of it."""
    return [case(one, seed) for one in requests(seed, families, pool="dataset")]


def case(one: Piece, seed: int) -> dict[str, Any]:
    """One labelled case; who agrees with the first label agrees with its fields."""
    near = neighbours(one.truth.label)
    told = labelled(one, seed=seed, expert=EXPERT, neighbours=near)
    agrees = told["second_label"] == one.truth.label
    return told | {"second_fields": dict(one.truth.fields) if agrees else None}


def records(seed: int, live_seed: int) -> tuple[Records, ...]:
    """Accounts, rates and terms; requests of every seed meet the same."""
    del seed, live_seed
    return (
        Records(
            "accounts", "accounts.json", "account_id", as_lines({a.id: a.row() for a in accounts()})
        ),
        Records("rates", "rates.json", "service", as_lines(rates())),
        Records("terms", "terms.json", "region", as_lines(LAW)),
    )


def rates() -> dict[str, dict[str, str]]:
    """The rate card: the monthly fee of each tier in each currency, by service."""
    return {
        service: {
            f"{tier}_{currency.lower()}": fee(service, tier, currency)
            for tier in TIERS
            for currency in CURRENCIES
        }
        for service in FEES
    }


def occasion(seed: int, place: int, *, pool: Pool) -> Occasion:
    """The occasion at one place of one pool of one seed."""
    id = "s" + chance.name("occasion", seed, pool, place)
    drawn = chance.stream(id)
    return Occasion(
        id=id,
        kind=chance.pick(drawn, KINDS),
        account=chance.one(drawn, accounts()),
        began=FIRST_DAY[pool] + timedelta(weeks=place // FAMILIES_A_WEEK),
        term_months=chance.pick(drawn, TERM_MONTHS),
    )


def request(one: Occasion, number: int) -> Piece:
    """One request of an occasion, and what is right for it."""
    drawn = chance.stream(one.id, number)
    day = one.began + timedelta(days=2 * number + drawn.randrange(2))
    asks = one.kind == "ordinary" and drawn.random() < EXCLUDED
    fields = shown(one, day, drawn, asks=asks)
    fields["request_id"] = "q" + chance.name("request", one.id, number)
    says = saying(one, drawn)
    fields["note"] = note(one, fields["service"], drawn, says=says, asks=asks)
    facts = facts_of(one, fields, asks=asks)
    if one.kind == "malformed":
        fields = spoilt(fields, drawn)
    return Piece(
        key=str(fields["request_id"]),
        input=fields,
        truth=judge(facts, one),
        received=day,
        is_unclear=says in ("both", "silent"),
        context=context(one, fields),
    )


def shown(one: Occasion, day: date, drawn: random.Random, *, asks: bool) -> dict[str, Any]:
    """The fields of the request form, some of which are simply not given."""
    terms = chance.pick(drawn, TERMS)
    if asks and drawn.random() < IS_MARKED:
        terms = "amended"
    return {
        "request_id": "",
        "account_id": one.account.id,
        "document": chance.pick(drawn, DOCUMENTS),
        "service": chance.one(drawn, tuple(FEES)),
        "region": one.account.region,
        "term_months": one.term_months,
        "discount_pct": discount(drawn),
        "terms": terms,
        "currency": currency(one, drawn),
        "start_on": (day + timedelta(days=drawn.randrange(10, 70))).isoformat(),
        "note": None,
    }


def discount(drawn: random.Random) -> int | None:
    """What the representative promises, in hundredths."""
    if drawn.random() < NO_DISCOUNT:
        return None
    is_too_much = drawn.random() < TOO_MUCH
    return (
        drawn.randrange(DISCOUNT_CAP + 1, 36)
        if is_too_much
        else drawn.randrange(2, DISCOUNT_CAP + 1)
    )


def currency(one: Occasion, drawn: random.Random) -> str | None:
    """As the representative gives it."""
    if drawn.random() < NO_CURRENCY:
        return None
    if drawn.random() < OTHER_CURRENCY:
        return chance.one(drawn, [name for name in CURRENCIES if name != one.account.currency])
    return one.account.currency


def saying(one: Occasion, drawn: random.Random) -> Saying:
    """What the note says of the tier."""
    return "hostile" if one.kind == "hostile" else chance.pick(drawn, SAYINGS)


def note(one: Occasion, service: str, drawn: random.Random, *, says: Saying, asks: bool) -> str:
    """The note as the representative types it."""
    language = "de" if one.account.region == GERMAN else "en"
    right = one.account.contracted
    other = chance.one(drawn, [tier for tier in TIERS if tier != right])
    gaps = {
        "tier": other if says == "other" else right,
        "other": other,
        "company": one.account.company,
        "contact": one.account.contact,
        "service": service.replace("_", " "),
    }
    notes = wording.written("document_drafting", "notes.yaml")
    phrases = [chance.one(drawn, notes["named" if says == "other" else says][language])]
    if asks:
        phrases.append(chance.one(drawn, notes["excluded"][language]))
    said = " ".join(wording.fill(one, gaps.__getitem__, drawn) for one in phrases)
    return wording.typed(said, drawn, slipped=SLIPPED)


def spoilt(fields: dict[str, Any], drawn: random.Random) -> dict[str, Any]:
    """The same request with one field missing or unreadable."""
    defect = chance.pick(drawn, DEFECTS)
    if defect == "term":
        return fields | {"term_months": chance.one(drawn, ("one year", "12 months", 0))}
    if defect == "start_on":
        return fields | {"start_on": chance.one(drawn, ("asap", "2025-02-30", "1.6."))}
    if defect == "discount":
        return fields | {"discount_pct": chance.one(drawn, ("10%", "ten", 140))}
    return fields | {defect: None}


def context(one: Occasion, fields: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """What the systems say of the request."""
    found: dict[str, dict[str, Any]] = {}
    if fields["account_id"]:
        found["accounts"] = dict(one.account.row())
    if fields["service"]:
        found["rates"] = dict(rates()[fields["service"]])
    if fields["region"]:
        found["terms"] = dict(LAW[fields["region"]])
    return found


def facts_of(one: Occasion, fields: dict[str, Any], *, asks: bool) -> Facts:
    """What the policy document asks about a request."""
    return Facts(
        kind=one.kind,
        document=fields["document"],
        service=fields["service"],
        terms=fields["terms"],
        asks_excluded=asks,
        discount=fields["discount_pct"],
        currency=fields["currency"],
        term_months=fields["term_months"],
        start_on=fields["start_on"],
        region=fields["region"],
        account=one.account,
    )


def judge(facts: Facts, one: Occasion) -> Truth:
    """What is right for a request of this occasion."""
    label, clause = label_of(facts), decide(facts)
    return Truth(
        label=label,
        fields=fields_of(facts),
        routes=clause.routes,
        why=clause.why,
        severity=clause.severity or (severity(facts) if label == SOW else "major"),
        family=one.id,
        segment=one.account.region,
        kind=facts.kind,
    )
