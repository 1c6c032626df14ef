"""the worker: one process of a home that does its jobs, under a lease, and looks at what falls due.

On SQLite there is one, on PostgreSQL as many as are started: each says that it lives, one of them
looks at what falls due, and whoever lives takes up what a dead one left.
Usable inside another command: `with working(wired) as worker: worker.run_until(is_done)`.
"""

import logging
import os
import secrets
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from pilotage import anchoring, schemas, watchdog
from pilotage.due import look, look_rarely
from pilotage.jobs import Jobs
from pilotage.taking_up import from_the_dead, wake_left
from pilotage.wiring import EVERYBODY, LEAD, WORKER, Wired
from runs import leases
from runs.errors import Conflict, PilotageError, Unavailable
from runs.leases import Lease, Seat
from runs.queue import Queue, QueueSettings
from runs.records.version import PolicyValues
from runs.store.jobs import Lane

log = logging.getLogger("pilotage.worker")

LEASE_S = 10.0
HANDED_OVER_AGAIN = 30
"""Every so many looks, jobs that the queue does not know are handed over again."""

WATCHED = 30
"""Every so many looks it is asked whether the work goes on."""


def name_of_this_process() -> str:
    """Machine, process and a mark of its own: no two workers ever share it."""
    return f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(3)}"


class Worker:
    """Does jobs in threads until it is stopped, or loses its lease."""

    def __init__(self, wired: Wired, *, name: str, lease: Lease) -> None:
        self.name = name
        self._wired = wired
        self._lease = lease
        self._ended = threading.Event()
        self._lost = threading.Event()
        self._looks = 0
        self._lead = Seat(wired.store, EVERYBODY, LEAD, holder=name, ttl_s=LEASE_S)
        self._engines = wired.engines(name, lambda: self.leads)
        settings = wired.settings
        self._queue = Queue(
            wired.store,
            QueueSettings(
                url=wired.queue,
                executor=name,
                poll_s=settings.poll_s,
                concurrency=settings.concurrency,
                drain_s=settings.drain_s,
            ),
            alive=wired.workers,
            most=self._most_at_once,
        )
        self._concurrency: dict[tuple[str, str], int] = {}
        self._ticker = threading.Thread(target=self._look_forever, name="pilotage-due", daemon=True)
        # Apart from the looks, which a slow address must not keep waiting.
        self._postman = threading.Thread(
            target=self._tell_forever, name="pilotage-postman", daemon=True
        )

    @property
    def has_lease(self) -> bool:
        """False once another worker took over; then this one does nothing more."""
        return not self._lost.is_set()

    @property
    def left(self) -> int:
        """How many jobs are under way; after `stop`, how many did not end in time."""
        return len(self._queue.left)

    @property
    def leads(self) -> bool:
        """True for the one worker that looks at what falls due, and has the search index."""
        return self.has_lease and (self._lead.is_held or not self._wired.is_shared)

    def start(self) -> None:
        """Take up what dead workers left, then do jobs in threads."""
        self._free_runs()
        for customer in self._wired.store.customers():
            wake_left(self._wired, customer)
        if self._wired.is_shared:
            self._lead.start()
        self._queue.start(Jobs(self._engines).by_kind())
        self._ticker.start()
        self._postman.start()

    def stop(self) -> None:
        """Stop taking jobs; those running end first, those waiting stay written down.

        What does not end within `drain_s` is left to whoever takes up this worker's work.
        """
        self._ended.set()
        if self._ticker.is_alive():
            self._ticker.join()
            self._postman.join()
        self._queue.stop()
        if self.has_lease:
            self._look_once()
        self._engines.close()
        if self._wired.is_shared:
            self._lead.stop()

    def run_until(self, is_done: Callable[[], bool], *, timeout_s: float | None = None) -> bool:
        """Work until `is_done`, which is asked again and again; False when the time is over first.

        Raises Unavailable when another worker took over.
        """
        until = None if timeout_s is None else time.monotonic() + timeout_s
        while not is_done():
            if self._wired.store.database.is_lost:
                raise Unavailable(
                    "the disk did not take what was written; make room on it or replace it, and "
                    "start the worker again"
                )
            if not self.has_lease:
                raise Unavailable("another worker took over this home; try again in a moment")
            if until is not None and time.monotonic() >= until:
                return False
            time.sleep(self._wired.settings.poll_s)
        return True

    def _most_at_once(self) -> Mapping[Lane, int]:
        """How many items of a workflow may be under way, by the values that lead; where limited."""
        store, known = self._wired.store, self._concurrency
        led = store.policies.everywhere()
        for customer, _, digest in led:
            if (customer, digest) not in known:
                whose = store.customer(customer)
                known[customer, digest] = store.get(whose, PolicyValues, digest).concurrency
        most = {(customer, flow): known[customer, digest] for customer, flow, digest in led}
        return {lane: count for lane, count in most.items() if count}

    def _free_runs(self) -> None:
        """Give back the runs and items of workers that do not live any more."""
        alive = {self.name, *self._wired.workers()}
        for customer in self._wired.store.customers():
            from_the_dead(self._wired, customer, alive)

    def _look_forever(self) -> None:
        self._look_once()
        while self.has_lease and not self._ended.wait(self._wired.settings.tick_s):
            self._look_once()

    def _tell_forever(self) -> None:
        while self.has_lease and not self._ended.wait(self._wired.settings.tick_s):
            try:
                self._tell_once()
            except PilotageError:
                log.exception("addresses were not told what happened; the next round tries again")

    def _tell_once(self) -> None:
        """Tell addresses of customers what happened; what it needs is loaded once there is one."""
        store = self._wired.store
        for customer in store.customers() if self.leads else []:
            if store.webhooks.every(customer):
                from pilotage.postman import round_apart

                round_apart(self._wired, customer)

    def _look_once(self) -> None:
        try:
            self._require_lease()
        except Conflict:
            log.warning("the lease was taken over; this worker does nothing more")
            self._lost.set()
            return
        except Unavailable as error:
            log.warning("the database does not answer: %s", error)
            return
        try:
            self._look()
        except Exception:
            # A look that ended this thread would leave a worker at which nothing falls due.
            log.exception("a look at what falls due failed; the next one tries again")

    def _require_lease(self) -> None:
        with self._wired.store.change(EVERYBODY, "worker") as change:
            leases.require(change, self._lease)

    def _look(self) -> None:
        self._bury()
        if not self.leads:
            return
        for customer in self._wired.store.customers():
            look(self._wired, self._engines, customer)
            # On the turned clock of a demo hours are over in a moment: nothing is late there.
            if self._looks % WATCHED == 0 and not customer.is_demo:
                watchdog.look(self._wired, customer)
                look_rarely(self._wired, customer)
        anchoring.follow(self._wired)
        self._looks += 1
        if self._looks % HANDED_OVER_AGAIN == 0 and not self._ended.is_set():
            self._queue.reap()
            self._queue.reconcile()

    def _bury(self) -> None:
        """Take up the work of workers that say no more that they live, then take them off."""
        dead = leases.lapsed(self._wired.store, EVERYBODY, WORKER)
        if not dead or not self._wired.is_shared or self._ended.is_set():
            return
        self._free_runs()
        self._queue.reap()
        # What it had claimed and not handed over is known to nobody else.
        self._queue.reconcile()
        leases.forget(self._wired.store, EVERYBODY, dead)


@contextmanager
def working(wired: Wired) -> Iterator[Worker]:
    """A worker at work in this process for as long as the block lasts.

    Raises Unavailable, naming it, while another worker holds the home; on PostgreSQL nobody does.
    Raises InvalidInput for a place to anchor to that is none.
    """
    schemas.require(wired.settings, wired.store.database)
    anchoring.places(wired.settings)
    name = name_of_this_process()
    place = f"{WORKER}:{name}" if wired.is_shared else WORKER
    with leases.held(wired.store, EVERYBODY, place, holder=name, ttl_s=LEASE_S) as lease:
        if lease is None:
            raise Unavailable(
                f"worker {wired.who_works() or 'of another process'} works this home; "
                f"stop it, or wait {LEASE_S:g} s after it ended"
            )
        worker = Worker(wired, name=name, lease=lease)
        worker.start()
        try:
            yield worker
        finally:
            worker.stop()
