"""a system of a tools file, as a tool: what is the same whichever way it is reached."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn

from runs.clock import Clock
from runs.records.version import Level, Risk
from tools.pace import Turn, free
from tools.tool import Schema, refuse_to_act

LARGEST_WHOLE = 2**53 - 1
"""Beyond it canonical JSON has no whole numbers."""


@dataclass(frozen=True, kw_only=True)
class ReadSystem(ABC):
    """A system that is read by key; it has no way to act."""

    clock: Clock
    risks: tuple[Risk, ...] = ()
    is_real: bool = True
    level: Level = "read"
    reversible: bool = False
    remembers_keys: bool = False

    @property
    @abstractmethod
    def name(self) -> str:
        """As plans name it."""

    @property
    def schema(self) -> Mapping[str, Schema]:
        """Nothing may be asked of it."""
        return {}

    def act(self, operation: str, content: Mapping[str, Any], key: str) -> NoReturn:
        """Raises NotAllowed: it reads only."""
        refuse_to_act(self.name, operation, content, key)

    def find_receipt(self, key: str) -> None:
        """None: nothing is ever done."""
        del key


@dataclass(frozen=True, kw_only=True)
class ActingSystem(ABC):
    """A system that does what its tools file declares, once a key."""

    clock: Clock
    schema: Mapping[str, Schema]
    level: Level = "update"
    risks: tuple[Risk, ...] = ()
    reversible: bool = False
    is_real: bool = True
    undo: Mapping[str, str] = field(default_factory=dict)
    """By operation: the one that takes back what it did."""
    turn: Turn = free
    """Its endpoints may be asked only so often."""

    @property
    @abstractmethod
    def name(self) -> str:
        """As plans name it."""

    def take_turn(self, operation: str) -> None:
        """Take the turn of an operation; NotYet where it comes only later."""
        self.turn(operation)


def whole(text: str) -> int | str:
    """A whole number of JSON; a larger one is kept as text."""
    number = int(text) if len(text) <= 17 else None
    return text if number is None or abs(number) > LARGEST_WHOLE else number
