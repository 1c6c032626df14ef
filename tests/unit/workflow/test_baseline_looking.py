"""What a route looks at of an item: read by type, compared, and absent rather than guessed."""

from decimal import Decimal
from typing import Any

import pytest

from runs.records.version import Feature, FieldSpec, LearntRoute
from tests import builders
from workflow.baseline.looking import Gaze, find_flag, find_number

CONTRACT = (
    FieldSpec(name="note", type="text"),
    FieldSpec(name="po", type="text"),
    FieldSpec(name="net", type="number"),
    FieldSpec(name="dated", type="date"),
    FieldSpec(name="stage", type="choice", choices=("a", "b")),
    FieldSpec(name="is_new", type="flag"),
)


def look(
    features: list[dict[str, str]], item: dict[str, Any], context: dict[str, Any], text: str = ""
) -> tuple[str, tuple[Any, ...]]:
    """Text and facts of one item."""
    chosen = tuple(Feature.model_validate(one) for one in features)
    route = LearntRoute(text_field=text, dataset=builders.DIGEST, features=chosen)
    return Gaze(route, CONTRACT).look(item, context)


@pytest.mark.parametrize(
    ("kind", "field", "item", "facts"),
    [
        ("number", "net", {"net": Decimal("12.50")}, (12.5,)),
        ("number", "net", {}, (None,)),
        ("flag", "is_new", {"is_new": True}, (1.0,)),
        ("flag", "is_new", {}, (None,)),
        ("choice", "stage", {"stage": " Gold  Card"}, ("gold card",)),
        ("date", "dated", {"dated": "2025-03-31T10:00:00Z"}, ("mon", 31.0)),
        ("date", "dated", {"dated": "soon"}, (None, None)),
    ],
)
def test_a_field_is_read_by_its_kind(
    kind: str, field: str, item: dict[str, Any], facts: tuple[Any, ...]
) -> None:
    """What is absent or unreadable is None, never a number."""
    assert look([{"kind": kind, "field": field}], item, {}) == ("", facts)


@pytest.mark.parametrize(
    ("field", "value", "other", "facts"),
    [
        ("net", Decimal("101"), "100,00", (0.0, 1.0, 1.0, 0.01)),
        ("net", Decimal("100"), 100.0, (1.0, 0.0, 0.0, 0.0)),
        ("net", Decimal("5"), 0, (0.0, 1.0, 5.0, None)),
        ("net", Decimal("5"), None, (None, None, None, None)),
        ("dated", "2025-03-10", "2025-03-01", (9.0,)),
        ("dated", "2025-03-10", "never", (None,)),
        ("po", "AB 12", "ab  12", (1.0, 1.0)),
        ("stage", "a", "A", (1.0,)),
        ("stage", "a", "b", (0.0,)),
        ("is_new", False, "no", (1.0,)),
    ],
)
def test_a_field_is_held_against_a_source_by_its_type(
    field: str, value: Any, other: Any, facts: tuple[Any, ...]
) -> None:
    """Equal, larger, distance and share of numbers; days; likeness of texts; equality."""
    compared = {"kind": "compare", "field": field, "against": "context.erp.it"}

    assert look([compared], {field: value}, {"erp": {"it": other}})[1] == facts


def test_texts_are_alike_by_their_shared_pieces() -> None:
    """A slip of the finger leaves a text more like itself than like another."""

    def likeness(other: str) -> float:
        compared = {"kind": "compare", "field": "po", "against": "context.erp.it"}
        return look([compared], {"po": "Alder Castings"}, {"erp": {"it": other}})[1][1]

    assert likeness("Alder Castigns") > 0.5 > likeness("Hollis Glass") >= 0.0


def test_an_item_is_compared_with_itself_as_well() -> None:
    """Two dates of one item: how many days lie between them."""
    compared = {"kind": "compare", "field": "dated", "against": "po"}

    assert look([compared], {"dated": "2025-01-09", "po": "2025-01-02"}, {})[1] == (7.0,)


def test_texts_stand_below_each_other_and_a_missing_source_is_absent() -> None:
    """The text field first; nothing stands for what is not there."""
    more = [{"kind": "text", "field": "context.crm.remark"}]

    assert look(more, {"note": "one"}, {"crm": {"remark": "two"}}, "note") == ("one\ntwo", ())
    assert look(more, {"note": "one"}, {}, "note") == ("one", ())


def test_a_gaze_knows_the_sources_it_needs() -> None:
    """Of fields, texts and comparisons."""
    features = (
        Feature(kind="number", field="context.erp.net"),
        Feature(kind="compare", field="net", against="context.orders.net"),
        Feature(kind="text", field="context.crm.remark"),
    )
    route = LearntRoute(text_field="note", dataset=builders.DIGEST, features=features)

    assert Gaze(route, CONTRACT).sources == {"erp", "orders", "crm"}


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("1234.5", "1234.5"),
        ("-7", "-7"),
        ("1234,50", "1234.50"),
        ("1.234,50", "1234.50"),
        ("1,234.50", "1234.50"),
        ("1 234 567", "1234567"),
        ("1'234.50", "1234.50"),
        ("1.234.567", "1234567"),
        ("1,234", None),
        ("1.234.50", None),
        ("12,34,56", None),
        ("O12", None),
        ("", None),
        (True, None),
        (float("nan"), None),
    ],
)
def test_a_number_is_read_where_it_can_be_read_one_way_only(
    written: Any, number: str | None
) -> None:
    """Plants write decimals with a point or a comma; a guess could be a thousand times too much."""
    assert find_number(written) == (None if number is None else Decimal(number))


@pytest.mark.parametrize(("written", "flag"), [("Yes", True), (0, False), ("maybe", None)])
def test_a_flag_of_a_table_is_read_as_it_is_written(written: Any, flag: bool | None) -> None:
    """Any other word is no flag."""
    assert find_flag(written) is flag
