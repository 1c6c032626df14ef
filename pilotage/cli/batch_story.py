"""what became of items that came in together, counted from the record alone."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from pilotage.cli.output import one_line, section, short, table, when
from rollout.admission import DRILL
from runs.records.item import Action, Item, Review
from runs.records.person import Customer
from runs.store.filtered import ItemFilter
from runs.store.items import UNFINISHED
from runs.store.store import Store

MOST = 100_000
"""So many items are looked at."""
RECEIPTS = 10
"""So many are printed; the JSON object has them all."""
EXAMPLES = 3
NUMBERS = re.compile(r"\d[\d.,:%-]*")
"""What may differ between two reasons that are the same reason."""


class Found(NamedTuple):
    """What was read of the items."""

    items: Sequence[Item]
    """In the order in which they came in."""
    actions: Sequence[Action]
    reviews: Sequence[Review]


class Why(NamedTuple):
    """What kept an item from being done by the version alone."""

    is_failure: bool
    """False where a rule gave it to a person: that is what the rule is for."""
    what: str
    reason: str


def story(store: Store, customer: Customer, wanted: ItemFilter) -> dict[str, Any]:
    """What became of these items: ends, who is asked, what was done outside, what failed and why.

    Items of a rollback drill are no work of the customer's and left out.
    """
    found = _read(store, customer, wanted)
    by_item: dict[str, list[Action]] = defaultdict(list)
    for action in found.actions:
        by_item[action.item].append(action)
    whys = [(item, why) for item in found.items if (why := find_why(item, by_item[item.id]))]
    return {
        **_head(found.items),
        "waits": _waits(found, store.clock.now().isoformat()),
        "answers": dict(Counter(one.answer for one in found.reviews if one.status == "decided")),
        "outside": _outside(found.actions),
        "receipts": _receipts(found),
        "failed": _grouped((item, why) for item, why in whys if why.is_failure),
        "to_people": _grouped((item, why) for item, why in whys if not why.is_failure),
    }


def lines(told: dict[str, Any], title: str) -> list[str]:
    """The same for people."""
    if not told["items"]:
        return [f"{title}: no items"]
    ends = ", ".join(f"{n} {name.replace('_', ' ')}" for name, n in told["ends"].items())
    served = ", ".join(f"{n} {arm}" for arm, n in told["arms"].items())
    return [
        f"{title}: {told['items']} items of {', '.join(told['workflows'])}; {ends}",
        f"  received {_between(told['first_received'], told['last_received'])}; "
        f"ended {_between(told['first_finished'], told['last_finished']) or 'none yet'}; {served}",
        *section("who holds what is open", _wait_lines(told)),
        *section("what was done outside", _outside_lines(told)),
        *section("what failed, and why", _group_lines(told["failed"], none="nothing failed")),
        *section("what went to people by a rule", _group_lines(told["to_people"], none="nothing")),
        *section("what people answered", _answer_lines(told["answers"])),
    ]


def find_why(item: Item, actions: Iterable[Action]) -> Why | None:
    """Why the version did not do the item alone; None where it did, or has not come to it."""
    if item.arm == "incumbent" or item.status == "queued":
        return None
    undone = next((one for one in actions if one.status != "done"), None)
    if undone is not None:
        return Why(True, f"{undone.operation} {undone.status}", undone.reason or item.reason)
    if item.rule == "contract":
        return Why(True, "breaks the data contract", item.reason)
    if item.status == "stopped":
        return Why(True, "stopped", item.reason)
    if not item.route:
        return Why(True, "given up", item.reason)
    if item.rule == "answer":
        return Why(True, "no answer", item.reason)
    if item.status == "asked":
        return Why(False, "asked before it acts", item.reason)
    if item.route == "act":
        return Why(True, "held back", item.reason) if item.status == "in_review" else None
    return Why(False, f"{item.route} by {item.rule or 'no rule'}", item.reason)


def _read(store: Store, customer: Customer, wanted: ItemFilter) -> Found:
    items = store.items.in_order(customer, wanted, limit=MOST)
    real = [one for one in items if not one.workflow.endswith(DRILL)]
    known = {one.id for one in real}
    actions = [one for one in store.items.actions(customer, wanted) if one.item in known]
    return Found(real, actions, store.reviews.of_items(customer, sorted(known)))


def _head(items: Sequence[Item]) -> dict[str, Any]:
    received = sorted(one.as_json()["received_at"] for one in items)
    finished = sorted(one.as_json()["finished_at"] for one in items if one.finished_at)
    return {
        "items": len(items),
        "workflows": dict(Counter(one.workflow for one in items)),
        "first_received": received[0] if received else None,
        "last_received": received[-1] if received else None,
        "first_finished": finished[0] if finished else None,
        "last_finished": finished[-1] if finished else None,
        "arms": dict(Counter(one.arm for one in items)),
        "ends": dict(Counter(one.status for one in items).most_common()),
    }


def _waits(found: Found, now: str) -> list[dict[str, Any]]:
    """Open questions by owner and kind, with who looks at them and how many are late."""
    groups: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    for one in found.reviews:
        if one.status == "open":
            groups[one.owner, one.kind].append(one.as_json())
    waits = [
        {
            "owner": owner,
            "kind": kind,
            "items": len(reviews),
            "held_by": dict(Counter(one["held_by"] for one in reviews if _is_held(one, now))),
            "late": sum(one["due_at"] <= now for one in reviews),
            "first_due": min(one["due_at"] for one in reviews),
            "examples": [one["item"] for one in reviews[:EXAMPLES]],
        }
        for (owner, kind), reviews in sorted(groups.items())
    ]
    return [*waits, *_unfinished(found.items)]


def _unfinished(items: Sequence[Item]) -> Iterator[dict[str, Any]]:
    """What waits for a yes, by whom it waits for, and what the worker has not come to."""
    groups: dict[tuple[str, str], list[Item]] = defaultdict(list)
    for one in items:
        if one.status in UNFINISHED:
            owner = "worker" if one.status == "queued" else one.owner
            groups[owner, one.status].append(one)
    for (owner, kind), same in sorted(groups.items()):
        counts = {"owner": owner, "kind": kind, "items": len(same), "held_by": {}, "late": 0}
        yield counts | {"first_due": None, "examples": [one.id for one in same[:EXAMPLES]]}


def _is_held(review: dict[str, Any], now: str) -> bool:
    return bool(review["held_by"]) and (review["held_until"] or "") > now


def _outside(actions: Sequence[Action]) -> list[dict[str, Any]]:
    groups: dict[tuple[str, str, str], list[Action]] = defaultdict(list)
    for one in actions:
        groups[one.tool, one.operation, one.status].append(one)
    return [
        {
            "tool": tool,
            "operation": operation,
            "status": status,
            "actions": len(same),
            "receipts": sum(bool(one.receipt) for one in same),
        }
        for (tool, operation, status), same in sorted(groups.items())
    ]


def _receipts(found: Found) -> list[dict[str, Any]]:
    keys = {one.id: one.key for one in found.items}
    names = ("item", "tool", "operation", "status", "key", "receipt", "reason", "settled_at")
    told = [one.as_json() for one in found.actions]
    return [{"sent_as": keys[one["item"]], **{name: one[name] for name in names}} for one in told]


def _grouped(whys: Iterable[tuple[Item, Why]]) -> list[dict[str, Any]]:
    """The same reason once, numbers aside; the most frequent first."""
    groups: dict[tuple[str, str], list[tuple[Item, Why]]] = defaultdict(list)
    for item, why in whys:
        groups[why.what, NUMBERS.sub("#", why.reason)].append((item, why))
    told = [
        {
            "what": what,
            "reason": same[0][1].reason,
            "items": len(same),
            "statuses": dict(Counter(item.status for item, _ in same)),
            "examples": [item.id for item, _ in same[:EXAMPLES]],
        }
        for (what, _), same in groups.items()
    ]
    return sorted(told, key=lambda group: -group["items"])


def _between(first: str | None, last: str | None) -> str:
    if not first:
        return ""
    is_one = when(first) == when(last)
    return f"{when(first)} UTC" if is_one else f"{when(first)} to {when(last)} UTC"


def _wait_lines(told: Mapping[str, Any]) -> list[str]:
    rows = [
        (
            one["owner"],
            one["kind"],
            one["items"],
            ", ".join(f"{name} {n}" for name, n in one["held_by"].items()) or "-",
            one["late"],
            when(one["first_due"]) or "-",
            one["examples"][0],
        )
        for one in told["waits"]
    ]
    header = ("owner", "kind", "items", "held by", "late", "first due", "such as")
    return table(header, rows, none="nothing is open")


def _outside_lines(told: Mapping[str, Any]) -> list[str]:
    groups = [
        f"{one['actions']} x {one['operation']} by {one['tool']}: {one['status']}, "
        f"{one['receipts']} with a receipt"
        for one in told["outside"]
    ]
    rows = [
        (one["sent_as"], one["item"], one["operation"], one["status"], short(one["receipt"]) or "-")
        for one in told["receipts"][:RECEIPTS]
    ]
    header = ("sent as", "item", "operation", "is", "receipt")
    more = len(told["receipts"]) - RECEIPTS
    left = [f"and {more} more; --json lists every receipt"] if more > 0 else []
    return [*groups, *(table(header, rows, none="") if rows else ["nothing"]), *left]


def _group_lines(groups: Sequence[Mapping[str, Any]], *, none: str) -> list[str]:
    return [
        one_line(
            f"{one['items']} x {one['what']}: {one['reason'] or 'no reason'} "
            f"({', '.join(one['examples'])})",
            170,
        )
        for one in groups
    ] or [none]


def _answer_lines(answers: Mapping[str, int]) -> list[str]:
    return [", ".join(f"{n} {name}" for name, n in answers.items())] if answers else []
