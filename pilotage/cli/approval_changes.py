"""what is different from the question before it: by name, before and after, down to the field."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from pilotage.cli.output import one_line, section, short
from policies import bounds
from runs import approvals
from runs.errors import Conflict, NotFound
from runs.plan import PlanRecord
from runs.records.approval import Approval
from runs.records.case import Dataset
from runs.records.evidence import Evidence, Verdict
from runs.records.person import Customer
from runs.records.version import PolicyValues, Version
from runs.snapshots import read
from runs.store.store import Store

Told = dict[str, Any]
ABSENT = "-"
SAID_ELSEWHERE = ("key", "sources", "output")
"""Of an action: what its content and its snapshot say more plainly."""
MEASURED = ("id", "measured_at", "expires_at", "seconds")
"""Fields of evidence that say when, and not what."""


def story(store: Store, customer: Customer, approval: Approval) -> Told | None:
    """Everything under the digest that differs from the question this one supersedes, or None.

    For each name what it was and is; for what has parts, each part: a plan's paths, a policy's
    keys, the figures of evidence.
    """
    if not approval.supersedes:
        return None
    before = approvals.get(store, customer, approval.supersedes)
    names = [*before.covers, *(name for name in approval.covers if name not in before.covers)]
    pairs = [(name, before.covers.get(name, ""), approval.covers.get(name, "")) for name in names]
    return {
        "before": before.id,
        "subject": before.subject,
        "changed": [
            {
                "name": name,
                "before": old or ABSENT,
                "after": new or ABSENT,
                "parts": _parts(store, customer, name, old, new),
            }
            for name, old, new in pairs
            if old != new
        ],
    }


def lines(told: Told | None) -> list[str]:
    """The difference for people; nothing where nothing was asked before."""
    if told is None:
        return []
    if not told["changed"]:
        return section(f"different from {told['before']}", ["nothing: it is asked anew as it was"])
    found: list[str] = []
    for one in (one for one in told["changed"] if one["name"] not in SAID_ELSEWHERE):
        found.append(f"{one['name']}: {short(one['before'])} -> {short(one['after'])}")
        found += [
            f"  {part['key']}: {one_line(part['before'], 50)} -> {one_line(part['after'], 50)}"
            for part in one["parts"]
        ]
    return section(f"different from {told['before']}", found)


def flat(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Every leaf of a JSON value by its path; lists by position, texts by line."""
    inner: Iterator[tuple[str, Any]] | None = None
    if isinstance(value, Mapping) and value:
        inner = ((str(key), part) for key, part in value.items())
    elif isinstance(value, list) and value:
        inner = ((str(number), part) for number, part in enumerate(value))
    elif isinstance(value, str) and "\n" in value:
        inner = ((f"line {number}", line) for number, line in enumerate(value.splitlines(), 1))
    if inner is None:
        yield path, str(value)
        return
    for key, part in inner:
        yield from flat(part, f"{path}.{key}" if path else key)


def differences(before: Any, after: Any) -> list[Told]:
    """Every leaf that differs between two JSON values, by its path."""
    old, new = dict(flat(before)), dict(flat(after))
    return [
        {"key": key, "before": old.get(key, ABSENT), "after": new.get(key, ABSENT)}
        for key in dict.fromkeys([*old, *new])
        if old.get(key) != new.get(key)
    ]


def _parts(store: Store, customer: Customer, name: str, old: str, new: str) -> list[Told]:
    look = _LOOK.get(name)
    if look is None or not old or not new:
        return []
    before, after = (look(store, customer, id.removeprefix("expired:")) for id in (old, new))
    if name in POLICIES and isinstance(before, PolicyValues) and isinstance(after, PolicyValues):
        changed = bounds.changes(before, after)
        return [
            {"key": one.key, "before": bounds.shown(one.before), "after": bounds.shown(one.after)}
            for one in changed
        ]
    return differences(before, after) if before is not None and after is not None else []


def _plan(store: Store, customer: Customer, id: str) -> Any:
    found = store.find(customer, PlanRecord, id)
    return None if found is None else found.plan.as_json()


def _policy(store: Store, customer: Customer, id: str) -> PolicyValues | None:
    return store.find(customer, PolicyValues, id)


def _evidence(store: Store, customer: Customer, id: str) -> Any:
    found = store.find(customer, Evidence, id)
    if found is None:
        return None
    return {name: value for name, value in found.as_json().items() if name not in MEASURED}


def _verdict(store: Store, customer: Customer, id: str) -> Any:
    found = store.find(customer, Verdict, id)
    return None if found is None else {"outcome": found.outcome, "reason": found.reason}


def _version(store: Store, customer: Customer, id: str) -> Any:
    found = store.find(customer, Version, id)
    return None if found is None else found.as_json()


def _dataset(store: Store, customer: Customer, id: str) -> Any:
    found = store.find(customer, Dataset, id)
    return None if found is None else found.as_json()


def _text(store: Store, customer: Customer, id: str) -> Any:
    row = store.has_digest(customer, id)
    return read(store, customer, id) if row else None


def _kept(store: Store, customer: Customer, id: str) -> Any:
    """A text that its retention or a person may have erased."""
    try:
        return read(store, customer, id)
    except (Conflict, NotFound):
        return None


def _seen(store: Store, customer: Customer, id: str) -> Any:
    """What the sources said, without when they were read."""
    found = _kept(store, customer, id)
    return None if found is None else found["values"]


POLICIES = ("policy", "leading_policy", "before", "after")
_LOOK: Mapping[str, Callable[[Store, Customer, str], Any]] = {
    "plan": _plan,
    **dict.fromkeys(POLICIES, _policy),
    **dict.fromkeys(("evidence", "dry_run", "drill", "contract", "faults", "alerts"), _evidence),
    "verdict": _verdict,
    "version": _version,
    "dataset": _dataset,
    "text": _text,
    **dict.fromkeys(("content", "output"), _kept),
    "snapshot": _seen,
}
"""How what a name covers is read, where it has parts of its own."""
