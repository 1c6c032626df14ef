"""what models were asked for on a run's way, and how each step went on."""

from typing import Any

from pilotage.cli.output import one_line, short
from runs import snapshots
from runs.records.person import Customer
from runs.records.proposal import Proposal
from runs.store.store import Store

READ = ("explanations", "notes", "others")
"""Parts of a proposal that are there to be read."""
MOST = 3
"""So many things that were wrong are told; the JSON has them all."""

WHY = 600
"""Letters of each: what was wrong ends with what to do."""


def told(store: Store, customer: Customer, run: str) -> list[dict[str, Any]]:
    """Every proposal of a run, in the order asked, with what was wrong with it."""
    found = store.of_run(customer, Proposal, run)
    said = snapshots.read_many(store, customer, [one.said for one in found])
    return [{**one.as_json(), **_said(one, said.get(one.said))} for one in found]


def _said(one: Proposal, said: dict[str, Any] | None) -> dict[str, Any]:
    """What was wrong with it, and the proposal itself where it was taken."""
    if said is None:
        return {"why": ["[erased]"], "proposed": None}
    return {"why": said["problems"], "proposed": said["proposed"] if one.is_taken else None}


def lines(proposed: list[dict[str, Any]]) -> list[str]:
    """One line a proposal; what was wrong with it below."""
    return [line for one in proposed for line in _lines(one)]


def _lines(one: dict[str, Any]) -> list[str]:
    by = f"{one['model']} by route {one['route']}" if one["route"] else "no model answered"
    script = " (a script)" if one["is_script"] else ""
    went_on = f"; fell back: {one['instead']}" if one["instead"] else ""
    empty = (
        " (it proposed nothing)" if one["proposed"] and not any(one["proposed"].values()) else ""
    )
    head = f"{one['step']}, {one['what']}: {one['end'].replace('_', ' ')}{empty}{went_on}"
    more = len(one["why"]) - MOST
    return [
        one_line(f"{head}; {by}{script}, prompt {short(one['prompt'])} [{one['id']}]", 200),
        *(f"  {one_line(why, WHY)}" for why in one["why"][:MOST]),
        *([f"  and {more} more: --json"] if more > 0 else []),
        *(f"  {one_line(words, 160)}" for words in _words(one["proposed"] or {})),
    ]


def _words(proposed: dict[str, Any]) -> list[str]:
    """What it says of failures and contenders; a model's words, and marked as such."""
    return [
        f"it says of {said.get('group') or said.get('about') or said.get('name')}: {said['says']}"
        for part in READ
        for said in proposed.get(part, [])
    ]
