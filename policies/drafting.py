"""what a document may be drafted from: places that are declared and not masked, and no rule."""

from collections.abc import Collection, Iterator, Sequence
from itertools import product
from typing import NamedTuple

from policies import templates
from policies.features import Declared, why_not_there
from runs.records.version import Filling

DOCUMENT = "document"
"""The field of an answer that holds the text itself."""


class Drafted(NamedTuple):
    """What is drafted, as a plan or a version says it."""

    label: str
    text: str
    fillings: Sequence[Filling]


class Wrong(NamedTuple):
    """One part of it that cannot be used."""

    path: tuple[str | int, ...]
    """`label`, `template`, or `fillings` with a number and a part."""
    says: str
    """What is wrong with the value, and the remedy."""


def find_wrong(
    drafted: Drafted, known: Declared, *, labels: Collection[str], owned: Collection[str]
) -> Iterator[Wrong]:
    """Every part that names what is not declared, or a rule in the template.

    `owned` are words that operations own: the entries of the policy's lists.
    """
    if drafted.label not in labels:
        says = f"is {drafted.label}, which is no label; name one of {', '.join(labels)}"
        yield Wrong(("label",), says)
    yield from _find_wrong_text(drafted, owned)
    seen: list[Filling] = []
    for number, filling in enumerate(drafted.fillings):
        for part, says in _find_wrong_filling(filling, seen, known):
            yield Wrong(("fillings", number, part), says)
        seen.append(filling)


def places_of(filling: Filling) -> tuple[str, ...]:
    """Every place its value may be taken from."""
    return tuple(dict.fromkeys(place for place in (filling.field, *filling.ways.values()) if place))


def _find_wrong_text(drafted: Drafted, owned: Collection[str]) -> Iterator[Wrong]:
    stray, names = templates.find_stray(drafted.text), {one.name for one in drafted.fillings}
    if stray:
        says = f"holds {stray!r} that encloses no place; write {{{{name}}}} in small letters"
        yield Wrong(("template",), says)
    if not templates.places(drafted.text):
        yield Wrong(("template",), "has no place to fill; write {{name}} where a field stands")
    unknown = sorted(templates.places(drafted.text) - names)
    if unknown:
        says = f"has places nothing fills: {', '.join(unknown)}; add them to drafting.fillings"
        yield Wrong(("template",), says)
    words = [*owned, *(word for one in drafted.fillings for word in one.choices)]
    rules = list(templates.find_rules(drafted.text, words))
    if rules:
        says = (
            f"says {', '.join(map(repr, rules))}: business_rule_in_prompt; put what depends on a "
            "number or on an entry of a list into a field, the policy's values or its rules"
        )
        yield Wrong(("template",), says)


def _find_wrong_filling(
    filling: Filling, before: Sequence[Filling], known: Declared
) -> Iterator[tuple[str, str]]:
    if filling.name == DOCUMENT or filling.name in {one.name for one in before}:
        yield "name", f"is {filling.name}, which is taken; give each field a name of its own"
    if bool(filling.field) == bool(filling.ways):
        yield "field", "is one place, or there are several in `ways`; write one of the two"
    for place in (*places_of(filling), *filling.against):
        if says := why_not_there(place, known):
            yield ("against" if place in filling.against else "field"), says
    if filling.kind == "choice" and not filling.choices:
        yield "choices", "is missing; name what a choice may be"
    yield from _find_wrong_ways(filling, before)


def _find_wrong_ways(filling: Filling, before: Sequence[Filling]) -> Iterator[tuple[str, str]]:
    if bool(filling.by) != bool(filling.ways):
        yield "by", "and `ways` go together; name the fields whose values choose a way"
        return
    above = {one.name: one for one in before}
    for name in filling.by:
        if name not in above or not above[name].choices or not above[name].required:
            yield (
                "by",
                f"is {name}, which is no required field with choices before it; name one that is",
            )
            return
    wanted = {" ".join(values) for values in product(*(above[name].choices for name in filling.by))}
    if filling.by and wanted != set(filling.ways):
        lacks, more = sorted(wanted - set(filling.ways)), sorted(set(filling.ways) - wanted)
        yield "ways", f"lacks {lacks} and has {more} that never come; write one for each choice"
