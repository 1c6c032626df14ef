"""No field hides in a text: JSON is read out of it however a model wrote it there."""

import json
import string
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.privacy import compile_mask
from runs.records.record import canonical
from tools.model.inside import LEFT_OUT, opened

EVA = {"name": "Eva Schmidt", "amount": 12}
WRITTEN = json.dumps(EVA)
HIDDEN = compile_mask(("name", "customer.city"), ())


@pytest.mark.parametrize(
    "text",
    [
        WRITTEN,
        f"\n {WRITTEN}\n",
        f"```json\n{WRITTEN}\n```",
        f"Sure! Here it is:\n```json\n{WRITTEN}\n```\nAnything else?",
        f"First {WRITTEN}, then {WRITTEN}.",
        json.dumps(WRITTEN),
        f"It is {json.dumps(WRITTEN)[1:-1]}",
        f"[{WRITTEN}, 7",
        '{"amount": 12, "name": "Eva Schmidt',
        '{"amount": 12, "of": {"name": "Eva Schmidt',
        '{"name": {"first": "Eva", "last": "Schmidt"}, "amou',
        '{"name": ["Eva", "Schmidt"], "amou',
        '{"name": "Eva "the boss" Schmidt", "amount": 12}',
        '{"a": "he said "no", or so", "name": "Eva Schmidt"}',
        "{'amount': 12, 'name': 'Eva Schmidt'}",
        '{"amount": 12,, "name" : "Eva Schmidt",}',
        '{"amount": 12 "name": "Eva Schmidt"}',
        '{"created": 1%s, "name": "Eva Schmidt"}' % ("0" * 40),
        '{"half": "\\ud800", "name": "Eva Schmidt"}',
        '{"amount": 12, "name": Eva Schmidt}',
        '{"of": [[{"name": "Eva Schmidt"',
        '{"text": "{\\"name\\": \\"Eva Schmidt\\"}"}',
    ],
)
def test_a_masked_field_is_masked_however_its_json_is_written(text: str) -> None:
    """Whole, fenced, among words, in quotes, wrong or cut off."""
    kept = canonical(HIDDEN(opened({"said": text})).value).decode()

    assert "Schmidt" not in kept
    assert "[masked:name]" in kept


def test_a_path_is_masked_where_the_text_that_holds_it_was_cut_off() -> None:
    """The fields around it are still known."""
    cut = 'So: {"customer": {"id": 7, "city": "Ulm", "zip": 89'

    assert HIDDEN(opened(cut)).value == [
        "So: ",
        {"customer": {"id": 7, "city": "[masked:customer.city]", "zip": 89}},
    ]


@pytest.mark.parametrize(
    "text",
    ["", "12", '"word"', "a {name} and {{name}}", "[1, 2]", "{}", "if x { y: 1 }", 'say "a": 1'],
)
def test_a_text_without_a_field_stays_as_it_is(text: str) -> None:
    """What people read is what was said."""
    assert opened(text) == text


def test_words_and_objects_keep_their_order() -> None:
    """So that whoever reads the record sees what was said."""
    assert opened(f"Yes:\n{WRITTEN} and {{}}") == ["Yes:\n", EVA, " and {}"]
    assert opened('{"a": 1, then more, and "b": 2}') == {"a": 1, "": LEFT_OUT, "b": 2}


@pytest.mark.timeout(20)
@pytest.mark.parametrize("unit", ['x\\"', "x\\'", '"', ",'", "{", "[", '{"a":"', "{'a':'"])
def test_what_a_hostile_model_repeats_is_read_in_one_go(unit: str) -> None:
    """An answer as large as one may be: no part of it is read again from each of its places."""
    opened({"said": '{"' + unit * (400_000 // len(unit))})


def test_what_nests_without_end_is_left_out_and_nothing_fails() -> None:
    """Neither objects in objects nor texts in texts."""
    told: Any = "Eva"
    for _ in range(12):
        told = json.dumps({"a": [[[[[[[[[[told]]]]]]]]]]})

    assert LEFT_OUT in str(opened('{"a": ' * 5_000))
    assert LEFT_OUT in str(opened(told))


@given(
    st.dictionaries(
        st.text(string.ascii_letters, min_size=1, max_size=6),
        st.recursive(
            st.none() | st.booleans() | st.integers(-999, 999) | st.text("ab\"\\{}[]:,'\n é"),
            lambda inner: st.lists(inner, max_size=3),
            max_leaves=4,
        ),
        max_size=5,
    ),
    st.text("ab`{}[]:,\n"),
    st.integers(0, 400),
)
def test_json_is_found_among_any_words_and_any_beginning_of_it_is_read(
    value: dict[str, Any], words: str, cut: int
) -> None:
    """Nothing fails, and what is whole is found as it was written."""
    written = json.dumps(value)
    canonical(opened(words + written[:cut]))

    assert opened(f"so: {written} ok") == (
        ["so: ", opened(value), " ok"] if value else f"so: {written} ok"
    )
