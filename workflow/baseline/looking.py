"""What a route looks at of one item: its text, and one fact a column, read and compared.

Nothing is learnt here, and nothing is guessed: what is absent, masked or can be read in two ways is
None.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from functools import partial
from typing import Any, NamedTuple

from policies.features import place_of
from runs.records.version import Feature, FieldSpec, LearntRoute

Fact = float | str | None
"""A number (a flag is 0 or 1), a choice, or nothing."""
Context = Mapping[str, Mapping[str, Any]]
"""What was read, by source and field."""
PIECE = 3
"""Characters of the pieces by which two texts are held against each other."""
MOST_CHARS = 2_000
"""So much of a text is compared with another."""
NUMBER = re.compile(r"[+-]?[0-9]+(?:\.[0-9]+)?")
GROUPED = re.compile(r"[+-]?[0-9]{1,3}(?:([ '.,\u00a0])[0-9]{3})(?:\1[0-9]{3})*([.,][0-9]+)?")
COMMA = re.compile(r"[+-]?[0-9]+,(?:[0-9]{1,2}|[0-9]{4,})")


class Look(NamedTuple):
    """What is looked at of one item."""

    text: str
    """The text field and every feature of kind text, one below the other."""
    facts: tuple[Fact, ...]
    """One a column; None where it is absent."""


class Gaze:
    """Looks at items and their context with the features of one route."""

    def __init__(self, route: LearntRoute, contract: Sequence[FieldSpec]) -> None:
        types = {field.name: field.type for field in contract}
        texts = [one.field for one in route.features if one.kind == "text"]
        self._texts = list(dict.fromkeys([route.text_field, *texts])) if route.text_field else texts
        self._features = [one for one in route.features if one.kind != "text"]
        self._columns = [_columns_of(one, types) for one in self._features]

    @property
    def sources(self) -> frozenset[str]:
        """The sources that are looked at."""
        written = [name for one in self._features for name in (one.field, one.against) if name]
        places = [place for name in [*self._texts, *written] if (place := place_of(name))]
        return frozenset(place.source for place in places if place.source)

    def look(self, item: Mapping[str, Any], context: Context) -> Look:
        """What is there of one item, whose fields are typed, and of what was read for it."""
        texts = (_find(name, item, context) for name in self._texts)
        facts: list[Fact] = []
        for feature, read in zip(self._features, self._columns, strict=True):
            other = _find(feature.against, item, context) if feature.against else None
            facts += read(_find(feature.field, item, context), other)
        return Look("\n".join(str(one) for one in texts if one is not None), tuple(facts))


def _find(written: str, item: Mapping[str, Any], context: Context) -> Any:
    place = place_of(written)
    if place is None:
        return None
    return (context.get(place.source, {}) if place.source else item).get(place.field)


Columns = Callable[[Any, Any], Iterator[Fact]]
"""The facts of a feature, always as many, from its value and the one it is held against."""


def _columns_of(feature: Feature, types: Mapping[str, str]) -> Columns:
    if feature.kind == "compare":
        return _COMPARED[types.get(feature.field, "text")]
    return _READ[feature.kind]


def _number(value: Any, _: Any) -> Iterator[Fact]:
    number = find_number(value)
    yield None if number is None else float(number)


def _flag(value: Any, _: Any) -> Iterator[Fact]:
    yield None if (flag := find_flag(value)) is None else float(flag)


def _choice(value: Any, _: Any) -> Iterator[Fact]:
    yield None if (plain := find_plain(value)) is None else plain


def _date(value: Any, _: Any) -> Iterator[Fact]:
    """Weekday and day of the month: how long ago something was needs a second date."""
    day = find_day(value)
    yield None if day is None else day.strftime("%a").lower()
    yield None if day is None else float(day.day)


def _compared_numbers(value: Any, other: Any) -> Iterator[Fact]:
    """Whether they are equal, which is larger, and the distance, also as a share of the other."""
    one, two = find_number(value), find_number(other)
    if one is None or two is None:
        yield from (None, None, None, None)
        return
    distance = abs(one - two)
    yield float(distance == 0)
    yield float(one > two)
    yield float(distance)
    yield 0.0 if not distance else float(distance / abs(two)) if two else None


def _compared_days(value: Any, other: Any) -> Iterator[Fact]:
    """Days from the other to the one."""
    one, two = find_day(value), find_day(other)
    yield None if one is None or two is None else float((one - two).days)


def _compared_texts(value: Any, other: Any) -> Iterator[Fact]:
    """Whether they are equal, capitals and spaces apart, and how alike they are, 0 to 1."""
    one, two = find_plain(value), find_plain(other)
    if one is None or two is None:
        yield from (None, None)
        return
    yield float(one == two)
    yield _likeness(one[:MOST_CHARS], two[:MOST_CHARS])


def _compared_choices(value: Any, other: Any, find: Callable[[Any], Any]) -> Iterator[Fact]:
    one, two = find(value), find(other)
    yield None if one is None or two is None else float(one == two)


def _likeness(one: str, two: str) -> float:
    """Shared pieces of both as a share of all their pieces (Dice)."""
    pieces = [{f" {text} "[i : i + PIECE] for i in range(len(text))} for text in (one, two)]
    whole = sum(map(len, pieces))
    return 2 * len(pieces[0] & pieces[1]) / whole if whole else float(one == two)


def find_number(value: Any) -> Decimal | None:
    """A number, or a text that can be read as one number only; None otherwise.

    `1234.5`, `1234,50`, `1.234,50`, `1,234.50` and `1 234 567` are; `1.234` is the plain number,
    as the data contract reads it, and `1,234` may be two and is none.
    """
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int | float | Decimal):
        number = Decimal(str(value))
        return number if number.is_finite() else None
    text = str(value).strip()
    if NUMBER.fullmatch(text):
        return Decimal(text)
    if COMMA.fullmatch(text):
        return Decimal(text.replace(",", "."))
    return _find_grouped(text)


def _find_grouped(text: str) -> Decimal | None:
    found = GROUPED.fullmatch(text)
    if found is None:
        return None
    group, fraction = found[1], found[2] or ""
    is_double = text.count(group) == 1 and group in ".," and not fraction
    if is_double or fraction[:1] == group:
        return None
    whole = text.removesuffix(fraction) if fraction else text
    return Decimal(whole.replace(group, "") + fraction.replace(",", "."))


def find_flag(value: Any) -> bool | None:
    """True, false, or the words for them that tables write."""
    if isinstance(value, bool):
        return value
    words = {"true": True, "false": False, "yes": True, "no": False, "1": True, "0": False}
    return words.get(str(value).strip().lower()) if isinstance(value, str | int) else None


def find_plain(value: Any) -> str | None:
    """A text or what can be written as one, capitals and spaces made equal; None for nothing."""
    if value is None or isinstance(value, Mapping | list | tuple):
        return None
    return " ".join(str(value).casefold().split()) or None


def find_day(value: Any) -> date | None:
    """The calendar day of an ISO 8601 date or time; None for anything else."""
    try:
        return date.fromisoformat(str(value)[:10]) if isinstance(value, str) else None
    except ValueError:
        return None


_READ: Mapping[str, Columns] = {
    "number": _number,
    "flag": _flag,
    "choice": _choice,
    "date": _date,
}
_COMPARED: Mapping[str, Columns] = {
    "number": _compared_numbers,
    "date": _compared_days,
    "text": _compared_texts,
    "choice": partial(_compared_choices, find=find_plain),
    "flag": partial(_compared_choices, find=find_flag),
}
"""By the type of the item's field."""
