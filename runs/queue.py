"""durable jobs on DBOS: enqueue once, work, retry, recover.

The truth that something must be done is our `jobs` table; DBOS holds "do this id". The DBOS
workflow id is our job id, so handing over twice is one job. A job's function reads the record
before it acts and may be run again at any moment.
"""

import logging
import random
import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, NamedTuple

import sqlalchemy as sa
from dbos import DBOS, DBOSClient, DBOSConfig, EnqueueOptions, WorkflowStatus, error
from sqlalchemy import event

from runs.clock import RealClock
from runs.errors import Conflict, Unavailable
from runs.records.person import Customer
from runs.store import address, jobs
from runs.store.change import Change
from runs.store.database import Database
from runs.store.jobs import Again, Job, Lane
from runs.store.store import Store

log = logging.getLogger("pilotage.queue")

SCHEMA = "pilotage-jobs-1"
"""The jobs' own version: DBOS would else hash the source and leave old jobs behind an upgrade."""

NAME = QUEUE = "pilotage"
AT_ONCE = 50
"""Jobs that are handed over in one transaction."""

SYSTEM = "pilotage_queue"
"""Where DBOS keeps its tables on PostgreSQL."""

ATTEMPTS = 12
"""Tries of a job of which something does not answer; then it has failed, and somebody is asked."""
FIRST_S = 0.5
LONGEST_S = 60.0
"""A wait is drawn from nothing to this; the first from nothing to `FIRST_S`, then doubling."""
AFTER_MOST_S = 900.0
"""Who asks to be left alone for longer is asked again after so long all the same."""
LEAST_URGENT = 1_000
"""DBOS takes the smallest number first."""

OUTDATED = "its tables are older than it or missing; run `pilotage db migrate`"

GIVEN_UP = ("ERROR", "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED")
"""What the queue says of work that it does not take up any more."""


class Ended:
    """Says that a job is done in the very change that ends its work; otherwise it is said after."""

    def __init__(self, job: str) -> None:
        self._job = job
        self._change: Change | None = None

    def __call__(self, change: Change) -> None:
        """Write it inside the change; where the change is not kept, neither is this."""
        jobs.end_in(change, self._job, "done")
        self._change = change

    @property
    def is_written(self) -> bool:
        """Whether a change that says so was kept."""
        return self._change is not None and self._change.is_kept


class JobContext(NamedTuple):
    """What a job's function is handed."""

    customer: Customer
    subject: str
    ended: Callable[[Change], None]
    """Writes the end of the job into the change that ends what it was about."""


Work = Callable[[JobContext], None]


@dataclass(frozen=True)
class QueueSettings:
    """How this process works the queue."""

    url: str
    """SQLAlchemy URL of the queue's database."""
    executor: str
    """Unique for each process; two processes of one name would recover each other's live work."""
    poll_s: float = 0.05
    concurrency: int = 4
    drain_s: float = 30.0
    """So long what runs may take to end when the queue is stopped."""


class Queue:
    """Works the jobs of one store in this process until it is stopped."""

    def __init__(
        self,
        store: Store,
        settings: QueueSettings,
        *,
        alive: Callable[[], Collection[str]] | None = None,
        most: Callable[[], Mapping[Lane, int]] = dict[Lane, int],
        draw: Callable[[], float] = random.random,
    ) -> None:
        self._store = store
        self._settings = settings
        self._most = most
        """How many items of a workflow may be under way at once, where that is limited."""
        self._draw = draw
        """A number from 0 to 1: what part of the longest wait one waits."""
        self._alive = alive or (lambda: {settings.executor})
        """Executors whose work is theirs still; without it this process is the only one."""
        self._engine = engine_for(settings.url)
        # Of DBOS itself only the client enqueues in a transaction that holds others as well.
        self._client = DBOSClient(
            system_database_engine=self._engine,
            dbos_system_schema=SYSTEM,
            application_name=NAME,
            lazy=True,
        )
        self._stopping = threading.Event()
        self._pump: threading.Thread | None = None
        self._running: set[str] = set()
        self._claimed: list[Job] = []
        """Said to be handed over, and not handed over yet."""

    @property
    def left(self) -> frozenset[str]:
        """Ids of the jobs that are under way in this process."""
        return frozenset(self._running)

    def start(self, work: Mapping[str, Work]) -> None:
        """Take up what dead processes left, then work until `stop`. `work` is by job kind.

        Raises Conflict when the queue's tables are an older program's.
        """
        config = DBOSConfig(
            name=NAME,
            system_database_url=self._settings.url,
            system_database_engine=self._engine,
            dbos_system_schema=SYSTEM,
            run_migrations=not self._store.database.is_shared,
            application_version=SCHEMA,
            executor_id=self._settings.executor,
            log_level="ERROR",
            enable_otlp=False,
            notification_listener_polling_interval_sec=1.0,
        )
        DBOS(config=config)
        _register(self._store, work, self._is_alive, running=self._running, draw=self._draw)
        try:
            DBOS.launch()
        except error.DBOSInitializationError as reason:
            raise Conflict(f"the queue is not as this program needs it ({OUTDATED})") from reason
        DBOS.register_queue(
            QUEUE,
            worker_concurrency=self._settings.concurrency,
            polling_interval_sec=self._settings.poll_s,
            on_conflict="always_update",
        )
        self.reap()
        self.reconcile()
        self._pump = threading.Thread(target=self._pump_forever, name="pilotage-pump", daemon=True)
        self._pump.start()

    def stop(self) -> None:
        """Stop taking jobs; those running end first, those waiting stay written down.

        What has not ended after `drain_s` is `left`, for whoever takes up the work of this process.
        """
        self._stopping.set()
        if self._pump is not None:
            self._pump.join()
        drain_s = max(1, round(self._settings.drain_s))
        DBOS.destroy(workflow_completion_timeout_sec=drain_s, destroy_registry=True)
        self._engine.dispose()

    def pump(self) -> int:
        """Hand waiting jobs to DBOS under their own ids; returns how many.

        Each is claimed first, so that none ends before the record says that it was handed over. Of
        a workflow whose items are limited only as many are claimed as may be under way at once,
        whatever worker claims them; the others stay written down until one of those has ended.
        """
        # Whoever dies before it: what is claimed and not known to DBOS is handed over again.
        self._claimed.extend(self._claim())
        handed_over = 0
        while first := self._claimed[:AT_ONCE]:
            self._hand_over(first)
            del self._claimed[: len(first)]
            handed_over += len(first)
        return handed_over

    def _claim(self) -> list[Job]:
        if self._store.database.is_lost:
            return []
        now = RealClock().now()
        waiting = self._store.jobs.due(now)
        most = self._most() if waiting else {}
        if most and (full := self._store.jobs.full(most)):
            waiting = self._store.jobs.due(now, full=full)
        return self._store.jobs.claim(waiting, most)

    def _hand_over(self, jobs: Sequence[Job]) -> None:
        """Enqueue jobs, each under its own id, in one transaction."""
        with self._engine.begin() as connection:
            for job in jobs:
                hand_over(self._client, connection, job)

    def reap(self) -> int:
        """Bring back the work of processes that are gone; returns how much.

        One process at a time: what one brought back may already be another's work.
        """
        with self._store.database.alone("reap"):
            alive = {self._settings.executor, *self._alive()}
            left = [
                status
                for status in DBOS.list_workflows(status=["PENDING"], load_input=False)
                if status.executor_id not in alive
            ]
            for status in left:
                DBOS.resume_workflow(status.workflow_id, queue_name=QUEUE)
        return len(left)

    def reconcile(self) -> int:
        """Hand over again what the queue does not know although it was handed over.

        What the queue gave up without its row saying so becomes a failed job, for whoever looks.
        """
        handed_over = 0
        for job in self._store.jobs.enqueued():
            status: WorkflowStatus | None = DBOS.get_workflow_status(dbos_id(job))
            if status is None:
                self._hand_over([job])
                handed_over += 1
            elif status.status in GIVEN_UP:
                customer = self._store.customer(job.customer)
                says = f"{Unavailable.__name__}: the queue ended it as {status.status}"
                self._store.jobs.mark_failed(customer, job.id, says)
        return handed_over

    def _is_alive(self) -> bool:
        return self._settings.executor in self._alive()

    def _pump_forever(self) -> None:
        while not self._stopping.is_set():
            try:
                busy = self.pump()
            except Unavailable:
                log.warning("the record was locked; the pump tries again")
                busy = 0
            except Exception:
                # Whatever it was: a worker without a pump lives on and does nothing.
                log.exception("jobs were not handed over; the pump tries again")
                busy = 0
            if not busy:
                self._stopping.wait(self._settings.poll_s)


def migrate(url: str) -> None:
    """Bring the queue's tables on a server up to date; doing it again changes nothing."""
    DBOS.migrate(address.server(url), schema=SYSTEM)


def revision(database: Database) -> int:
    """How far the queue's tables on a server have come; 0 when there are none."""
    with database.reading() as connection:
        if not sa.inspect(connection).has_table("dbos_migrations", schema=SYSTEM):
            return 0
        query = sa.text(f'SELECT max(version) FROM "{SYSTEM}".dbos_migrations')
        return connection.execute(query).scalar() or 0


def engine_for(url: str) -> sa.Engine:
    """An engine of ours: DBOS's own waits for the disk at every step on SQLite.

    Not every commit needs to reach the disk: what a power cut takes from the queue, the
    reconciler hands over again from the record.
    """
    if address.kind(url) == "postgresql":
        return sa.create_engine(address.driver(url), pool_pre_ping=True, max_overflow=20)
    engine = sa.create_engine(url, connect_args={"timeout": 30})

    def prepare(raw: Any, _: object) -> None:
        raw.isolation_level = "IMMEDIATE"
        for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON"):
            raw.execute(f"PRAGMA {pragma}")

    event.listen(engine, "connect", prepare)
    return engine


def hand_over(client: DBOSClient, connection: sa.Connection, job: Job) -> None:
    """Enqueue one try of a job under its own id in a transaction; again changes nothing."""
    options: EnqueueOptions = {
        "workflow_name": "job",
        "queue_name": QUEUE,
        "workflow_id": dbos_id(job),
        "app_version": SCHEMA,
        "priority": max(1, LEAST_URGENT - job.priority),
    }
    told = (job.customer, job.id, job.kind, job.subject, job.attempts)
    client.enqueue_in_transaction(connection, options, *told)


def dbos_id(job: Job) -> str:
    """The queue's id of one try of a job."""
    again = f"@{job.attempts}" if job.attempts else ""
    return f"{job.customer}/{job.id}{again}"


def wait_s(outages: int, after_s: float, draw: float) -> float:
    """How long to wait before the next try, seconds: full jitter, on top of what was asked for.

    `outages`: tries in vain before this one. `draw`: from 0 to 1.
    """
    longest = min(LONGEST_S, FIRST_S * 2**outages)
    return min(after_s, AFTER_MOST_S) + longest * draw


def _register(
    store: Store,
    work: Mapping[str, Work],
    is_alive: Callable[[], bool],
    *,
    running: set[str],
    draw: Callable[[], float],
) -> None:
    @DBOS.workflow(name="job", max_recovery_attempts=100)
    def job(customer: str, id: str, kind: str, subject: str, attempts: int = 0) -> None:
        ended, whose = Ended(id), store.customer(customer)
        running.add(id)
        try:
            work[kind](JobContext(whose, subject, ended))
        except Exception as error:
            if not is_alive():
                # Its work was taken up by another, whose word on the job it is.
                raise
            if isinstance(error, Unavailable) and _put_back(
                store, whose, id, attempts, error, draw
            ):
                return
            # Whatever it was: a job that ends without its row saying so is waited for for ever.
            log.exception("job failed", extra={"job": id})
            is_outage = isinstance(error, Unavailable)
            named = Unavailable.__name__ if is_outage else type(error).__name__
            store.jobs.mark_failed(whose, id, f"{named}: {error}")
            return
        finally:
            running.discard(id)
        if not ended.is_written:
            store.jobs.mark_done(whose, id)


def _put_back(
    store: Store,
    customer: Customer,
    id: str,
    attempts: int,
    error: Unavailable,
    draw: Callable[[], float],
) -> bool:
    """Let the job wait and be tried again; False once it was tried in vain often enough."""
    present = store.jobs.find(customer.id, id)
    if present is None or present.attempts != attempts:
        # Another took it up meanwhile, whose word on it counts.
        return True
    if error.is_outage and present.outages + 1 >= ATTEMPTS:
        return False
    wait = timedelta(seconds=wait_s(present.outages, error.after_s, draw()))
    why = f"{type(error).__name__}: {error}"
    log.warning("a job is tried again in %.1f s", wait.total_seconds(), extra={"job": id})
    again = Again(RealClock().now() + wait, why, error.is_outage)
    store.jobs.put_back(customer, present, again)
    return True
