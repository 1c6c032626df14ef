"""One family on one occasion: who writes, over how much, and the one to three tickets it makes."""

import random
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from itertools import count
from math import log

from workflow.samples import chance
from workflow.samples.pieces import Pool
from workflow.samples.support_triage.accounts import Account, accounts
from workflow.samples.support_triage.families import Family, pool_of
from workflow.samples.support_triage.phrases import frames, situations, subjects, vague, words
from workflow.samples.support_triage.rendering import (
    CHANNELS,
    LANGUAGES,
    Gaps,
    Matter,
    Setting,
    plain,
    write,
)
from workflow.samples.support_triage.truth import Facts, decide, severity
from workflow.samples.support_triage.world import (
    LABELS,
    MONEY_BACK,
    OUT_OF_SCOPE,
    Kind,
    Language,
)
from workflow.samples.support_triage.world import LANGUAGES as SHARES
from workflow.samples.truth import Truth

TICKETS = {1: 45, 2: 33, 3: 22}
"""How many tickets a family makes, in hundredths."""
FORMS = {"plain": 91.5, "vague": 3.5, "two matters": 5}
"""How an ordinary ticket puts its matter, in hundredths."""
MEDIAN_EUR, SPREAD = {True: 165, False: 70}, 0.8
"""Amounts asked back, and other amounts: log-normal."""
TELLING, FIRST = 0.8, 0.6
"""Shares of the subjects that name the matter, and of two matters the first of which counts."""
NAMED = 0.45
"""Share of the tickets that ask nothing back and yet name an amount."""
OTHER_LANGUAGE, NO_LANGUAGE = 0.12, 0.2
"""Shares of the tickets not in their family's language, and of those that do not say theirs."""
DEFECTS = {"text": 4, "empty": 3, "amount_eur": 3, "received": 2, "account_id": 2}
"""What a malformed ticket lacks, by weight."""
UNREADABLE = {
    "amount_eur": ("about two hundred", "12,50,00", "see invoice", "EUR"),
    "received": ("yesterday", "2025-02-30", "31/31/2025", "soon"),
}
TRIES = 20
"""After so many texts that belong to the other pool, every part is put around the matter."""

Input = dict[str, str | None]


@dataclass(frozen=True)
class Ticket:
    """One ticket as the desk receives it, and what is right for it."""

    input: Input
    """What the workflow may see; JSON values only, the amount as decimal text."""
    truth: Truth

    @property
    def key(self) -> str:
        """The sender's own name of it."""
        return str(self.input["ticket_id"])


@dataclass(frozen=True)
class Written:
    """A ticket with what the sample knows besides."""

    ticket: Ticket
    received: date
    is_unclear: bool
    """Too short to tell, or two matters in one."""


@dataclass(frozen=True, kw_only=True)
class Occasion:
    """What every ticket of one family shares."""

    family: Family
    kind: Kind
    pool: Pool
    key: str
    """Seeds everything that is drawn for this family."""
    account: Account
    amount_eur: Decimal | None
    language: Language
    gaps: Gaps
    received: date


def occasion(family: Family, kind: Kind, *, seed: int, pool: Pool, received: date) -> Occasion:
    """Who writes, in which language, over how much."""
    key = f"{seed}|{pool}|{family.id}"
    drawn = chance.stream(key, "occasion")
    asks_back = family.group in MONEY_BACK
    amount = price(drawn, MEDIAN_EUR[asks_back])
    is_named = asks_back or drawn.random() < NAMED
    return Occasion(
        family=family,
        kind=kind,
        pool=pool,
        key=key,
        account=chance.one(drawn, accounts(family.desk)),
        amount_eur=amount if is_named else None,
        language=chance.pick(drawn, SHARES[family.desk]),
        gaps=gaps(family, amount, drawn),
        received=received,
    )


def price(drawn: random.Random, median: int) -> Decimal:
    """An amount in euros and cents."""
    euros = Decimal(max(5, round(drawn.lognormvariate(log(median), SPREAD))))
    return euros + chance.one(drawn, (Decimal("0.00"), Decimal("0.50"), Decimal("0.90")))


def gaps(family: Family, amount: Decimal, drawn: random.Random) -> Gaps:
    """What this family says wherever a phrase leaves a gap; the same plan and city always."""
    known = words(family.desk)
    fixed = chance.stream(family.id)
    day = fixed.randrange(len(known.day["en"]))
    return Gaps(
        item=family.item,
        day={language: known.day[language][day] for language in LANGUAGES},
        amount=amount,
        order=f"HL-{drawn.randrange(10_000, 100_000)}",
        plan=chance.one(fixed, known.plan),
        city=chance.one(fixed, known.city),
        card=str(drawn.randrange(1000, 10_000)),
        weeks=str(drawn.randrange(2, 7)),
        name=chance.one(drawn, known.name),
        phone=f"+44 20 7946 0{drawn.randrange(100, 1000)}",
    )


def written(occasion: Occasion) -> list[Written]:
    """The one to three tickets of an occasion, each put in its own words."""
    drawn = chance.stream(occasion.key, "tickets")
    found: list[Written] = []
    texts: set[str] = set()
    for number in range(chance.pick(drawn, TICKETS)):
        one = ticket(occasion, number, texts)
        texts.add(plain(one.ticket.input["text"] or ""))
        found.append(one)
    return found


def ticket(occasion: Occasion, number: int, taken: set[str]) -> Written:
    """One ticket that says it in words the family has not used yet."""
    drawn = chance.stream(occasion.key, number)
    family = occasion.family
    language = occasion.language
    if drawn.random() < OTHER_LANGUAGE:
        language = chance.pick(drawn, SHARES[family.desk])
    setting = Setting(
        language=language,
        channel=chance.pick(drawn, CHANNELS),
        frames=frames(family.desk),
        gaps=occasion.gaps,
    )
    form = chance.pick(drawn, FORMS) if family.group in LABELS[family.desk] else "plain"
    received = occasion.received + timedelta(days=number + drawn.randrange(2))
    fields: Input = {
        "ticket_id": "t" + chance.name("ticket", occasion.key, number),
        "account_id": occasion.account.account_id,
        "text": text(matter(family, form, drawn), setting, occasion, drawn, taken=taken),
        "amount_eur": None if occasion.amount_eur is None else str(occasion.amount_eur),
        "channel": setting.channel,
        "language": None if drawn.random() < NO_LANGUAGE else language,
        "received": received.isoformat(),
    }
    if occasion.kind == "malformed":
        fields = spoilt(fields, drawn)
    truth = judge(occasion, fields, segment=language, is_unclear=form != "plain")
    return Written(Ticket(fields, truth), received, form != "plain")


def matter(family: Family, form: str, drawn: random.Random) -> Matter:
    """What one ticket says of its family's situation."""
    if form == "vague":
        meant = [one for one in vague(family.desk) if family.label in one.labels]
        return Matter(phrase=chance.one(drawn, meant), subject=subjects("any"))
    says = family.group in LABELS[family.desk] and drawn.random() < TELLING
    subject = subjects(family.group if says else "any")
    if form == "two matters":
        others = [label for label in LABELS[family.desk] if label != family.label]
        other = chance.one(drawn, situations(family.desk)[chance.one(drawn, others)])
        is_first = drawn.random() < FIRST
        return Matter(phrase=family.phrase, subject=subject, other=other, is_first=is_first)
    return Matter(phrase=family.phrase, subject=subject)


def text(
    matter: Matter,
    setting: Setting,
    occasion: Occasion,
    drawn: random.Random,
    *,
    taken: set[str],
) -> str:
    """Words that belong to the occasion's pool, so that no text stands in both."""
    rich = replace(setting, is_rich=True)
    for tried in count():
        said = write(matter, setting if tried < TRIES else rich, drawn)
        if plain(said) not in taken and pool_of(plain(said)) == occasion.pool:
            return said
    raise AssertionError("count() does not end")


def spoilt(fields: Input, drawn: random.Random) -> Input:
    """The same ticket with one field missing or unreadable."""
    defect = chance.pick(drawn, DEFECTS)
    if defect == "empty":
        return fields | {"text": ""}
    if defect in UNREADABLE:
        return fields | {defect: chance.one(drawn, UNREADABLE[defect])}
    return fields | {defect: None}


def judge(occasion: Occasion, fields: Input, *, segment: str, is_unclear: bool) -> Truth:
    """What is right for a ticket of this occasion; without a text nobody can name its matter."""
    label = occasion.family.label if fields["text"] else OUT_OF_SCOPE
    clause = decide(
        Facts(
            label=label,
            kind=occasion.kind,
            amount_eur=occasion.amount_eur,
            tier=occasion.account.tier,
            is_disputed=occasion.account.is_disputed,
            is_unclear=is_unclear,
        )
    )
    return Truth(
        label=label,
        routes=clause.routes,
        why=clause.why,
        severity=clause.severity or severity(label),
        family=occasion.family.id,
        segment=segment,
        kind=occasion.kind,
    )
