"""The canonical form is RFC 8785, to the byte: what the RFC prints, and what it forbids."""

import hashlib
import struct
from decimal import Decimal

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from runs.records.record import canonical, digest_of

SORTED = {
    "\u20ac": "Euro Sign",
    "\r": "Carriage Return",
    "\ufb33": "Hebrew Letter Dalet With Dagesh",
    "1": "One",
    "\U0001f600": "Emoji: Grinning Face",
    "\u0080": "Control",
    "\u00f6": "Latin Small Letter O With Diaeresis",
}
"""Section 3.2.3: by UTF-16 code units, so that the emoji stands before the Hebrew letter."""
NUMBERS = {
    "0000000000000000": "0",
    "8000000000000000": "0",
    "0000000000000001": "5e-324",
    "8000000000000001": "-5e-324",
    "7fefffffffffffff": "1.7976931348623157e+308",
    "4340000000000000": "9007199254740992",
    "c340000000000000": "-9007199254740992",
    "4430000000000000": "295147905179352830000",
    "44b52d02c7e14af5": "9.999999999999997e+22",
    "44b52d02c7e14af6": "1e+23",
    "44b52d02c7e14af7": "1.0000000000000001e+23",
    "444b1ae4d6e2ef4e": "999999999999999700000",
    "444b1ae4d6e2ef4f": "999999999999999900000",
    "444b1ae4d6e2ef50": "1e+21",
    "3eb0c6f7a0b5ed8c": "9.999999999999997e-7",
    "3eb0c6f7a0b5ed8d": "0.000001",
    "41b3de4355555553": "333333333.3333332",
    "41b3de4355555555": "333333333.3333333",
    "41b3de4355555557": "333333333.33333343",
    "becbf647612f3696": "-0.0000033333333333333333",
    "43143ff3c1cb0959": "1424953923781206.2",
}
"""Appendix B: doubles by their bits, and how they are written."""
EXAMPLE = (
    {
        "numbers": [333333333.33333329, 1e30, 4.50, 2e-3, 0.000000000000000000000000001],
        "string": "\u20ac$\u000f\u000aA'\u0042\u0022\u005c\\\"\u002f",
        "literals": [None, True, False],
    },
    '{"literals":[null,true,false],'
    '"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],'
    '"string":"\u20ac$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}',
)
"""Section 3.2.2."""


def test_names_are_sorted_by_their_utf_16_code_units() -> None:
    """The order of section 3.2.3."""
    names = [line.split('":"')[1] for line in canonical(SORTED).decode().split('","')]

    assert [name.rstrip('"}') for name in names] == [
        "Carriage Return",
        "One",
        "Control",
        "Latin Small Letter O With Diaeresis",
        "Euro Sign",
        "Emoji: Grinning Face",
        "Hebrew Letter Dalet With Dagesh",
    ]


@pytest.mark.parametrize("bits", NUMBERS)
def test_numbers_are_written_as_the_appendix_prints_them(bits: str) -> None:
    """The shortest digits that give the same double, in the form of ECMAScript."""
    (number,) = struct.unpack(">d", bytes.fromhex(bits))

    assert canonical(number).decode() == NUMBERS[bits]


def test_the_example_of_the_rfc_is_what_it_prints() -> None:
    """Literals, numbers and every kind of escape; no space anywhere."""
    value, printed = EXAMPLE

    assert canonical(value).decode() == printed


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("\b\t\n\f\r", '"\\b\\t\\n\\f\\r"'),
        ("\x00\x1f", '"\\u0000\\u001f"'),
        ("\x7f\u2028/", '"\x7f\u2028/"'),
        ("e\u0301", '"e\u0301"'),
    ],
)
def test_only_what_must_be_escaped_is(text: str, written: str) -> None:
    """And nothing is normalised: another spelling is another digest."""
    assert canonical(text).decode() == written


@pytest.mark.parametrize(
    "value",
    [
        float("nan"),
        float("inf"),
        -float("inf"),
        2**53,
        -(2**53),
        "\ud800",
        {"\udfff": 1},
        {1: "one"},
        Decimal("1.5"),
        b"bytes",
        {1, 2},
    ],
    ids=repr,
)
def test_what_json_cannot_hold_is_refused(value: object) -> None:
    """Never written some other way: no NaN, no inexact number, no lone surrogate, no other type."""
    with pytest.raises(ValueError, match=r"."):
        canonical(value)


def test_money_is_text_and_keeps_every_digit() -> None:
    """A decimal that went through a double would be another amount."""
    assert canonical({"amount": "12345678901234567.89"}) == b'{"amount":"12345678901234567.89"}'


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8"), max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(st.characters(codec="utf-8"), max_size=6), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(JSON)
def test_the_quick_way_gives_the_same_bytes_as_the_library(value: object) -> None:
    """What holds no strange number and no strange key takes it; no digest may depend on that."""
    assert canonical(value) == rfc8785.dumps(value)  # pyright: ignore[reportArgumentType] - any JSON


@given(st.floats(1e-5, 1e16) | st.floats(-1e16, -1e-5))
def test_a_fraction_is_written_alike_on_either_way(number: float) -> None:
    """Around both ends of what is written without an exponent."""
    assert canonical([number]) == rfc8785.dumps([number])


@given(JSON)
def test_the_digest_is_of_those_bytes_and_no_order_of_keys_changes_it(value: object) -> None:
    """The same wherever it is made: asking, deciding, acting."""
    turned = _turned(value)

    assert canonical(turned) == canonical(value)
    assert digest_of(value) == "sha256:" + hashlib.sha256(canonical(value)).hexdigest()


def _turned(value: object) -> object:
    """The same value with its keys in the reverse order."""
    if isinstance(value, dict):
        return {key: _turned(value[key]) for key in reversed(value)}
    return [_turned(one) for one in value] if isinstance(value, list) else value
