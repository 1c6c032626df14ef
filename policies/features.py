"""what the learnt route may look at: declared fields of the item and its sources, none masked."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from runs.records.version import Feature, FieldSpec, Source

CONTEXT = "context"
READ_FROM: Mapping[str, tuple[str, ...]] = {
    "text": ("text", "choice"),
    "number": ("number", "text"),
    "flag": ("flag",),
    "choice": ("choice", "text", "flag"),
    "date": ("date",),
}
"""Types of contract fields that a kind of feature can be read from."""


class Place(NamedTuple):
    """Where a feature finds its value."""

    source: str
    """Empty: the item itself."""
    field: str


class Wrong(NamedTuple):
    """One feature that cannot be looked at."""

    number: int
    """Its place among the features, from 0."""
    part: str
    """`field` or `against`."""
    says: str
    """What is wrong with the value, and the remedy."""


class Declared(NamedTuple):
    """What a plan or version lets a route see."""

    fields: Mapping[str, FieldSpec]
    sources: Mapping[str, Source]
    masked: frozenset[str]
    """Names of fields and sources, and dotted paths, that are masked before anybody sees them."""


def declared(
    fields: Iterable[FieldSpec], sources: Iterable[Source], masked: Iterable[str]
) -> Declared:
    """What may be looked at; a field that the contract marks as masked is masked as well."""
    known = {field.name: field for field in fields}
    marked = [field.name for field in known.values() if field.masked]
    return Declared(known, {one.name: one for one in sources}, frozenset([*masked, *marked]))


def place_of(written: str) -> Place | None:
    """The place a feature names; None for what is neither a field nor `context.source.field`."""
    parts = written.split(".")
    if len(parts) == 1 and parts[0]:
        return Place("", parts[0])
    is_context = len(parts) == 3 and parts[0] == CONTEXT and all(parts)
    return Place(parts[1], parts[2]) if is_context else None


def find_wrong(features: Sequence[Feature], known: Declared) -> Iterator[Wrong]:
    """Every feature that names what is not declared, is masked or cannot be read so."""
    seen: set[Feature] = set()
    for number, feature in enumerate(features):
        says = why_not_there(feature.field, known) or _find_wrong_kind(feature, known)
        if not says and feature in seen:
            says = f"is {feature.field}, which an earlier feature looks at alike; keep one"
        if says:
            yield Wrong(number, "field", says)
        seen.add(feature)
        if says := _find_wrong_against(feature, known):
            yield Wrong(number, "against", says)


def why_not_there(written: str, known: Declared) -> str:
    """Why nothing may be taken from a place, with the remedy; empty where it may."""
    place = place_of(written)
    if place is None:
        return f"is {written!r}; write a field of the contract, or context.<source>.<field>"
    if not place.source and place.field not in known.fields:
        there = ", ".join(known.fields)
        return f"is {written}, which is no field of the contract; name one of {there}"
    if place.source and place.source not in known.sources:
        there = ", ".join(known.sources) or "none"
        says = f"is {written}, but {place.source} is no declared source"
        return f"{says}; declare it, or name one of: {there}"
    if place.source and place.field not in known.sources[place.source].fields:
        there = ", ".join(known.sources[place.source].fields)
        return f"is {written}, which {place.source} is not read for; name one of {there}"
    hiding = {place.source, place.field, f"{place.source}.{place.field}"} - {""}
    if hiding & known.masked:
        return f"is {written}, which is masked; leave it out, or take the mask off in the plan"
    return ""


def _find_wrong_kind(feature: Feature, known: Declared) -> str:
    place = place_of(feature.field)
    if feature.kind == "compare" and place and place.source:
        return f"is {feature.field}; begin with a field of the item"
    if feature.kind == "compare" or place is None or place.source:
        return ""
    spec = known.fields[place.field]
    if spec.type in READ_FROM[feature.kind]:
        return ""
    return (
        f"is {feature.field}, a {spec.type}, which cannot be read as {feature.kind}; name another "
        "kind or field"
    )


def _find_wrong_against(feature: Feature, known: Declared) -> str:
    if feature.kind != "compare":
        has_one = f"is {feature.against}, which only compare has; leave it out"
        return has_one if feature.against else ""
    if not feature.against:
        return "is missing; name the field that the item's is held against"
    if feature.against == feature.field:
        return f"is {feature.against}, the field itself; name another"
    return why_not_there(feature.against, known)
