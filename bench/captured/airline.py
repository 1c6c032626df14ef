"""Writes that a model proposed to an airline, right ones and wrong ones; nothing was injected.

The pack holds no words of the passengers and no records, so what the guard can know of a write is
its form. Each write is judged twice: with the airline's ids trusted, as if a person had named them,
and with nothing known.
"""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Literal, NamedTuple

from bench.captured.packs import DATA, leaves
from policies.guard.judging import judge
from policies.guard.tracing import Sources
from runs.records.call import Argument, Call, Grant, Step
from runs.records.version import Effect, Risk

RISKS: tuple[Risk, ...] = ("financial", "customer_facing")
Known = Literal["nothing", "its values"]


class Write(NamedTuple):
    """One write, and whether it was right."""

    call: Call
    is_right: bool


class Counted(NamedTuple):
    """What became of the writes under one way."""

    name: str
    stopped_wrong: int
    wrong: int
    allowed_right: int
    right: int


def read(folder: Path = DATA) -> list[Write]:
    """Every write; right by the corrected label where there is one. Empty without the pack."""
    found = []
    for file in sorted(folder.glob("guard_tau_airline_writes*.jsonl")):
        with file.open(encoding="utf-8") as lines:
            found += [_write(json.loads(line)) for line in lines]
    return found


def count(writes: Iterable[Write]) -> list[Counted]:
    """Wrong writes that were held or refused, and right ones that were allowed."""
    every = list(writes)
    return [
        _count("provenance, every id from a trusted record", every, (), "its values"),
        _count("provenance, nothing known", every, (), "nothing"),
        _count("risk classes wait for a person", every, RISKS, "its values"),
    ]


def _count(name: str, writes: list[Write], risks: tuple[Risk, ...], known: Known) -> Counted:
    passed = [_passes(one, risks, known) for one in writes]
    both = list(zip(passed, writes, strict=True))
    wrong = [is_passed for is_passed, one in both if not one.is_right]
    right = [is_passed for is_passed, one in both if one.is_right]
    return Counted(name, len(wrong) - sum(wrong), len(wrong), sum(right), len(right))


def _passes(write: Write, risks: tuple[Risk, ...], known: Known) -> bool:
    values = tuple(leaves(write.call.arguments)) if known == "its values" else ()
    sources = Sources("", values)
    return judge(write.call, _step(write.call, risks), sources).outcome == "allow"


def _step(call: Call, risks: tuple[Risk, ...]) -> Step:
    name = call.name
    effect = Effect(name=name, tool="airline", operation=name, level="update", risks=risks)
    arguments = tuple(
        Argument(name=one, names=tuple(sorted(set(_names(value)))))
        for one, value in call.arguments.items()
    )
    grant = Grant(effect=effect, arguments=arguments, most=1)
    return Step(name="passenger", grants=(grant,), stage="full", most=1)


def _names(value: Any) -> Iterator[str]:
    """What the objects in an argument name: as its schema would."""
    if isinstance(value, dict):
        yield from value
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for one in inside:
        yield from _names(one)


def _write(row: dict[str, Any]) -> Write:
    label = row["expected"]["right_fixed_label"]
    is_right = row["expected"]["right_v1_label"] if label is None else label
    return Write(Call(name=row["input"]["tool"], arguments=row["input"]["args"]), bool(is_right))
