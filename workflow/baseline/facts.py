"""The facts of items as columns of numbers: scaled, stepped, and never silent about what is absent.

A number becomes its scaled size and one step for each of a few learnt limits, so that a linear
model can bend; a choice becomes one column a value that was learnt; what is absent is a column.
"""

import math
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, Literal, NamedTuple

import numpy as np

from workflow.baseline.looking import Fact as Fact
from workflow.baseline.terms import Floats

Row = Sequence[Fact]
STEPS = 12
"""At most so many limits for one number."""
CHOICES, CASES_A_CHOICE = 40, 2
"""At most so many values of one choice get a column, each seen so often."""
FARTHEST = 5.0
"""Scaled numbers end here: one odd amount must not outweigh everything else."""


class Column(NamedTuple):
    """What was learnt of one fact; all of it JSON values."""

    kind: Literal["number", "flag", "choice"]
    can_be_absent: bool
    """Whether it was absent in an example."""
    middle: float = 0.0
    """Mean of the sizes."""
    spread: float = 1.0
    """Standard deviation of the sizes; 1 where they are all alike."""
    low: float = 0.0
    high: float = 0.0
    """The smallest and the largest number that was learnt."""
    steps: tuple[float, ...] = ()
    values: tuple[str, ...] = ()

    @property
    def width(self) -> int:
        """Columns of the matrix it takes, the one for its absence among them."""
        return 1 + {"number": 1 + len(self.steps), "flag": 1, "choice": len(self.values)}[self.kind]

    def encode(self, fact: Fact) -> list[float]:
        """One fact as numbers; all zero but the last where it is absent."""
        if not self._is_one(fact):
            return [0.0] * (self.width - 1) + [1.0]
        if self.kind == "choice":
            return [float(fact == value) for value in self.values] + [0.0]
        number = float(fact or 0.0)
        if self.kind == "flag":
            return [_bounded(number), 0.0]
        scaled = (size(number) - self.middle) / self.spread
        steps = [float(number > limit) for limit in self.steps]
        return [_bounded(scaled), *steps, 0.0]

    def likeness(self, fact: Fact) -> float:
        """1 for what was learnt; less the farther a number lies outside; 0 for a new choice."""
        if not self._is_one(fact):
            return float(self.can_be_absent)
        if self.kind == "choice":
            return float(fact in self.values)
        at, low, high = (size(float(one or 0.0)) for one in (fact, self.low, self.high))
        beyond = max(0.0, low - at, at - high)
        return 1.0 if not beyond else (high - low) / (high - low + beyond)

    def _is_one(self, fact: Fact) -> bool:
        return isinstance(fact, str) if self.kind == "choice" else isinstance(fact, float)


class Facts(NamedTuple):
    """What was learnt of every fact."""

    columns: tuple[Column, ...]

    def matrix(self, rows: Sequence[Row]) -> Floats:
        """A row an item, by its facts alone."""
        width = sum(column.width for column in self.columns)
        coded = [self._encode(row) for row in rows]
        return np.array(coded, dtype=np.float32).reshape(len(rows), width)

    def likeness(self, rows: Sequence[Row]) -> Floats:
        """How like the examples each item is in its strangest fact, 0 to 1."""
        return np.array([self._likeness(row) for row in rows], dtype=np.float64)

    def _encode(self, row: Row) -> list[float]:
        pairs = zip(self.columns, row, strict=True)
        return [number for column, fact in pairs for number in column.encode(fact)]

    def _likeness(self, row: Row) -> float:
        pairs = zip(self.columns, row, strict=True)
        return min((column.likeness(fact) for column, fact in pairs), default=1.0)


def learn_facts(rows: Sequence[Row]) -> Facts:
    """What these examples say of each of their facts."""
    return Facts(tuple(_learn(column) for column in zip(*rows, strict=True)))


def size(number: float) -> float:
    """The number on a scale on which ten times as much is about as far from anywhere."""
    return math.copysign(math.log1p(abs(number)), number)


def _bounded(number: float) -> float:
    return min(FARTHEST, max(-FARTHEST, number))


def as_json(facts: Facts) -> list[dict[str, Any]]:
    """The columns as JSON values, which `of_json` takes back bit for bit."""
    return [column._asdict() for column in facts.columns]


def of_json(columns: Sequence[dict[str, Any]]) -> Facts:
    """The columns as they were."""
    lists = ("steps", "values")
    told: list[dict[str, Any]] = [
        column | {name: tuple(column[name]) for name in lists} for column in columns
    ]
    return Facts(tuple(Column(**column) for column in told))


def _learn(column: Sequence[Fact]) -> Column:
    is_partial = any(fact is None for fact in column)
    texts = [fact for fact in column if isinstance(fact, str)]
    if texts:
        often = Counter(texts).most_common(CHOICES)
        kept = sorted(value for value, n in often if n >= CASES_A_CHOICE)
        return Column("choice", is_partial, values=tuple(kept))
    numbers = sorted(fact for fact in column if isinstance(fact, float))
    if set(numbers) <= {0.0, 1.0}:
        return Column("flag", is_partial, low=0.0, high=1.0)
    sizes = np.array([size(number) for number in numbers])
    return Column(
        "number",
        is_partial,
        middle=float(sizes.mean()),
        spread=float(sizes.std()) or 1.0,
        low=numbers[0],
        high=numbers[-1],
        steps=_steps(numbers),
    )


def _steps(numbers: Sequence[float]) -> tuple[float, ...]:
    """Limits halfway between different numbers, with about as many of these between them."""
    there = sorted(set(numbers))
    halfway = [(one + two) / 2 for one, two in pairwise(there)]
    if len(halfway) <= STEPS:
        return tuple(halfway)
    return tuple(halfway[len(halfway) * place // STEPS] for place in range(STEPS))
