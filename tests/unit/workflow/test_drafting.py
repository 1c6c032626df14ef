"""A draft is filled strictly, typed, and says of each field where it was taken from."""

from typing import Any

import pytest

from runs.records.item import Output, Unanswered
from runs.records.record import digest_of
from runs.records.version import Filling, Source
from tests.unit.workflow.drafts import CONTEXT, CRM, ITEM, RATES, TEXT, route
from workflow.drafting import Ground, alike, answer, read

SOURCES = [Source.model_validate(one) for one in (CRM, RATES)]


def drafted(context: Any = CONTEXT, **item: Any) -> Output | Unanswered:
    """The answer to one item."""
    return answer(route(), Ground({**ITEM, **item}, context, SOURCES))


def test_a_draft_is_typed_and_holds_the_whole_text() -> None:
    """Every field that matters stands beside the document."""
    made = drafted(extras="support; training")

    assert isinstance(made, Output)
    assert made.label == "offer"
    assert {name: made.fields[name] for name in ("tier", "fee", "currency", "extras")} == {
        "tier": "gold",
        "fee": "250.00",
        "currency": "EUR",
        "extras": ["support", "training"],
    }
    assert made.fields["document"] == (
        "# Offer\n\nFor Aurelia: tier gold at 250.00 EUR.\nsupport, training\n"
    )
    assert made.template == digest_of(TEXT)


def test_each_field_names_the_record_and_the_field_it_came_from() -> None:
    """So that a reviewer can look there again; no value stands in a reference."""
    made = drafted()

    assert isinstance(made, Output)
    assert [(one.name, one.source, one.record, one.field) for one in made.references] == [
        ("company", "crm", "A-1", "company"),
        ("tier", "", "", "note"),
        ("fee", "rates", "care", "gold"),
        ("currency", "crm", "A-1", "currency"),
    ]


@pytest.mark.parametrize(
    ("context", "item", "lacks"),
    [
        (CONTEXT, {"note": "as last year"}, ("tier", "fee")),
        (CONTEXT, {"note": "gold, no, silver"}, ("tier", "fee")),
        (CONTEXT, {"note": "golden"}, ("tier", "fee")),
        ({**CONTEXT, "crm": {"currency": "EUR"}}, {}, ("company",)),
        ({**CONTEXT, "crm": {"company": "[masked:email]", "currency": "EUR"}}, {}, ("company",)),
        ({**CONTEXT, "rates": {"gold": "from 250"}}, {}, ("fee",)),
        ({**CONTEXT, "rates": {"gold": None}}, {}, ("fee",)),
    ],
)
def test_a_required_field_without_a_value_is_no_draft(
    context: Any, item: dict[str, Any], lacks: tuple[str, ...]
) -> None:
    """The reason names fields and places, never a value."""
    made = drafted(context, **item)

    assert isinstance(made, Unanswered)
    assert made.lacks == lacks
    assert made.says.startswith(f"no draft: nothing that can be used for {lacks[0]} (")
    assert "250" not in made.says
    assert "last year" not in made.says


def test_confidence_and_scope_are_counted() -> None:
    """Of four filled fields one is contradicted; of five fields four are filled."""
    agreed, doubted = drafted(), drafted(currency="USD")

    assert isinstance(agreed, Output)
    assert isinstance(doubted, Output)
    assert (agreed.confidence, agreed.scope) == (1.0, 0.8)
    assert (doubted.confidence, doubted.scope) == (0.75, 0.8)
    assert [one.conflicts for one in doubted.references if one.conflicts] == [("currency",)]


def test_what_a_value_holds_is_never_filled_again() -> None:
    """A company called after a place stays what it is called."""
    crm = {"company": "{{fee}} ltd", "currency": "EUR"}
    made = drafted({**CONTEXT, "crm": crm})

    assert isinstance(made, Output)
    assert "For {{fee}} ltd: tier gold" in made.fields["document"]


@pytest.mark.parametrize(
    ("kind", "value", "told"),
    [
        ("number", "1.250,50", "1250.50"),
        ("number", 12, "12"),
        ("number", "1,250", None),
        ("date", "2026-03-31T10:00:00Z", "2026-03-31"),
        ("date", "31.3.", None),
        ("flag", "yes", True),
        ("flag", "perhaps", None),
        ("list", "a; b,c", ["a", "b", "c"]),
        ("list", " ; ", None),
        ("list", ["a", 1], ["a", "1"]),
        ("text", "  a ", "a"),
        ("text", {"a": 1}, None),
        ("text", None, None),
    ],
)
def test_a_value_is_read_as_its_kind_or_not_at_all(kind: Any, value: Any, told: Any) -> None:
    """What can be read in two ways is nothing."""
    assert read(Filling(name="it", kind=kind, field="it"), value) == told


@pytest.mark.parametrize(
    ("one", "other", "are"),
    [
        ("250.00", 250, True),
        ("250.00", "250.01", False),
        (["a", "b"], ["B", "a"], True),
        (["a"], "a", True),
        ("Gold ", "gold", True),
        (None, None, True),
        (None, "gold", False),
        (True, "true", True),
    ],
)
def test_values_are_alike_by_what_they_say(one: Any, other: Any, are: bool) -> None:
    """Numbers by size, lists in any order, texts but capitals and spaces."""
    assert alike(one, other) is are
