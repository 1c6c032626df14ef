"""the home as the web application meets it: one door for programs and screens."""

import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Any

from console.app import Look
from console.metrics import Measured
from pilotage import watchdog
from pilotage.cli import approval_story, item_story, review_story
from pilotage.wiring import Wired
from rollout.admission import DRILL, Sorted
from rollout.sent import Sent
from runs import approvals
from runs.approvals import Answer
from runs.errors import InvalidInput, PilotageError
from runs.records.approval import Approval
from runs.records.item import Item
from runs.records.person import Customer, Identity
from runs.snapshots import Terms
from runs.store import schema
from runs.store.filtered import ItemFilter
from runs.store.store import Store
from workflow import queued, review

log = logging.getLogger("pilotage.web")


WATCH_S = 30.0
"""Between two looks whether a worker lives."""
LOOK_S = 0.25
"""Between two looks at what is waited for."""
MOST_WAITING = 20
"""Requests that wait at the same time; the others are answered at once, and ask again."""


class Web:
    """A wired home: every act goes the way that the command line goes."""

    def __init__(
        self,
        wired: Wired,
        pause: Callable[[float], None] = time.sleep,
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        self._wired = wired
        self._pause = pause
        self._seconds = seconds
        self._waiting = threading.BoundedSemaphore(MOST_WAITING)

    @property
    def store(self) -> Store:
        """The record."""
        return self._wired.store

    def identify(self, token: str) -> Identity:
        """Who is asking; NotAllowed for a token that is not known."""
        return self._wired.identify(token)

    def admit(
        self, identity: Identity, workflow: str, sent: Sequence[Sent], *, batch: str
    ) -> list[Item]:
        """Take items in, once a key, under the policy that leads now."""
        return self._wired.admit(identity, workflow, sent, batch=batch)

    def sort_out(self, identity: Identity, workflow: str, sent: Sequence[Sent]) -> Sorted:
        """What of these could be taken in, each looked at alone."""
        return self._wired.engines("").sort_out(identity, workflow, sent)

    def wait_until(self, is_so: Callable[[], bool], seconds: float) -> None:
        """Wait until something is so, for so long at most; not at all while too many wait."""
        if not self._waiting.acquire(blocking=False):
            return
        try:
            until = self._seconds() + seconds
            while self._seconds() < until:
                self._pause(LOOK_S)
                if is_so():
                    return
        finally:
            self._waiting.release()

    @property
    def reviews(self) -> review.Deps:
        """What an act on an item that waits for a person needs."""
        return self._wired.reviews()

    def tell_review(self, customer: Customer, item: Item) -> dict[str, Any] | None:
        """What is asked of people about an item, as `item show --json` tells it."""
        return review_story.find_story(self.reviews, customer, item)

    def words(self) -> Terms:
        """What of people's words may be kept."""
        return self._wired.words()

    def call_off(self, identity: Identity, item: str, reason: str) -> Item:
        """End an item of which nothing was begun outside."""
        return self._wired.call_off(identity, item, reason)

    def decide(self, identity: Identity, answer: Answer) -> Approval:
        """Record one person's decision, and let policy values lead that people agreed to."""
        wired, customer = self._wired, identity.customer
        decided = approvals.decide(self.store, identity, answer, wired.decision_rules(customer))
        if decided.kind == "policy":
            try:
                wired.policy_files.find(customer, decided.covers["workflow"])
            except InvalidInput as error:
                log.warning("a policy file may not lead: %s", error)
        return decided

    def tell_item(self, customer: Customer, item: Item) -> dict[str, Any]:
        """Everything an item left behind, as `item show --json` tells it."""
        return item_story.story(self.store, customer, item)

    def tell_approval(self, customer: Customer, asked: Approval) -> dict[str, Any]:
        """Exactly what a question asks, as `approval show --json` tells it."""
        return approval_story.story(self.store, customer, asked)

    def watch_forever(self) -> None:
        """Look whether the work goes on, for as long as no worker lives that does so itself."""
        while True:
            self._pause(WATCH_S)
            self.watch_once()

    def watch_once(self) -> None:
        """One such look; what the database does not answer now, the next one asks."""
        try:
            if not self._wired.workers():
                for customer in self.store.customers():
                    watchdog.look(self._wired, customer)
        except PilotageError:
            log.exception("a look whether the work goes on failed; the next one tries again")

    def looks(self) -> Iterator[Look]:
        """Whether the database is there and current, and somebody does the jobs."""
        try:
            state = schema.state(self.store.database)
        except PilotageError as error:
            yield Look("database", is_well=False, says=str(error))
            return
        yield Look("database", state.is_current, f"revision {state.found}")
        present = self._wired.who_works()
        yield Look("worker", bool(present), "works" if present else "none; start `pilotage worker`")

    def measured(self, customer: Customer) -> Iterator[Measured]:
        """Items, jobs, questions, reviews and actions of one customer as they stand now."""
        store, now = self.store, self.store.clock.now()
        yield Measured("workers", "Workers that do jobs now.", (), len(self._wired.workers()))
        yield Measured("jobs_unfinished", "Jobs not done yet.", (), store.jobs.unfinished())
        failed = len(store.jobs.failed(1_000, customer=customer.id))
        yield Measured("jobs_failed", "Jobs that gave up; 1000 at most.", (), failed)
        unsettled = len(store.actions.unsettled(customer))
        says = "Actions reserved or unknown."
        yield Measured("actions_unsettled", says, (), unsettled)
        for kind, count in approvals.count_open(store, customer).items():
            labels = (("kind", kind),)
            yield Measured("approvals_open", "Questions that wait for people.", labels, count)
        late = sum(store.reviews.overdue(customer, now).values())
        yield Measured("reviews_overdue", "Items past the time a person had.", (), late)
        released = {one.workflow for one in store.releases.list(customer)}
        for workflow in sorted(one for one in released if not one.endswith(DRILL)):
            yield from _of_workflow(store, customer, workflow, now)


def _of_workflow(
    store: Store, customer: Customer, workflow: str, now: datetime
) -> Iterator[Measured]:
    whose = ("workflow", workflow)
    for status, count in store.items.count(customer, ItemFilter(workflow=workflow)).items():
        yield Measured("items", "Items by status.", (whose, ("status", status)), count)
    first = store.items.in_order(customer, ItemFilter(workflow=workflow, status="queued"), limit=1)
    waited = (now - first[0].received_at).total_seconds() if first else 0.0
    says = "Age of the oldest item nobody came to."
    yield Measured("oldest_queued_seconds", says, (whose,), waited)
    queue = queued.find(store, customer, workflow)
    yield Measured("queue_room", "Items that may still come in.", (whose,), queue.room)
    yield Measured("items_under_way", "Items handed to workers.", (whose,), queue.under_way)
    says = "Items that are tried again later."
    yield Measured("items_later", says, (whose,), queue.later)
    release = store.releases.find_open(customer, workflow)
    if release is not None:
        share = release.weight_bp / 10_000
        yield Measured("release_share", "Share of items served, 0 to 1.", (whose,), share)
