"""The data contract of a version: an item's fields as typed values, or what is wrong with them."""

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NamedTuple

from runs.records.version import FieldSpec

MASKED = re.compile(r"\[masked(:[^\]]*)?\]")
"""What stands where a value was masked before it was kept."""
NUMBER = re.compile(r"[+-]?[0-9]{1,18}(\.[0-9]{1,12})?")
DATE = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
    r"([T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?(Z|[+-][0-9]{2}:[0-9]{2})?)?"
)


class Breach(NamedTuple):
    """One field that breaks the contract; never its value."""

    field: str
    says: str


class Fields(NamedTuple):
    """An item held against the contract."""

    values: dict[str, Any]
    """Declared fields that hold something: text, Decimal, bool, ISO date. A null is not there."""
    breaches: tuple[Breach, ...]


def read_fields(contract: Iterable[FieldSpec], item: Any) -> Fields:
    """Every declared field as its type; a field that breaks the contract is a breach, no value.

    Numbers may come as numbers or as decimal text, dates as ISO 8601 text, flags only as true and
    false. What the contract does not declare is left out. A masked value passes, and is no value.
    """
    if not isinstance(item, Mapping):
        return Fields({}, (Breach("", "the item is not an object"),))
    values: dict[str, Any] = {}
    breaches: list[Breach] = []
    for spec in contract:
        value = item.get(spec.name)
        says = _find_wrong(spec, value)
        if says:
            breaches.append(Breach(spec.name, says))
        elif not (_is_empty(value) or _is_masked(value)):
            values[spec.name] = _find_number(value) if spec.type == "number" else value
    return Fields(values, tuple(breaches))


def _find_wrong(spec: FieldSpec, value: Any) -> str:
    if _is_empty(value):
        return "is required and empty" if spec.required else ""
    if isinstance(value, str):
        if says := _wrong_text(spec, value):
            return says
        if _is_masked(value):
            return ""
    return _WRONG[spec.type](spec, value)


def _is_empty(value: Any) -> bool:
    return value is None or value == ""


def _is_masked(value: Any) -> bool:
    return isinstance(value, str) and MASKED.fullmatch(value) is not None


def _wrong_text(spec: FieldSpec, value: str) -> str:
    if len(value) > spec.max_chars:
        return f"has {len(value)} characters, the limit is {spec.max_chars}"
    if "\0" in value or any("\ud800" <= sign <= "\udfff" for sign in value):
        return "holds characters that are no text"
    return "is required and empty" if spec.required and not value.strip() else ""


def _wrong_choice(spec: FieldSpec, value: Any) -> str:
    if not isinstance(value, str):
        return "is not text"
    is_open = spec.type == "text" and not spec.choices
    return "" if is_open or value in spec.choices else "is not one of the choices"


def _wrong_number(spec: FieldSpec, value: Any) -> str:
    number = _find_number(value)
    if number is None:
        return "is not a number"
    if spec.low is not None and number < spec.low:
        return f"is below {spec.low}"
    if spec.high is not None and number > spec.high:
        return f"is above {spec.high}"
    return ""


def _wrong_flag(_: FieldSpec, value: Any) -> str:
    return "" if isinstance(value, bool) else "is neither true nor false"


def _wrong_date(_: FieldSpec, value: Any) -> str:
    if not isinstance(value, str) or not DATE.fullmatch(value):
        return "is not a date like 2026-03-31 or 2026-03-31T14:00:00Z"
    parse = date.fromisoformat if len(value) == 10 else datetime.fromisoformat
    try:
        parse(value)
    except ValueError:
        return "is not a day of the calendar"
    return ""


def _find_number(value: Any) -> Decimal | None:
    if isinstance(value, str):
        return Decimal(value) if NUMBER.fullmatch(value) else None
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return None
    number = Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
    return number if number.is_finite() else None


_WRONG: Mapping[str, Callable[[FieldSpec, Any], str]] = {
    "text": _wrong_choice,
    "choice": _wrong_choice,
    "number": _wrong_number,
    "flag": _wrong_flag,
    "date": _wrong_date,
}
