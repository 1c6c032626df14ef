"""A file becomes cases, all of them or none."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runs.errors import InvalidInput
from workflow.dataset.cases import family_of, read

ROW = {"id": "a", "input": {"text": "hello"}, "expected": {"label": "x"}}


def file(folder: Path, *rows: dict[str, Any], name: str = "cases.jsonl") -> Path:
    """A file of these rows."""
    path = folder / name
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def table(folder: Path, text: str) -> Path:
    """A CSV file with a byte order mark."""
    path = folder / "cases.csv"
    path.write_text(text, encoding="utf-8-sig")
    return path


def test_rows_of_the_usual_form_need_no_mapping(tmp_path: Path) -> None:
    """What the row does not say has its default; what is not ours is left out."""
    (case,) = read(file(tmp_path, ROW | {"segment": "short", "source": "s"}))

    assert (case.id, case.input, case.expected) == ("a", {"text": "hello"}, {"label": "x"})
    assert (case.segment, case.severity, case.routes, case.origin) == (
        "short",
        "major",
        ("act",),
        "real",
    )


def test_every_field_of_a_case_can_be_given(tmp_path: Path) -> None:
    """Families, severities, routes, second labels, contexts and who labelled."""
    row = ROW | {
        "family": "f",
        "severity": "critical",
        "routes": ["review", "refuse"],
        "second_label": "y",
        "origin": "synthetic",
        "labelled_by": "eva",
        "context": {"crm": {"tier": "plus"}},
    }
    (case,) = read(file(tmp_path, row), labelled_by="otto")

    assert (case.family, case.severity, case.routes) == ("f", "critical", ("review", "refuse"))
    assert (case.second, case.labelled_by) == ({"label": "y"}, "eva")
    assert case.context == {"crm": {"tier": "plus"}}


def test_a_table_maps_its_columns_by_name(tmp_path: Path) -> None:
    """Columns that are not ours are fields of the input; an empty cell is null."""
    (case,) = read(table(tmp_path, "text;label;amount;routes\nhi;x;;act|review\n"))

    assert case.input == {"text": "hi", "amount": None}
    assert (case.id, case.expected, case.routes) == ("line-2", {"label": "x"}, ("act", "review"))


def test_a_mapping_names_columns_and_paths(tmp_path: Path) -> None:
    """Nested paths, and columns with a dot in their name."""
    row = {"body": {"words": "hi"}, "my.label": "x", "who": 7}
    mapping = {"input.text": "body.words", "label": "my.label", "id": "who"}
    (case,) = read(file(tmp_path, row), mapping)

    assert (case.id, case.input, case.expected) == ("7", {"text": "hi"}, {"label": "x"})


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"expected": {"label": 3}}, "field 'expected.label' is 3 (int); write a label as text"),
        ({"expected": {}}, "field 'expected.label' is missing or null"),
        ({"expected": {"label": "refnd"}}, "'refnd' is not a label of the plan; did you mean"),
        ({"input": "hello"}, "field 'input' is 'hello' (str); write an object of fields"),
        ({"input": {"text": None}}, "field 'input' is missing or null"),
        ({"input": {"n": 10**30}}, "field 'input' cannot be kept"),
        ({"input": {"text": "\ud800"}}, "field 'input' cannot be kept"),
        ({"id": True}, "field 'id' is True (bool)"),
        ({"severity": "huge"}, "field 'severity' is 'huge'; write one of"),
        ({"origin": "dream"}, "field 'origin' is 'dream'; write one of"),
        ({"routes": ["fly"]}, "field 'routes' is ['fly'] (list); name one or more of"),
        ({"routes": []}, "field 'routes' is [] (list)"),
        ({"segment": ["a"]}, "field 'segment' is ['a'] (list); write text"),
        (
            {"context": {"crm": 1}},
            "field 'context' is {'crm': 1} (dict); write an object of objects",
        ),
    ],
)
def test_a_wrong_value_names_file_line_field_and_remedy(
    tmp_path: Path, change: dict[str, Any], problem: str
) -> None:
    """And nothing is returned, though the other row is right."""
    first = ROW | {"severity": "minor", "origin": "real", "routes": ["act"], "segment": "s"}
    path = file(tmp_path, first | {"context": {}}, ROW | {"id": "b"} | change)

    with pytest.raises(InvalidInput) as refused:
        read(path, labels=("x", "refund"))
    assert f"{path}: line 2: " in str(refused.value)
    assert problem in str(refused.value)


def test_an_id_that_stands_twice_names_both_lines(tmp_path: Path) -> None:
    """Nobody could say whose label holds."""
    with pytest.raises(InvalidInput, match="line 2: field 'id': 'a' stands in line 1 too"):
        read(file(tmp_path, ROW, ROW))


@pytest.mark.parametrize("content", ["", "\n\n"])
@pytest.mark.parametrize("name", ["cases.jsonl", "cases.csv"])
def test_an_empty_file_is_refused(tmp_path: Path, name: str, content: str) -> None:
    """No cases is not a dataset."""
    (tmp_path / name).write_text(content)

    with pytest.raises(InvalidInput, match=f"{name}: holds no cases"):
        read(tmp_path / name)


@pytest.mark.parametrize(
    ("mapping", "problem"),
    [
        (None, r"line 1: the columns \['label'\] are missing; the file has \['text', 'topic'\]"),
        ({"input.text": "words", "label": "topic"}, r"the columns \['words'\] are missing"),
        ({"input.text": "text", "lable": "topic"}, "'lable' is not a field.*did you mean 'label'"),
        ({"label": "topic"}, r"no column is mapped to \['input.text'\]"),
    ],
)
def test_a_missing_column_is_named_with_those_that_are_there(
    tmp_path: Path, mapping: dict[str, str] | None, problem: str
) -> None:
    """So that the mapping can be mended without opening the file."""
    with pytest.raises(InvalidInput, match=problem):
        read(table(tmp_path, "text,topic\nhi,x\n"), mapping)


def test_a_path_that_no_row_has_is_refused(tmp_path: Path) -> None:
    """A misspelt optional path would lose every family in silence."""
    mapping = {"input": "input", "label": "expected.label", "family": "famly"}

    with pytest.raises(InvalidInput, match=r"no row has \['famly'\]"):
        read(file(tmp_path, ROW), mapping)


def test_twenty_errors_are_told_and_then_the_reading_ends(tmp_path: Path) -> None:
    """Enough to see the pattern; a file of garbage is not read to its end."""
    path = tmp_path / "a.jsonl"
    path.write_text("{\n" * 500)

    with pytest.raises(InvalidInput) as refused:
        read(path)
    assert len(str(refused.value).splitlines()) == 21
    assert "from line 21: not read" in str(refused.value)


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        ("Where is  order 4711?", "where is order 0815?", True),
        ("STRASSE", "straße", True),
        ("ﬁne", "fine", True),
        ("where is order", "where is my order", False),
    ],
)
def test_texts_alike_but_for_digits_case_and_spaces_are_one_family(
    one: str, other: str, *, is_same: bool
) -> None:
    """The family of cases that came without one."""
    assert (family_of(one) == family_of(other)) is is_same


def test_items_without_any_text_are_families_of_their_own(tmp_path: Path) -> None:
    """Nothing in common is nothing in common."""
    rows = [ROW | {"id": id, "input": {"text": None, "n": 1}} for id in ("1", "2")]

    assert len({case.family for case in read(file(tmp_path, *rows))}) == 2


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"])))
def test_a_family_does_not_change_when_its_text_is_normalised_again(text: str) -> None:
    """Casing and outer spaces never move a case to another split."""
    assert family_of(text) == family_of(f"  {text}\n") == family_of(text.casefold())
