"""The delivery plan in plain words: thirteen areas, four phases, the owners, the decision."""

from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

from console.charts import flow
from console.pages.decision import Decides
from console.pages.sheet import drawing, render
from runs.plan import Plan
from runs.records.record import Record
from workflow.map.way import Map

Who = Callable[[str], str]
"""A person id as people read it; anything else as it is."""
AREAS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    (
        "The first workflow",
        "What is delivered, for whom, and why now?",
        ("title", "workflow", "risk", "goal"),
    ),
    ("Its edges", "What is in the first release, and what is not?", ("scope",)),
    ("Acceptance", "When is it good enough?", ("acceptance",)),
    ("Context", "What may it read, how fresh, and what is missing there?", ("systems", "context")),
    ("Actions", "What may it do, and what waits for a person?", ("actions",)),
    ("Rollout", "Who gets it first, and how does it come back?", ("rollout",)),
    ("Live behaviour", "What is watched, and who answers for it?", ("signals", "observed")),
    ("Economics", "What may it cost, and what shall it bring?", ("economics",)),
    ("Owners", "Who answers for what, also after launch?", ("owners", "handoff")),
    ("Data and privacy", "What may be seen, kept and reused?", ("privacy",)),
    ("Change of models and vendors", "What would be hard to move?", ("switching",)),
    ("What comes in and how it is decided", "Which fields, labels and rules?", ()),
    ("Phases", "Who lets it go on, and on what?", ("phases",)),
)
"""The areas in order, each with the parts of the plan it tells; the twelfth tells all others."""
REST, PHASES = 11, 12
UNITS = {
    "_ms": "ms",
    "_hours": "hours",
    "_days": "days",
    "_minutes": "minutes",
    "_chars": "characters",
}
SHARES = ("wrong_auto_max", "coverage_min", "confidence")


LABELS = {
    "wrong_auto_max": "most wrong alone",
    "coverage_min": "least covered",
    "weight_bp": "share of the items",
    "min_hours": "lasts at least",
    "max_age_hours": "at most old",
    "key_field": "found by",
    "reread_before_act": "read again before acting",
    "max_chars": "longest",
    "roi_hypothesis": "ROI hypothesis",
    "every_minutes": "read every",
    "silence_hours": "longest silence",
}
"""Fields whose name alone says too little."""


class Telling(NamedTuple):
    """How values are told: people by name, money in its currency."""

    who: Who
    currency: str


class Entry(NamedTuple):
    """One thing the plan says: as lines, or as a table where `header` is there."""

    name: str
    lines: tuple[str, ...] = ()
    header: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()


class Told(NamedTuple):
    """One area of the plan."""

    number: int
    title: str
    asks: str
    entries: tuple[Entry, ...]


class Behind(NamedTuple):
    """What the page tells beside the plan itself."""

    of: str
    """Where the plan comes from: a file, or a run."""
    at: str
    """When the page was made."""
    drawn: Map
    decision: tuple[Decides, ...]
    phases: tuple[tuple[str, ...], ...]
    """Rows under `PHASE_HEADER`."""
    warnings: tuple[str, ...] = ()
    learnt: tuple[str, ...] = ()
    """What earlier runs changed in it, one sentence each."""
    switched: tuple[str, ...] = ()
    """What was measured of other routes, one sentence each with its evidence; beside what the plan
    itself says, and never in its place."""


PHASE_HEADER = ("Phase", "Begins when", "Ends when", "Who approves its end", "Deadline")


def page(plan: Plan, behind: Behind, who: Who) -> str:
    """The plan as one page of HTML."""
    way, tree = flow.way(behind.drawn), flow.tree(behind.drawn)
    told = {
        "plan": plan,
        "behind": behind,
        "areas": areas(plan, who, behind.switched),
        "rest": REST + 1,
        "phase_area": PHASES + 1,
        "phase_header": PHASE_HEADER,
        "pictures": {"way": drawing(way), "tree": drawing(tree)},
        "tree": tree,
    }
    return render("plan.html", told)


def areas(plan: Plan, who: Who, switched: tuple[str, ...] = ()) -> tuple[Told, ...]:
    """Every part of the plan, each in its area, in the order in which a plan is read.

    `switched` is what was measured of other routes: told beside what would be hard to move.
    """
    tell = Telling(who, plan.economics.currency)
    claimed = {part for _, _, parts in AREAS for part in parts}
    rest = tuple(name for name in type(plan).model_fields if name not in claimed)
    told = []
    for at, (title, asks, parts) in enumerate(AREAS):
        names = {REST: rest, PHASES: ()}.get(at, parts)
        entries = [entry for name in names for entry in _part(plan, name, tell)]
        if "switching" in names and switched:
            entries.append(Entry("Measured", switched))
        told.append(Told(at + 1, title, asks, tuple(entries)))
    return tuple(told)


def _part(plan: Plan, name: str, tell: Telling) -> list[Entry]:
    value = getattr(plan, name)
    if not isinstance(value, Record):
        return [_entry(name, value, tell)]
    return [
        _entry(f"{name}.{inner}", getattr(value, inner), tell) for inner in type(value).model_fields
    ]


def _entry(path: str, value: Any, tell: Telling) -> Entry:
    name = label(path.rpartition(".")[2])
    records = _records(value)
    if not records:
        return Entry(name, tuple(_lines(path, value, tell)))
    keys = list(dict.fromkeys(key for _, one in records for key in type(one).model_fields))
    shown = [
        key for key in keys if not all(_is_empty(getattr(one, key, None)) for _, one in records)
    ]
    has_names = any(key for key, _ in records)
    rows = tuple(
        (
            *((key,) if has_names else ()),
            *(_cell(name, getattr(one, name, None), tell) for name in shown),
        )
        for key, one in records
    )
    return Entry(name, (), (*(("",) if has_names else ()), *map(label, shown)), rows)


def _is_empty(value: Any) -> bool:
    """Whether a cell says nothing; a zero says something."""
    return value is None or value is False or value in ((), "")


def _records(value: Any) -> list[tuple[str, Record]]:
    """The records of a list or a mapping with their names; none where it holds anything else."""
    if isinstance(value, Mapping):
        pairs = [(str(key), one) for key, one in value.items()]
    elif isinstance(value, tuple):
        pairs = [("", one) for one in value]
    else:
        return []
    return pairs if all(isinstance(one, Record) for _, one in pairs) else []


def _lines(path: str, value: Any, tell: Telling) -> list[str]:
    name = path.rpartition(".")[2]
    if isinstance(value, Record):
        fields = type(value).model_fields
        return [f"{label(key)}: {_cell(key, getattr(value, key), tell)}" for key in fields]
    if isinstance(value, Mapping):
        return [f"{key}: {_cell(name, one, tell)}" for key, one in value.items()] or ["none"]
    if isinstance(value, tuple):
        return [_cell(name, one, tell) for one in value] or ["none"]
    return [_cell(name, value, tell)]


def _cell(name: str, value: Any, tell: Telling) -> str:
    """One value as people read it, with its unit."""
    if isinstance(value, Record):
        told = {key: getattr(value, key) for key in type(value).model_fields}
        said = [
            f"{label(k).lower()} {_cell(k, v, tell)}" for k, v in told.items() if not _is_empty(v)
        ]
        return ", ".join(said)
    if isinstance(value, Mapping):
        return ", ".join(f"{key}: {_cell(name, one, tell)}" for key, one in value.items()) or "none"
    if isinstance(value, tuple):
        return "; ".join(_cell(name, one, tell) for one in value) or "none"
    return _leaf(name, value, tell)


def _leaf(name: str, value: Any, tell: Telling) -> str:
    if value is None or value == "":
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M} UTC"
    if name.endswith("_bp"):
        return f"{value / 100:g} %"
    if name in SHARES:
        return f"{value * 100:g} %"
    if isinstance(value, int | float | Decimal):
        return f"{value:,} {_unit(name, tell)}".strip()
    return tell.who(str(value))


def _unit(name: str, tell: Telling) -> str:
    if name.startswith("cost_"):
        return tell.currency
    return next((unit for end, unit in UNITS.items() if name.endswith(end)), "")


def label(name: str) -> str:
    """The name of a field as people read it; its unit stands with the value."""
    told = LABELS.get(name, name)
    for end in UNITS:
        told = told.removesuffix(end)
    told = told.replace("_", " ")
    return told[:1].upper() + told[1:]
