"""A template is filled strictly, and a rule in it is found."""

import pytest

from policies.templates import fill, find_rules, find_stray, places


def test_every_place_is_filled_once() -> None:
    """What a value holds is never filled again."""
    assert places("{{a}} and {{ b_1 }}") == {"a", "b_1"}
    assert fill("{{a}}-{{ b }}", {"a": "{{b}}", "b": "x"}) == "{{b}}-x"


@pytest.mark.parametrize("text", ["{{A}}", "{{a", "a}}", "{{}}", "{{a b}}"])
def test_braces_that_enclose_no_place_are_found(text: str) -> None:
    """They would stay in the document."""
    assert find_stray(text)
    assert not find_stray("{{a}} { } {{ b }}")


@pytest.mark.parametrize(
    ("text", "rules"),
    [
        ("Payment within 30 days.", ["30"]),
        ("A discount of up to 15%, 15% at most.", ["15%,", "15%"]),
        ("Gold customers are served first.", ["gold"]),
        ("# 1. Scope\n2. Fees: {{fee}} for tier {{gold}}\n  3) End", []),
        ("Goldsmiths are served.", []),
        ("Since 2. May", ["2."]),
    ],
)
def test_numbers_and_words_that_operations_own_are_rules(text: str, rules: list[str]) -> None:
    """Numbering at the beginning of a line is none, nor is what a place is called."""
    assert list(find_rules(text, ["gold", "", "unlimited liability"])) == rules
