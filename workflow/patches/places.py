"""Fixes of rank 3 for a draft: one field taken from the place where the right value stands."""

from collections import Counter
from collections.abc import Iterator, Mapping

from policies.features import place_of
from runs.records.evidence import FailureGroup, Patch
from runs.records.version import Filling, Source, TemplateRoute, Version
from workflow.evaluate.bench import Seen
from workflow.evaluate.trial import TrialRun
from workflow.patches.acceptance import REPAIRED
from workflow.patches.patch import Changed, between
from workflow.slips import rightful
from workflow.version import FIELD, fillings_of

Offered = Mapping[str, frozenset[str]]
"""Fields by source."""
SLIPPED = ("wrong_source", "stale_context", "omission", "extraction_error")
"""Failures of one field of a draft whose right value may stand elsewhere."""
MOST = 6


def places(group: FailureGroup, trial: TrialRun, *, pair: Changed, more: Offered) -> list[Patch]:
    """One field taken from another place, the smallest first, at most six.

    A place is tried where it says what was expected in at least half of the group. `trial` is of
    the candidate that reads all of `more`; nothing that is masked or may not be read is taken.
    """
    filling = next((f for f in fillings_of(pair.version) if f.name == group.field), None)
    if filling is None or not filling.field:
        return []
    members = set(group.cases)
    held = [one for one in trial.seen if one.case.id in members]
    told = Counter(place for one in held for place in set(_right(one, filling)))
    readable = set(_readable(pair.version, more))
    found = [
        _moved(pair, filling, place)
        for place, times in sorted(told.items())
        if place in readable and times >= REPAIRED and 2 * times >= len(held)
    ]
    return sorted(found, key=lambda one: one.size)[:MOST]


def _right(one: Seen, filling: Filling) -> Iterator[str]:
    wanted = one.case.expected.get("fields", {}).get(filling.name)
    return rightful(one, filling, wanted, but=filling.field)


def _readable(version: Version, more: Offered) -> Iterator[str]:
    """Places that are declared, or may be: none of them masked."""
    masked = {one.removeprefix(FIELD) for one in version.mask if one.startswith(FIELD)}
    yield from (spec.name for spec in version.contract if spec.name not in masked)
    for source in version.sources:
        for name in (*source.fields, *more.get(source.name, ())):
            if not {name, source.name, f"{source.name}.{name}"} & masked:
                yield f"context.{source.name}.{name}"


def _moved(pair: Changed, filling: Filling, place: str) -> Patch:
    (route,) = (one for one in pair.version.routes if isinstance(one, TemplateRoute))
    held = tuple(one for one in filling.against if one != place)
    moved = filling.model_copy(update={"field": place, "against": held})
    filled = tuple(moved if one.name == filling.name else one for one in route.fillings)
    changed = route.model_copy(update={"fillings": filled})
    update = {"routes": (changed,), "sources": _reading(pair.version.sources, place)}
    after = pair._replace(version=pair.version.model_copy(update=update))
    says = f"take {filling.name} from {place} instead of {filling.field}"
    return between(pair, after, rank=3, says=says)


def _reading(sources: tuple[Source, ...], place: str) -> tuple[Source, ...]:
    """The sources, reading what the place names."""
    at = place_of(place)
    if at is None or not at.source:
        return sources
    return tuple(
        source.model_copy(
            update={"fields": (*source.fields, at.field), "added": (*source.added, at.field)}
        )
        if source.name == at.source and at.field not in source.fields
        else source
        for source in sources
    )
