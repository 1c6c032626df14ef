"""Make a grant of a tool's schema; an argument nobody declared is a target where the tool acts."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from runs.errors import InvalidInput
from runs.records.call import Argument, Grant, Part
from runs.records.version import Effect

Schema = Mapping[str, Any]


def grant_of(
    effect: Effect,
    schema: Schema,
    *,
    most: int,
    declared: Sequence[Argument] = (),
    hosts: Iterable[str] = (),
    is_record: bool = False,
) -> Grant:
    """The grant of a tool whose arguments have this JSON schema.

    What `declared` does not name is a flag or one of the schema's choices, or free words where the
    tool only reads, or a target. InvalidInput for a declared argument that the schema does not
    have, and for trust that only a reading tool may be given.
    """
    properties: Schema = schema.get("properties", {})
    known = {one.name: one for one in declared}
    if unknown := sorted(set(known) - set(properties)):
        raise InvalidInput(
            f"effect {effect.name!r} has no argument {unknown[0]!r}; declare one of: "
            f"{', '.join(properties) or 'none'}"
        )
    if (hosts or is_record) and effect.level != "read":
        raise InvalidInput(
            f"effect {effect.name!r} is of level {effect.level}: hosts and trusted records are of "
            "tools that only read; remove them"
        )
    required = frozenset(schema.get("required", ()))
    arguments = tuple(
        known.get(name, _undeclared(name, part, effect)).model_copy(
            update={"required": name in required, "names": tuple(sorted(set(_names(part))))}
        )
        for name, part in properties.items()
    )
    return Grant(
        effect=effect, arguments=arguments, most=most, hosts=tuple(hosts), is_record=is_record
    )


def _undeclared(name: str, schema: Schema, effect: Effect) -> Argument:
    choices = tuple(one for one in schema.get("enum", ()) if isinstance(one, str))
    if schema.get("type") == "boolean" or choices:
        return Argument(name=name, part="choice", choices=choices)
    part: Part = "text" if effect.level == "read" else "target"
    return Argument(name=name, part=part)


def _names(schema: Schema) -> Iterator[str]:
    """Every name that objects of this form may have, however deep they lie."""
    properties: Schema = schema.get("properties", {})
    items = [schema["items"]] if "items" in schema else []
    yield from properties
    for inner in (*properties.values(), *items):
        yield from _names(inner)
