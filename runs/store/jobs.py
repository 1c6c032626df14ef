"""Jobs: what must still be done, written in the transaction that caused it.

Those of one workflow's items are a lane, of which as many are under way as its values allow, over
every worker there is: how many are is counted and taken under one lock.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal, NamedTuple

import sqlalchemy as sa

from runs import tables
from runs.errors import Conflict
from runs.records.person import Customer
from runs.store.change import Change, Ledger, text_of
from runs.store.rows import insert_once

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

_PUT_BACK = (
    _JOBS.update()
    .where(_JOBS.c.customer == sa.bindparam("at_customer"), _JOBS.c.id == sa.bindparam("at_id"))
    .where(_JOBS.c.status == "enqueued", _JOBS.c.attempts == sa.bindparam("at_attempts"))
    .values(
        status="waiting",
        error=sa.bindparam("to_error"),
        again_at=sa.bindparam("to_again_at"),
        attempts=_JOBS.c.attempts + 1,
        outages=_JOBS.c.outages + sa.bindparam("to_more", type_=sa.Integer),
    )
)

JobKind = Literal["advance_run", "process_item", "index_lessons"]
Lane = tuple[str, str]
"""A customer and one of their workflows."""
LANES = "lanes"
"""The turn under which it is counted how many of a lane are under way."""


class Job(NamedTuple):
    """One thing to do: a kind and the id of its subject."""

    id: str
    customer: str
    kind: JobKind
    subject: str
    priority: int
    attempts: int
    """How often it was put back to be tried again."""
    lane: str
    """The workflow of an item; empty for whatever is no item's."""
    outages: int
    """How often something did not answer."""


class Again(NamedTuple):
    """That a job is tried again, from when on, and why."""

    at: datetime
    """Real time."""
    why: str
    is_outage: bool
    """Something did not answer; otherwise its turn had not come yet, and it waits for nothing
    else."""


class Standing(NamedTuple):
    """How the jobs of a workflow's items stand."""

    waiting: int
    """Not handed over: a worker is free for them, or as many are under way as may."""
    later: int
    """Of those, what is tried again at a later time."""
    under_way: int
    """Handed over to workers."""
    next_at: str
    """When the first of the later ones is tried again, as it is kept; empty without one."""
    why: tuple[tuple[str, int], ...]
    """Why the later ones wait, and how many for that; the most first."""


class Later(NamedTuple):
    """When something is tried again, and why not before."""

    at: datetime
    """Real time."""
    why: str


def add(
    change: Change, kind: JobKind, subject: str, *, cause: str, priority: int = 0, lane: str = ""
) -> str:
    """Write a job with the change that causes it, once a cause; returns its id.

    `lane`: the workflow of an item; looked up where it is not said.
    """
    id = f"{kind}:{subject}:{cause}"
    lane = lane or (_workflow_of(change, subject) if kind == "process_item" else "")
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
        "lane": lane,
        "again_at": None,
        "outages": 0,
    }
    insert_once(change.connection, tables.jobs, row)
    return id


def _workflow_of(change: Change, item: str) -> str:
    found = change.find(tables.items, id=item)
    return "" if found is None else found["workflow"]


def take_off(change: Change, item: str) -> None:
    """Say inside a change that nothing is left to do for an item; Conflict where a worker has it.

    Only what waits is taken off: nobody hands it over any more.
    """
    table, begins = tables.jobs, f"process_item:{item}:"
    mine = sa.and_(
        table.c.customer == change.customer.id, table.c.id >= begins, table.c.id < f"{begins}\x7f"
    )
    waits = table.update().where(mine, table.c.status == "waiting")
    change.connection.execute(waits.values(status="done", ended_at=change.now()))
    query = sa.select(table.c.id).where(mine, table.c.status == "enqueued").limit(1)
    if change.connection.execute(query).first() is not None:
        raise Conflict(f"a worker has item {item} in hand; let it come to its end")


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

    def due(self, now: datetime, *, full: Collection[Lane] = (), limit: int = 200) -> list[Job]:
        """Those of them whose time has come, without those of the lanes that are `full`.

        `now` is real time.
        """
        table = tables.jobs
        is_due = sa.or_(table.c.again_at.is_(None), table.c.again_at <= text_of(now))
        left_out = [
            sa.not_(sa.and_(table.c.customer == customer, table.c.lane == lane))
            for customer, lane in sorted(full)
        ]
        return self._list("waiting", limit, is_due, *left_out)

    def full(self, most: Mapping[Lane, int]) -> set[Lane]:
        """The lanes of which as many jobs are under way as may be."""
        with self._ledger.database.looking() as connection:
            busy = _busy(connection)
        return {lane for lane, count in most.items() if busy.get(lane, 0) >= count}

    def claim(self, wanted: Sequence[Job], most: Mapping[Lane, int]) -> list[Job]:
        """Say of as many of these that they are handed over as their lanes have room for: those.

        A lane that `most` does not name has room for any. Whoever claims at the same moment waits:
        nothing is claimed twice, and no lane ever holds more, whatever worker asks. What has ended
        or was tried meanwhile is left out.
        """
        if not wanted:
            return []
        # A machine that loses it claims them again.
        with self._ledger.database.writing(lags=True) as connection:
            self._ledger.database.take_turn(connection, LANES)
            is_limited = any((job.customer, job.lane) in most for job in wanted)
            fits = _fitting(wanted, _busy(connection), most) if is_limited else wanted
            now = text_of(self._ledger.clock.now())
            taken = {tuple(row) for row in connection.execute(_enqueue(fits, now))}
        return [job for job in fits if (job.customer, job.id) in taken]

    def put_back(self, customer: Customer, job: Job, again: Again) -> bool:
        """Let a job that is under way wait and be tried again; False where it moved on meanwhile.

        No event: nothing was done and nothing is lost, and what came of it is told by its end.
        """
        told = {
            "at_customer": customer.id,
            "at_id": job.id,
            "at_attempts": job.attempts,
            "to_error": again.why[:2000],
            "to_again_at": text_of(again.at),
            "to_more": int(again.is_outage),
        }
        with self._ledger.database.writing() as connection:
            return connection.execute(_PUT_BACK, told).rowcount == 1

    def find(self, customer: str, id: str) -> Job | None:
        """The job of this id, or None."""
        table = tables.jobs
        query = _columns().where(table.c.customer == customer, table.c.id == id)
        return next((Job(**row) for row in self._ledger.rows(query)), None)

    def standing(self, customer: Customer, workflow: str) -> Standing:
        """How many jobs of a workflow's items wait and are under way, and why some wait longer."""
        at = tables.jobs.c
        later = sa.case((at.again_at.is_(None), sa.literal_column("''")), else_=at.error)
        query = (
            sa.select(
                at.status,
                later.label("why"),
                sa.func.count().label("n"),
                sa.func.count(at.again_at).label("later"),
                sa.func.min(at.again_at).label("next"),
            )
            .where(at.customer == customer.id, at.lane == workflow)
            .where(at.status.in_(["waiting", "enqueued"]))
            .group_by(at.status, later)
        )
        rows = self._ledger.rows(query)
        waiting = [row for row in rows if row["status"] == "waiting"]
        why = [(row["why"], row["n"]) for row in waiting if row["later"]]
        return Standing(
            waiting=sum(row["n"] for row in waiting),
            later=sum(row["later"] for row in waiting),
            under_way=sum(row["n"] for row in rows if row["status"] == "enqueued"),
            next_at=min((row["next"] for row in waiting if row["later"]), default=""),
            why=tuple(sorted(why, key=lambda one: (-one[1], one[0]))),
        )

    def later(self, customer: Customer, item: str) -> Later | None:
        """When the work on an item is tried again, and why it waits; None where it does not."""
        at = tables.jobs.c
        begins = f"process_item:{item}:"
        query = sa.select(at.again_at, at.error).where(
            at.customer == customer.id, at.id >= begins, at.id < f"{begins}\x7f"
        )
        query = query.where(at.status == "waiting", at.again_at.is_not(None))
        rows = self._ledger.rows(query.order_by(at.again_at).limit(1))
        return (
            Later(datetime.fromisoformat(rows[0]["again_at"]), rows[0]["error"]) if rows else None
        )

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

    def failed(self, limit: int = 50, *, customer: str = "") -> list[dict[str, Any]]:
        """Jobs that gave up and that nothing was done about yet, newest first."""
        table = tables.jobs
        told = (table.c.customer, table.c.id, table.c.error, table.c.ended_at)
        query = sa.select(*told, table.c.outages, table.c.priority)
        query = query.where(table.c.status == "failed").order_by(table.c.ended_at.desc())
        if customer:
            query = query.where(table.c.customer == customer)
        return self._ledger.rows(query.limit(limit))

    def mark_done(self, customer: Customer, id: str) -> None:
        """Say that the job was done; saying it twice changes nothing."""
        with self._ledger.change(customer, "worker") as change:
            end_in(change, id, "done")

    def mark_failed(self, customer: Customer, id: str, error: str) -> None:
        """Say that the job ended in an error, with its event; one that ended before stays so."""
        with self._ledger.change(customer, "worker") as change:
            if end_in(change, id, "failed", error[:2000]):
                change.append("job_failed", job=id[:200])

    def _list(self, status: str, limit: int, *told: sa.ColumnElement[bool]) -> list[Job]:
        table = tables.jobs
        query = (
            _columns()
            .where(table.c.status == status, *told)
            .order_by(table.c.priority.desc(), table.c.made_at, table.c.id)
            .limit(limit)
        )
        return [Job(**row) for row in self._ledger.rows(query)]


def _columns() -> sa.Select[*tuple[Any, ...]]:
    return sa.select(*[tables.jobs.c[name] for name in Job._fields])


def _busy(connection: sa.Connection) -> dict[Lane, int]:
    """How many jobs of each lane are handed over and have not ended."""
    at = tables.jobs.c
    query = sa.select(at.customer, at.lane, sa.func.count().label("n"))
    query = query.where(at.status == "enqueued", at.lane != "").group_by(at.customer, at.lane)
    return {(row.customer, row.lane): row.n for row in connection.execute(query)}


def _fitting(
    wanted: Sequence[Job], busy: Mapping[Lane, int], most: Mapping[Lane, int]
) -> list[Job]:
    """Those that their lanes have room for, in their order."""
    left = {lane: count - busy.get(lane, 0) for lane, count in most.items()}
    fits = list[Job]()
    for job in wanted:
        lane = (job.customer, job.lane)
        if left.get(lane, 1) > 0:
            fits.append(job)
            left |= {lane: left[lane] - 1} if lane in left else {}
    return fits


def _enqueue(wanted: Sequence[Job], now: str) -> Any:
    at = tables.jobs.c
    those = [(job.customer, job.id, job.attempts) for job in wanted]
    return (
        tables.jobs.update()
        .where(sa.tuple_(at.customer, at.id, at.attempts).in_(those), at.status == "waiting")
        .values(status="enqueued", enqueued_at=now, again_at=None)
        .returning(at.customer, at.id)
    )
