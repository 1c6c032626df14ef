"""a data contract held against the cases there are: what each field was seen with, and what not."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from runs.records.evidence import FieldProfile
from runs.records.version import FieldSpec
from workflow.process.contract import read_fields

LONG = 0.5
"""From this share of the longest allowed text on, a long one was seen."""


def profile(
    contract: Sequence[FieldSpec], items: Sequence[Mapping[str, Any]]
) -> tuple[FieldProfile, ...]:
    """What each declared field was seen with; types, counts and lengths, never a value."""
    breaches = Counter(b.field for item in items for b in read_fields(contract, item).breaches)
    return tuple(_profile(spec, items, breaches[spec.name]) for spec in contract)


def lacking(contract: Sequence[FieldSpec], found: Sequence[FieldProfile]) -> tuple[str, ...]:
    """Required fields that no case holds; of any other that is a gap, and named."""
    required = {spec.name for spec in contract if spec.required}
    return tuple(one.field for one in found if one.field in required and not one.values)


def _profile(spec: FieldSpec, items: Sequence[Mapping[str, Any]], outside: int) -> FieldProfile:
    values = [item.get(spec.name) for item in items]
    there = [value for value in values if value not in (None, "")]
    lengths = [len(value) for value in there if isinstance(value, str)]
    kinds = Counter(type(value).__name__ for value in there)
    chosen = {value for value in there if isinstance(value, str)} & set(spec.choices)
    made = FieldProfile(
        field=spec.name,
        type=spec.type,
        values=len(there),
        empty=len(values) - len(there),
        outside=outside,
        kinds=dict(kinds),
        shortest=min(lengths, default=0),
        longest=max(lengths, default=0),
        choices=len(chosen),
    )
    return made.model_copy(update={"gaps": tuple(_gaps(spec, made))})


def _gaps(spec: FieldSpec, seen: FieldProfile) -> Iterator[str]:
    """Edge cases the contract allows, or forbids, and nobody has shown."""
    if not seen.values:
        yield "no case holds it"
    if not seen.empty:
        yield "never empty" if spec.required else "never empty, though it may be"
    if not seen.outside:
        yield "no value outside the contract"
    if spec.choices and seen.choices < len(spec.choices):
        yield f"{len(spec.choices) - seen.choices} of {len(spec.choices)} choices not seen"
    if spec.type == "text" and not spec.choices and seen.longest < LONG * spec.max_chars:
        yield f"no text longer than {seen.longest} of {spec.max_chars} characters"
    if spec.type == "number" and len(seen.kinds) == 1:
        yield f"only one way of writing it ({', '.join(seen.kinds)})"
