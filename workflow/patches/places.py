"""Fixes of rank 3 for a draft: one field taken from the place where the right value stands.

Where the old place said nothing, nothing was drafted and a person decided. The move alone lets all
of that go as well; so the same move is offered that still asks the old place, and where the new
place errs too, one under which a difference of the two lowers the confidence of the draft.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping

from policies import templates
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
    the candidate that reads all of `more`; nothing that is masked or may not be read is taken. A
    field that is only asked for is left out.
    """
    filling = next((f for f in fillings_of(pair.version) if f.name == group.field), None)
    if filling is None or not filling.field:
        return []
    if group.code == "omission" and _is_only_asked(filling, pair.version):
        return [_filled(pair, filling, (), says=f"draft without asking for {filling.name}")]
    members = set(group.cases)
    held = [one for one in trial.seen if one.case.id in members]
    told = Counter(place for one in held for place in set(_right(one, filling)))
    readable = set(_readable(pair.version, more))
    wanted = [
        place
        for place, times in sorted(told.items())
        if place in readable and times >= REPAIRED and 2 * times >= len(held)
    ]
    found = [patch for place in wanted for patch in _ways(group, trial, pair, filling, place)]
    return sorted(found, key=lambda one: one.size)[:MOST]


def _ways(
    group: FailureGroup, trial: TrialRun, pair: Changed, filling: Filling, place: str
) -> Iterator[Patch]:
    """The move alone; asking the old place as before; and where they differ trusting neither."""
    yield _moved(pair, filling, place)
    is_silent = any(filling.name in one.lacks for one in trial.seen)
    asked = _asked(pair, filling) if is_silent and group.code != "omission" else ()
    if asked:
        yield _moved(pair, filling, place, asked=asked)
    if any(_errs(one, filling, place) for one in trial.seen):
        yield _moved(pair, filling, place, asked=asked, held=(filling.field,))


def _errs(one: Seen, filling: Filling, place: str) -> bool:
    """Whether the field is right as it is, and the place says something else."""
    wanted = one.case.expected.get("fields", {}).get(filling.name)
    is_off = filling.name in one.wrong or filling.name in one.lacks
    return wanted is not None and not is_off and place not in _right(one, filling)


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


def _moved(
    pair: Changed,
    filling: Filling,
    place: str,
    *,
    asked: tuple[Filling, ...] = (),
    held: tuple[str, ...] = (),
) -> Patch:
    against = (*(one for one in filling.against if one != place), *held)
    moved = filling.model_copy(update={"field": place, "against": against})
    says = f"take {filling.name} from {place} instead of {filling.field}"
    says += f", held against {filling.field}" if held else ""
    says += f", and ask a person as before where {filling.field} says none" if asked else ""
    return _filled(pair, filling, (*asked, moved), says=says, place=place)


def _asked(pair: Changed, filling: Filling) -> tuple[Filling, ...]:
    """What stood there before, under another name: required, and in no document."""
    last = re.sub(r"[^a-z0-9_]", "_", filling.field.rpartition(".")[2].lower())
    name, taken = f"{filling.name}_by_{last}", {one.name for one in fillings_of(pair.version)}
    while name in taken:
        name += "_too"
    return (filling.model_copy(update={"name": name, "against": ()}),)


def _is_only_asked(filling: Filling, version: Version) -> bool:
    """Whether no document and no other field is made from it."""
    (route,) = (one for one in version.routes if isinstance(one, TemplateRoute))
    leads = {name for one in route.fillings for name in one.by}
    return filling.name not in templates.places(route.text) | leads


def _filled(
    pair: Changed, filling: Filling, instead: tuple[Filling, ...], *, says: str, place: str = ""
) -> Patch:
    """The candidate with these fillings in the place of one."""
    (route,) = (one for one in pair.version.routes if isinstance(one, TemplateRoute))
    filled = [
        new for one in route.fillings for new in (instead if one.name == filling.name else (one,))
    ]
    changed = route.model_copy(update={"fillings": tuple(filled)})
    update = {"routes": (changed,), "sources": _reading(pair.version.sources, place)}
    after = pair._replace(version=pair.version.model_copy(update=update))
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
