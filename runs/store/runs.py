"""Triggers and runs."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from runs import tables
from runs.errors import Conflict, InvalidInput, NotFound
from runs.records.person import Customer
from runs.records.record import digest_of
from runs.records.run import Run, Terminal, Trigger
from runs.store import jobs
from runs.store.change import Change, Ledger, text_of
from runs.store.presence import is_kept

_ROW = set(tables.runs.c.keys()) - {"customer"}
AT_ONCE = 500
PRUNED = "checkpoints_pruned"


@dataclass(frozen=True)
class RunFilter:
    """Which runs; empty fields do not narrow."""

    status: str = ""
    workflow: str = ""
    trigger: str = ""
    """How it began."""
    terminal: str = ""
    """How it ended."""
    opened_by: datetime | None = None
    """Not ended, and opened at this time or before."""


ALL = RunFilter()


class Runs:
    """A run is opened once for a trigger, waits, is woken, and is closed with proof."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def open(self, customer: Customer, actor: str, trigger: Trigger, run: Run) -> Run:
        """Open a run for a trigger, with the job that starts it; the same key is the same run."""
        with self._ledger.change(customer, actor, run.id) as change:
            return find_by_key(change, trigger.key) or open_run(change, trigger, run)

    def get(self, customer: Customer, id: str) -> Run:
        """The run of this id, or of a prefix of it that is unique; NotFound otherwise."""
        if not id:
            raise NotFound("a run is named by its id; `pilotage run list` shows them")
        shown = "`pilotage run list` shows them"
        return _run(self._ledger.named(tables.runs, customer, id, shown=shown))

    def trigger(self, customer: Customer, id: str) -> Trigger:
        """The trigger of this id."""
        found = self.triggers(customer, [id])
        if not found:
            raise NotFound(f"there is no trigger {id!r}; `pilotage run show RUN` names a run's")
        return found[id]

    def triggers(self, customer: Customer, ids: Collection[str]) -> dict[str, Trigger]:
        """The triggers of these ids, by id, read together."""
        table, wanted = tables.triggers, sorted(ids)
        found: dict[str, Trigger] = {}
        for start in range(0, len(wanted), AT_ONCE):
            for row in self._ledger.at(table, customer, id=wanted[start : start + AT_ONCE]):
                row.pop("customer")
                found[row["id"]] = Trigger.model_validate(row)
        return found

    def set_workflow(self, customer: Customer, id: str, workflow: str) -> None:
        """Say which workflow the run advances."""
        self._move(customer, id, {"status": "open", "workflow": workflow}, workflow=workflow)

    def wait(self, customer: Customer, id: str, waits_for: str) -> None:
        """Say what the run waits for; saying it twice writes nothing."""
        if self.get(customer, id).waits_for == waits_for:
            return
        with self._ledger.change(customer, "worker", id) as change:
            values = {"status": "waiting", "waits_for": waits_for}
            change.move(tables.runs, {"id": id}, values, "run_waiting", waits_for=waits_for)

    def resume(self, customer: Customer, id: str) -> None:
        """Say that the run goes on; saying it twice writes nothing.

        It need not outlive the machine by itself: what the run does next does.
        """
        if self.get(customer, id).status != "waiting":
            return
        with self._ledger.change(customer, "worker", id, lags=True) as change:
            values = {"status": "open", "waits_for": ""}
            change.move(tables.runs, {"id": id}, values, "run_resumed")

    def wake(self, customer: Customer, id: str, cause: str) -> None:
        """Write the job that looks at the run again; one job for one cause."""
        with self._ledger.change(customer, "worker", id) as change:
            jobs.add(change, "advance_run", id, cause=cause, priority=10)

    def retry(self, customer: Customer, actor: str, run: Run) -> str:
        """Have a run taken up again whose job gave up; returns the new job's id.

        Raises Conflict when the run has ended, or when none of its jobs gave up.
        """
        begins = f"advance_run:{run.id}:"
        with self._ledger.change(customer, actor, run.id) as change:
            gave_up = jobs.failed_in(change, begins)
            if run.status == "ended" or not gave_up:
                says = "has ended" if run.status == "ended" else "was not given up by the worker"
                raise Conflict(
                    f"run {run.id} {says}; nothing is tried again, "
                    f"`pilotage run show {run.id}` says how it stands"
                )
            for job in gave_up:
                jobs.settle(change, job)
            cause = f"retry:{digest_of(gave_up)[7:19]}"
            return jobs.add(change, "advance_run", run.id, cause=cause, priority=10)

    def close(self, customer: Customer, actor: str, terminal: Terminal) -> Run:
        """End a run with its kept terminal record; twice the same is once.

        Raises InvalidInput unless the terminal is kept, every proof exists and the owner is a
        person of this customer.
        """
        run = self.get(customer, terminal.run)
        if run.status == "ended" and run.terminal == terminal.digest:
            return run
        with self._ledger.change(customer, actor, terminal.run) as change:
            _check_terminal(change, terminal)
            values = {"status": "ended", "waits_for": "", "terminal": terminal.digest}
            values["ended_at"] = change.now()
            row = change.move(
                tables.runs, {"id": terminal.run}, values, "run_closed", end=terminal.kind
            )
        return _run(row)

    def prune(self, customer: Customer, id: str, count: int) -> None:
        """Say that the checkpoints of an ended run are deleted; saying it twice writes nothing."""
        if self.is_pruned(customer, id):
            return
        with self._ledger.change(customer, "worker", id) as change:
            change.append("checkpoints_pruned", count=count)

    def is_pruned(self, customer: Customer, id: str) -> bool:
        """Whether it was said that the checkpoints of a run are deleted."""
        table = tables.events
        mine = (table.c.customer == customer.id, table.c.run == id, table.c.kind == PRUNED)
        return bool(self._ledger.rows(sa.select(table.c.seq).where(*mine).limit(1)))

    def unpruned(self, customer: Customer) -> Collection[str]:
        """Ids of the ended runs whose checkpoints may still be there."""
        runs, events = tables.runs, tables.events
        gone = sa.select(events.c.run).where(
            events.c.customer == customer.id, events.c.kind == PRUNED
        )
        query = sa.select(runs.c.id).where(
            runs.c.customer == customer.id, runs.c.status == "ended", runs.c.id.not_in(gone)
        )
        return [row["id"] for row in self._ledger.rows(query.order_by(runs.c.id))]

    def _move(self, customer: Customer, id: str, values: dict[str, Any], **body: str) -> None:
        with self._ledger.change(customer, "worker", id) as change:
            change.move(tables.runs, {"id": id}, values, "run_resumed", **body)

    def under_way(self, customer: Customer) -> Sequence[Run]:
        """Every run that has not ended, oldest first, however many there are."""
        table = tables.runs
        query = sa.select(table).where(table.c.customer == customer.id, table.c.status != "ended")
        return [_run(row) for row in self._ledger.rows(query.order_by(table.c.opened_at))]

    def list(
        self,
        customer: Customer,
        *,
        status: str = "",
        limit: int | None = 50,
        wanted: RunFilter = ALL,
    ) -> list[Run]:
        """The newest runs first."""
        table = tables.runs
        query = sa.select(table).where(table.c.customer == customer.id, *_where(customer, wanted))
        if status:
            query = query.where(table.c.status == status)
        rows = self._ledger.rows(query.order_by(table.c.opened_at.desc()).limit(limit))
        return [_run(row) for row in rows]


def _where(customer: Customer, wanted: RunFilter) -> Iterator[sa.ColumnElement[bool]]:
    table, triggers, records = tables.runs, tables.triggers, tables.records
    if wanted.status:
        yield table.c.status == wanted.status
    if wanted.workflow:
        yield table.c.workflow == wanted.workflow
    if wanted.opened_by is not None:
        yield sa.and_(table.c.status != "ended", table.c.opened_at <= text_of(wanted.opened_by))
    if wanted.trigger:
        mine = sa.and_(triggers.c.customer == customer.id, triggers.c.kind == wanted.trigger)
        yield table.c.trigger.in_(sa.select(triggers.c.id).where(mine))
    if wanted.terminal:
        kind = records.c.body["kind"].as_string() == wanted.terminal
        mine = sa.and_(records.c.customer == customer.id, records.c.kind == "terminal", kind)
        yield table.c.terminal.in_(sa.select(records.c.digest).where(mine))


def find_by_key(change: Change, key: str) -> Run | None:
    """The run of a trigger's key, read inside a change, or None."""
    present = change.find(tables.triggers, key=key)
    if present is None:
        return None
    row = change.find(tables.runs, trigger=present["id"])
    assert row is not None
    return _run(row)


def open_run(change: Change, trigger: Trigger, run: Run) -> Run:
    """Open a run for a trigger of another key inside a change, with the job that starts it."""
    change.insert(
        tables.triggers, trigger.as_json(), "trigger_received", kind_of_trigger=trigger.kind
    )
    change.insert(tables.runs, run.as_json(), "run_opened", trigger=trigger.id)
    jobs.add(change, "advance_run", run.id, cause="opened", priority=10)
    return run


def _check_terminal(change: Change, terminal: Terminal) -> None:
    if not is_kept(change, terminal.digest):
        raise InvalidInput(f"run {terminal.run}: its terminal record is not kept; keep it first")
    missing = [proof for proof in terminal.proof if not is_kept(change, proof)]
    if missing or not terminal.proof:
        raise InvalidInput(
            f"run {terminal.run}: proof {', '.join(missing) or '(none)'} is not on record; "
            "a run ends with proof or stays open"
        )
    if change.find(tables.people, id=terminal.owner) is None:
        raise InvalidInput(
            f"run {terminal.run}: the owner {terminal.owner!r} is not a person; name one of "
            "the customer's people"
        )


def _run(row: dict[str, Any]) -> Run:
    return Run.model_validate({name: row[name] for name in _ROW})
