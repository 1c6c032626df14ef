"""A rule file is read as it is written, and refused with its line."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import Field

from policies import texts
from runs.errors import InvalidInput
from runs.records.record import Record

SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.decimals(allow_nan=False, allow_infinity=False),
    st.text(max_size=12),
    st.sampled_from(
        ["1", "1e3", "0.50", "true", "null", "~", "yes", "on", "2026-01-01", "", "- a"]
    ),
    st.sampled_from(
        ["a: b", "# no", "'", '"', "!!int 3", "&a", "*a", "line\nbreak", "tab\t", " a "]
    ),
)
DOCUMENTS = st.dictionaries(
    st.text(max_size=8),
    st.recursive(
        SCALARS,
        lambda inner: st.one_of(
            st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=5), inner, max_size=3)
        ),
        max_leaves=6,
    ),
    min_size=1,
    max_size=4,
)


@settings(deadline=None, max_examples=150)
@given(DOCUMENTS)
def test_what_is_written_is_read_back(value: dict[str, Any]) -> None:
    """Every digit of a number, every text that looks like something else."""
    found = texts.read(texts.write(value), "file").value

    assert found == value
    assert repr(found) == repr(value)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1.50", Decimal("1.50")),
        ("0.1000", Decimal("0.1000")),
        ("1e-7", Decimal("1E-7")),
        ("12345678901234567890.12", Decimal("12345678901234567890.12")),
        (".5", Decimal("0.5")),
        ("true", True),
        ("null", None),
        ("~", None),
        ("", None),
        ("yes", "yes"),
        ("NO", "NO"),
        ("1:30", "1:30"),
        ("0x1F", "0x1F"),
        ("1_000", "1_000"),
        ("2026-01-01", "2026-01-01"),
        ("'1.50'", "1.50"),
        ('"true"', "true"),
        ("[a, 1]", ["a", Decimal(1)]),
        ("!", None),
    ],
)
def test_a_value_is_what_stands_there(text: str, value: Any) -> None:
    """No number through a double, no country through a flag."""
    found = texts.read(f"key: {text}", "file").value["key"]

    assert repr(found) == repr(value)


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("", 1, "no keys"),
        ("- a\n- b", 1, "no keys"),
        ("just a text", 1, "no keys"),
        ("a: 1\nb: [1", 2, "not YAML"),
        ("a: 1\n\tb: 2", 2, "not YAML"),
        ("a: 1\n---\nb: 2", 2, "another document"),
        ("a: 1\nb:\n  c: 1\n  c: 2", 4, "b.c is given twice"),
        ("b: 1\na: &x 1\nc: *x", 2, "anchors"),
        ("a: &x [*x]", 1, "anchors"),
        ("a: !!int 3", 1, "tag"),
        ("a: !!float abc", 1, "tag"),
        ("a: !!python/object:os.system x", 1, "tag"),
        ("? [a]\n: 1", 1, "a key is a word"),
        ("a: 1\nb: \x07", 2, "a character that YAML forbids"),
        ("a: " + "[" * 600, 1, "nested too deeply"),
        ("a: " + "[" * 600 + "]" * 600, 1, "nested too deeply"),
        ("a: 1\nb: \ud800", 2, "a character that YAML forbids"),
        ("a: 1\nb: |#x", 2, "not YAML"),
        ("a: \t1: 2", 1, "not YAML"),
    ],
)
def test_what_is_no_plain_yaml_is_refused_with_its_line(text: str, line: int, says: str) -> None:
    """File, line and what to do."""
    with pytest.raises(InvalidInput) as refused:
        texts.read(text, "policies/desk.yaml")

    assert str(refused.value).startswith(f"policies/desk.yaml, line {line}: ")
    assert says in str(refused.value)


def test_a_file_that_is_too_long_is_not_read() -> None:
    """A rule file is written by people."""
    with pytest.raises(InvalidInput, match="at most"):
        texts.read("a: " + "x" * texts.LONGEST, "file")


class Bar(Record):
    """One bar."""

    limit: Decimal
    kind: str = ""


class Rules(Record):
    """A record of every shape a rule file has."""

    name: str
    count: int = 1
    bars: dict[str, Bar] = Field(default_factory=dict)
    listed: tuple[Bar, ...] = Field(default=(), min_length=0)


def told(text: str) -> str:
    """The error that a document gives."""
    document = texts.read(text, "f.yaml")
    return str(texts.refuse(document, texts.build(Rules, document).problems))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("count: 2", "f.yaml, line 1: name is missing; add it"),
        ("name: a\ncount: one", "f.yaml, line 2: count is one; write a valid integer"),
        ("name: 404", "line 1: name is 404, which is no text; put it in quotes"),
        ("name: a\ncout: 2", "line 2: cout is not a key here; did you mean count?"),
        ("name: a\nzzz: 2", "zzz is not a key here; write one of bars, count, listed, name"),
        (
            "name: a\nbars:\n  x:\n    limt: 1",
            "line 4: bars.x.limt is not a key here; did you mean limit",
        ),
        ("name: a\nbars:\n  x:\n    limt: 1", "line 3: bars.x.limit is missing"),
        ("name: a\nlisted:\n  - limit: 1\n  - {limit: b}", "line 4: listed.1.limit is b"),
        ("name: a\nlisted:\n  - {limit: 1, knd: x}", "did you mean kind?"),
    ],
)
def test_a_problem_names_line_key_value_and_remedy(text: str, says: str) -> None:
    """Where the key is missing, the line of what it is missing from."""
    assert says in told(text)


def test_many_problems_are_told_at_once_and_not_endlessly() -> None:
    """The first ten, and how many more."""
    text = "name: a\n" + "\n".join(f"k{number}: 1" for number in range(13))

    assert len(told(text).splitlines()) == 11
    assert told(text).endswith("and 3 more; mend these first")
