"""where a draft went wrong: the first field of it, the place it was taken from, and the right one.

Codes are those of the evaluation specification, section 3.1. The first wrong field in the order of
filling is told: what is filled after it may only follow from it. No value stands in what is told.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from runs.records.case import Case
from runs.records.item import Output
from runs.records.version import Filling
from workflow.drafting import alike, named, read


class Shown(Protocol):
    """A case as a version saw it, with what it made of it."""

    @property
    def case(self) -> Case:
        """With the fields that were expected."""
        ...

    @property
    def item(self) -> Mapping[str, Any]:
        """Contract fields, typed."""
        ...

    @property
    def context(self) -> Mapping[str, Mapping[str, Any]]:
        """What was read, by source."""
        ...

    @property
    def output(self) -> Output:
        """What was drafted."""
        ...

    @property
    def lacks(self) -> tuple[str, ...]:
        """Fields for want of which nothing was drafted."""
        ...

    @property
    def wrong(self) -> tuple[str, ...]:
        """Fields that are not as expected."""
        ...


class Slip(NamedTuple):
    """One field of a draft that is not as it should be."""

    field: str
    code: str
    expected: str
    """The place where the right value stands; empty where it stands nowhere."""
    actual: str
    """The place it was taken from; empty where it was taken from none."""


def find_slip(seen: Shown, fillings: Sequence[Filling]) -> Slip | None:
    """The first field that is wrong or missing; None where there is none."""
    off = seen.lacks or seen.wrong
    order = [one.name for one in fillings]
    if not off or not fillings:
        return None
    name = min(off, key=lambda one: order.index(one) if one in order else len(order))
    filling = next((one for one in fillings if one.name == name), None)
    taken = {one.name: named(one) for one in seen.output.references}
    if filling is None:
        return Slip(name, "omission", "", "")
    wanted, actual = _expected(seen).get(name), taken.get(name, filling.field)
    right = next(rightful(seen, filling, wanted, but=actual), "")
    return Slip(name, _code(seen, name, wanted, right=right, actual=actual), right, actual)


def rightful(seen: Shown, filling: Filling, wanted: Any, *, but: str) -> Iterator[str]:
    """Places that say what was expected; one of the field's own name first, sources before items.

    A source is asked for all that the case brought of it, read by the version or not. Where a value
    decides between places, another name would be chance.
    """
    if wanted is None:
        return
    names = {filling.name, but.rpartition(".")[2]}
    found = [
        place
        for place, value in _places(seen)
        if place != but and (said := read(filling, value)) is not None and alike(said, wanted)
    ]
    same = [place for place in found if place.rpartition(".")[2] in names]
    yield from same
    yield from (place for place in found if place not in same and not filling.ways)


def _places(seen: Shown) -> Iterator[tuple[str, Any]]:
    for source in dict.fromkeys([*seen.context, *seen.case.context]):
        held = {**seen.case.context.get(source, {}), **seen.context.get(source, {})}
        yield from ((f"context.{source}.{name}", value) for name, value in held.items())
    yield from seen.item.items()


def _expected(seen: Shown) -> Mapping[str, Any]:
    return seen.case.expected.get("fields", {})


def _code(seen: Shown, name: str, wanted: Any, *, right: str, actual: str) -> str:
    if seen.output.fields.get(name) is None:
        return "omission"
    if wanted is None:
        return "fabrication"
    if right:
        return "wrong_source"
    return "stale_context" if actual.startswith("context.") else "extraction_error"
