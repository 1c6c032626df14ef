"""Whether the items of a workflow are held back, and which of them are worked on once more."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from runs import tables
from runs.records.item import Item
from runs.records.pause import Pause, Rerun
from runs.records.person import Customer
from runs.store import jobs
from runs.store.change import Change, Ledger, text_of
from runs.store.items import UNFINISHED

AT_ONCE = 500

_R = tables.records
_NEWEST = (
    sa.select(_R.c.body)
    .where(
        _R.c.customer == sa.bindparam("at_customer"),
        _R.c.id >= sa.bindparam("at_begin"),
        _R.c.id < sa.bindparam("at_end"),
    )
    .order_by(_R.c.id.desc())
    .limit(1)
)
"""Made once: it is asked for every item."""


class Pauses:
    """The newest word of a person about each workflow."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def newest(self, customer: Customer, workflow: str) -> Pause | None:
        """Who last held the items of the workflow back or let them go on; None where nobody did."""
        with self._ledger.database.looking() as connection:
            return _newest(connection, customer, workflow)

    def is_paused(self, customer: Customer, workflow: str) -> bool:
        """Whether its items are held back now."""
        found = self.newest(customer, workflow)
        return found is not None and found.is_paused

    def reruns(self, customer: Customer, item: str) -> list[Rerun]:
        """Every time that an item was worked on once more, oldest first."""
        table = tables.records
        query = sa.select(table.c.body).where(_at(customer, f"rerun:{item}."))
        rows = self._ledger.rows(query.order_by(table.c.id))
        return [Rerun.model_validate(row["body"]) for row in rows]

    def overdue(
        self, customer: Customer, workflow: str, *, policy: str, until: datetime, limit: int
    ) -> list[Item]:
        """Queued items that came in under these values before `until`, oldest first.

        Without those that a worker has been given, and those that were queued again since.
        """
        item, job = tables.items.c, tables.jobs.c
        work, again = "process_item:" + item.id, "rerun:" + item.id
        is_in_hand = sa.exists().where(
            job.customer == item.customer,
            job.status == "enqueued",
            job.id.between(work + ":", work + ":\x7f"),
        )
        is_queued_again = sa.exists().where(
            _R.c.customer == item.customer,
            _R.c.id.between(again + ".", again + ".\x7f"),
            _R.c.kept_at >= text_of(until),
        )
        query = sa.select(item.body).where(
            item.customer == customer.id,
            item.workflow == workflow,
            item.status == "queued",
            item.received_at < text_of(until),
            item.body["policy"].as_string() == policy,
            ~is_in_hand,
            ~is_queued_again,
        )
        rows = self._ledger.rows(query.order_by(item.received_at, item.id).limit(limit))
        return [Item.model_validate(row["body"]) for row in rows]


def newest_in(change: Change, workflow: str) -> Pause | None:
    """The same, read inside a change."""
    return _newest(change.connection, change.customer, workflow)


def go_on_in(change: Change, pause: Pause) -> int:
    """Write a job for every item whose work has not ended, once a resumption; how many."""
    table = tables.items
    priority = table.c.body["priority"].as_integer()
    query = sa.select(table.c.id, priority.label("priority")).where(
        table.c.customer == change.customer.id,
        table.c.workflow == pause.workflow,
        table.c.status.in_(UNFINISHED),
    )
    left = change.connection.execute(query.order_by(table.c.received_at, table.c.id)).all()
    told = {"cause": f"resumed:{pause.id}", "lane": pause.workflow}
    for item in left:
        jobs.add(change, "process_item", item.id, **told, priority=item.priority)
    return len(left)


def _newest(connection: sa.Connection, customer: Customer, workflow: str) -> Pause | None:
    begins = f"pause:{workflow}."
    told = {"at_customer": customer.id, "at_begin": begins, "at_end": f"{begins}\x7f"}
    row = connection.execute(_NEWEST, told).one_or_none()
    return None if row is None else Pause.model_validate(row.body)


def _at(customer: Customer, begins: str) -> Any:
    """The records whose key begins so; a workflow's name holds no dot."""
    table = tables.records
    return sa.and_(
        table.c.customer == customer.id, table.c.id >= begins, table.c.id < f"{begins}\x7f"
    )
