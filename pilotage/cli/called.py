"""what models called on a run's way, what was ruled on each call, and what they had read before."""

from collections import Counter
from typing import Any

from pilotage.cli.output import one_line, short
from runs import snapshots
from runs.records.call import Ruled
from runs.records.person import Customer
from runs.store.store import Store

MOST = 20
"""So many calls that were not allowed are told; the JSON has them all."""


def told(store: Store, customer: Customer, run: str) -> list[dict[str, Any]]:
    """Every ruling of a run, in the order ruled, with the name of the call."""
    found = store.of_run(customer, Ruled, run)
    calls = snapshots.read_many(store, customer, [one.arguments for one in found])
    return [
        {**one.as_json(), "id": one.digest, "call": _name(calls.get(one.arguments))}
        for one in found
    ]


def _name(call: dict[str, Any] | None) -> str:
    return "[erased]" if call is None else call["name"]


def lines(ruled: list[dict[str, Any]]) -> list[str]:
    """What was allowed in one line, then each call that was not, and why."""
    allowed = Counter(one["call"] for one in ruled if one["ruling"]["outcome"] == "allow")
    stopped = [one for one in ruled if one["ruling"]["outcome"] != "allow"]
    counts = ", ".join(f"{count} {name}" for name, count in sorted(allowed.items()))
    more = len(stopped) - MOST
    return [
        *([f"allowed: {counts}"] if counts else []),
        *(line for one in stopped[:MOST] for line in _lines(one)),
        *([f"and {more} more: --json"] if more > 0 else []),
    ]


def _lines(one: dict[str, Any]) -> list[str]:
    outcome = {"hold": "held", "refuse": "refused"}[one["ruling"]["outcome"]]
    spoken = ", ".join(one["spoken"])
    asks = f"  have people asked about it: pilotage approval ask {short(one['id'])}"
    return [
        one_line(f"{one['call']} {outcome}: {one['ruling']['reason']}", 200),
        *([f"  a text that was read before it {spoken}"] if spoken else []),
        *([asks] if outcome == "held" else []),
    ]
