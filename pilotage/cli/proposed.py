"""what models were asked for on a run's way, and how each step went on."""

from typing import Any

from pilotage.cli.output import one_line, short
from runs import snapshots
from runs.records.person import Customer
from runs.records.proposal import Proposal
from runs.store.store import Store

MOST = 3
"""So many things that were wrong are told; the JSON has them all."""


def told(store: Store, customer: Customer, run: str) -> list[dict[str, Any]]:
    """Every proposal of a run, in the order asked, with what was wrong with it."""
    found = store.of_run(customer, Proposal, run)
    said = snapshots.read_many(store, customer, [one.said for one in found])
    return [{**one.as_json(), "why": _why(said.get(one.said))} for one in found]


def _why(said: dict[str, Any] | None) -> list[str]:
    return ["[erased]"] if said is None else said["problems"]


def lines(proposed: list[dict[str, Any]]) -> list[str]:
    """One line a proposal; what was wrong with it below."""
    return [line for one in proposed for line in _lines(one)]


def _lines(one: dict[str, Any]) -> list[str]:
    by = f"{one['model']} by route {one['route']}" if one["route"] else "no model answered"
    script = " (a script)" if one["is_script"] else ""
    went_on = f"; fell back: {one['instead']}" if one["instead"] else ""
    head = f"{one['step']}, {one['what']}: {one['end'].replace('_', ' ')}{went_on}"
    more = len(one["why"]) - MOST
    return [
        one_line(f"{head}; {by}{script}, prompt {short(one['prompt'])} [{one['id']}]", 200),
        *(f"  {one_line(why, 140)}" for why in one["why"][:MOST]),
        *([f"  and {more} more: --json"] if more > 0 else []),
    ]
