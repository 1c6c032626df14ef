"""Jobs: what must still be done, written in the transaction that caused it."""

from datetime import datetime
from typing import Any, Literal, NamedTuple

import sqlalchemy as sa

from runs import tables
from runs.records.person import Customer
from runs.store.change import Change, Ledger, insert_once, text_of

_JOBS = tables.jobs
_END = (
    _JOBS.update()
    .where(_JOBS.c.customer == sa.bindparam("at_customer"), _JOBS.c.id == sa.bindparam("at_id"))
    .where(_JOBS.c.status.in_(["waiting", "enqueued"]))
    .values(
        status=sa.bindparam("to_status"),
        error=sa.bindparam("to_error"),
        ended_at=sa.bindparam("to_ended_at"),
        attempts=_JOBS.c.attempts + 1,
    )
)

_ENQUEUE = (
    _JOBS.update()
    .where(_JOBS.c.customer == sa.bindparam("at_customer"), _JOBS.c.id == sa.bindparam("at_id"))
    .where(_JOBS.c.status == "waiting")
    .values(status="enqueued", enqueued_at=sa.bindparam("to_at"))
)

JobKind = Literal["advance_run", "process_item", "index_lessons"]


class Job(NamedTuple):
    """One thing to do: a kind and the id of its subject."""

    id: str
    customer: str
    kind: JobKind
    subject: str
    priority: int
    attempts: int


def add(change: Change, kind: JobKind, subject: str, *, cause: str, priority: int = 0) -> str:
    """Write a job with the change that causes it, once a cause; returns its id."""
    id = f"{kind}:{subject}:{cause}"
    row = {
        "customer": change.customer.id,
        "id": id,
        "kind": kind,
        "subject": subject,
        "status": "waiting",
        "priority": priority,
        "attempts": 0,
        "error": "",
        "made_at": change.now(),
        "enqueued_at": None,
        "ended_at": None,
    }
    insert_once(change.connection, tables.jobs, row)
    return id


def settle(change: Change, id: str) -> None:
    """Say inside a change that something was done about a job that gave up."""
    table = tables.jobs
    change.connection.execute(
        table.update()
        .where(table.c.customer == change.customer.id, table.c.id == id)
        .where(table.c.status == "failed")
        .values(status="done")
    )


def end_in(change: Change, id: str, status: str, error: str = "") -> bool:
    """Say inside a change that a job ended; False when it had ended before."""
    told = {"at_customer": change.customer.id, "at_id": id, "to_status": status}
    told |= {"to_error": error, "to_ended_at": change.now()}
    return change.execute(_END, told).rowcount == 1


def failed_in(change: Change, begins: str) -> list[str]:
    """Ids of the jobs that gave up and begin so, read inside a change; oldest first."""
    table = tables.jobs
    query = (
        sa.select(table.c.id)
        .where(table.c.customer == change.customer.id, table.c.status == "failed")
        .where(table.c.id.startswith(begins, autoescape=True))
    )
    return list(change.connection.scalars(query.order_by(table.c.ended_at, table.c.id)))


class Jobs:
    """The jobs table: waiting, enqueued, done or failed."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def waiting(self, limit: int = 200) -> list[Job]:
        """Jobs not yet handed to the queue, most urgent and oldest first."""
        return self._list("waiting", limit)

    def enqueued(self, limit: int = 10_000) -> list[Job]:
        """Jobs handed to the queue that have not ended."""
        return self._list("enqueued", limit)

    def unfinished(self) -> int:
        """How many jobs have not ended."""
        table = tables.jobs
        query = sa.select(sa.func.count().label("n")).where(
            table.c.status.in_(["waiting", "enqueued"])
        )
        return self._ledger.rows(query)[0]["n"]

    def waits_since(self, customer: Customer) -> datetime | None:
        """When the oldest job of a customer was written down that has not ended; None without."""
        at = tables.jobs.c
        mine = sa.and_(at.customer == customer.id, at.status.in_(["waiting", "enqueued"]))
        return self._time(sa.select(sa.func.min(at.made_at).label("at")).where(mine))

    def ended_at(self, customer: Customer) -> datetime | None:
        """When a job of a customer ended last; None before the first."""
        at = tables.jobs.c
        mine = sa.and_(at.customer == customer.id, at.status.in_(["done", "failed"]))
        return self._time(sa.select(sa.func.max(at.ended_at).label("at")).where(mine))

    def _time(self, query: sa.Select[*tuple[Any, ...]]) -> datetime | None:
        text = self._ledger.rows(query)[0]["at"]
        return None if text is None else datetime.fromisoformat(text)

    def failed(self, limit: int = 50, *, customer: str = "") -> list[dict[str, str]]:
        """Jobs that gave up and that nothing was done about yet, newest first."""
        table = tables.jobs
        query = sa.select(table.c.customer, table.c.id, table.c.error, table.c.ended_at)
        query = query.where(table.c.status == "failed").order_by(table.c.ended_at.desc())
        if customer:
            query = query.where(table.c.customer == customer)
        return self._ledger.rows(query.limit(limit))

    def mark_enqueued(self, jobs: list[Job]) -> None:
        """Say that these were handed over; a job that already ended stays ended."""
        now = text_of(self._ledger.clock.now())
        told = [{"at_customer": job.customer, "at_id": job.id, "to_at": now} for job in jobs]
        # A machine that loses it hands them over again.
        with self._ledger.database.writing(lags=True) as connection:
            connection.execute(_ENQUEUE, told)

    def mark_done(self, customer: Customer, id: str) -> None:
        """Say that the job was done; saying it twice changes nothing."""
        with self._ledger.change(customer, "worker") as change:
            end_in(change, id, "done")

    def mark_failed(self, customer: Customer, id: str, error: str) -> None:
        """Say that the job ended in an error, with its event; one that ended before stays so."""
        with self._ledger.change(customer, "worker") as change:
            if end_in(change, id, "failed", error[:2000]):
                change.append("job_failed", job=id[:200])

    def _list(self, status: str, limit: int) -> list[Job]:
        table = tables.jobs
        query = (
            sa.select(*[table.c[name] for name in Job._fields])
            .where(table.c.status == status)
            .order_by(table.c.priority.desc(), table.c.made_at, table.c.id)
            .limit(limit)
        )
        return [Job(**row) for row in self._ledger.rows(query)]
