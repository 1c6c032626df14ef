"""Deals, labelled cases and the customer's systems: seeded, without a clock, wholly synthetic.

The same arguments give the same bytes on every machine. The rules of the world stand in
`customer/policy.md` and in `truth.py`; nothing here looks at what any workflow makes of a deal.
"""

import json
import random
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from math import log
from typing import Any

from workflow.samples import chance, wording
from workflow.samples.deal_risk.accounts import Account, Owner, accounts, owners
from workflow.samples.deal_risk.truth import Facts, decide, is_close, label_of, severity
from workflow.samples.deal_risk.world import (
    GERMAN,
    STAGES,
    Saying,
    neighbours,
)
from workflow.samples.pieces import FIRST_DAY, Piece, Pool, in_order, kinds, labelled
from workflow.samples.sample import Records
from workflow.samples.truth import Kind, Truth

DATASET_FAMILIES = 1_040
EXPERT = "jonas_ebeling"
"""The domain expert of `customer/people.yaml`, who labels every case."""
FAMILIES_A_WEEK = 45
WEEKS = {1: 48, 2: 30, 3: 22}
"""How many weekly reviews a deal has, in hundredths."""
MEDIAN_EUR, SPREAD = 24_000, 1.0
"""Amounts: log-normal."""
SAYINGS: dict[Saying, float] = {"good": 62, "vague": 23, "alarm": 9, "wrong": 6}
"""What next steps say, by weight, in a deal that goes neither well nor badly."""
KINDS = kinds(hostile=0.02, malformed=0.02)
"""How often each kind of deal comes in."""
NO_STEP, NO_CONTACT, NO_COMPETITOR = 0.1, 0.05, 0.3
"""Shares of the reviews in which it is not given."""
SLIPPED = 0.3
"""Share of the next steps with a slip."""
DEFECTS = {"amount": 3, "word": 2, "close_on": 3, "stage": 2, "owner_id": 2, "account_id": 2}
"""What is wrong with a malformed review, by weight."""


@dataclass(frozen=True, kw_only=True)
class Deal:
    """One deal: what its weekly reviews share."""

    id: str
    place: int
    pool: Pool
    kind: Kind
    account: Account
    owner: Owner
    amount_eur: Decimal
    stage: str
    trouble: float
    """0 goes well, 1 goes badly: how likely each sign is."""
    began: date
    days_in_stage: int
    close_moves: int
    close_on: date


def reviews(seed: int, families: int, *, pool: Pool) -> list[Piece]:
    """The weekly reviews of so many deals in their order; more deals only add reviews."""
    found: list[Piece] = []
    for place in range(families):
        one = deal(seed, place, pool=pool)
        drawn = chance.stream(one.id, "weeks")
        found += [review(one, week) for week in range(chance.pick(drawn, WEEKS))]
    return in_order(found)


def cases(seed: int, *, families: int = DATASET_FAMILIES) -> list[dict[str, Any]]:
    """The labelled dataset as JSON objects, each with what the systems said of it."""
    return [case(one, seed) for one in reviews(seed, families, pool="dataset")]


def case(one: Piece, seed: int) -> dict[str, Any]:
    """One labelled case."""
    near = neighbours(one.truth.label)
    return labelled(one, seed=seed, expert=EXPERT, neighbours=near)


def records(seed: int, live_seed: int) -> tuple[Records, ...]:
    """Accounts, owners and stages; deals of every seed meet the same."""
    del seed, live_seed
    known = {
        ("accounts", "account_id"): {one.id: one.row() for one in accounts()},
        ("owners", "owner_id"): {one.id: one.row() for one in owners()},
    }
    table = "stage,median_days\n" + "".join(f"{name},{days}\n" for name, days in STAGES.items())
    told = [Records(name, f"{name}.json", key, json.dumps(v)) for (name, key), v in known.items()]
    return (*told, Records("stages", "stages.csv", "stage", table))


def deal(seed: int, place: int, *, pool: Pool) -> Deal:
    """The deal at one place of one pool of one seed."""
    id = "f" + chance.name("deal", seed, pool, place)
    drawn = chance.stream(id)
    began = FIRST_DAY[pool] + timedelta(weeks=place // FAMILIES_A_WEEK)
    trouble = drawn.betavariate(1.1, 2.2)
    stage = chance.one(drawn, tuple(STAGES))
    euros = round(drawn.lognormvariate(log(MEDIAN_EUR), SPREAD), -2)
    kind = chance.pick(drawn, KINDS)
    return Deal(
        id=id,
        place=place,
        pool=pool,
        kind=kind,
        account=chance.one(drawn, accounts()),
        owner=chance.one(drawn, owners()),
        amount_eur=Decimal(int(max(800, euros))),
        stage=stage,
        trouble=trouble,
        began=began,
        days_in_stage=days_in(stage, trouble, drawn),
        close_moves=int(drawn.expovariate(1 / (0.3 + 2.2 * trouble))),
        close_on=began + timedelta(days=round(drawn.gauss(55 - 30 * trouble, 22))),
    )


def days_in(stage: str, trouble: float, drawn: random.Random) -> int:
    """Days in the stage so far: the longer the worse it goes."""
    return int(drawn.lognormvariate(log(STAGES[stage] * (0.4 + 1.9 * trouble)), 0.5))


def review(one: Deal, week: int) -> Piece:
    """One weekly review of a deal, and what is right for it."""
    drawn = chance.stream(one.id, week)
    day = one.began + timedelta(weeks=week, days=drawn.randrange(3))
    fields = shown(one, day, drawn) | {"review_id": "w" + chance.name("review", one.id, week)}
    says: Saying | None = None
    if one.kind == "hostile" or drawn.random() >= NO_STEP:
        says = saying(one, drawn)
        fields["next_step"] = step(one, says, drawn)
    facts = facts_of(one, fields, says, day)
    if one.kind == "malformed":
        fields = spoilt(fields, drawn)
    return Piece(
        key=str(fields["review_id"]),
        input=fields,
        truth=judge(facts, one),
        received=day,
        is_unclear=is_close(facts) or says == "wrong",
        context=context(one, fields),
    )


def shown(one: Deal, day: date, drawn: random.Random) -> dict[str, Any]:
    """The fields of the review, some of which are simply not given."""
    silent = int(drawn.lognormvariate(log(3 + 26 * one.trouble), 0.7))
    has_rival = drawn.random() < 0.2 + 0.4 * one.trouble
    return {
        "deal_id": "D" + one.id[1:],
        "account_id": one.account.id,
        "owner_id": one.owner.id,
        "stage": one.stage,
        "amount_eur": str(one.amount_eur),
        "days_in_stage": one.days_in_stage + (day - one.began).days,
        "close_on": one.close_on.isoformat(),
        "close_moves": one.close_moves,
        "last_contact": None
        if drawn.random() < NO_CONTACT
        else (day - timedelta(days=silent)).isoformat(),
        "reviewed_on": day.isoformat(),
        "competitor": None if drawn.random() < NO_COMPETITOR else has_rival,
        "region": one.owner.region,
        "next_step": None,
    }


def saying(one: Deal, drawn: random.Random) -> Saying:
    """What the next step says: the worse it goes, the vaguer."""
    if one.kind == "hostile":
        return "hostile"
    lean = {"good": 1.5 - one.trouble, "vague": 0.6 + one.trouble, "alarm": 0.4 + 1.6 * one.trouble}
    return chance.pick(drawn, {name: n * lean.get(name, 1.0) for name, n in SAYINGS.items()})


def step(one: Deal, says: Saying, drawn: random.Random) -> str:
    """The next step as the representative types it."""
    texts = wording.written("deal_risk", "steps.yaml")
    phrases = texts[says]["de" if one.owner.region == GERMAN else "en"]
    gaps = {
        "day": f"{drawn.randrange(1, 29)}/{drawn.randrange(1, 13)}",
        "name": chance.one(drawn, texts["names"]),
    }
    said = wording.fill(chance.one(drawn, phrases), gaps.__getitem__, drawn)
    return wording.typed(said, drawn, slipped=SLIPPED)


def spoilt(fields: dict[str, Any], drawn: random.Random) -> dict[str, Any]:
    """The same review with one field missing or unreadable."""
    defect = chance.pick(drawn, DEFECTS)
    if defect == "amount":
        return fields | {"amount_eur": f"{Decimal(fields['amount_eur']):,}.00".replace(",", ".")}
    if defect == "word":
        return fields | {"days_in_stage": "about a month"}
    if defect == "close_on":
        return fields | {"close_on": chance.one(drawn, ("Q3", "2025-02-30", "end of year"))}
    return fields | {defect: None}


def context(one: Deal, fields: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """What the systems say of the deal."""
    found: dict[str, dict[str, Any]] = {}
    if fields["account_id"]:
        found["accounts"] = dict(one.account.row())
    if fields["owner_id"]:
        found["owners"] = dict(one.owner.row())
    if fields["stage"]:
        found["stages"] = {"median_days": str(STAGES[one.stage])}
    return found


def facts_of(one: Deal, fields: dict[str, Any], says: Saying | None, day: date) -> Facts:
    """What the policy document asks about a deal."""
    last = fields["last_contact"]
    return Facts(
        kind=one.kind,
        stage=one.stage,
        days_in_stage=fields["days_in_stage"],
        close_moves=one.close_moves,
        silent_days=None if last is None else (day - date.fromisoformat(last)).days,
        says=says,
        open_tickets=one.account.open_tickets,
        is_overdue=one.account.is_overdue,
        days_to_close=(one.close_on - day).days,
        amount_eur=one.amount_eur,
        tier=one.account.tier,
        is_held=one.account.is_held,
    )


def judge(facts: Facts, one: Deal) -> Truth:
    """What is right for a review of this deal."""
    label, clause = label_of(facts), decide(facts)
    return Truth(
        label=label,
        routes=clause.routes,
        why=clause.why,
        severity=clause.severity or severity(label),
        family=one.id,
        segment=one.owner.region,
        kind=facts.kind,
    )
