"""The data contract: what passes as which type, and what is said of the rest."""

import json
import math
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runs.records.version import FieldSpec
from workflow.process.contract import read_fields

TYPES = ("text", "number", "flag", "date", "choice")


def spec(type: str, **changed: Any) -> FieldSpec:
    """A field `x` of this type."""
    values: dict[str, Any] = {"name": "x", "type": type, "required": True, "max_chars": 20}
    return FieldSpec.model_validate(values | changed)


def said(field: FieldSpec, value: Any) -> str:
    """What breaks the contract, if anything does."""
    found = read_fields([field], {"x": value})
    assert (found.values == {}) or not found.breaches
    return found.breaches[0].says if found.breaches else ""


def typed(field: FieldSpec, value: Any) -> Any:
    """The value as its type."""
    found = read_fields([field], {"x": value})
    assert found.breaches == ()
    return found.values["x"]


BIG = 10**18
CHOICES = {"choices": ("mail", "chat")}


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        (spec("text"), " hello ", " hello "),
        (spec("text"), "7", "7"),
        (spec("text", **CHOICES), "chat", "chat"),
        (spec("number"), 7, Decimal(7)),
        (spec("number"), 0.1, Decimal("0.1")),
        (spec("number"), "120.50", Decimal("120.50")),
        (spec("number"), "-3", Decimal(-3)),
        (spec("number"), Decimal("2.5"), Decimal("2.5")),
        (spec("number", low=0, high=200), 200, Decimal(200)),
        (spec("number", low=0, high=200), "0", Decimal(0)),
        (spec("flag"), False, False),
        (spec("date"), "2026-03-31", "2026-03-31"),
        (spec("date", max_chars=40), "2026-03-31T14:00:00Z", "2026-03-31T14:00:00Z"),
        (spec("date", max_chars=40), "2026-03-31 14:00:00.5+02:00", "2026-03-31 14:00:00.5+02:00"),
        (spec("choice", **CHOICES), "mail", "mail"),
    ],
)
def test_what_keeps_the_contract_comes_out_as_its_type(
    field: FieldSpec, value: Any, expected: Any
) -> None:
    """Numbers as Decimal from numbers and from decimal text, dates as they were written."""
    assert typed(field, value) == expected
    assert type(typed(field, value)) is type(expected)


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        (spec("text"), None, "is required and empty"),
        (spec("text"), "", "is required and empty"),
        (spec("text"), " \n", "is required and empty"),
        (spec("text"), 7, "is not text"),
        (spec("text"), ["a"], "is not text"),
        (spec("text"), "x" * 21, "has 21 characters, the limit is 20"),
        (spec("text"), "a\0b", "holds characters that are no text"),
        (spec("text"), "a\ud800", "holds characters that are no text"),
        (spec("text", **CHOICES), "fax", "is not one of the choices"),
        (spec("number"), None, "is required and empty"),
        (spec("number"), True, "is not a number"),
        (spec("number"), "many", "is not a number"),
        (spec("number"), "1,234.50", "is not a number"),
        (spec("number"), "1e5", "is not a number"),
        (spec("number"), "١٢", "is not a number"),
        (spec("number"), " 7", "is not a number"),
        (spec("number"), "9" * 19, "is not a number"),
        (spec("number"), "NaN", "is not a number"),
        (spec("number"), math.nan, "is not a number"),
        (spec("number"), math.inf, "is not a number"),
        (spec("number"), Decimal("sNaN"), "is not a number"),
        (spec("number"), {}, "is not a number"),
        pytest.param(spec("number", high=BIG), 10**5000, f"is above {BIG}", id="huge"),
        (spec("number", low=0), -1, "is below 0"),
        (spec("number", low=0), "-0.01", "is below 0"),
        (spec("number", high=200), 200.5, "is above 200"),
        (spec("flag"), "true", "is neither true nor false"),
        (spec("flag"), 1, "is neither true nor false"),
        (spec("date"), "31.03.2026", "is not a date like 2026-03-31 or 2026-03-31T14:00:00Z"),
        (spec("date"), "20260331", "is not a date like 2026-03-31 or 2026-03-31T14:00:00Z"),
        (spec("date"), "2026-03-31\n", "is not a date like 2026-03-31 or 2026-03-31T14:00:00Z"),
        (spec("date"), "2026-02-30", "is not a day of the calendar"),
        (spec("date"), "2026-03-31T25:00", "is not a day of the calendar"),
        (spec("date"), 20260331, "is not a date like 2026-03-31 or 2026-03-31T14:00:00Z"),
        (spec("choice", **CHOICES), "fax", "is not one of the choices"),
        (spec("choice", **CHOICES), 1, "is not text"),
        (spec("choice"), "mail", "is not one of the choices"),
    ],
)
def test_what_breaks_the_contract_is_told_without_its_value(
    field: FieldSpec, value: Any, says: str
) -> None:
    """Types, nulls, choices, ranges, lengths, and what only looks right."""
    assert said(field, value) == says


@pytest.mark.parametrize("type", TYPES)
@pytest.mark.parametrize("item", [{}, {"x": None}, {"x": ""}])
def test_an_optional_null_is_an_absent_field(type: str, item: dict[str, Any]) -> None:
    """Missing, null and empty are the same, of every type."""
    found = read_fields([spec(type, required=False)], item)

    assert (found.values, found.breaches) == ({}, ())


@pytest.mark.parametrize("type", TYPES)
def test_a_masked_value_passes_and_is_no_value(type: str) -> None:
    """What was masked before it was kept cannot be judged, nor used."""
    found = read_fields([spec(type)], {"x": "[masked:x]"})

    assert (found.values, found.breaches) == ({}, ())


@pytest.mark.parametrize("item", [None, [], "text", 7])
def test_what_is_no_object_breaks_the_contract(item: Any) -> None:
    """An item has fields."""
    assert [breach.says for breach in read_fields([spec("text")], item).breaches] == [
        "the item is not an object"
    ]


def test_every_breach_is_told_and_what_is_not_declared_is_not_seen() -> None:
    """One look finds them all, in the contract's order."""
    contract = [spec("text", name="a"), spec("number", name="b"), spec("flag", name="c")]

    found = read_fields(contract, {"z": 1, "c": "no", "b": 2})

    assert found.values == {"b": Decimal(2)}
    assert [breach.field for breach in found.breaches] == ["a", "c"]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=8,
)
SPECS = st.builds(
    spec,
    st.sampled_from(TYPES),
    required=st.booleans(),
    low=st.none() | st.just(Decimal(0)),
    high=st.none() | st.just(Decimal(100)),
    choices=st.sampled_from([(), ("mail", "chat")]),
)
PYTHON_TYPES = {"text": str, "choice": str, "date": str, "flag": bool, "number": Decimal}


@given(SPECS, JSON)
def test_every_value_is_typed_or_told_or_absent(field: FieldSpec, value: Any) -> None:
    """Whatever comes, exactly one of the three, and a value is of the declared type."""
    found = read_fields([field], {"x": value})

    is_absent = value in (None, "") or str(value).startswith("[masked")
    assert len(found.breaches) + len(found.values) + bool(is_absent) >= 1
    assert len(found.breaches) + len(found.values) <= 1
    for typed_value in found.values.values():
        assert type(typed_value) is PYTHON_TYPES[field.type]
        if field.type == "number":
            assert (field.low or typed_value) <= typed_value <= (field.high or typed_value)


@given(st.decimals(-(10**12), 10**12, places=4))
def test_a_number_is_the_same_as_text_and_as_a_number(number: Decimal) -> None:
    """`12.5`, `"12.5"` and what JSON makes of it are one value, and obey one range."""
    field = spec("number", low=Decimal(0))
    text = read_fields([field], {"x": f"{number:f}"})
    parsed = read_fields([field], {"x": json.loads(f"{number:f}")})

    assert text.breaches == parsed.breaches
    assert [float(value) for value in text.values.values()] == [
        float(value) for value in parsed.values.values()
    ]


@given(st.dates())
def test_every_day_of_the_calendar_is_a_date(day: date) -> None:
    """And comes out as it was written."""
    assert typed(spec("date"), day.isoformat()) == day.isoformat()
