"""work on an item, or a batch, once more: a new attempt with its own record of why.

For what waits for a person because something outside failed, or because values were wrong. The
item keeps its name, and so every effect keeps its key: what was done is found, and never repeated.
"""

from collections.abc import Sequence
from typing import NamedTuple

from runs import words
from runs.errors import Conflict, InvalidInput
from runs.records.item import Item
from runs.records.pause import Rerun
from runs.records.person import Customer
from runs.store import jobs
from runs.store.change import Change
from runs.store.items import requeue_item
from runs.store.reviews import withdraw_open
from runs.store.store import Store, keep
from workflow.pausing import MAX_REASON, Asked, require_operator

AGAIN = ("in_review", "quarantined", "stopped")
"""Statuses of items that may be worked on once more: nobody has answered, and nothing has ended."""
AT_ONCE = 100
"""Items in one transaction."""


class Reruns(NamedTuple):
    """What came of the wish."""

    items: tuple[Item, ...]
    """Those that are queued again."""
    left: tuple[Item, ...]
    """Those that stay as they are: somebody answered, or they have another end."""


def rerun(store: Store, customer: Customer, items: Sequence[Item], asked: Asked) -> Reruns:
    """Queue items again, each with a record of who wanted it and why.

    What waits for nobody's answer stays as it is and is told. NotAllowed, with an event, for
    whoever does not operate their workflow; Conflict where none of them may be worked on again.
    """
    if not 1 <= len(asked.reason.strip()) <= MAX_REASON:
        raise InvalidInput(
            f"rerun: a reason of 1 to {MAX_REASON} characters is needed; add --reason TEXT"
        )
    for workflow in sorted({item.workflow for item in items}):
        require_operator(store, customer, workflow, asked.identity, verb="rerun")
    again = [item for item in items if item.status in AGAIN]
    if not again:
        says = f"item {items[0].id} is {items[0].status}" if items else "there are no items"
        raise Conflict(f"{says}; name what is {', '.join(AGAIN)}: only that is worked on again")
    numbers = {item.id: len(store.pauses.reruns(customer, item.id)) + 2 for item in again}
    queued: list[Item] = []
    for start in range(0, len(again), AT_ONCE):
        with store.change(customer, asked.identity.person) as change:
            for item in again[start : start + AT_ONCE]:
                queued.append(_queue(change, item, asked, numbers[item.id]))
    return Reruns(tuple(queued), tuple(item for item in items if item.status not in AGAIN))


def _queue(change: Change, item: Item, asked: Asked, attempt: int) -> Item:
    withdraw_open(change, item.id)
    made = Rerun(
        id=f"{item.id}.{attempt:06d}",
        item=item.id,
        attempt=attempt,
        by=asked.identity.person,
        reason=words.say(change, asked.reason, asked.terms, kind="reason"),
        status=item.status,
        rule=item.rule,
        snapshot=item.snapshot,
        output=item.output,
        policy=item.policy,
        at=change.clock.now(),
    )
    keep(change, made)
    queued = requeue_item(change, item, attempt)
    told = {"cause": f"rerun:{attempt}", "lane": item.workflow}
    jobs.add(change, "process_item", item.id, **told, priority=item.priority)
    return queued
