"""What may not be kept is not kept, however it is written."""

import json
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policies.privacy import Pattern, compile_mask
from runs.errors import InvalidInput
from runs.snapshots import Masked

ALL = compile_mask((), get_args(Pattern))
VISA, IBAN = "4111 1111 1111 1111", "DE89 3704 0044 0532 0130 00"


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("write to jo.o'brien+x@mail.example.co.uk now", "write to [masked:email] now"),
        ("<a_b@example.com>, c@example.org.", "<[masked:email]>, [masked:email]."),
        ("jürgen@bücher.example", "[masked:email]"),
        (f"pay to {IBAN}, please", "pay to [masked:iban], please"),
        ("iban gb29nwbk60161331926819.", "iban [masked:iban]."),
        ("be12 DE89370400440532013000", "be12 [masked:iban]"),
        (f"card {VISA} 123", "card [masked:card] 123"),
        ("5500-0000-0000-0004", "[masked:card]"),
        ("378282246310005", "[masked:card]"),
        ("call +49 (0)171 234 56 78.", "call [masked:phone]."),
        ("0049 171 2345678 or 0171/2345678", "[masked:phone] or [masked:phone]"),
        ("(030) 901820 and 555-123-4567", "[masked:phone] and [masked:phone]"),
    ],
)
def test_each_pattern_is_found_where_it_stands(text: str, masked: str) -> None:
    """Whole, with what is around it left alone."""
    assert ALL(text).value == masked


@pytest.mark.parametrize(
    "text",
    [
        "order 12345678, invoice 2024/000123",
        "2024-11-20 10:15:00.0123456",
        "01.02.2024 and 1/12/24",
        "1.234.567,89 EUR, 0.12345678",
        "T-0012345678",
        "550e8400-e29b-41d4-a716-446655440000",
        "a@b and @home",
        "",
    ],
)
def test_what_only_looks_like_it_is_left_alone(text: str) -> None:
    """Checksums, dates, amounts and identifiers."""
    assert ALL(text) == Masked(text, 0)


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("card", "4111 1111 1111 1112"),
        ("card", "0000 0000 0000 0000"),
        ("card", "411111111111"),
        ("iban", "DE89 3704 0044 0532 0130 01"),
        ("iban", "DE89 3704 0044 0532 0130 0"),
        ("iban", "ZZ89370400440532013000"),
        ("iban", "XDE89370400440532013000"),
    ],
)
def test_a_number_that_fails_its_checksum_is_no_card_and_no_account(
    pattern: str, text: str
) -> None:
    """Nor is one of the wrong length or of a country that has none."""
    assert compile_mask((), (pattern,))(text) == Masked(text, 0)


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("４１１１　１１１１　１１１１　１１１１", "[masked:card]"),
        ("41\u200b11 1111\u00ad 1111 1111", "[masked:card]"),
        ("٤١١١١١١١١١١١١١١١", "[masked:card]"),
        ("x＠ｅxample．com", "[masked:email]"),
        ("call +1 (415) 555\u20112671!", "call [masked:phone]!"),
        ("jose\u0301@example.com\u0301 ﬁn", "[masked:email] ﬁn"),
    ],
)
def test_other_ways_to_write_it_hide_nothing(text: str, masked: str) -> None:
    """Full-width, other digits, invisible characters, dashes, combining marks."""
    assert ALL(text).value == masked


def test_only_the_patterns_asked_for_are_masked() -> None:
    """A plan that names none keeps the text."""
    text = f"a@example.com {VISA}"

    assert compile_mask((), ())(text).value == text
    assert compile_mask((), ("card",))(text).value == "a@example.com [masked:card]"


def test_a_field_is_masked_whole_at_any_depth() -> None:
    """Whatever it holds; null stays null; a path names the key at its end only."""
    mask = compile_mask(("name", "crm.email"), ())
    value = {
        "name": {"first": "Jo", "last": "Doe"},
        "items": [{"name": 7}, {"name": None}],
        "crm": {"email": "x"},
        "email": "y",
    }

    assert mask(value) == Masked(
        {
            "name": "[masked:name]",
            "items": [{"name": "[masked:name]"}, {"name": None}],
            "crm": {"email": "[masked:crm.email]"},
            "email": "y",
        },
        3,
    )


def test_keys_and_whole_numbers_are_looked_at_as_well() -> None:
    """Two keys that are masked alike stay two."""
    value = {"a@example.com": 1, "b@example.com": 4111111111111111, "flag": True, "n": 12}

    assert ALL(value) == Masked(
        {"[masked:email]": 1, "[masked:email]#2": "[masked:card]", "flag": True, "n": 12}, 3
    )


def test_an_unknown_pattern_is_refused() -> None:
    """A mask that was misspelt would mask nothing."""
    with pytest.raises(InvalidInput, match="'e-mail'"):
        compile_mask((), ("e-mail",))
    with pytest.raises(InvalidInput, match="empty field"):
        compile_mask(("",), ())


SECRETS = st.sampled_from([VISA, IBAN, "jo@example.com", "+49 171 2345678", "0171 2345678"])
TEXTS = st.lists(st.one_of(SECRETS, st.text(max_size=8), st.text("0123456789 -@.+", max_size=8)))
JSON = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(allow_nan=False, allow_infinity=False),
        TEXTS.map("".join),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(TEXTS.map("".join), inner, max_size=3)
    ),
    max_leaves=8,
)
MASK = compile_mask(("name", "crm.email"), get_args(Pattern))


@settings(deadline=None)
@given(st.one_of(JSON, st.fixed_dictionaries({"name": JSON, "crm": JSON})))
def test_masking_twice_is_masking_once(value: Any) -> None:
    """The second time finds nothing, and what comes out is JSON of the same shape."""
    once = MASK(value)

    assert MASK(once.value) == Masked(once.value, 0)
    json.dumps(once.value)


@settings(deadline=None)
@given(st.lists(st.text("abc äß漢,;!?()\n", max_size=6)), st.lists(SECRETS, max_size=5))
def test_nothing_that_was_put_in_comes_out(noise: list[str], secrets: list[str]) -> None:
    """Whatever words and signs stand around it."""
    text = " ".join(f"{word} {secret}" for word, secret in zip(noise, secrets, strict=False))
    masked = ALL(text).value

    assert not any(secret in masked for secret in secrets)


@settings(deadline=None)
@given(st.text("abc äß漢,;!?()\n").filter(lambda text: "[" not in text))
def test_a_text_without_digits_and_addresses_is_kept_as_it_is(text: str) -> None:
    """Nothing is rewritten that is not masked."""
    assert ALL(text) == Masked(text, 0)
