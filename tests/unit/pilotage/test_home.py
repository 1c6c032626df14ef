"""What stands where, whose it is, and one clock for every process."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pilotage.home import Home, Mark, SharedClock, replace
from runs.clock import RealClock
from runs.errors import InvalidInput


def test_a_folder_is_a_home_once_it_is_marked(home: Path) -> None:
    """And keeps its mark when it is made again."""
    made = Home(home)
    assert not made.exists()

    made.make(Mark(is_demo=True))
    made.make(Mark(is_demo=False))

    assert made.exists()
    assert made.mark().is_demo


def test_a_folder_without_a_mark_is_told_with_the_remedy(home: Path) -> None:
    """Nothing is made by looking."""
    with pytest.raises(InvalidInput, match="pilotage init"):
        Home(home / "other").mark()

    assert not (home / "other").exists()


@pytest.mark.parametrize("text", ["", "{", '{"is_demo": "perhaps"}', '{"colour": "red"}', "[]"])
def test_a_mark_that_cannot_be_read_is_refused(home: Path, text: str) -> None:
    """A home never counts as something it did not say."""
    (home / "home.json").write_text(text)

    with pytest.raises(InvalidInput, match=r"home\.json"):
        Home(home).mark()


def test_a_mark_that_is_no_file_is_refused(home: Path) -> None:
    """A folder in its place is told, and so is a home below a file."""
    (home / "home.json").mkdir()
    (home / "file").write_text("")

    with pytest.raises(InvalidInput, match=r"home\.json cannot be read .*--home"):
        Home(home).mark()
    with pytest.raises(InvalidInput, match="no home of Pilotage"):
        Home(home / "file").mark()


def test_where_no_folder_can_be_made_nothing_is(home: Path) -> None:
    """Below a file there is no room for a home; it is told with the remedy."""
    (home / "file").write_text("")

    with pytest.raises(InvalidInput, match=r"cannot be made a home .*PILOTAGE_HOME"):
        Home(home / "file" / "below").make(Mark())


def test_only_a_demo_has_a_clock_that_can_be_turned(tmp_path: Path) -> None:
    """Every other home is on real time."""
    for name, is_demo in (("real", False), ("demo", True)):
        Home(tmp_path / name).make(Mark(is_demo=is_demo))

    assert isinstance(Home(tmp_path / "real").clock(), RealClock)
    assert Home(tmp_path / "demo").clock().kind == "turned"


def test_every_process_of_a_home_agrees_on_the_time(home: Path) -> None:
    """Whoever turns the clock turns it for all."""
    one, other = SharedClock(home / "clock.json"), SharedClock(home / "clock.json")

    one.turn(timedelta(hours=24))
    other.turn(timedelta(hours=1))

    assert one.offset == other.offset == timedelta(hours=25)
    assert other.now() - datetime.now(UTC) > timedelta(hours=24, minutes=59)


def test_a_clock_is_never_turned_back(home: Path) -> None:
    """Not even by a file."""
    clock = SharedClock(home / "clock.json")
    clock.turn(timedelta(hours=1))

    with pytest.raises(ValueError, match="never turned back"):
        clock.turn(timedelta(seconds=-1))

    assert clock.offset == timedelta(hours=1)


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"offset_s": "later"}', "null"])
def test_a_clock_file_that_cannot_be_read_stops_everybody(home: Path, text: str) -> None:
    """No process goes on under another time."""
    (home / "clock.json").write_text(text)

    with pytest.raises(InvalidInput, match=r"clock\.json"):
        SharedClock(home / "clock.json").now()


def test_a_file_is_replaced_whole_or_left_alone(home: Path, monkeypatch) -> None:
    """An interrupted write leaves what was there, and no part of itself."""
    file = home / "deep" / "file.yaml"
    replace(file, "first")
    monkeypatch.setattr("os.fsync", _interrupted)

    with pytest.raises(KeyboardInterrupt):
        replace(file, "second")

    assert file.read_text() == "first"
    assert [entry.name for entry in file.parent.iterdir()] == ["file.yaml"]


def _interrupted(_: int) -> None:
    raise KeyboardInterrupt
