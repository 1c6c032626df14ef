"""What reaches a terminal is what was meant, in columns or as one object."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilotage.cli import output


@given(st.text())
def test_no_control_character_ever_reaches_a_terminal(text: str) -> None:
    """A customer's text cannot move the cursor, change a title or turn the writing round."""
    shown = output.plain(text)

    assert not output.CONTROL.search(shown)
    assert len(shown) == len(text)


@pytest.mark.parametrize("hostile", ["\x1b[2J", "\x9b31m", "\u202eetorw", "a\rb", "\x07"])
def test_a_known_trick_is_made_visible(hostile: str) -> None:
    """As a question mark, where it stood."""
    assert "?" in output.plain(hostile)


def test_lines_and_tabs_of_a_text_stay() -> None:
    """They are part of it."""
    assert output.plain("a\tb\nc") == "a\tb\nc"


@given(st.text(), st.integers(min_value=1, max_value=200))
def test_one_line_is_one_line_and_no_longer(text: str, width: int) -> None:
    """Whatever stands in it."""
    line = output.one_line(text, width)

    assert len(line) <= width
    assert "\n" not in line


def test_a_digest_is_shortened_and_an_id_is_not() -> None:
    """What is shown can be given back."""
    assert output.short("sha256:" + "ab" * 32) == "abababababab"
    assert output.short("r-1069d4e816.plan.545a7ae3") == "r-1069d4e816.plan.545a7ae3"


def test_columns_stand_under_their_names() -> None:
    """As wide as their widest cell, and nothing trails."""
    lines = output.table(("a", "bb"), [("1", ""), ("333", "4")], none="none")

    assert lines == ["a    bb", "1", "333  4"]


def test_no_rows_say_what_that_means() -> None:
    """Never an empty screen."""
    assert output.table(("a",), [], none="no runs") == ["no runs"]


def test_a_section_without_lines_is_not_shown() -> None:
    """A title alone says nothing."""
    assert output.section("fixes", []) == []
    assert output.section("fixes", ["one"]) == ["", "fixes", "  one"]


def test_an_object_says_which_form_it_has(capsys) -> None:
    """A program can tell what it reads."""
    output.show("runs", {"runs": ["ü"]}, ["never printed"], as_json=True)

    assert json.loads(capsys.readouterr().out) == {"schema": "pilotage/runs/1", "runs": ["ü"]}


def test_an_object_of_a_stream_is_one_line(capsys) -> None:
    """One event, one line."""
    output.print_json("event", {"seq": 1, "body": {"a": "b\nc"}}, on_one_line=True)

    assert capsys.readouterr().out.count("\n") == 1
