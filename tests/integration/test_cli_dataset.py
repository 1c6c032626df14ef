"""Labelled cases from the command line: all of a file, or nothing and the line that is wrong."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.unit.pilotage.homes import House, make_house

ROW = '{"id": "%s", "input": {"text": "where is %s"}, "expected": {"label": "%s"}}'
IMPORT = ("--name", "desk", "--workflow", "desk", "--labelled-by", "eva")


@pytest.fixture
def house(tmp_path: Path) -> House:
    """A home of customer acme."""
    return make_house(tmp_path / "home")


def rows(count: int = 60) -> str:
    """So many cases, each a text of its own, as JSON lines."""
    words = (chr(97 + n // 26) + chr(97 + n % 26) for n in range(count))
    return "\n".join(ROW % (f"c{n}", word, f"l{n % 3}") for n, word in enumerate(words))


def lay(folder: Path, text: str, name: str = "cases.jsonl", encoding: str = "utf-8") -> str:
    """A file with this text."""
    file = folder / name
    file.write_bytes(text.encode(encoding))
    return str(file)


def nothing_is_in(house: House) -> bool:
    """No dataset, and no event of one."""
    events = house.store.events(house.customer)
    kept = [event for event in events if event.body.get("record") == "dataset"]
    return house.store.cases.datasets(house.customer) == [] and kept == []


def broken(folder: Path) -> str:
    """A line that is no JSON."""
    return lay(folder, rows() + '\n{"id": "x", "input"')


def wrong_type(folder: Path) -> str:
    """A label that is a number."""
    return lay(folder, rows() + '\n{"id": "x", "input": {"text": "a"}, "expected": {"label": 7}}')


def twice(folder: Path) -> str:
    """An id that stands in two lines."""
    return lay(folder, rows() + "\n" + ROW % ("c3", "again", "l1"))


def empty(folder: Path) -> str:
    """Nothing at all."""
    return lay(folder, "")


def wide(folder: Path) -> str:
    """A line of two hundred million characters, written as a hole on the disk."""
    file = folder / "cases.jsonl"
    with file.open("wb") as out:
        out.write((rows() + "\n").encode() + b'{"id": "')
        out.truncate(200_000_000)
    return str(file)


def other_encoding(folder: Path) -> str:
    """UTF-16 that nobody declared."""
    return lay(folder, rows(), encoding="utf-16")


def no_column(folder: Path) -> str:
    """A table without the column of the label."""
    return lay(folder, "text,intent\nwhere,l1\n", "cases.csv")


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (broken, "line 61"),
        (wrong_type, "line 61"),
        (twice, "c3"),
        (empty, "no cases"),
        (wide, "line 61"),
        (other_encoding, "--encoding utf-16"),
        (no_column, "label"),
    ],
    ids=lambda given: getattr(given, "__name__", ""),
)
def test_a_file_with_anything_wrong_is_refused_whole(
    house: House, tmp_path: Path, make: Callable[[Path], str], says: str
) -> None:
    """Code 2, the file and what is wrong; nothing is imported."""
    file = make(tmp_path)

    result = house.run("data", "import", file, *IMPORT, by="eva")

    assert result.exit_code == 2
    assert file in result.stderr
    assert says in result.stderr
    assert nothing_is_in(house)


def test_a_missing_file_is_told(house: House, tmp_path: Path) -> None:
    """Code 2."""
    result = house.run("data", "import", str(tmp_path / "no.jsonl"), *IMPORT, by="eva")

    assert result.exit_code == 2
    assert "no.jsonl" in result.stderr


def test_a_table_with_a_byte_order_mark_is_accepted(house: House, tmp_path: Path) -> None:
    """With the columns mapped to our fields."""
    words = [f"{chr(97 + n // 26)}{chr(97 + n % 26)}" for n in range(40)]
    text = "body,intent\n" + "\n".join(f"where is {word},l1" for word in words)
    file = lay(tmp_path, text, "cases.csv", encoding="utf-8-sig")

    result = house.run(
        "data", "import", file, *IMPORT, "--map", "input.text=body", "--map", "label=intent",
        by="eva",
    )  # fmt: skip

    assert result.exit_code == 0
    [kept] = house.store.cases.datasets(house.customer)
    assert sum(kept.counts.values()) == 40


def test_what_a_dataset_lacks_is_accepted_by_an_expert_in_words(
    house: House, tmp_path: Path
) -> None:
    """Nobody else may, and without words nobody did."""
    file = lay(tmp_path, rows())
    gaps = ("--accept-gaps", "real tickets, none is worse than another")

    unaccepted = house.run("data", "import", file, *IMPORT, by="dan")
    refused = house.run("data", "import", file, *IMPORT, "--salt", "b", *gaps, by="dan")
    accepted = house.run("data", "import", file, *IMPORT, "--salt", "c", *gaps, by="eva")

    assert (unaccepted.exit_code, refused.exit_code, accepted.exit_code) == (0, 6, 0)
    assert "no version is made of it yet" in unaccepted.stderr
    newest = house.store.cases.newest(house.customer, "desk")
    assert (newest.salt, newest.accepted_by) == ("c", "eva")


def test_a_check_tells_what_is_lacking_and_changes_nothing(house: House, tmp_path: Path) -> None:
    """Of a file, as it would be split."""
    result = house.run("data", "check", lay(tmp_path, rows()), "--json", by="dan")

    value = json.loads(result.stdout)
    assert value["cases"] == value["families"] == 60
    assert value["labels"] == {"l0": 20, "l1": 20, "l2": 20}
    assert value["gaps"] == ["labelled_by", "severity", "families", "routes", "second_labels"]
    assert [found["kind"] for found in value["findings"]] == ["too_small"]
    assert nothing_is_in(house)


def test_a_dataset_that_is_in_can_be_checked_and_split_by_its_name(
    house: House, tmp_path: Path
) -> None:
    """The split anew is a dataset of its own."""
    house.run("data", "import", lay(tmp_path, rows()), *IMPORT, by="eva")

    checked = house.run("data", "check", "desk", "--json", by="dan")
    split = house.run(
        "data", "split", "desk", "--salt", "n", "--shares", "learn=.8,dev=.1,holdout=.1", "--json",
        by="eva",
    )  # fmt: skip

    assert json.loads(checked.stdout)["cases"] == 60
    assert json.loads(split.stdout)["counts"] == {"dev": 6, "holdout": 6, "learn": 48}
    assert len(house.store.cases.datasets(house.customer, "desk")) == 2


@pytest.mark.parametrize(
    "flags",
    [
        ("--map", "label"),
        ("--map", "lable=label"),
        ("--shares", "learn=.5"),
        ("--shares", "learn=much,dev=.2,holdout=.3"),
        ("--encoding", "klingon"),
    ],
)
def test_a_flag_that_makes_no_sense_is_refused(
    house: House, tmp_path: Path, flags: tuple[str, str]
) -> None:
    """Code 2, and nothing is imported."""
    result = house.run("data", "import", lay(tmp_path, rows()), *IMPORT, *flags, by="eva")

    assert result.exit_code == 2
    assert nothing_is_in(house)
