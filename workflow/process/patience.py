"""How long an item and the parts of its way may take, by the values it came in under.

What takes too long is not waited for any more; whatever it still finds out is dropped. Only what
changes nothing outside is left alone like that: an effect that was begun is never abandoned.
"""

import logging
import threading
from collections.abc import Callable
from contextvars import copy_context
from datetime import datetime, timedelta
from typing import TypeVar

from runs.records.item import Item
from runs.records.person import Customer
from runs.records.version import PolicyValues
from runs.store.store import Store
from tools.pace import at_most

log = logging.getLogger("pilotage.process")

T = TypeVar("T")


class TooLong(Exception):
    """A part was not waited for to its end."""


def values_of(store: Store, customer: Customer, item: Item) -> PolicyValues:
    """The values the item came in under; its deadlines are theirs, whatever is edited since."""
    return store.get(customer, PolicyValues, item.policy)


def within(seconds: int, work: Callable[[], T]) -> T:
    """What `work` gives, which changes nothing outside; TooLong once it takes longer, 0: never."""
    if not seconds:
        return work()
    found: list[T] = []
    raised: list[BaseException] = []

    def run() -> None:
        try:
            # Half of it at most for a turn: what asks is to have time left as well.
            with at_most(seconds / 2):
                found.append(work())
        except BaseException as error:
            raised.append(error)

    # With what is told of this go, as the turns that were taken in it.
    told = copy_context()
    thread = threading.Thread(target=told.run, args=(run,), name="pilotage-part", daemon=True)
    thread.start()
    thread.join(seconds)
    if raised:
        raise raised[0]
    if not found:
        raise TooLong
    return found[0]


def told(item: Item, part: str, seconds: int, *, key: str) -> str:
    """Why a part that took too long leads to a person; the log has it with the item's id."""
    says = f"{part} took longer than {seconds} s ({key} of its policy)"
    log.warning("a part of the way took too long: %s", says, extra={"item_id": item.id})
    return says


def late(store: Store, customer: Customer, item: Item, now: datetime) -> str:
    """Why an item goes to a person as too much time has passed; empty while there is some left.

    Counted from when it came in, or was last queued again.
    """
    minutes = values_of(store, customer, item).deadline_minutes
    if not minutes or now - item.received_at <= timedelta(minutes=minutes):
        return ""
    since = [one.at for one in store.pauses.reruns(customer, item.id)]
    if since and now - max(since) <= timedelta(minutes=minutes):
        return ""
    log.warning("an item went past its deadline", extra={"item_id": item.id})
    return f"it had not ended {minutes} minutes after it came in (deadline_minutes of its policy)"
