"""Rows come one at a time, with their lines, and nothing unreadable passes for a row."""

import tracemalloc
from pathlib import Path

import pytest

from runs.errors import InvalidInput
from workflow.dataset.rows import Row, Text, rows

PLAIN = Text("utf-8-sig", "")


def told(path: Path, content: bytes, text: Text = PLAIN) -> list[Row]:
    """Write the file and read its rows."""
    path.write_bytes(content)
    return list(rows(path, text))


def test_a_broken_line_is_told_and_the_next_is_read(tmp_path: Path) -> None:
    """One bad JSONL line does not hide the others."""
    found = told(tmp_path / "a.jsonl", b'{"a": 1}\n{"a": \n\n{"a": 2}\r\n')

    assert [(row.line, row.value) for row in found] == [(1, {"a": 1}), (2, {}), (4, {"a": 2})]
    assert "is not JSON (Expecting value at character" in found[1].problem


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        (b"[1]", "is list, not an object"),
        (b'{"a": NaN}', "NaN is no JSON number"),
        (b'{"a": 1, "a": 2}', "the name 'a' stands twice"),
        (b"[" * 100_000, "is not JSON"),
    ],
)
def test_what_is_no_json_object_is_refused(tmp_path: Path, line: bytes, problem: str) -> None:
    """Arrays, NaN, names that stand twice and bottomless nesting."""
    assert problem in told(tmp_path / "a.jsonl", line)[0].problem


def test_a_line_of_twenty_megabytes_is_refused_without_holding_it(tmp_path: Path) -> None:
    """What is held does not grow with the line."""
    path = tmp_path / "a.jsonl"
    with path.open("wb") as file:
        file.writelines([b'{"a": 1}\n{"a": "', *[b"x" * 1_000_000] * 20, b'"}'])
    tracemalloc.start()
    found = list(rows(path, PLAIN))
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert (found[-1].line, found[-1].is_fatal) == (2, True)
    assert "longer than 1,000,000 characters" in found[-1].problem
    assert most < 8_000_000


@pytest.mark.parametrize("name", ["a.csv", "a.jsonl"])
def test_utf_16_with_its_mark_names_the_encoding_to_declare(tmp_path: Path, name: str) -> None:
    """The first bytes say it, so the message can."""
    with pytest.raises(InvalidInput, match=rf"{name}: line 1: .*--encoding utf-16,"):
        told(tmp_path / name, "text,label\n".encode("utf-16"))


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf_16_without_its_mark_is_known_by_its_nul_bytes(tmp_path: Path, encoding: str) -> None:
    """And the right byte order is proposed."""
    found = told(tmp_path / "a.csv", "text,label\nä,b\n".encode(encoding))

    assert f"--encoding {encoding}" in found[0].problem


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252"])
def test_a_declared_encoding_is_read(tmp_path: Path, encoding: str) -> None:
    """With its mark or without."""
    mark = "\ufeff" if encoding == "utf-16-le" else ""
    found = told(
        tmp_path / "a.csv", f"{mark}text,label\nä,b\n".encode(encoding), Text(encoding, "")
    )

    assert [row.value for row in found] == [{"text": "ä", "label": "b"}]


def test_an_invalid_byte_is_named_with_its_line(tmp_path: Path) -> None:
    """Latin-1 that was said to be UTF-8."""
    found = told(tmp_path / "a.csv", b"text,label\nok,b\n\xe4,b\n")

    assert (found[-1].line, found[-1].is_fatal) == (3, True)
    assert "byte 0xe4 at character 1 is invalid" in found[-1].problem


def test_half_a_utf_16_character_is_refused(tmp_path: Path) -> None:
    """A truncated file is not read as a shorter one."""
    found = told(tmp_path / "a.csv", "text,label\na,b\n".encode("utf-16")[:-1], Text("utf-16", ""))

    assert found[-1].is_fatal


def test_an_unknown_encoding_and_a_missing_file_are_refused(tmp_path: Path) -> None:
    """Before anything is read."""
    with pytest.raises(InvalidInput, match="encoding 'klingon' is not known"):
        told(tmp_path / "a.csv", b"", Text("klingon", ""))
    with pytest.raises(InvalidInput, match="cannot be read"):
        list(rows(tmp_path / "none.csv", PLAIN))


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found_from_the_header(tmp_path: Path, delimiter: str) -> None:
    """A semicolon in a quoted cell is no delimiter; a mark before the header is no name."""
    header, row = delimiter.join(["text", '"la;b,el"']), delimiter.join(['"x;y, z|\t"', "b"])
    found = told(tmp_path / "a.csv", f"\ufeff{header}\r\n{row}\r\n".encode())

    assert [one.value for one in found] == [{"text": "x;y, z|\t", "la;b,el": "b"}]


def test_a_quoted_cell_may_hold_lines_and_the_row_names_its_last(tmp_path: Path) -> None:
    """An empty cell is null; an empty line is no row."""
    found = told(tmp_path / "a.csv", b'text,label\n"a\nb",\n\nc,d\n')

    assert [(row.line, row.value) for row in found] == [
        (3, {"text": "a\nb", "label": None}),
        (5, {"text": "c", "label": "d"}),
    ]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"text,label\na,b,c\n", "has 3 cells where the header has 2"),
        (b"text,text\na,b\n", "the columns ['text'] stand twice"),
        (b'text,label\n"a,b\n', "is not CSV"),
        (b'text,label\n"' + b"a\n" * 100_000, "field larger than field limit"),
    ],
)
def test_a_table_that_does_not_fit_its_header_is_refused(
    tmp_path: Path, content: bytes, problem: str
) -> None:
    """Cells too many, names twice, quotes that never close."""
    assert problem in told(tmp_path / "a.csv", content)[-1].problem
