"""What answers of each kind come to: typed, cited, and flagged where they are not carried."""

from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError

from runs.records.model import ModelRoute
from runs.records.version import Source
from tests.oracles import route
from tools.tool import check_content
from workflow.models.forms import form_of
from workflow.models.reading import Read, read_answer
from workflow.models.words import Ground

LABELS = ("match", "mismatch")
CRM = Source(name="crm", tool="crm", key_field="account", fields=("tier", "fee", "note", "loss"))
GROUND = Ground(
    {"text": "Please bill 1,250.50 EUR by 3 May.", "account": "A-1", "net": Decimal("90.00")},
    {"crm": {"tier": "gold", "fee": "90", "note": "Pays late; net 30 days.", "loss": "-1 500 EUR"}},
    (CRM,),
)
CRM_READS = [f"context.crm.{name}" for name in ("tier", "fee", "note", "loss")]
READS = ["text", "net", *CRM_READS]
AMOUNT = {"name": "amount", "kind": "number"}
TIER = {"name": "tier", "kind": "choice", "choices": ["gold", "plain"], "required": False}


def of(kind: str, **changed: Any) -> ModelRoute:
    """A route of this kind."""
    return route(kind=kind, reads=READS, **changed)


def extraction(*fields: dict[str, Any]) -> ModelRoute:
    """A route that asks for these fields."""
    return of("extraction", label="invoice", fields=fields or (AMOUNT, TIER))


def cited(place: str, quote: str, **more: Any) -> dict[str, Any]:
    """An entry that rests on these words at this place."""
    return {"place": place, "quote": quote, **more}


def heard(asked: ModelRoute, **value: Any) -> Read:
    """The answer, which has the form it has to have."""
    told = {"confidence": 0.8, **value}
    assert check_content(told, form_of(asked, LABELS).form, "answer") == []
    return read_answer(asked, told, GROUND)


def codes(found: Read) -> list[tuple[str, str]]:
    """Each doubt."""
    return [(one.code, one.name) for one in found.flags]


def test_a_classification_is_one_of_the_labels() -> None:
    """And its own report is kept as what it is."""
    found = heard(of("classification"), label="match")

    assert (found.label, found.self_report, found.fields, found.flags) == ("match", 0.8, {}, ())


def test_a_field_is_typed_and_keeps_the_record_it_came_from() -> None:
    """By source, record and field, as a draft's is."""
    entries = [
        cited("text", "1,250.50 EUR", name="amount", value="1250.50"),
        cited("context.crm.tier", "gold", name="tier", value="Gold"),
    ]

    found = heard(extraction(), fields=entries)

    assert found.fields == {"amount": "1250.50", "tier": "gold"}
    assert [(r.name, r.source, r.record, r.field) for r in found.references] == [
        ("amount", "", "", "text"),
        ("tier", "crm", "A-1", "tier"),
    ]
    assert (found.label, found.flags, found.filled) == ("invoice", (), 1.0)


@pytest.mark.parametrize(
    ("entry", "code"),
    [
        (cited("text", "1,250.50 EUR", value="1350.50"), "wrong_citation"),
        (cited("text", "9,999 EUR", value="9999"), "wrong_citation"),
        (cited("text", "1,250.50 EUR", value="12505.0"), "wrong_citation"),
        (cited("text", "1,250.50 EUR", value="250"), "wrong_citation"),
        (cited("text", "1,250.50 EUR", value="50"), "wrong_citation"),
        (cited("text", "1,250.50 EUR", value="-1250.50"), "wrong_citation"),
        (cited("text", "250.50 EUR", value="250.50"), "wrong_citation"),
        (cited("text", "1,250", value="1250"), "wrong_citation"),
        (cited("context.crm.fee", "9", value="9"), "wrong_citation"),
        (cited("context.crm.loss", "500", value="500"), "wrong_citation"),
        (cited("context.crm.loss", "1 500", value="1500"), "wrong_citation"),
        (cited("context.crm.fee", "1,250.50", value="1250.50"), "wrong_citation"),
        (cited("", "", value="1250.50"), "uncited"),
        (cited("text", "", value="1250.50"), "uncited"),
        (cited("text", "1,250.50", value="a lot"), "unreadable"),
        (None, "missing"),
    ],
)
def test_a_field_that_does_not_stand_where_it_says_is_flagged(
    entry: dict[str, Any] | None, code: str
) -> None:
    """Made up, taken from elsewhere, cited with nothing, or not there."""
    entries = [] if entry is None else [{"name": "amount", **entry}]

    assert codes(heard(extraction(AMOUNT), fields=entries)) == [(code, "amount")]


@pytest.mark.parametrize(
    ("quote", "value"),
    [("1,250.50 EUR by", "1250.5"), ("bill 1,250.50 EUR", "1250.50"), ("1,250.50", "1250.50")],
)
def test_a_number_that_stands_whole_in_what_is_quoted_is_carried(quote: str, value: str) -> None:
    """However it is grouped, and whatever stands around it."""
    assert (
        codes(heard(extraction(AMOUNT), fields=[cited("text", quote, name="amount", value=value)]))
        == []
    )


def test_a_word_is_not_found_inside_another() -> None:
    """An old account is not a gold one."""
    asked = extraction({"name": "tier", "kind": "text"})
    entry = cited("context.crm.tier", "gold", name="tier", value="old")

    assert codes(heard(asked, fields=[entry])) == [("wrong_citation", "tier")]


def test_a_place_that_holds_nothing_carries_nothing() -> None:
    """The source was read, and has no such field for this item."""
    asked = route(kind="extraction", reads=["context.crm.phone"], label="invoice", fields=(AMOUNT,))
    entries = [cited("context.crm.phone", "12", name="amount", value="12")]

    assert codes(heard(asked, fields=entries)) == [("not_found", "amount")]


def test_a_field_that_is_not_required_may_be_left_out() -> None:
    """It is not there, and nothing is wrong."""
    found = heard(extraction(TIER), fields=[])

    assert (found.fields, found.flags, found.filled) == ({}, (), 0.0)


@pytest.mark.parametrize(
    ("pairs", "expected"),
    [
        ([("net", "context.crm.fee", True)], []),
        ([("net", "context.crm.tier", False)], []),
        ([("net", "context.crm.fee", False)], [("contradicted", "pair_1")]),
        ([("net", "context.crm.tier", True)], [("contradicted", "pair_1")]),
        ([("net", "net", True)], [("contradicted", "pair_1")]),
        ([], [("uncited", "pairs")]),
    ],
)
def test_a_match_is_held_against_the_values_it_names(
    pairs: list[tuple[str, str, bool]], expected: list[tuple[str, str]]
) -> None:
    """What it says of two values is looked up."""
    told = [{"one": one, "other": other, "same": same} for one, other, same in pairs]

    assert codes(heard(of("matching"), label="match", pairs=told)) == expected


@pytest.mark.parametrize(
    ("risks", "expected"),
    [
        ([cited("context.crm.note", "pays LATE", says="late payer")], []),
        ([cited("context.crm.note", "in court", says="dispute")], [("wrong_citation", "claim_1")]),
        ([], []),
    ],
)
def test_a_risk_stands_where_it_is_said_to_stand(
    risks: list[dict[str, Any]], expected: list[tuple[str, str]]
) -> None:
    """Letter by letter, capitals apart; no risk needs no place."""
    assert codes(heard(of("risk_flag"), label="match", risks=risks)) == expected


@pytest.mark.parametrize(
    ("claim", "code"),
    [
        (cited("context.crm.note", "net 30 days", says="They pay net 30 days."), ""),
        (cited("context.crm.note", "net 30 days", says="They pay net 60 days."), "wrong_citation"),
        (cited("text", "net 30 days", says="They pay net 30 days."), "wrong_citation"),
        (cited("", "", says="We promise a refund."), "uncited"),
        (cited("context.crm.note", "net 30 days", says="We promise a refund."), "wrong_citation"),
        (cited("context.crm.note", "net 30 days", says="They pay by Friday."), "wrong_citation"),
        (cited("context.crm.note", "net 30 days", says="They pay net 0 days."), "wrong_citation"),
        (cited("context.crm.note", "net 30 days", says="See www.evil.example."), "wrong_citation"),
        (cited("context.crm.note", "net", says="The customer is content."), "uncited"),
        (cited("context.crm.note", "et 30 day", says="They pay net 30 days."), "wrong_citation"),
        (cited("context.crm.tier", "gold", says="Their tier is gold."), ""),
        (cited("context.crm.note", "net 30 days", says=" \u2013 "), "missing"),
    ],
)
def test_every_claim_of_a_draft_is_carried_by_a_record(claim: dict[str, Any], code: str) -> None:
    """By words enough to tell which; its figures, promises and links stand there as well."""
    found = heard(of("drafting", label="invoice"), claims=[claim])

    assert found.fields == {"document": claim["says"].strip()}
    assert codes(found) == ([(code, "claim_1")] if code else [])


def test_a_draft_without_a_claim_is_no_draft() -> None:
    """It goes to a person."""
    assert codes(heard(of("drafting", label="invoice"), claims=[])) == [("missing", "document")]


@pytest.mark.parametrize(
    "value",
    [
        {"label": "approved"},
        {"label": "match", "gate": "pass"},
        {"label": "match", "confidence": 2},
    ],
)
def test_an_answer_can_say_nothing_but_what_was_asked(value: dict[str, Any]) -> None:
    """No other label, no other field, no number outside its range."""
    form = form_of(of("classification"), LABELS).form

    assert check_content({"confidence": 0.5, **value}, form, "answer")


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "extraction", "label": "invoice"},
        {"kind": "classification", "label": "invoice"},
        {"kind": "drafting"},
        {"samples": 3},
        {"samples": 4, "temperature": "0.5"},
        {"reads": []},
    ],
)
def test_a_route_fits_its_kind(wrong: dict[str, Any]) -> None:
    """What does not is refused when it is read."""
    with pytest.raises(ValidationError):
        route(**wrong)
