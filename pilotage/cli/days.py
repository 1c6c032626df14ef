"""a day or a moment as people say it: a date, a time, a weekday, today, yesterday.

All of it is UTC, as everything that is shown.
"""

import re
from datetime import UTC, datetime, timedelta

from runs.errors import InvalidInput

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
BACK = {"today": 0, "yesterday": 1}
LEAST = 3
"""A weekday may be cut to so many letters."""
DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
DAY = timedelta(days=1)


def begin(text: str, now: datetime, *, flag: str = "--since") -> datetime | None:
    """When the day begins, or the moment itself; None for an empty text.

    A weekday is the last one, today included. InvalidInput names the flag and what is understood.
    """
    return _span(text, now, flag)[0] if text else None


def end(text: str, now: datetime, *, flag: str = "--until") -> datetime | None:
    """When the day is over, or the moment itself; None for an empty text."""
    return _span(text, now, flag)[1] if text else None


def is_day(text: str) -> bool:
    """Whether the text is a day as people say it, a moment aside."""
    said = text.strip().lower()
    is_name = said in BACK or _find_weekday(said) is not None
    return is_name or DATE.fullmatch(said) is not None


def _span(text: str, now: datetime, flag: str) -> tuple[datetime, datetime]:
    said = text.strip().lower()
    midnight = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    weekday = _find_weekday(said)
    if said in BACK or weekday is not None:
        back = BACK[said] if weekday is None else (midnight.weekday() - weekday) % 7
        day = midnight - back * DAY
        return day, day + DAY
    try:
        at = datetime.fromisoformat(said.upper())
    except ValueError:
        raise InvalidInput(
            f"{flag} {text!r} is no day; say a date (2026-03-02), a time (2026-03-02T09:00), a "
            "weekday (tuesday: the last one), today or yesterday; all in UTC"
        ) from None
    at = at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
    return at, at + DAY if DATE.fullmatch(said) else at


def _find_weekday(said: str) -> int | None:
    matching = [i for i, name in enumerate(WEEKDAYS) if name.startswith(said)]
    return matching[0] if len(said) >= LEAST and matching else None
