"""what each signal counts of a window of live items; pure.

Whatever is counted stands in the record. A count of no items is a count of nothing: whoever reads
it takes it as unread, never as well.
"""

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from policies.routing import RESERVED
from rollout.drift import Moved
from runs.plan import Plan
from runs.plan_parts import Way
from runs.records.item import Action, Item, Review
from runs.records.version import Version
from workflow.sources import is_changed

NEEDED = ("exception", "quarantine")
"""Reviews that the workflow asks for; the others check what it did."""
RESOLVED = ("acted", "refused", "closed")
"""Statuses of an item that needs nobody any more."""
CENT = Decimal("0.0001")


class Window(NamedTuple):
    """The newest items of a stage, and everything that is kept of them."""

    plan: Plan
    version: Version
    items: Sequence[Item]
    """Newest first."""
    reviews: Mapping[str, Sequence[Review]]
    """By item."""
    actions: Mapping[str, Sequence[Action]]
    """By item."""
    kept: Mapping[str, Any]
    """Snapshots by digest; None for what was erased."""

    @property
    def worked(self) -> list[Item]:
        """Those whose work has ended, whatever came of it."""
        return [item for item in self.items if item.status not in ("queued", "stopped")]


class Reading(NamedTuple):
    """What one signal counted."""

    events: int
    total: int
    value: str = ""
    """Told in place of the share, where something else is the better word for it."""
    is_rate: bool = True
    """Whether the share is a rate of items that stand for themselves: it has an interval then."""
    figures: Mapping[str, str] = {}
    """What it is made of."""


def trace(window: Window) -> Reading:
    """Items whose whole way can be rebuilt; what was erased on purpose counts nowhere."""
    lacks = [_lacks(window, item) for item in window.worked if not _is_erased(window, item)]
    gone = Counter(what for one in lacks for what in one)
    return Reading(sum(not one for one in lacks), len(lacks), figures=_counted(gone))


def context(window: Window) -> Reading:
    """Items with a source that was missing, stale, or another before the act."""
    read = [item for item in window.worked if window.version.sources and item.snapshot]
    found = [list(_troubles(window, item)) for item in read]
    troubles = Counter(what for one in found for what in one)
    return Reading(sum(map(bool, found)), len(read), figures=_counted(troubles))


def fallback(window: Window) -> Reading:
    """Items that something else than the version's first route served."""
    found = [_fallback(window, item) for item in window.worked]
    return Reading(
        sum(map(bool, found)), len(found), figures=_counted(Counter(filter(None, found)))
    )


def escalation(window: Window) -> Reading:
    """Items that were given to a person."""
    worked = window.worked
    return Reading(sum(item.route != "act" for item in worked), len(worked))


def latency(window: Window, slowest: Decimal) -> Reading:
    """Items slower than the plan and their way allow; `slowest` is the share of its value."""
    ended = [item for item in window.items if item.finished_at is not None]
    times = sorted(_ms(item) for item in ended)
    slow = Counter(way_of(window.plan, item).path for item in ended if _is_slow(window, item))
    value = f"{times[math.ceil(slowest * len(times)) - 1]:.0f}" if times else "0"
    return Reading(sum(slow.values()), len(ended), value, figures=_counted(slow))


def review_pass(window: Window) -> Reading:
    """Answers of people that left what was produced as it was."""
    answers = Counter(
        review.answer
        for item in window.items
        for review in window.reviews.get(item.id, ())
        if review.status == "decided" and review.answer
    )
    return Reading(answers["approve"], sum(answers.values()), figures=_counted(answers))


def cost(window: Window, week: int) -> Reading:
    """Items dearer than the plan accepts, with what an item and a week of `week` items cost.

    An item costs its way and each look that it needs of a person, at the plan's prices, and what
    the models took that were asked about it. What checks it beside that is told apart and not
    charged to it.
    """
    prices, worked = window.plan.economics, window.worked
    each = [_price(window, item) for item in worked]
    if not each:
        return Reading(0, 0)
    mean = sum(each, Decimal(0)) / len(each)
    resolved = sum(item.status in RESOLVED or _is_done_in_shadow(item) for item in worked)
    checks = sum(
        review.kind not in NEEDED for item in worked for review in window.reviews.get(item.id, ())
    )
    figures = {
        "per_item": _money(mean),
        "per_week": _money(mean * week),
        "checks_per_item": _money(prices.cost_of_review * checks / len(each)),
        "currency": prices.currency,
    }
    if resolved:
        figures["per_resolved_item"] = _money(sum(each, Decimal(0)) / resolved)
    dear = sum(one > window.plan.acceptance.cost_per_item for one in each)
    return Reading(dear, len(each), _money(mean), figures=figures)


def drift(moved: Moved | None) -> Reading:
    """The share of the live items that lie elsewhere than the dry run's, beyond chance."""
    if moved is None or not moved.compared:
        return Reading(0, 0, is_rate=False)
    told = {
        name: f"{one.stability:.3f}, chance explains {one.limit:.3f}"
        for name, one in moved.over.items()
    }
    figures = {"compared": str(moved.compared), **told}
    return Reading(round(moved.share * moved.now), moved.now, is_rate=False, figures=figures)


def way_of(plan: Plan, item: Item) -> Way:
    """The way an item takes; the dearest where the plan has none for its route."""
    ways = plan.economics.ways
    fit = (way for way in ways if item.route in way.takes or not way.takes)
    return next(fit, max(ways, key=lambda way: way.cost_per_item))


def first_route(version: Version) -> str:
    """The name of the route that is to serve its items: its first model, else its baseline."""
    if version.models:
        return version.models[0].name
    return version.routes[0].kind if version.routes else ""


def _is_erased(window: Window, item: Item) -> bool:
    named = (item.input, item.snapshot, item.output)
    return any(digest in window.kept and window.kept[digest] is None for digest in named)


def _lacks(window: Window, item: Item) -> tuple[str, ...]:
    """What of the item's way is not in the record."""
    is_read = item.rule != "contract"
    is_answered = is_read and item.rule not in ("context", "answer")
    asked = {
        "input": item.input in window.kept,
        "context": not is_read or item.snapshot in window.kept,
        "output": not is_answered or item.output in window.kept,
        "rule": bool(item.rule),
        "route": bool(item.route),
        "receipt": _has_receipts(window, item),
        "person": _has_person(window, item),
    }
    return tuple(name for name, is_there in asked.items() if not is_there)


def _has_receipts(window: Window, item: Item) -> bool:
    """Whether each effect of an item that acted has its receipt."""
    if item.arm == "shadow" or item.route != "act" or _reviews(window, item, NEEDED):
        return True
    effects = [one for one in window.version.effects if one.level != "read"]
    done = [one for one in window.actions.get(item.id, ()) if one.status == "done"]
    kept = sum(one.receipt in window.kept for one in done)
    return kept >= len(effects)


def _has_person(window: Window, item: Item) -> bool:
    """Whether it is known who has it, or who answered it."""
    reviews = window.reviews.get(item.id, ())
    if item.status == "closed":
        return any(one.status == "decided" and one.decided_by for one in reviews)
    return item.status in ("acted", "refused") or bool(reviews)


def _reviews(window: Window, item: Item, kinds: Sequence[str]) -> list[Review]:
    return [one for one in window.reviews.get(item.id, ()) if one.kind in kinds]


def _troubles(window: Window, item: Item) -> Iterator[str]:
    seen = window.kept.get(item.snapshot) or {}
    yield from {str(one["code"]) for one in seen.get("problems", ())}
    if is_changed(item.reason):
        yield "changed"


def _fallback(window: Window, item: Item) -> str:
    """What served it in place of the first route; empty where that did."""
    first, said = first_route(window.version), window.kept.get(item.output) or {}
    used = said.get("route_used", first)
    # Whoever decides then, and by which rule: a model that was asked did not answer.
    if used != first and (item.route == "act" or said.get("asked")):
        return f"route {used}"
    if item.route != "act":
        return item.rule if item.rule in RESERVED else "" if item.rule else "gave up"
    return "not done" if _reviews(window, item, NEEDED) else ""


def _price(window: Window, item: Item) -> Decimal:
    """Its way, the people it needs, and the models that were asked about it."""
    asked = (window.kept.get(item.output) or {}).get("asked", ())
    models = sum((Decimal(one["cost"]) for one in asked), Decimal(0))
    return way_of(window.plan, item).cost_per_item + _looks_price(window, item) + models


def _looks_price(window: Window, item: Item) -> Decimal:
    """What people cost whom it needs; in the shadow, whom it would need."""
    needed = _reviews(window, item, NEEDED)
    looks = sum(1 + len(one.escalations) for one in needed)
    if item.arm == "shadow" and item.route != "act":
        looks = max(1, looks)
    return window.plan.economics.cost_of_review * looks


def _is_done_in_shadow(item: Item) -> bool:
    return item.arm == "shadow" and item.route == "act"


def _is_slow(window: Window, item: Item) -> bool:
    most = min(window.plan.acceptance.latency_ms, way_of(window.plan, item).latency_ms)
    return _ms(item) > most


def _ms(item: Item) -> float:
    ended = item.finished_at or item.received_at
    return (ended - item.received_at) / timedelta(milliseconds=1)


def _counted(counts: Mapping[str, int]) -> dict[str, str]:
    return {name: str(times) for name, times in sorted(counts.items(), key=_frequent)}


def _frequent(one: tuple[str, int]) -> tuple[int, str]:
    return (-one[1], one[0])


def _money(amount: Decimal) -> str:
    return str(amount.quantize(CENT))


def by_item(given: Iterable[Review] | Iterable[Action]) -> dict[str, list[Any]]:
    """Reviews or actions by the item they are of."""
    found: dict[str, list[Any]] = {}
    for one in given:
        found.setdefault(one.item, []).append(one)
    return found
