"""durable jobs on DBOS: enqueue once, work, retry, recover.

The truth that something must be done is our `jobs` table; DBOS holds "do this id". The DBOS
workflow id is our job id, so handing over twice is one job. A job's function reads the record
before it acts and may be run again at any moment.
"""

import logging
import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

import sqlalchemy as sa
from dbos import DBOS, DBOSClient, DBOSConfig, EnqueueOptions, WorkflowStatus, error
from sqlalchemy import event

from runs.errors import Conflict, Unavailable
from runs.records.person import Customer
from runs.store import address, jobs
from runs.store.change import Change
from runs.store.database import Database
from runs.store.jobs import Job
from runs.store.store import Store

log = logging.getLogger("pilotage.queue")

SCHEMA = "pilotage-jobs-1"
"""The jobs' own version: DBOS would else hash the source and leave old jobs behind an upgrade."""

NAME = QUEUE = "pilotage"
AT_ONCE = 50
"""Jobs that are handed over in one transaction."""

SYSTEM = "pilotage_queue"
"""Where DBOS keeps its tables on PostgreSQL."""

ATTEMPTS = 5
"""Tries of a step or job that raises Unavailable, one second apart and doubling."""

OUTDATED = "its tables are older than it or missing; run `pilotage db migrate`"

GIVEN_UP = ("ERROR", "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED")
"""What the queue says of work that it does not take up any more."""

Step = Callable[[str, Callable[[], Any]], Any]
"""`step(name, work)`: the stored JSON result of `work`, which runs once however often asked."""


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
    step: Step
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
    ) -> None:
        self._store = store
        self._settings = settings
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
        _register(self._store, work, self._is_alive, self._running)
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
        """Hand waiting jobs to DBOS under their own ids; returns how many."""
        waiting = self._store.jobs.waiting()
        for start in range(0, len(waiting), AT_ONCE):
            self._hand_over(waiting[start : start + AT_ONCE])
        if waiting:
            self._store.jobs.mark_enqueued(waiting)
        return len(waiting)

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
            status: WorkflowStatus | None = DBOS.get_workflow_status(dbos_id(job.customer, job.id))
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
    """Enqueue a job under its own id in a transaction; a second time changes nothing."""
    options: EnqueueOptions = {
        "workflow_name": "job",
        "queue_name": QUEUE,
        "workflow_id": dbos_id(job.customer, job.id),
        "app_version": SCHEMA,
    }
    told = (job.customer, job.id, job.kind, job.subject)
    client.enqueue_in_transaction(connection, options, *told)


def dbos_id(customer: str, job: str) -> str:
    """The queue's id of a job."""
    return f"{customer}/{job}"


def _register(
    store: Store, work: Mapping[str, Work], is_alive: Callable[[], bool], running: set[str]
) -> None:
    # A customer's name never changes, and whoever has a job is there.
    customer_of = lru_cache(maxsize=1_000)(store.customer)

    @DBOS.workflow(name="job", max_recovery_attempts=100)
    def job(customer: str, id: str, kind: str, subject: str) -> None:
        ended = Ended(id)
        running.add(id)
        try:
            context = JobContext(customer_of(customer), subject, _step, ended)
            _with_patience(lambda: work[kind](context))
        except Exception as error:
            if not is_alive():
                # Its work was taken up by another, whose word on the job it is.
                raise
            # Whatever it was: a job that ends without its row saying so is waited for for ever.
            log.exception("job failed", extra={"job": id})
            store.jobs.mark_failed(customer_of(customer), id, f"{type(error).__name__}: {error}")
            return
        finally:
            running.discard(id)
        if not ended.is_written:
            store.jobs.mark_done(customer_of(customer), id)


def _step(name: str, run: Callable[[], Any]) -> Any:
    try:
        return DBOS.run_step({"name": name}, run)
    except error.DBOSUnexpectedStepError:
        # An older program stored other steps for this job: what they did is done anew.
        return run()


def _with_patience(work: Callable[[], None]) -> None:
    for attempt in range(ATTEMPTS - 1):
        try:
            work()
        except Unavailable:
            time.sleep(2**attempt)
        else:
            return
    work()
