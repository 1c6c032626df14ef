"""Triggers and runs."""

from typing import Any

import sqlalchemy as sa

from runs import tables
from runs.errors import InvalidInput, NotFound
from runs.records.person import Customer
from runs.records.run import Run, Terminal, Trigger
from runs.store import jobs
from runs.store.change import Change, Ledger
from runs.store.presence import is_kept

_ROW = set(tables.runs.c.keys()) - {"customer"}


class Runs:
    """A run is opened once for a trigger, waits, is woken, and is closed with proof."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def open(self, customer: Customer, actor: str, trigger: Trigger, run: Run) -> Run:
        """Open a run for a trigger, with the job that starts it; the same key is the same run."""
        with self._ledger.change(customer, actor, run.id) as change:
            present = change.find(tables.triggers, key=trigger.key)
            if present is not None:
                row = change.find(tables.runs, trigger=present["id"])
                assert row is not None
                return _run(row)
            change.insert(
                tables.triggers, trigger.as_json(), "trigger_received", kind_of_trigger=trigger.kind
            )
            change.insert(tables.runs, run.as_json(), "run_opened", trigger=trigger.id)
            jobs.add(change, "advance_run", run.id, cause="opened", priority=10)
        return run

    def get(self, customer: Customer, id: str) -> Run:
        """The run of this id, or of a prefix of it that is unique; NotFound otherwise."""
        table = tables.runs
        query = sa.select(table).where(
            table.c.customer == customer.id, table.c.id.startswith(id, autoescape=True)
        )
        rows = self._ledger.rows(query.limit(2))
        exact = [row for row in rows if row["id"] == id]
        if len(rows) != 1 and not exact:
            what = "several runs begin" if rows else "no run begins"
            raise NotFound(f"{what} with {id!r}; `pilotage run list` shows them")
        return _run((exact or rows)[0])

    def trigger(self, customer: Customer, id: str) -> Trigger:
        """The trigger of this id."""
        row = self._ledger.row(tables.triggers, customer, id=id)
        if row is None:
            raise NotFound(f"there is no trigger {id!r}")
        row.pop("customer")
        return Trigger.model_validate(row)

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
        """Say that the run goes on; saying it twice writes nothing."""
        if self.get(customer, id).status != "waiting":
            return
        self._move(customer, id, {"status": "open", "waits_for": ""})

    def wake(self, customer: Customer, id: str, cause: str) -> None:
        """Write the job that looks at the run again; one job for one cause."""
        with self._ledger.change(customer, "worker", id) as change:
            jobs.add(change, "advance_run", id, cause=cause, priority=10)

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

    def _move(self, customer: Customer, id: str, values: dict[str, Any], **body: str) -> None:
        with self._ledger.change(customer, "worker", id) as change:
            change.move(tables.runs, {"id": id}, values, "run_resumed", **body)

    def list(self, customer: Customer, *, status: str = "", limit: int = 50) -> list[Run]:
        """The newest runs first."""
        table = tables.runs
        query = sa.select(table).where(table.c.customer == customer.id)
        if status:
            query = query.where(table.c.status == status)
        rows = self._ledger.rows(query.order_by(table.c.opened_at.desc()).limit(limit))
        return [_run(row) for row in rows]


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
        raise InvalidInput(f"run {terminal.run}: the owner {terminal.owner!r} is not a person")


def _run(row: dict[str, Any]) -> Run:
    return Run.model_validate({name: row[name] for name in _ROW})
