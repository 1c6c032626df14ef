"""Bodies are read strictly: what two readers could understand differently is refused."""

import json

import pytest

from console.bodies import read


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b'{"a": [1, null, "x"]}', {"a": [1, None, "x"]}),
        ('{"a": "é"}'.encode(), {"a": "é"}),
        (b'{"a": "\\ud83d\\ude00"}', {"a": "\U0001f600"}),
        (b'{"a": {"b": 1}, "c": {"b": 2}}', {"a": {"b": 1}, "c": {"b": 2}}),
    ],
)
def test_what_is_json_is_read(body: bytes, value: object) -> None:
    """The same name in two objects is two names, and a whole pair is a character."""
    assert read(body) == value


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b'{"a": 1, "a": 1}', "'a' stands twice"),
        (b'[{"b": {"a": 1, "a": 2}}]', "'a' stands twice"),
        (b"[NaN]", "NaN is no JSON number"),
        (b"[-Infinity]", "-Infinity is no JSON number"),
        (b'["\xff"]', "no UTF-8"),
        (b'["\\ud800"]', "half of a surrogate pair"),
        (b'{"\\udfff": 1}', "half of a surrogate pair"),
        (b"[" * 100_000, "nested too deep"),
        (b"9" * 5_000, "Exceeds the limit"),
        (b"{", "Expecting"),
        (b"1 2", "Extra data"),
    ],
)
def test_what_is_read_in_two_ways_is_refused(body: bytes, says: str) -> None:
    """With what is wrong with it."""
    with pytest.raises(json.JSONDecodeError) as told:
        read(body)

    assert says in told.value.msg
