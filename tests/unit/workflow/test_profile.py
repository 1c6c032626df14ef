"""A data contract counts as exercised by what was seen, and what was not is named."""

from decimal import Decimal
from typing import Any

from runs.records.version import FieldSpec
from workflow.profile import lacking, profile

CONTRACT = (
    FieldSpec(name="text", type="text", required=True, max_chars=20),
    FieldSpec(name="amount", type="number", low=Decimal(0), high=Decimal(100)),
    FieldSpec(name="tier", type="choice", choices=("basic", "plus")),
)
CANARY = "c4n4ry"


def items(*changed: dict[str, Any]) -> list[dict[str, Any]]:
    """Items that hold everything, each changed as asked."""
    return [{"text": CANARY, "amount": 5, "tier": "basic"} | one for one in changed]


def test_every_field_is_told_by_counts_types_and_lengths_never_by_value() -> None:
    """Empty ones, ones outside the contract, and how they are written."""
    found = profile(CONTRACT, items({}, {"amount": "7"}, {"amount": 900}, {"tier": None}))
    text, amount, tier = found

    assert (text.values, text.longest, amount.outside, tier.empty) == (4, len(CANARY), 1, 1)
    assert amount.kinds == {"int": 3, "str": 1}
    assert CANARY not in str([one.as_json() for one in found])


def test_edge_cases_that_nobody_showed_are_named() -> None:
    """Nulls, values outside, choices, long texts, other ways of writing."""
    text, amount, tier = profile(CONTRACT, items({}))

    assert "no text longer than 6 of 20 characters" in text.gaps
    assert "only one way of writing it (int)" in amount.gaps
    assert "never empty, though it may be" in amount.gaps
    assert "1 of 2 choices not seen" in tier.gaps


def test_a_contract_that_was_shown_whole_has_no_gap() -> None:
    """Every edge case once."""
    shown = items(
        {"text": "x" * 20, "tier": "plus"},
        {"text": "", "amount": None, "tier": None},
        {"text": "y" * 30, "amount": "900", "tier": "gold"},
        {},
    )

    assert [one.gaps for one in profile(CONTRACT, shown)] == [(), (), ()]


def test_a_required_field_that_no_case_holds_is_lacking() -> None:
    """It was written down and never exercised; of another that is a named gap."""
    found = profile(CONTRACT, items({"tier": None, "text": ""}))

    assert lacking(CONTRACT, found) == ("text",)
    assert "no case holds it" in found[2].gaps
