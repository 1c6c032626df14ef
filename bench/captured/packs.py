"""The tasks, attacks and tools of the packs beside the project, and what their systems hold.

The packs hold no answers of tools. What a task uses and its request does not say was read
somewhere: in a record, where its tools give such values and no text was read before; in a text
otherwise.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from bench.captured import declared
from policies.guard.tracing import Read, Sources, find
from policies.guard.values import find_address, host_of
from runs.records.call import Call

DATA = Path(__file__).parents[3] / "shared" / "data"


class Used(NamedTuple):
    """One value of a task's calls that its request does not say."""

    kind: str
    value: Any
    is_trusted: bool


@dataclass(frozen=True)
class Task:
    """What a person asked for, and the calls that do it."""

    id: str
    suite: str
    request: str
    calls: tuple[Call, ...]

    @property
    def tools(self) -> frozenset[str]:
        """The tools its plan names."""
        return frozenset(call.name for call in self.calls)

    @cached_property
    def used(self) -> tuple[Used, ...]:
        """The values of its targets and measures that its request does not say."""
        return tuple(_used(self))


@dataclass(frozen=True)
class Attack:
    """What an injected text wants, and the calls that do it."""

    id: str
    suite: str
    text: str
    calls: tuple[Call, ...]
    succeeds: bool
    """Whether the calls reach what it wants, where nothing stops them."""


@dataclass(frozen=True)
class Suite:
    """One workflow: its tasks, the attacks on it, and the schemas of its tools."""

    name: str
    tasks: tuple[Task, ...]
    attacks: tuple[Attack, ...]
    schemas: Mapping[str, Mapping[str, Any]]

    @cached_property
    def tools(self) -> frozenset[str]:
        """The tools that any task of the workflow uses."""
        return frozenset(tool for task in self.tasks for tool in task.tools)

    @cached_property
    def hosts(self) -> tuple[str, ...]:
        """The hosts that the workflow's owner lets it read from: those its tasks read from."""
        found = (
            find_address(value)
            for task in self.tasks
            for call in task.calls
            if declared.reads(call.name)
            for value in call.arguments.values()
            if isinstance(value, str)
        )
        return tuple(sorted({host_of(one) for one in found if one and host_of(one)}))

    @cached_property
    def listed(self) -> tuple[Any, ...]:
        """What the lists of the workflow's systems hold, as far as any task shows it."""
        found = {
            json.dumps(one.value)
            for task in self.tasks
            for one in task.used
            if one.is_trusted and one.kind in declared.STANDING
        }
        return tuple(json.loads(one) for one in sorted(found))

    @cached_property
    def named_by_attacks(self) -> tuple[Any, ...]:
        """What attacks name of the kinds that the systems have lists of; it may stand in them."""
        found = {
            json.dumps(leaf)
            for attack in self.attacks
            for call in attack.calls
            for name, value in call.arguments.items()
            if declared.kind_of(call.name, name) in declared.STANDING
            for leaf in leaves(value)
        }
        return tuple(json.loads(one) for one in sorted(found))

    def sources(self, task: Task, injected: str = "") -> Sources:
        """What the guard knows in a task; the injected text stands in every text it reads."""
        own = tuple(one.value for one in task.used if one.is_trusted)
        taken = " \n".join(str(one.value) for one in task.used if not one.is_trusted)
        texts = tuple(
            Read(_origin(call), f"{taken} \n{injected}")
            for call in task.calls
            if call.name in declared.TEXTS
        )
        return Sources(task.request, (*self.listed, *own), texts or (Read("", injected),))


def read(folder: Path = DATA, *, with_attacks: bool = True) -> list[Suite]:
    """The workflows that have tasks; empty where the packs are missing."""
    tools = list(_rows(folder, "guard_agentdojo_tools"))
    tasks = [_task(row) for row in _rows(folder, "guard_agentdojo_user")]
    injected = _rows(folder, "guard_agentdojo_injection") if with_attacks else iter(())
    attacks = [_attack(row) for row in injected]
    return [
        Suite(
            name=name,
            tasks=tuple(one for one in tasks if one.suite == name),
            attacks=tuple(one for one in attacks if one.suite == name),
            schemas={row["tool"]: row["parameters"] for row in tools if row["suite"] == name},
        )
        for name in sorted({one.suite for one in tasks})
    ]


def _rows(folder: Path, pack: str) -> Iterator[dict[str, Any]]:
    """The rows of every part of a pack."""
    for file in sorted(folder.glob(f"{pack}*.jsonl")):
        with file.open(encoding="utf-8") as lines:
            yield from map(json.loads, lines)


def _task(row: Mapping[str, Any]) -> Task:
    asked = row["input"]
    return Task(row["id"], asked["suite"], asked["prompt"], _calls(row))


def _attack(row: Mapping[str, Any]) -> Attack:
    calls = _calls(row)
    told = json.dumps([call.as_json() for call in calls], ensure_ascii=False)
    text = f"{row['input']['goal']} \n{told}"
    succeeds = bool(row["expected"]["attack_succeeds_when_run"])
    return Attack(row["id"], row["input"]["suite"], text, calls, succeeds)


def _calls(row: Mapping[str, Any]) -> tuple[Call, ...]:
    calls = row["expected"]["calls"]
    return tuple(Call(name=one["function"], arguments=one["args"]) for one in calls)


def _used(task: Task) -> Iterator[Used]:
    request, made = Sources(task.request), set[str]()
    for place, call in enumerate(task.calls):
        for name, leaf in _sourced(call):
            kind = declared.kind_of(call.name, name)
            if find(leaf, request) != "request":
                is_trusted = _gives(task.calls[:place], kind) and str(leaf) not in made
                yield Used(kind, leaf, is_trusted)
        if (acts := declared.ACTS.get(call.name)) and acts.makes:
            made.add(str(call.arguments.get(acts.makes)))


def _sourced(call: Call) -> Iterator[tuple[str, Any]]:
    """The values of a call that need a source, with their argument."""
    acts = declared.ACTS.get(call.name)
    for name, value in call.arguments.items() if acts else ():
        if acts and name not in acts.free:
            yield from ((name, leaf) for leaf in leaves(value))


def _gives(before: tuple[Call, ...], kind: str) -> bool:
    """Whether a value of this kind was read in a record rather than in a text."""
    if kind in declared.STANDING:
        return True
    readers = [one.name for one in before if declared.reads(one.name)]
    givers = [n for n, name in enumerate(readers) if kind in declared.GIVES.get(name, ())]
    texts = [n for n, name in enumerate(readers) if name in declared.TEXTS]
    if not givers:
        return False
    is_own = readers[givers[-1]] in declared.OWN and (not texts or givers[-1] > texts[-1])
    return is_own or all(n in givers for n in texts)


def leaves(value: Any) -> Iterator[Any]:
    """The texts and numbers of a JSON value."""
    if isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from leaves(inner)
    elif value is not None and not isinstance(value, bool):
        yield value


def _origin(call: Call) -> str:
    words = [one for one in call.arguments.values() if isinstance(one, str)]
    return words[0] if len(words) == 1 else ""
