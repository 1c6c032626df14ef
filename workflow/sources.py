"""read the named sources and keep what was read.

A source that is missing, stale or garbage is a problem that somebody looks at; nothing is put in
its place. What was read is kept, masked, and compared with a second reading before an act.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Literal, NamedTuple

from pydantic import Field

from runs.errors import InvalidInput, NotAllowed, NotFound, Unavailable
from runs.records.record import Digest, Record, digest_of
from runs.records.version import Source
from runs.snapshots import Mask, Masked, Terms
from tools.tool import Reading, Tool

CHANGED = "it is not as it was decided on: "
"""How the reason of an item begins that was not acted on because of its sources."""

ProblemCode = Literal[
    "no_key", "no_tool", "no_record", "unavailable", "garbage", "refused", "stale", "late"
]


class Problem(Record):
    """Why one source gave nothing that may be used."""

    source: str
    code: ProblemCode
    says: str
    """One sentence; never a value of the item."""


class Context(Record):
    """What a version sees of its sources for one item."""

    item: str = ""
    """Digest of the input it was read for."""
    values: dict[str, dict[str, Any]]
    """The declared fields a record has, by source; nothing else of it."""
    versions: dict[str, str]
    """Content hash or row version of the record, by source."""
    seen: dict[str, Digest]
    """Digest of the declared fields as they were read, before masking, by source."""
    read_at: dict[str, datetime]
    """UTC, by source."""
    records: dict[str, str] = Field(default_factory=dict, exclude_if=lambda records: not records)
    """What names the record there, by source."""
    problems: tuple[Problem, ...] = ()


class Change(NamedTuple):
    """Why what was read of one source may no longer be acted on."""

    source: str
    code: ProblemCode | Literal["changed"]
    says: str
    """One sentence that names changed fields, and never a value."""


class _Read(NamedTuple):
    """One reading, or why there is none."""

    reading: Reading | None
    problem: Problem | None


def read_context(
    sources: Sequence[Source], tools: Mapping[str, Tool], *, item: Mapping[str, Any], now: datetime
) -> Context:
    """Read every source for an item: only the declared fields, and no source that has a problem.

    `item` are the fields of the item, `now` what freshness is counted from. Never raises for what a
    source does; Unavailable, that is no outage, where it may not be asked so soon again.
    """
    values: dict[str, dict[str, Any]] = {}
    readings: dict[str, Reading] = {}
    problems: list[Problem] = []
    for source in sources:
        read = _read(source, tools, item=item, now=now)
        if read.problem is not None:
            problems.append(read.problem)
        if read.reading is not None:
            readings[source.name] = read.reading
            values[source.name] = _declared(source, read.reading)
            if source.fields and not values[source.name]:
                problems.append(_empty(source))
    return Context(
        values=values,
        versions={name: reading.version for name, reading in readings.items()},
        seen={name: digest_of(value) for name, value in values.items()},
        read_at={name: reading.read_at for name, reading in readings.items()},
        records={one.name: str(item[one.key_field]) for one in sources if one.name in readings},
        problems=tuple(problems),
    )


def unread(says: str) -> Context:
    """What is seen where reading was given up: nothing, and why."""
    problem = Problem(source="sources", code="late", says=says)
    return Context(values={}, versions={}, seen={}, read_at={}, problems=(problem,))


def find_fields(
    source: Source, tools: Mapping[str, Tool], *, item: Mapping[str, Any], now: datetime
) -> frozenset[str]:
    """The fields its system has of an item's record, declared or not; none where it has a problem.

    Values that hold further values are left out. Never raises for what the source does.
    """
    reading = _read(source, tools, item=item, now=now).reading
    held = {} if reading is None else reading.value
    return frozenset(n for n, value in held.items() if not isinstance(value, Mapping | list))


def find_changes(
    before: Context,
    sources: Iterable[Source],
    *,
    tools: Mapping[str, Tool],
    item: Mapping[str, Any],
    now: datetime,
    mask: Mask,
) -> list[Change]:
    """Why what was read may no longer be acted on, a source at a time; empty when it may.

    `before` is the context as it was kept, masked. A source marked for it is read again and its
    changed fields are named, without their values; any other must still be fresh.
    """
    told = [
        _find_change(before, source, _read(source, tools, item=item, now=now), mask)
        if source.reread_before_act
        else _find_age(before, source, now)
        for source in sources
    ]
    return [change for change in told if change is not None]


def told_changes(changes: Sequence[str]) -> str:
    """Why it may not be acted on, in one sentence that `is_changed` knows; empty when it may."""
    return CHANGED + "; ".join(changes) if changes else ""


def is_changed(reason: str) -> bool:
    """Whether an item was not acted on because its sources were another than when decided."""
    return reason.startswith(CHANGED)


def lasting(sources: Iterable[Source], hours: int) -> list[Source]:
    """The sources, none of which is fresh for longer; one that is read again is as it was."""
    return [
        source
        if source.reread_before_act
        else source.model_copy(update={"max_age_hours": min(source.max_age_hours or hours, hours)})
        for source in sources
    ]


def masking_context(context: Context, terms: Terms) -> Terms:
    """Terms under which what was read is kept: values and sentences are masked, names are not."""

    def mask(body: dict[str, Any]) -> Masked:
        values = {name: masked_fields(terms.mask, name, body["values"][name]) for name in names}
        says = [terms.mask(problem.says) for problem in context.problems]
        changed = body | {
            "values": {name: masked.value for name, masked in values.items()},
            "problems": [
                problem | {"says": masked.value}
                for problem, masked in zip(body["problems"], says, strict=True)
            ],
        }
        return Masked(changed, sum(masked.count for masked in [*values.values(), *says]))

    names = tuple(context.values)
    return terms._replace(mask=mask)


def masked_fields(mask: Mask, source: str, fields: Mapping[str, Any]) -> Masked:
    """The fields of one source as they may be kept; none where the source itself is masked."""
    masked = mask({source: dict(fields)})
    value = masked.value.get(source)
    return Masked(value if isinstance(value, dict) else {}, masked.count)


def masking(terms: Terms, part: str) -> Terms:
    """The same terms, masking only one part of an object: its ids, digests and times stay."""

    def mask(value: dict[str, Any]) -> Masked:
        masked = terms.mask(value[part])
        return Masked(value | {part: masked.value}, masked.count)

    return terms._replace(mask=mask)


def _read(
    source: Source, tools: Mapping[str, Tool], *, item: Mapping[str, Any], now: datetime
) -> _Read:
    key, tool = item.get(source.key_field), tools.get(source.tool)
    if isinstance(key, bool) or not isinstance(key, str | int) or key == "":
        return _problem(source, "no_key", f"the item has no {source.key_field}")
    if tool is None or tool.level != "read":
        return _problem(source, "no_tool", f"there is no tool {source.tool!r} of level read")
    try:
        reading = tool.read(str(key))
    except Unavailable as error:
        if not error.is_outage:
            # Its turn has not come yet: the item waits for it, and no person is asked.
            raise
        return _problem(source, "unavailable", str(error))
    except InvalidInput as error:
        return _problem(source, "garbage", str(error))
    except NotAllowed as error:
        return _problem(source, "refused", str(error))
    except NotFound:
        reading = None
    if reading is None:
        return _problem(source, "no_record", f"it has no record of this {source.key_field}")
    old = _too_old(source, reading.as_of or reading.read_at, now)
    return _problem(source, "stale", old) if old else _Read(reading, None)


def _problem(source: Source, code: ProblemCode, says: str) -> _Read:
    return _Read(None, Problem(source=source.name, code=code, says=f"{source.name}: {says}"))


def _empty(source: Source) -> Problem:
    says = f"{source.name}: its record has none of the declared fields"
    return Problem(source=source.name, code="garbage", says=says)


def _declared(source: Source, reading: Reading) -> dict[str, Any]:
    return {name: reading.value[name] for name in source.fields if name in reading.value}


def _too_old(source: Source, since: datetime, now: datetime) -> str:
    limit = source.max_age_hours
    if limit is None or now - since <= timedelta(hours=limit):
        return ""
    hours = int((now - since) / timedelta(hours=1))
    return f"what it says is {hours} h old, the limit is {limit} h"


def _find_age(before: Context, source: Source, now: datetime) -> Change | None:
    since = before.read_at.get(source.name)
    if since is None:
        return Change(source.name, "no_record", f"{source.name} was not read")
    old = _too_old(source, since, now)
    return Change(source.name, "stale", f"{source.name}: {old}") if old else None


def _find_change(before: Context, source: Source, read: _Read, mask: Mask) -> Change | None:
    if read.problem is not None:
        says = f"it could not be read again: {mask(read.problem.says).value}"
        return Change(source.name, read.problem.code, says)
    now = {} if read.reading is None else _declared(source, read.reading)
    if digest_of(now) == before.seen.get(source.name):
        return None
    was, seen = before.values.get(source.name, {}), masked_fields(mask, source.name, now).value
    changed = [name for name in source.fields if was.get(name) != seen.get(name)]
    told = ", ".join(changed) or "a masked field"
    return Change(source.name, "changed", f"{source.name} changed since it was read: {told}")
