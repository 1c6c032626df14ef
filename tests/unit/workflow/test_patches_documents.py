"""A difference, applied, gives the other document; and it is as small as it reads."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runs.errors import InvalidInput
from runs.records.evidence import Operation
from runs.records.record import canonical
from workflow.patches.documents import diff, patched, tokens

LEAVES = st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from(["", "a", "b/~c", "id"])
DOCUMENTS = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["id", "name", "a/b", "~", ""]), inner, max_size=4)
    ),
    max_leaves=12,
)


def rules(*ids: str, **changes: str) -> dict[str, Any]:
    """A document with rules of these ids; `changes` gives one another condition."""
    return {"rules": [{"id": id, "when": changes.get(id, "x > 1")} for id in ids]}


@given(DOCUMENTS, DOCUMENTS)
def test_the_difference_makes_one_document_of_the_other(old: Any, new: Any) -> None:
    """Whatever stands in them: nulls, flags beside numbers, elements with and without ids."""
    assert canonical(patched(old, list(diff(old, new)))) == canonical(new)


@given(DOCUMENTS)
def test_a_document_does_not_differ_from_itself(document: Any) -> None:
    """No operation, no token."""
    assert list(diff(document, document)) == []
    assert tokens(document, []) == 0


@given(DOCUMENTS, DOCUMENTS)
def test_applying_changes_neither_document(old: Any, new: Any) -> None:
    """What was read stays what it was."""
    before = canonical([old, new])
    operations = list(diff(old, new))
    patched(old, operations)

    assert canonical([old, new]) == before


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (rules("a", "b"), rules("c", "a", "b"), ["add /rules/0"]),
        (rules("a", "b"), rules("a", "b", "c"), ["add /rules/2"]),
        (rules("a", "b", "c"), rules("b", "c"), ["remove /rules/0"]),
        (rules("b"), rules("c", "b", b="x > 2"), ["add /rules/0", "replace /rules/1/when"]),
        (rules("a", "b"), rules("b", "a"), ["remove /rules/1", "add /rules/0"]),
        ({"x/y": {"~": 1}}, {"x/y": {"~": True}}, ["replace /x~1y/~0"]),
        ({"tiers": ["a", "b"]}, {"tiers": ["a", "c", "b"]}, ["add /tiers/1"]),
        (1, 2, ["replace "]),
    ],
)  # fmt: skip
def test_elements_are_known_by_their_ids(old: Any, new: Any, expected: list[str]) -> None:
    """An insertion at the front of a list is one operation."""
    assert [f"{one.op} {one.path}" for one in diff(old, new)] == expected


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ({"v": "0.50"}, {"v": "0.85"}, 2),
        ({"v": "a b c"}, {"v": "a c"}, 1),
        ({"v": "客户退款"}, {"v": "客户退货款"}, 1),
        ({}, {"v": "has(item.x)"}, 6),
        ({"v": "x y"}, {}, 2),
        ({"v": None}, {"v": "x"}, 1),
    ],
)
def test_tokens_are_words_signs_and_single_chinese_characters(
    old: Any, new: Any, expected: int
) -> None:
    """Inserted plus deleted."""
    assert tokens(old, list(diff(old, new))) == expected


@pytest.mark.parametrize(
    ("op", "path"),
    [
        ("remove", "/none"),
        ("replace", "/none"),
        ("add", "/rules/7"),
        ("add", "/rules/-1"),
        ("remove", "/rules/-1"),
        ("replace", "/rules/0/none"),
        ("add", "/rules/0/id/x"),
        ("add", "/none/x"),
    ],
)
def test_an_operation_without_its_place_is_refused(op: Any, path: str) -> None:
    """A patch made for another version does not land somewhere else."""
    with pytest.raises(InvalidInput, match="has no place in the document"):
        patched(rules("a"), [Operation(op=op, path=path, value=1)])


def test_the_only_element_without_a_name_is_changed_where_it_stands() -> None:
    """A route that learns one example more is one operation, not another route."""
    old = {"routes": [{"kind": "baseline", "dataset": "d"}]}
    new = {"routes": [{"kind": "baseline", "dataset": "d", "added": ["e"]}]}

    assert list(diff(old, new)) == [Operation(op="add", path="/routes/0/added", value=["e"])]
