"""what a tool promises: level, risk class, reversibility, schema.

Every system outside is met through `Tool`. `without_means` gives the same tool with no way to act,
`admitted` keeps real systems out of a demo home, `check_content` holds content against a schema.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple, NoReturn, Protocol, runtime_checkable

from runs.errors import InvalidInput, NotAllowed, Unavailable
from runs.records.record import canonical
from runs.records.version import Level, Risk

Schema = Mapping[str, Any]
"""A JSON Schema in the part that `check_content` knows; a schema that uses more is refused."""

LEVELS: tuple[Level, ...] = ("read", "suggest", "draft", "trigger", "update")
"""From the one that changes nothing to the one that changes most."""


ASKED: Schema = {
    "type": "object",
    "properties": {
        "workflow": {"type": "string"},
        "effect": {"type": "string"},
        "item": {"type": "string"},
        "label": {"type": "string"},
        "fields": {"type": "object"},
    },
    "required": ["workflow", "effect", "item", "label", "fields"],
    "additionalProperties": False,
}
"""What every effect of a version asks of its tool."""

Pause = Callable[[int, float], None]
"""Wait before the try of this number, from 1, and at least so many seconds."""

NEVER_USED = "access-probe"
"""A key under which nothing is ever done."""


class NotSent(Unavailable):
    """The system does not answer, and surely did nothing: not a byte reached it."""


class Reading(NamedTuple):
    """One record as a system outside holds it."""

    value: dict[str, Any]
    """JSON values; a whole number beyond 2^53 is text."""
    version: str
    """Content hash or row version: the same version is the same record."""
    read_at: datetime
    """UTC."""
    as_of: datetime | None = None
    """When the other side last wrote it, UTC; None where it cannot say."""


class Tool(Protocol):
    """One system outside, and what may be asked of it.

    Errors: `Unavailable` when it does not answer. From `act`, `InvalidInput`, `NotFound`,
    `Conflict`, `NotAllowed` and `NotSent` say that nothing was done; anything else leaves it open.
    """

    @property
    def name(self) -> str:
        """The name a plan declares it by."""
        ...

    @property
    def level(self) -> Level:
        """The most it does."""
        ...

    @property
    def risks(self) -> tuple[Risk, ...]:
        """The risk classes of what it does."""
        ...

    @property
    def reversible(self) -> bool:
        """Whether what it did can be taken back."""
        ...

    @property
    def schema(self) -> Mapping[str, Schema]:
        """The form of the content of each operation, by operation; no other operation exists."""
        ...

    @property
    def is_real(self) -> bool:
        """True when it reaches a system of a real customer; a demo home refuses it."""
        ...

    @property
    def remembers_keys(self) -> bool:
        """True when no receipt for a key means that nothing was done under it."""
        ...

    def read(self, key: str) -> Reading | None:
        """The record of this key, or None; InvalidInput when the other side sent garbage."""
        ...

    def act(self, operation: str, content: Mapping[str, Any], key: str) -> dict[str, Any]:
        """Do it once and return the receipt; the same key again returns the first receipt.

        Raises Conflict when the key was used for other content.
        """
        ...

    def find_receipt(self, key: str) -> dict[str, Any] | None:
        """What the other side says it did under this key, or None."""
        ...


@runtime_checkable
class Touched(Protocol):
    """A tool that can be looked at as a whole, and changes nothing by it."""

    def touch(self, most: int) -> Sequence[Reading]:
        """Up to `most` of its records, none where it only acts; raises what `read` raises."""
        ...


@runtime_checkable
class Compensated(Protocol):
    """A tool some of whose operations can be taken back by another of its operations."""

    @property
    def undo(self) -> Mapping[str, str]:
        """By operation: the one that takes back what it did, asked for with the same content."""
        ...


@runtime_checkable
class Paced(Protocol):
    """A tool some of whose operations may be asked only so often."""

    def take_turn(self, operation: str) -> None:
        """Take the turn of an operation, before anything is reserved for it.

        Raises NotSent, that is no outage, where it comes only later.
        """
        ...


@dataclass(frozen=True)
class Closed:
    """A tool whose credential is not there: it reaches nothing."""

    name: str
    level: Level
    risks: tuple[Risk, ...]
    schema: Mapping[str, Schema]
    is_real: bool
    credential: str
    """The reference that leads to nothing."""
    reversible: bool = False
    remembers_keys: bool = False

    def read(self, key: str) -> NoReturn:
        """Raises NotAllowed, always."""
        self._refuse()

    def act(self, operation: str, content: Mapping[str, Any], key: str) -> NoReturn:
        """Raises NotAllowed, always."""
        self._refuse()

    def find_receipt(self, key: str) -> NoReturn:
        """Raises NotAllowed: whoever cannot ask cannot tell."""
        self._refuse()

    def _refuse(self) -> NoReturn:
        raise NotAllowed(
            f"tool {self.name!r}: its credential {self.credential} leads to nothing; set it where "
            "the worker runs"
        )


@dataclass(frozen=True)
class Sandboxed:
    """A tool without the means to act: whatever is asked of it, nothing happens outside."""

    name: str
    level: Level
    risks: tuple[Risk, ...]
    reversible: bool
    schema: Mapping[str, Schema]
    is_real: bool
    look: Callable[[str], Reading | None]
    """Reads, where the tool does nothing else; refuses otherwise."""
    remembers_keys: bool = False

    def read(self, key: str) -> Reading | None:
        """The record of this key; NotAllowed where the whole tool could do more than read."""
        return self.look(key)

    def act(self, operation: str, content: Mapping[str, Any], key: str) -> NoReturn:
        """Raises NotAllowed, always."""
        _refuse(self.name, f"do {operation!r} under {key!r} ({len(content)} fields)")

    def find_receipt(self, key: str) -> None:
        """None: it cannot ask the other side, so it cannot tell."""


def without_means(tool: Tool) -> Sandboxed:
    """The same tool with no way to act and no reference to what acts, its folder or credentials.

    Only a tool of level `read` can still be read: any other holds what it acts with.
    """
    name = tool.name
    look = tool.read if tool.level == "read" else lambda key: _refuse(name, f"read {key!r}")
    return Sandboxed(
        name=name,
        level=tool.level,
        risks=tool.risks,
        reversible=tool.reversible,
        schema=tool.schema,
        is_real=tool.is_real,
        look=look,
    )


def probe(tool: Tool, keys: Iterable[str], most: int) -> list[Reading]:
    """Reach a system without changing it: some of its records, none of a tool that acts.

    One that cannot be looked at as a whole is asked for `keys`, and one that acts for a receipt
    that nobody has. Raises what `read` and `find_receipt` raise.
    """
    if isinstance(tool, Touched):
        return list(tool.touch(most))
    if tool.level != "read":
        tool.find_receipt(NEVER_USED)
        return []
    found: list[Reading] = []
    for key in [NEVER_USED, *keys][: most + 1]:
        try:
            reading = tool.read(key)
        except Unavailable as error:
            if found and not error.is_outage:
                # It answers, and may not be asked so often: what was seen so far is enough.
                break
            raise
        found += [reading] if reading is not None else []
    return found


def admitted(tools: Iterable[Tool], *, is_demo: bool) -> dict[str, Tool]:
    """The tools by name.

    Raises NotAllowed for a real one in a demo home, InvalidInput for a name given twice.
    """
    by_name: dict[str, Tool] = {}
    for tool in tools:
        if is_demo and tool.is_real:
            raise NotAllowed(
                f"tool {tool.name!r} reaches a real system and this home is a demo; "
                "make a home of its own with `pilotage init`"
            )
        if tool.name in by_name:
            raise InvalidInput(f"two tools are called {tool.name!r}; give one another name")
        by_name[tool.name] = tool
    return by_name


def check_operation(tool: Tool, operation: str, content: Mapping[str, Any]) -> None:
    """InvalidInput unless the tool has the operation and the content has its form."""
    if operation not in tool.schema:
        known = ", ".join(sorted(tool.schema))
        way = f"name one of: {known}" if known else "name a tool that acts"
        raise InvalidInput(f"tool {tool.name!r} has no operation {operation!r}; {way}")
    if wrong := check_content(dict(content), tool.schema[operation], operation):
        told = "; ".join(wrong)
        raise InvalidInput(f"tool {tool.name!r}: {told}; send content of the declared form")
    try:
        canonical(dict(content))
    except (ValueError, TypeError) as error:
        raise InvalidInput(
            f"tool {tool.name!r}: {operation}: is not JSON ({error}); send JSON values only"
        ) from None


def check_content(value: Any, schema: Schema, path: str) -> list[str]:
    """Every breach of the schema by path, without the values; empty when there is none."""
    return list(_breaches(value, schema, path))


def unchecked(schema: Schema) -> list[str]:
    """What a schema says, anywhere in it, that `check_content` does not check; empty if nothing."""
    inside = [*schema.get("properties", {}).values()]
    inside += [schema["items"]] if "items" in schema else []
    return sorted({*(set(schema) - _KNOWN), *(key for one in inside for key in unchecked(one))})


_TYPES: Mapping[str, tuple[type, ...]] = {
    "string": (str,),
    "number": (int, float),
    "integer": (int,),
    "boolean": (bool,),
    "object": (dict,),
    "array": (list,),
    "null": (type(None),),
}
_KNOWN = {"type", "title", "description", "enum", "maxLength", "minLength", "minItems", "maxItems"}
_KNOWN |= {"properties", "required", "additionalProperties", "items", "minimum", "maximum"}


def _breaches(value: Any, schema: Schema, path: str) -> Iterator[str]:
    if unknown := sorted(set(schema) - _KNOWN):
        yield f"{path}: the schema uses {', '.join(unknown)}, which nothing here checks"
    named = schema.get("type")
    wanted = [named] if isinstance(named, str) else named
    if wanted is not None and not any(_is_a(value, one) for one in wanted):
        yield f"{path}: is not of type {' or '.join(wanted)}"
        return
    if "enum" in schema and value not in schema["enum"]:
        yield f"{path}: is not one of the {len(schema['enum'])} values it may have"
    if isinstance(value, str):
        yield from _lengths(len(value), schema, path, "Length")
    if isinstance(value, int | float):
        yield from _sizes(value, schema, path)
    if isinstance(value, dict):
        yield from _members(value, schema, path)
    if isinstance(value, list):
        yield from _lengths(len(value), schema, path, "Items")
        for place, one in enumerate(value):
            yield from _breaches(one, schema.get("items", {}), f"{path}[{place}]")


def _members(value: dict[str, Any], schema: Schema, path: str) -> Iterator[str]:
    properties = schema.get("properties", {})
    yield from (f"{path}.{n}: is missing" for n in schema.get("required", ()) if n not in value)
    for name, member in value.items():
        if name in properties:
            yield from _breaches(member, properties[name], f"{path}.{name}")
    # How many and not which: a name that nobody declared may be what somebody wrote.
    unknown = len(value.keys() - properties.keys())
    if unknown and not schema.get("additionalProperties", True):
        told = ", ".join(properties) or "none"
        yield f"{path}: {unknown} of its fields are not declared; declared are: {told}"


def _lengths(length: int, schema: Schema, path: str, what: str) -> Iterator[str]:
    low, high = schema.get(f"min{what}", 0), schema.get(f"max{what}", length)
    if not low <= length <= high:
        yield f"{path}: its length of {length} is not between {low} and {high}"


def _sizes(value: float, schema: Schema, path: str) -> Iterator[str]:
    if "minimum" in schema and not value >= schema["minimum"]:
        yield f"{path}: is less than {schema['minimum']}"
    if "maximum" in schema and not value <= schema["maximum"]:
        yield f"{path}: is more than {schema['maximum']}"


def _is_a(value: Any, name: str) -> bool:
    if isinstance(value, bool):
        return name == "boolean"
    return isinstance(value, _TYPES[name])


def refuse_to_act(name: str, operation: str, content: Mapping[str, Any], key: str) -> NoReturn:
    """Raises NotAllowed: the tool of this name reads only."""
    raise NotAllowed(
        f"tool {name!r} reads only; it cannot do {operation!r} under {key!r} "
        f"({len(content)} fields): name a tool that acts"
    )


def _refuse(name: str, what: str) -> NoReturn:
    raise NotAllowed(
        f"tool {name!r} is without means here (sandbox) and cannot {what}; wait for a stage "
        "that acts"
    )
