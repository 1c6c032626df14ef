"""Conditions on one typed fact, or on two, that could be a rule, and the cases each holds for.

Facts are the numbers, flags and choices of the contract and of the sources, and the label of the
answer; never a text, a date or the key of a record.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any

import numpy as np

from policies.conditions.facts import read
from runs.records.version import Bound, PolicyValues, Version
from workflow.patches.numbers import gaps, number_of
from workflow.patches.standing import Mask, Standing

MOST_CHOICES = 12
"""A text of a source with more different values, or with fewer cases for each, is no choice."""
CASES_A_CHOICE = 5
LABEL = ("answer", "label")
MOST_LIMITS = 6
"""So many limits on one number are paired with other comparisons."""


@dataclass(frozen=True, eq=False)
class Fact:
    """One fact, as every case has it."""

    path: tuple[str, ...]
    values: Sequence[Any]
    """By case; None where it is absent."""
    bound: Bound
    may_be_absent: bool

    @property
    def name(self) -> str:
        """Its path as a condition writes it."""
        return ".".join(self.path)

    @cached_property
    def numbers(self) -> tuple[Decimal | None, ...]:
        """Its values as numbers."""
        return tuple(number_of(value) for value in self.values)


@dataclass(frozen=True, eq=False)
class Condition:
    """One comparison of a fact, and the cases it holds for."""

    fact: Fact
    sign: str
    """`==`, `>` or `<`."""
    value: str | bool | Decimal
    holds: Mask

    @property
    def parts(self) -> "tuple[Condition, ...]":
        """It is one comparison."""
        return (self,)

    def written(self, limits: Sequence[str]) -> str:
        """In CEL; a number is the policy's value of the first name of `limits`."""
        name, limit = self.fact.name, limits[0]
        if isinstance(self.value, bool):
            plain = name if self.value else f"!{name}"
        elif isinstance(self.value, Decimal):
            plain = f"{name} {self.sign} values.{limit}"
        else:
            plain = f"{name} == {json.dumps(self.value, ensure_ascii=False)}"
        return f"has({name}) && {plain}" if self.fact.may_be_absent else plain

    @property
    def says(self) -> str:
        """In words."""
        words = {">": "is above", "<": "is below", "==": "is"}
        value = str(self.value).lower() if isinstance(self.value, bool) else self.value
        return f"{self.fact.name} {words[self.sign]} {value}"


@dataclass(frozen=True, eq=False)
class Both:
    """Two comparisons that hold together."""

    parts: tuple[Condition, Condition]
    holds: Mask

    def written(self, limits: Sequence[str]) -> str:
        """In CEL; the numbers are the policy's values of these names."""
        pairs = zip(self.parts, limits, strict=True)
        return " && ".join(part.written([limit]) for part, limit in pairs)

    @property
    def says(self) -> str:
        """In words."""
        return " and ".join(part.says for part in self.parts)


def pairs(single: Sequence[Condition], group: Mask) -> Iterator[Both]:
    """Every two comparisons that hold together for at least two cases of the group.

    Each narrows the other; of the limits on one number a few are tried, evenly.
    """
    few = _few(single)
    for i, one in enumerate(few):
        for other in few[i + 1 :]:
            holds = one.holds & other.holds
            is_narrower = (holds != one.holds).any() and (holds != other.holds).any()
            if is_narrower and (holds & group).sum() >= 2:
                yield Both((one, other), holds)


def finer(pair: Both, single: Sequence[Condition], group: Mask) -> Iterator[Both]:
    """The same pair with every limit there is in place of one of its own."""
    for place, part in enumerate(pair.parts):
        kept, alike = pair.parts[1 - place], (part.fact.path, part.sign)
        for one in single if part.sign != "==" else ():
            holds = one.holds & kept.holds
            if (one.fact.path, one.sign) == alike and (holds & group).sum() >= 2:
                yield Both((one, kept) if place == 0 else (kept, one), holds)


def _few(single: Sequence[Condition]) -> list[Condition]:
    """All but the most of the limits on one number."""
    by: dict[tuple[object, ...], list[Condition]] = {}
    for one in single:
        by.setdefault((one.fact.path, one.sign), []).append(one)
    return [one for held in by.values() for one in _spread(held)]


def _spread(held: Sequence[Condition]) -> Sequence[Condition]:
    if held[0].sign == "==" or len(held) <= MOST_LIMITS:
        return held
    last = MOST_LIMITS - 1
    return [held[place * (len(held) - 1) // last] for place in range(MOST_LIMITS)]


def conditions(standing: Standing, version: Version, policy: PolicyValues) -> Iterator[Condition]:
    """Every comparison of one fact that holds for at least two cases of the group."""
    for fact in facts(standing, version, policy):
        for condition in _of(fact, standing.group):
            if (condition.holds & standing.group).sum() >= 2:
                yield condition


def _of(fact: Fact, group: Mask) -> Iterator[Condition]:
    if any(number is not None for number in fact.numbers):
        yield from _limits(fact)
        return
    seen = {value for value, inside in zip(fact.values, group, strict=True) if inside}
    for value in sorted(seen - {None}, key=str):
        holds = np.array([one == value for one in fact.values], dtype=bool)
        yield Condition(fact, "==", value, holds)


def _limits(fact: Fact) -> Iterator[Condition]:
    there = np.array([number is not None for number in fact.numbers])
    numbers = np.array([float(number or 0) for number in fact.numbers])
    observed = {number for number in fact.numbers if number is not None}
    for limit in gaps(observed, fact.bound):
        yield Condition(fact, ">", limit, there & (numbers > float(limit)))
        yield Condition(fact, "<", limit, there & (numbers < float(limit)))


def facts(standing: Standing, version: Version, policy: PolicyValues) -> Iterator[Fact]:
    """Every fact that a condition may name, as each case has it."""
    known = [one.facts(policy) for one in standing.seen]
    routed = np.array([one.stop is None and not one.error for one in standing.seen], dtype=bool)

    def fact(path: tuple[str, ...], bound: Bound, *, required: bool) -> Fact:
        values = [
            read(one, path) if live else None for one, live in zip(known, routed, strict=True)
        ]
        absent = any(v is None for v, live in zip(values, routed, strict=True) if live)
        return Fact(path, values, _span(values, bound), may_be_absent=absent or not required)

    keys = {source.key_field for source in version.sources}
    for spec in version.contract:
        if spec.type in ("number", "flag", "choice") and spec.name not in keys and not spec.masked:
            bound = Bound(low=spec.low, high=spec.high)
            yield fact(("item", spec.name), bound, required=spec.required)
    for source in version.sources:
        for name in source.fields:
            found = fact(("context", source.name, name), Bound(), required=True)
            if name != source.key_field and _is_typed(found.values):
                yield found
    yield fact(LABEL, Bound(), required=True)


def _span(values: Sequence[Any], bound: Bound) -> Bound:
    """The bound, with what was observed in place of an end it does not have."""
    numbers = [number for value in values if (number := number_of(value)) is not None]
    if not numbers:
        return bound
    low = min(numbers) if bound.low is None else bound.low
    return Bound(low=low, high=max(numbers) if bound.high is None else bound.high)


def _is_typed(values: Sequence[Any]) -> bool:
    """Whether a field of a source is a number, a flag or a choice, by what it holds."""
    there = [value for value in values if value is not None]
    if not there or any(isinstance(value, Mapping | list | tuple) for value in there):
        return False
    if not any(isinstance(value, str) for value in there):
        return True
    different = set(map(str, there))
    return len(different) <= min(MOST_CHOICES, len(there) / CASES_A_CHOICE)
