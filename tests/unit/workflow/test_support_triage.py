"""The sample: the same bytes every time, pools apart, honest shares, truth by the policy."""

import json
from collections import Counter
from collections.abc import Iterable
from datetime import date
from decimal import Decimal, InvalidOperation
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runs.errors import InvalidInput
from workflow.dataset.cases import read
from workflow.dataset.quality import agreement, check
from workflow.samples.pieces import Pool
from workflow.samples.support_triage.accounts import account
from workflow.samples.support_triage.customer import document
from workflow.samples.support_triage.families import Stock, space
from workflow.samples.support_triage.generator import Ticket, cases, crm, everything, tickets
from workflow.samples.support_triage.occasions import Written
from workflow.samples.support_triage.phrases import situations
from workflow.samples.support_triage.rendering import plain
from workflow.samples.support_triage.truth import Facts, decide
from workflow.samples.support_triage.world import (
    HOSTILE,
    OUT_OF_SCOPE,
    Desk,
    labels,
)

DESKS: tuple[Desk, ...] = ("customers", "partners")
PINNED = {
    "ticket_id": "t007a73f1df5f",
    "account_id": "C-12372",
    "text": "No fnciona, Refill Box, otra vez un error",
    "amount_eur": None,
    "channel": "chat",
    "language": None,
    "received": "2025-01-07",
}
"""The first dataset ticket of seed 7."""


@cache
def live(desk: Desk = "customers") -> list[Ticket]:
    """Live tickets, made once."""
    return tickets(seed=11, families=1200, pool="live", desk=desk)


@cache
def dataset(desk: Desk = "customers") -> list[Ticket]:
    """The tickets behind the labelled dataset, made once."""
    return tickets(seed=1, families=920, pool="dataset", desk=desk)


def share(found: Iterable[bool]) -> float:
    """How many of them hold."""
    answers = list(found)
    return sum(answers) / len(answers)


def texts(found: list[Ticket]) -> set[str]:
    """The plain forms of their texts, without the empty ones."""
    return {plain(one.input["text"]) for one in found if one.input["text"]}


def restated(one: Written, accounts: dict[str, dict[str, str | bool]]) -> tuple[str, str]:
    """The clause and the routes as `policy.md` says them, read anew from ticket and CRM."""
    given, truth = one.ticket.input, one.ticket.truth
    row = accounts.get(given["account_id"] or "", {})
    is_large = truth.kind != "malformed" and Decimal(given["amount_eur"] or 0) > 200
    is_enterprise = row.get("tier") == "enterprise"
    ordered = [
        ("6", lacks(one.ticket), "refuse"),
        ("5", truth.kind == "hostile", "review refuse"),
        ("3", row.get("dispute"), "review"),
        ("4", truth.label == "out_of_scope", "review"),
        ("1", is_large and truth.label in ("refund_request", "duplicate_charge"), "review"),
        ("2", is_enterprise and truth.label.startswith(("cancel_", "complaint")), "review"),
        ("2a", is_enterprise, "act review"),
        ("1a", is_large, "act review"),
        ("7", one.is_unclear, "act review"),
        ("8", True, "act"),
    ]
    return next((clause, routes) for clause, holds, routes in ordered if holds)


def lacks(ticket: Ticket) -> bool:
    """Whether a field is missing or unreadable, as clause 6 puts it."""
    given = ticket.input
    try:
        Decimal(given["amount_eur"] or "0")
        date.fromisoformat(given["received"] or "")
    except (InvalidOperation, ValueError):
        return True
    return not given["text"] or not given["account_id"]


@pytest.mark.parametrize("desk", DESKS)
def test_the_same_seed_gives_the_same_bytes(desk: Desk) -> None:
    """Tickets, cases and CRM depend on the seed alone, another seed gives others."""
    first = json.dumps([cases(3, families=60, desk=desk), crm(3)], sort_keys=True)

    assert first == json.dumps([cases(3, families=60, desk=desk), crm(3)], sort_keys=True)
    assert cases(3, families=60, desk=desk) != cases(4, families=60, desk=desk)
    assert crm(3) != crm(4)


def test_the_bytes_are_those_of_every_machine() -> None:
    """What was generated when the rules were settled is generated now, wherever it runs."""
    ticket = tickets(seed=7, families=1, pool="dataset")[0]

    assert ticket.input == PINNED


@pytest.mark.parametrize("desk", DESKS)
def test_the_dataset_is_large_enough(desk: Desk) -> None:
    """At least 1,500 cases in at least 900 families, whatever the seed."""
    for seed in (1, 2):
        rows = cases(seed, desk=desk)

        assert len(rows) >= 1500
        assert len({row["family"] for row in rows}) >= 900
        assert len({row["id"] for row in rows}) == len(rows)


@pytest.mark.parametrize("desk", DESKS)
@settings(max_examples=12, deadline=None)
@given(seeds=st.tuples(st.integers(0, 2**40), st.integers(0, 2**40)))
def test_dataset_and_live_never_meet(desk: Desk, seeds: tuple[int, int]) -> None:
    """No family, no text and no ticket id stands in both pools, whatever the seeds."""
    labelled = tickets(seed=seeds[0], families=80, pool="dataset", desk=desk)
    coming = tickets(seed=seeds[1], families=80, pool="live", desk=desk)

    assert not {one.truth.family for one in labelled} & {one.truth.family for one in coming}
    assert not texts(labelled) & texts(coming)
    assert not {one.input["ticket_id"] for one in labelled} & {
        one.input["ticket_id"] for one in coming
    }


@pytest.mark.parametrize("desk", DESKS)
def test_the_whole_space_is_divided(desk: Desk) -> None:
    """Every possible family belongs to exactly one pool, and both pools hold enough."""
    for group in situations(desk):
        labelled, coming = (
            {one.id for phrase in space(desk, group, pool) for one in phrase}
            for pool in ("dataset", "live")
        )

        assert not labelled & coming
        assert min(len(labelled), len(coming)) > 1000


def test_more_families_only_add_tickets() -> None:
    """A longer live stream begins with the same families and the same tickets."""
    few = tickets(seed=2, families=50, pool="live")
    many = tickets(seed=2, families=90, pool="live")

    assert {one.input["ticket_id"] for one in few} < {one.input["ticket_id"] for one in many}
    assert [one for one in many if one in few] == few


def test_a_pool_that_runs_out_says_so() -> None:
    """Every family is handed out once; asking for one more is refused with the remedy."""
    stock = Stock(HOSTILE, seed=2, pool="live", desk="customers")
    everyone = sum(len(phrase) for phrase in space("customers", HOSTILE, "live"))

    assert len({stock.take().id for _ in range(everyone)}) == everyone
    with pytest.raises(InvalidInput, match="ask for fewer"):
        stock.take()


def test_a_pool_holds_three_thousand_families() -> None:
    """Enough for a long climb: no label runs out."""
    assert len({one.truth.family for one in tickets(seed=2, families=3000, pool="live")}) == 3000


@pytest.mark.parametrize("desk", DESKS)
@pytest.mark.parametrize(
    ("clause", "low", "high"),
    [
        ("clause 1:", 0.055, 0.11),
        ("clause 2:", 0.035, 0.1),
        ("clause 3:", 0.035, 0.085),
        ("clause 4:", 0.035, 0.085),
        ("clause 5:", 0.008, 0.035),
        ("clause 6:", 0.006, 0.03),
        ("clause 7:", 0.025, 0.085),
        ("clause 8:", 0.4, 0.6),
    ],
)
def test_each_rule_has_its_share(desk: Desk, clause: str, low: float, high: float) -> None:
    """About so many tickets fall under a clause: enough to be seen, few enough to be honest."""
    for found in (dataset(desk), live(desk)):
        assert low <= share(one.truth.why.startswith(clause) for one in found) <= high


def test_three_languages_are_mixed_as_said() -> None:
    """About 60, 25 and 15 % by segment; a fifth of the tickets do not say their language."""
    for found in (dataset(), live()):
        spoken = Counter(one.truth.segment for one in found)

        assert 0.54 <= spoken["en"] / len(found) <= 0.66
        assert 0.2 <= spoken["de"] / len(found) <= 0.31
        assert 0.1 <= spoken["es"] / len(found) <= 0.2
        assert 0.15 <= share(one.input["language"] is None for one in found) <= 0.25


@pytest.mark.parametrize("desk", DESKS)
def test_every_label_is_there(desk: Desk) -> None:
    """Each label of the desk has families in both pools, none has a third of them."""
    for found in (dataset(desk), live(desk)):
        seen = Counter(one.truth.label for one in found)

        assert set(seen) == set(labels(desk))
        assert min(seen.values()) >= 40
        assert max(seen.values()) < len(found) / 3


def test_nulls_and_unreadable_fields_are_there() -> None:
    """Every kind of fault of clause 6 comes in, and none elsewhere."""
    found = [*dataset(), *live()]
    inputs = [one.input for one in found]

    assert any(one["text"] is None for one in inputs)
    assert any(one["text"] == "" for one in inputs)
    assert any(one["account_id"] is None for one in inputs)
    assert any(one["amount_eur"] is None for one in inputs)
    for one in found:
        assert lacks(one) == (one.truth.kind == "malformed")


def test_a_case_is_plain_json() -> None:
    """Every row survives a round trip and shows the workflow nothing of its truth."""
    rows = cases(1)

    assert json.loads(json.dumps(rows)) == rows
    assert {frozenset(row["input"]) for row in rows} == {
        frozenset(("ticket_id", "account_id", "text", "amount_eur", "channel", "language"))
        | {"received"}
    }


def test_the_dataset_can_be_imported_without_a_gap(tmp_path) -> None:
    """The rows are read as cases that lack nothing, with labels that two people agree on."""
    file = tmp_path / "cases.jsonl"
    file.write_text("\n".join(map(json.dumps, cases(1))), encoding="utf-8")
    read_cases = read(file, labels=labels())
    kappa = agreement(read_cases)

    assert check(read_cases).gaps == ()
    assert {one.labelled_by for one in read_cases} == {"maren_voss"}
    assert kappa is not None
    assert 0.85 < kappa < 1


@pytest.mark.parametrize("desk", DESKS)
@pytest.mark.parametrize("pool", ["dataset", "live"])
def test_the_truth_is_what_the_policy_document_says(desk: Desk, pool: Pool) -> None:
    """Routes and clause of every ticket follow from its facts, as the document orders them."""
    accounts = crm(5)
    clauses = set()
    for one in everything(6, 700, pool=pool, desk=desk):
        clause, routes = restated(one, accounts)
        clauses.add(clause)

        assert one.ticket.truth.routes == tuple(routes.split())
        assert one.ticket.truth.why.startswith(f"clause {clause}:")
    assert clauses == {"1", "1a", "2", "2a", "3", "4", "5", "6", "7", "8"}


def test_the_policy_document_has_every_clause() -> None:
    """Whatever clause a truth names can be read there."""
    written = document("policy.md")

    for clause in (one.truth.why.split(":")[0].removeprefix("clause ") for one in live()):
        assert f"**{clause}.**" in written or f"\n{clause}. **" in written


@pytest.mark.parametrize(
    ("amount", "routes"),
    [("200.00", ("act",)), ("200.01", ("review",)), (None, ("act",))],
)
def test_the_limit_itself_is_not_above(amount: str | None, routes: tuple[str, ...]) -> None:
    """Clause 1 begins above 200 EUR and needs an amount."""
    facts = Facts(
        label="refund_request",
        kind="ordinary",
        amount_eur=None if amount is None else Decimal(amount),
        tier="standard",
        is_disputed=False,
        is_unclear=False,
    )

    assert decide(facts).routes == routes


def test_breaking_a_binding_clause_is_critical() -> None:
    """Exactly the tickets of clauses 1, 2, 3 and 5 are critical."""
    for one in (*dataset(), *live()):
        is_binding = one.truth.why.startswith(("clause 1:", "clause 2:", "clause 3:", "clause 5:"))

        assert (one.truth.severity == "critical") == is_binding


def test_one_condition_would_mend_each_rule() -> None:
    """Above 200 EUR, in dispute, or enterprise: a person may always look, so one condition does."""
    for one in (*dataset(), *live()):
        amount, owner = one.input["amount_eur"], account(one.input["account_id"] or "")
        if one.truth.kind != "malformed" and (
            owner.is_disputed or owner.tier == "enterprise" or Decimal(amount or 0) > 200
        ):
            assert "review" in one.truth.routes


def test_an_account_is_the_same_for_every_seed_where_it_matters() -> None:
    """Tier and dispute never change with the seed, and every ticket's account is in the CRM."""
    one, other = crm(1), crm(2)

    assert {id: (row["tier"], row["dispute"]) for id, row in one.items()} == {
        id: (row["tier"], row["dispute"]) for id, row in other.items()
    }
    for found in (dataset(), live(), live("partners")):
        assert {t.input["account_id"] for t in found} - {None} <= set(one)


def test_siblings_share_account_and_amount_but_no_text() -> None:
    """A family is one situation of one sender, put in other words each time."""
    families: dict[str, list[Ticket]] = {}
    for one in live():
        if one.truth.kind != "malformed":
            families.setdefault(one.truth.family, []).append(one)

    assert {len(found) for found in families.values()} == {1, 2, 3}
    for found in families.values():
        assert len({(one.input["account_id"], one.input["amount_eur"]) for one in found}) == 1
        assert len({one.truth.label for one in found}) == 1
        assert len(texts(found)) == len(found)


def test_hostile_texts_are_never_a_label() -> None:
    """A text that gives orders is out of scope, whatever it names, and never acts alone."""
    hostile = [one for one in (*dataset(), *live()) if one.truth.kind == "hostile"]

    assert HOSTILE not in labels()
    assert {one.truth.label for one in hostile} == {OUT_OF_SCOPE}
    assert not any("act" in one.truth.routes for one in hostile)
