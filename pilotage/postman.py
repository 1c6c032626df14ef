"""addresses of customers told what happened: written down from the chain, tried again, never lost.

A round writes down what an address is to be told, then tells what is due. It may be repeated or
broken off at any moment: what was not settled is told again, under the same id.
"""

import json
import logging
import random
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from typing import NamedTuple

from pilotage.wiring import Wired
from runs.errors import InvalidInput, PilotageError
from runs.records.person import Customer
from runs.records.webhook import Delivery, Webhook
from runs.store.webhooks import AT_ONCE, lasting
from tools import webhooks
from tools.http.way import Reached
from tools.webhooks import Line, Message, Sent

log = logging.getLogger("pilotage.postman")

AT_A_TIME = 20
"""Deliveries of one address told in one round."""
ADDRESSES = 4
"""Addresses told at the same time; each one at a time, so that a slow one keeps only itself."""
FIRST_S = 5.0
LONGEST_S = 3_600.0
"""Between two tries at most, and as long as an address may ask to be left alone."""
KEPT = timedelta(days=30)
"""What was delivered, or given up, is kept so long."""


class Ways(NamedTuple):
    """How the world is met."""

    open: Callable[[Reached], AbstractContextManager[Line]] = lambda place: webhooks.opened(
        place, time.monotonic
    )
    chance: Callable[[], float] = random.random
    """From 0 to 1."""


WAYS = Ways()


def round_of(wired: Wired, customer: Customer, ways: Ways = WAYS) -> int:
    """Write down and tell what is due for one customer; returns how many deliveries it tried."""
    store = wired.store
    every = store.webhooks.every(customer)
    if not every:
        return 0
    for one in (one for one in every if not one.is_stopped):
        while store.webhooks.write_down(customer, one) == AT_ONCE:
            pass
    with ThreadPoolExecutor(max_workers=ADDRESSES, thread_name_prefix="postman") as pool:
        told = list(pool.map(lambda one: _tell(wired, customer, one, ways), every))
    store.webhooks.forget(customer, store.clock.now() - KEPT)
    return sum(told)


def round_apart(wired: Wired, customer: Customer) -> None:
    """Let one customer's round fail without the others': what was not told is due yet."""
    try:
        round_of(wired, customer)
    except PilotageError:
        log.exception("a round of webhooks failed; the next one tries again")


def after(
    tried: Delivery, sent: Sent, *, webhook: Webhook, now: datetime, chance: float
) -> Delivery:
    """A delivery once it was tried: delivered, tried again later, or given up; pure.

    Full jitter: anything up to twice as long as the time before, so that what failed together is
    not tried together; never sooner than the other side asked for.
    """
    tries = tried.tries + 1
    told = {"tries": tries, "answer": sent.answer[:200]}
    if sent.is_delivered:
        return tried.model_copy(update=told | {"status": "delivered", "ended_at": now})
    longest = min(LONGEST_S, FIRST_S * 2.0 ** min(tries, 30))
    wait = max(chance * longest, min(sent.wait_s, LONGEST_S))
    due = now + timedelta(seconds=wait)
    if sent.is_gone or due > lasting(tried, webhook):
        return tried.model_copy(update=told | {"status": "dead", "ended_at": now})
    return tried.model_copy(update=told | {"due_at": due})


def _tell(wired: Wired, customer: Customer, webhook: Webhook, ways: Ways) -> int:
    """Tell one address what is due, until it does not take it; returns how many it tried."""
    store = wired.store
    due = store.webhooks.due(customer, webhook.id, store.clock.now(), limit=AT_A_TIME)
    if not due:
        return 0
    tried = 0
    with ways.open(webhooks.address(webhook.url, is_private=webhook.is_private)) as line:
        for one in due:
            tried += 1
            sent = _try(line, one, _keys(wired, webhook), store.clock.now())
            done = after(one, sent, webhook=webhook, now=store.clock.now(), chance=ways.chance())
            store.webhooks.settle(customer, one, done)
            if not sent.is_delivered:
                # What does not take this one is not asked for the next before it is due again.
                break
    return tried


def _try(line: Line, one: Delivery, keys: list[bytes], now: datetime) -> Sent:
    if not keys:
        return Sent(False, False, "there is no secret to sign with")
    body = json.dumps(one.body, sort_keys=True, separators=(",", ":")).encode()
    return line.send(Message(one.id, int(now.timestamp()), body), keys)


def _keys(wired: Wired, webhook: Webhook) -> list[bytes]:
    """What signs now, the newer first; without a secret nothing is sent."""
    found = [wired.secrets.find(one) for one in (webhook.secret, webhook.secret_before) if one]
    try:
        return [webhooks.key_of(one) for one in found if one is not None]
    except InvalidInput as error:
        log.warning("webhook %s: %s", webhook.id, error)
        return []
