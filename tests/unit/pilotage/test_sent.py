"""Items are read whole from a file, each with its key, or none of them."""

from pathlib import Path
from typing import Any

import pytest

from pilotage.cli import sent
from runs.errors import InvalidInput

OPTIONS = {"key": "", "key_field": "id", "input_field": "", "form": ""}


def read(folder: Path, name: str, text: str, **options: str) -> list[tuple[str, Any]]:
    """What a file of this name and text holds."""
    file = folder / name
    file.write_bytes(text.encode())
    return [(one.key, one.input) for one in sent.read(str(file), OPTIONS | options)]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("t.json", '{"id": "1", "text": "where"}'),
        ("t.jsonl", '{"id": "1", "text": "where"}\r\n\n'),
        ("t.csv", "id,text\r\n1,where\r\n"),
        ("t.CSV", '\ufeffid,text\n1,"where"\n\n'),
        ("t.tsv", "id\ttext\n1\twhere\n"),
    ],
)
def test_an_item_is_the_same_in_every_form(tmp_path: Path, name: str, text: str) -> None:
    """The name of the file says which one it is."""
    assert read(tmp_path, name, text) == [("1", {"id": "1", "text": "where"})]


def test_the_form_may_be_said_where_the_name_does_not(tmp_path: Path) -> None:
    """As for what comes by stdin."""
    assert read(tmp_path, "export.txt", "id,text\n1,a\n", form="csv") == [
        ("1", {"id": "1", "text": "a"})
    ]


def test_an_empty_cell_is_a_field_that_was_not_sent(tmp_path: Path) -> None:
    """Missing is not the same as an empty text; quoted line breaks stay."""
    found = read(tmp_path, "t.csv", 'id,text,amount\n1,"a\nb",\n2,c,12.50\n')

    assert found == [
        ("1", {"id": "1", "text": "a\nb"}),
        ("2", {"id": "2", "text": "c", "amount": "12.50"}),
    ]


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("t.csv", "id,text\n1,a\n2,b,c\n", "line 3: has 3 cells and the header 2"),
        ("t.csv", 'id,text\n1,"a"b\n', "line 2: is no row"),
        ("t.csv", "id,id\n1,2\n", "line 1: is no header"),
        ("t.csv", "id,\n1,2\n", "line 1: is no header"),
        ("t.csv", "", "line 1: is no header"),
        ("t.csv", "id,text\n", "holds no item"),
        ("t.csv", "key,text\n1,a\n", "line 2: 'id' is missing or empty"),
        ("t.jsonl", "id,text\n1,a\n", "--form csv"),
        ("t.jsonl", '{"id": "1"}\n[2]\n', "line 2"),
        ("t.jsonl", "\n \n", "holds no item"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_line(
    tmp_path: Path, name: str, text: str, says: str
) -> None:
    """And with what to do about it."""
    with pytest.raises(InvalidInput) as refused:
        read(tmp_path, name, text)

    assert says in str(refused.value)


def test_one_key_is_for_one_item(tmp_path: Path) -> None:
    """Two items under the same key would be one."""
    with pytest.raises(InvalidInput, match="--key-field"):
        read(tmp_path, "t.csv", "id,text\n1,a\n2,b\n", key="k-1")


def test_a_file_that_is_not_there_or_no_text_is_told(tmp_path: Path) -> None:
    """With its name."""
    (tmp_path / "t.csv").write_bytes(b"id\n\xff\n")

    with pytest.raises(InvalidInput, match="not UTF-8"):
        sent.read(str(tmp_path / "t.csv"), OPTIONS)
    with pytest.raises(InvalidInput, match="cannot be read"):
        sent.read(str(tmp_path / "gone.csv"), OPTIONS)
