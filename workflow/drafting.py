"""the route that fills a template: strictly, each field with the record it was taken from.

Nothing is made up and nothing is put in the place of what is missing: a required field without a
value is no draft. Two shares say how far a draft can be trusted, both counted: `confidence` of its
filled fields that nothing contradicts, `scope` of its fields that are filled.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from policies import templates
from policies.drafting import DOCUMENT
from policies.features import place_of
from runs.records.item import Output, Reference, Unanswered
from runs.records.version import Filling, Source, TemplateRoute
from workflow.baseline.looking import Context, find_day, find_flag, find_number, find_plain
from workflow.process.contract import MASKED

LISTED = re.compile(r"\s*[;,|]\s*")


class Ground(NamedTuple):
    """What a draft is made from."""

    item: Mapping[str, Any]
    """Contract fields, typed."""
    context: Context
    sources: Sequence[Source]


class Draft(NamedTuple):
    """What became of each field."""

    fields: dict[str, Any]
    references: tuple[Reference, ...]
    lacks: tuple[str, ...]
    """Required fields without a value, in the order in which they are filled."""


def answer(route: TemplateRoute, ground: Ground) -> Output | Unanswered:
    """The whole draft, typed, with its text and where each field came from; or what it lacks."""
    made = fill(route.fillings, ground)
    if made.lacks:
        return Unanswered(says=_told(made.lacks, route.fillings), lacks=made.lacks)
    values = {name: shown(made.fields.get(name)) for name in templates.places(route.text)}
    doubted = sum(bool(one.conflicts) for one in made.references)
    filled = len(made.references)
    return Output(
        label=route.label,
        confidence=(filled - doubted) / filled if filled else 0.0,
        scope=filled / len(route.fillings),
        runner_up="",
        route_used=route.kind,
        fields={**made.fields, DOCUMENT: templates.fill(route.text, values)},
        references=made.references,
        template=route.template,
    )


def fill(fillings: Iterable[Filling], ground: Ground) -> Draft:
    """Every field from its place, in order; a place that holds nothing readable leaves it out."""
    fields: dict[str, Any] = {}
    found: list[Reference] = []
    lacks: list[str] = []
    for filling in fillings:
        place = chosen(filling, fields)
        value = read(filling, find(place, ground))
        if value is None:
            lacks += [filling.name] if filling.required else []
            continue
        fields[filling.name] = value
        found.append(_reference(filling, place, value, ground))
    return Draft(fields, tuple(found), tuple(lacks))


def chosen(filling: Filling, fields: Mapping[str, Any]) -> str:
    """The place of a field, by what was filled before; empty where that leaves it open."""
    if not filling.by:
        return filling.field
    return filling.ways.get(" ".join(str(fields.get(name, "")) for name in filling.by), "")


def find(place: str, ground: Ground) -> Any:
    """What stands at a place; None for nothing, and for what was masked."""
    at = place_of(place)
    if at is None:
        return None
    value = (ground.context.get(at.source, {}) if at.source else ground.item).get(at.field)
    is_masked = isinstance(value, str) and MASKED.search(value) is not None
    return None if is_masked else value


def read(filling: Filling, value: Any) -> Any:
    """The value as JSON of the field's kind; None where it cannot be read as that."""
    if filling.choices:
        return _choice(value, filling.choices)
    return _READ[filling.kind](value)


def alike(one: Any, other: Any) -> bool:
    """Whether two values say the same: numbers by size, lists in any order, texts but capitals."""
    if isinstance(one, list | tuple) or isinstance(other, list | tuple):
        sides = [value if isinstance(value, list | tuple) else (value,) for value in (one, other)]
        return {find_plain(v) for v in sides[0]} == {find_plain(v) for v in sides[1]}
    numbers = find_number(one), find_number(other)
    if None not in numbers:
        return numbers[0] == numbers[1]
    return find_plain(one) == find_plain(other)


def shown(value: Any) -> str:
    """A value as the document says it; nothing for what is not there."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def named(reference: Reference) -> str:
    """The place a field was taken from, as plans and versions write it."""
    return f"context.{reference.source}.{reference.field}" if reference.source else reference.field


def _reference(filling: Filling, place: str, value: Any, ground: Ground) -> Reference:
    at = place_of(place)
    assert at is not None
    keys = {source.name: source.key_field for source in ground.sources}
    record = str(ground.item.get(keys.get(at.source, ""), "")) if at.source else ""
    others = ((one, read(filling, find(one, ground))) for one in filling.against)
    conflicts = tuple(one for one, says in others if says is not None and not alike(says, value))
    return Reference(
        name=filling.name, source=at.source, record=record, field=at.field, conflicts=conflicts
    )


def _told(lacks: Sequence[str], fillings: Sequence[Filling]) -> str:
    by = {one.name: one for one in fillings}
    told = (f"{name} ({by[name].field or 'by ' + ', '.join(by[name].by)})" for name in lacks)
    return f"no draft: nothing that can be used for {', '.join(told)}"


def _text(value: Any) -> str | None:
    if isinstance(value, bool | Mapping | list | tuple) or value is None:
        return None
    return str(value).strip() or None


def _number(value: Any) -> str | None:
    number = find_number(value)
    return None if number is None else f"{number:f}"


def _date(value: Any) -> str | None:
    day = find_day(value)
    return None if day is None else day.isoformat()


def _list(value: Any) -> list[str] | None:
    parts = LISTED.split(value.strip()) if isinstance(value, str) else value
    if not isinstance(parts, list | tuple):
        return None
    return [text for part in parts if (text := _text(part))] or None


def _choice(value: Any, choices: Sequence[str]) -> str | None:
    """The only one that stands in the text as a word; of several, or of none, nothing."""
    text = find_plain(value)
    if text is None:
        return None
    said = [one for one in choices if re.search(rf"(?<!\w){re.escape(one.casefold())}(?!\w)", text)]
    return said[0] if len(said) == 1 else None


_READ = {
    "text": _text,
    "number": _number,
    "date": _date,
    "list": _list,
    "flag": find_flag,
    "choice": _text,
}
"""By kind; a field with choices is read as one of them, whatever its kind."""
