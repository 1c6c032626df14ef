"""A call that a model chose: what its step may call, the call itself, and what was ruled on it."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any, Literal

from pydantic import Field, model_validator

from runs.records.record import Digest, Record, canonical
from runs.records.release import StageKind
from runs.records.version import Effect

Part = Literal["target", "measure", "text", "choice"]
"""What an argument is to its call.

`target`: whom or what it reaches, such as a recipient, an account, an address, an id or a path.
`measure`: how much, such as an amount. `text`: free words, in which addresses are looked for.
`choice`: one of the values that are named, or a flag.
"""
Where = Literal["request", "record", "named", "host", "ceiling", "text", "nowhere"]
"""Where a value was found.

`request`: what a person asked. `record`: a trusted record. `named`: the only one of its form in a
text whose address the request names. `host`: an address of a host that is declared. `ceiling`: a
measure that is no more than the plan lets it be. `text`: nowhere but in a text that was read.
"""
Outcome = Literal["allow", "hold", "refuse"]


DEEPEST = 8
"""Arguments lie in each other at most so deep."""
LONGEST = 100_000
"""Bytes of a call as JSON."""


class Argument(Record):
    """One argument that a call may have."""

    name: str
    part: Part = "target"
    """What was not declared is a target."""
    required: bool = False
    choices: tuple[str, ...] = ()
    """Of a choice: the values; none are a flag's."""
    ceiling: Decimal | None = None
    """Of a measure: up to here it needs no source, above zero."""
    names: tuple[str, ...] = Field(default=(), exclude_if=lambda names: not names)
    """What an object in it may name, as its schema says; any other name has to have a source."""
    from_named: bool = False
    """A target that a text may give whose address the request names, where it gives one alone."""


class Grant(Record):
    """One tool that a step lets a model call."""

    effect: Effect
    """The name the model calls it by, what is done, its level and its risks."""
    arguments: tuple[Argument, ...]
    """All there are; a call with any other is refused."""
    most: int = Field(ge=1)
    """So many calls of it in one step."""
    hosts: tuple[str, ...] = ()
    """Hosts that its addresses may lead to, whoever wrote them; of a tool that only reads."""
    is_record: bool = False
    """What it reads is a trusted record: a system of the customer's that no stranger writes to."""


class Step(Record):
    """What a model may call while it works on one step; everything else is refused."""

    name: str
    grants: tuple[Grant, ...]
    stage: StageKind
    most: int = Field(ge=1)
    """So many calls in all."""
    waiting: tuple[str, ...] = ()
    """Names of effects that the policy keeps for a person, whatever their risks."""


class Call(Record):
    """One call as a model proposed it."""

    name: str = Field(max_length=200)
    arguments: dict[str, Any]

    @model_validator(mode="after")
    def _is_small_json(self) -> "Call":
        if _is_deeper(self.arguments.values(), DEEPEST):
            raise ValueError(f"the arguments lie more than {DEEPEST} deep; flatten them")
        if len(canonical(self.arguments)) > LONGEST:
            raise ValueError(f"the call is longer than {LONGEST} bytes; send less")
        return self


def _is_deeper(values: Iterable[Any], most: int) -> bool:
    """Whether lists and objects lie deeper in each other; looked at a layer at a time."""
    layer = list(values)
    for _ in range(most):
        layer = [inner for one in layer for inner in _inside(one)]
    return bool(layer)


def _inside(value: Any) -> Iterable[Any]:
    return value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()


class Traced(Record):
    """Where one value of a call that had to have a source was found."""

    path: str
    """The argument and a place in it, such as `to[1]` or `to.(0)`; no name or value it holds."""
    where: Where


class Ruling(Record):
    """What the guard says of one call."""

    rules: Digest
    """The rules it was judged by."""
    step: Digest
    call: Digest
    """Name and arguments; the step's call of this number was judged, and no other."""
    number: int
    """Calls that were carried out before it in this step."""
    outcome: Outcome
    reason: str
    """One sentence with what to do next; names arguments, never values."""
    traced: tuple[Traced, ...] = ()


class Ruled(Record):
    """A ruling as it is kept."""

    run: str
    item: str
    arguments: Digest
    """Snapshot of name and arguments, masked."""
    ruling: Ruling
    effect: Effect | None = Field(default=None, exclude_if=lambda effect: effect is None)
    """What it would do; None of a tool that the step does not grant."""
    spoken: tuple[str, ...] = ()
    """Of a call that was not allowed: what the lint says of the texts that were read before it."""
