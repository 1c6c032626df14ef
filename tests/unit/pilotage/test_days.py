"""A day is understood as people say it, in UTC."""

from datetime import UTC, datetime

import pytest

from pilotage.cli import days
from runs.errors import InvalidInput

MONDAY = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)


def at(day: int, hour: int = 0, month: int = 3) -> datetime:
    """A time of that spring."""
    return datetime(2026, month, day, hour, tzinfo=UTC)


@pytest.mark.parametrize(
    ("said", "begins", "ends"),
    [
        ("2026-02-24", at(24, month=2), at(25, month=2)),
        ("today", at(2), at(3)),
        ("yesterday", at(1), at(2)),
        ("monday", at(2), at(3)),
        ("Tuesday", at(24, month=2), at(25, month=2)),
        ("sun", at(1), at(2)),
        ("2026-03-01T08:00", at(1, 8), at(1, 8)),
        ("2026-03-01t10:00+02:00", at(1, 8), at(1, 8)),
        ("2026-03-01T08:00Z", at(1, 8), at(1, 8)),
    ],
)
def test_a_day_has_its_whole_length_and_a_moment_none(
    said: str, begins: datetime, ends: datetime
) -> None:
    """A weekday is the last one, today included."""
    assert (days.begin(said, MONDAY), days.end(said, MONDAY)) == (begins, ends)


@pytest.mark.parametrize("said", ["mo", "someday", "2026-13-01", "03/02/2026", "tuesdays"])
def test_what_is_no_day_is_refused_with_what_is(said: str) -> None:
    """By the name of the option."""
    with pytest.raises(InvalidInput, match=r"--since .* weekday"):
        days.begin(said, MONDAY)


def test_nothing_said_is_no_bound() -> None:
    """An option that was not given."""
    assert (days.begin("", MONDAY), days.end("", MONDAY)) == (None, None)


@pytest.mark.parametrize(
    ("said", "is_day"), [("tuesday", True), ("2026-03-02", True), ("monday-mail", False)]
)
def test_a_name_that_is_a_day_is_told_apart(said: str, *, is_day: bool) -> None:
    """For whoever asks for Tuesday's batch."""
    assert days.is_day(said) is is_day
