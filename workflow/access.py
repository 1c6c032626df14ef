"""reach each source and tool of a plan, read only, and say what was found.

Names, types and counts are told, never a value of a record and never what a system said.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from runs.errors import InvalidInput, NotAllowed, NotFound, Unavailable
from runs.records.evidence import Access, AccessError
from runs.records.record import digest_of
from runs.records.version import Effect, Source
from tools.tool import Closed, Reading, Tool, probe

MOST = 200
"""So many records of a source are looked at."""
TYPES: Mapping[type, str] = {
    bool: "flag",
    str: "text",
    int: "number",
    float: "number",
    list: "list",
    dict: "object",
}
REMEDIES: Mapping[AccessError, str] = {
    "no_tool": "no tool of this name is in the tools file; add it",
    "no_credential": "its credential leads to nothing; set it where the worker runs",
    "wrong_level": "the tool does not do what is asked of it; name one that does",
    "no_operation": "the tool has no such operation; name one it has",
    "unavailable": "it does not answer; bring it back",
    "garbage": "what it holds cannot be read; mend it",
    "refused": "it refuses to be read; allow it",
}
"""What is wrong and what to do, by error; a system's own words are told to nobody."""


class Systems(NamedTuple):
    """Where a plan's sources and tools are found, and how long a look takes."""

    tools: Mapping[str, Tool]
    seconds: Callable[[], float]
    """A stopwatch."""


class Change(NamedTuple):
    """One declared field of a source that is not what it was."""

    source: str
    field: str
    before: str
    after: str

    @property
    def says(self) -> str:
        """Source, field and both types, in one sentence's part."""
        return f"source {self.source}, field {self.field}: {self.before}, now {self.after}"


def reach(
    systems: Systems,
    sources: Iterable[Source],
    *,
    effects: Iterable[Effect],
    items: Sequence[Mapping[str, Any]] = (),
) -> tuple[Access, ...]:
    """One look at each source and at the tool of each effect; never raises for what they do.

    `items` name the records that are asked for where a source cannot be looked at as a whole.
    """
    return (
        *(_source(systems, one, items) for one in sources),
        *(_effect(systems, one) for one in effects if one.level != "read"),
    )


def find_changes(before: Iterable[Access], after: Iterable[Access]) -> tuple[Change, ...]:
    """Declared fields that came, went or have another type; what was never seen is no change."""
    then = {one.name: one for one in before if one.part == "source" and one.records}
    return tuple(
        change
        for now in after
        if now.part == "source" and now.records and now.name in then
        for change in _changes(then[now.name], now)
    )


def _changes(before: Access, after: Access) -> Iterator[Change]:
    for name in sorted({*before.present, *before.missing} & {*after.present, *after.missing}):
        was, now = (_told(one, name) for one in (before, after))
        if was and now and was != now:
            yield Change(after.name, name, was, now)


def _told(one: Access, name: str) -> str:
    """A field's types; empty where only nulls were seen, which may be of any type."""
    return "missing" if name in one.missing else one.types.get(name, "")


def _source(systems: Systems, source: Source, items: Sequence[Mapping[str, Any]]) -> Access:
    tool = systems.tools.get(source.tool)
    keys = [str(item[source.key_field]) for item in items if item.get(source.key_field)]
    is_wrong = tool is not None and tool.level != "read"
    look = _look(systems, tool, keys, "wrong_level" if is_wrong else "")
    values = [reading.value for reading in look.readings]
    types = {name: _types(name, values) for name in source.fields}
    present = tuple(name for name in source.fields if any(name in value for value in values))
    missing = tuple(name for name in source.fields if name not in present) if values else ()
    schema = {name: types[name] for name in present} | dict.fromkeys(missing, "missing")
    return look.told(
        name=source.name,
        part="source",
        tool=source.tool,
        present=present,
        missing=missing,
        types={name: told for name, told in types.items() if told},
        records=len(values),
        fingerprint=digest_of(schema) if values else "",
        version=digest_of(sorted(one.version for one in look.readings)) if values else "",
    )


def _effect(systems: Systems, effect: Effect) -> Access:
    tool = systems.tools.get(effect.tool)
    wrong: AccessError = ""
    if tool is not None and effect.operation not in tool.schema:
        wrong = "no_operation"
    return _look(systems, tool, (), wrong).told(name=effect.name, part="tool", tool=effect.tool)


class _Look(NamedTuple):
    tool: Tool | None
    error: AccessError
    readings: Sequence[Reading]
    ms: int

    def told(self, **found: Any) -> Access:
        """The look as it is kept."""
        return Access(
            level="" if self.tool is None else self.tool.level,
            reached=not self.error,
            error=self.error,
            credential=self.tool.credential if isinstance(self.tool, Closed) else "",
            ms=self.ms,
            **found,
        )


def _look(systems: Systems, tool: Tool | None, keys: Iterable[str], wrong: AccessError) -> _Look:
    began = systems.seconds()
    readings: Sequence[Reading] = ()
    if tool is None:
        wrong = "no_tool"
    elif isinstance(tool, Closed):
        wrong = "no_credential"
    elif not wrong:
        readings, wrong = _probe(tool, keys)
    return _Look(tool, wrong, readings, round((systems.seconds() - began) * 1000))


def _probe(tool: Tool, keys: Iterable[str]) -> tuple[Sequence[Reading], AccessError]:
    try:
        return probe(tool, keys, MOST), ""
    except Unavailable:
        return (), "unavailable"
    except InvalidInput:
        return (), "garbage"
    except (NotAllowed, NotFound):
        return (), "refused"


def _types(name: str, values: Sequence[Mapping[str, Any]]) -> str:
    seen = {TYPES.get(type(v[name]), "other") for v in values if v.get(name) is not None}
    return " or ".join(sorted(seen))
