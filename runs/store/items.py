"""Live items: admitted once by key, finished once from `queued`."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa

from runs import tables
from runs.errors import Conflict, NotFound
from runs.records.item import Action, Item, Review
from runs.records.pause import Pause
from runs.records.person import Customer
from runs.records.release import Release
from runs.store import jobs
from runs.store.change import Change, Ledger, text_of
from runs.store.filtered import (
    ItemFilter,
    actions_of,
    counted,
    in_order,
    narrowed,
    newest,
    told_of,
)
from runs.store.reviews import open_review

UNFINISHED = ("queued", "asked")
"""Statuses in which the work on an item has not ended."""
FAILURES = ("context", "budget", "answer")
"""What stands in the place of a rule where a part of an item's way failed."""
TOLD = ("status", "route", "rule", "policy", "output")
"""What the event of an item's end says of it."""
WAITING = ("in_review", "quarantined", "drafted", "stopped")
"""Statuses in which an item waits for a person, whose answer closes it."""


class BatchCount(NamedTuple):
    """What was sent together, counted."""

    batch: str
    workflow: str
    items: int
    first: str
    """When its first item came in, as it is kept."""
    last: str


class Taken(NamedTuple):
    """An item as it is taken up by its job."""

    item: Item
    is_paused: bool
    """Whether the items of its workflow are held back now."""


_I, _R = tables.items, tables.records
_PAUSES = sa.literal("pause:") + _I.c.workflow
"""How the records of pauses begin; a workflow's name holds no dot."""
_PAUSE = (
    sa.select(_R.c.body)
    .where(_R.c.customer == _I.c.customer)
    .where(_R.c.id >= _PAUSES + ".", _R.c.id < _PAUSES + ".\x7f")
    .order_by(_R.c.id.desc())
    .limit(1)
    .scalar_subquery()
)
_TAKEN = sa.select(_I.c.body, _PAUSE.label("pause")).where(
    _I.c.customer == sa.bindparam("at_customer"), _I.c.id == sa.bindparam("at_id")
)


class Items:
    """One unit of the customer's work, as rows."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def admit(self, customer: Customer, actor: str, item: Item) -> Item:
        """Take an item in once, with the job that works on it.

        The same key with the same input is the item there is; with another input it is a Conflict.
        """
        with self._ledger.change(customer, actor) as change:
            return admit_item(change, item)

    def get(self, customer: Customer, id: str) -> Item:
        """The item of this id, or of a prefix of it that is unique; NotFound otherwise."""
        shown = "`pilotage item list` shows them"
        return Item.model_validate(
            self._ledger.named(tables.items, customer, id, shown=shown)["body"]
        )

    def taken(self, customer: Customer, id: str) -> Taken:
        """The item of this id with whether its workflow is paused, in one look; or NotFound."""
        rows = self._ledger.rows(_TAKEN, {"at_customer": customer.id, "at_id": id})
        if not rows:
            raise NotFound(f"there is no item {id!r}; `pilotage item list` shows them")
        pause = rows[0]["pause"]
        is_paused = pause is not None and Pause.model_validate(pause).is_paused
        return Taken(Item.model_validate(rows[0]["body"]), is_paused)

    def find_by_key(self, customer: Customer, workflow: str, key: str) -> Item | None:
        """The item the sender gave this key, or None."""
        row = self._ledger.row(tables.items, customer, workflow=workflow, key=key)
        return None if row is None else Item.model_validate(row["body"])

    def find_by_keys(
        self, customer: Customer, workflow: str, keys: Sequence[str]
    ) -> dict[str, Item]:
        """The items there are among these keys, by key."""
        table, found = tables.items, {}
        at = sa.and_(table.c.customer == customer.id, table.c.workflow == workflow)
        for start in range(0, len(keys), 500):
            wanted = table.c.key.in_(keys[start : start + 500])
            rows = self._ledger.rows(sa.select(table.c.key, table.c.body).where(at, wanted))
            found |= {row["key"]: Item.model_validate(row["body"]) for row in rows}
        return found

    def in_order(self, customer: Customer, wanted: ItemFilter, *, limit: int) -> list[Item]:
        """The first items in order of admission."""
        told = told_of(customer, wanted)
        rows = self._ledger.rows(in_order(tuple(told)), told | {"most": limit})
        return [Item.model_validate(row["body"]) for row in rows]

    def actions(self, customer: Customer, wanted: ItemFilter) -> list[Action]:
        """Every action of these items, oldest first."""
        told = told_of(customer, wanted)
        rows = self._ledger.rows(actions_of(tuple(told)), told)
        actions = [Action.model_validate(row["body"]) for row in rows]
        return sorted(actions, key=lambda action: action.reserved_at)

    def count(self, customer: Customer, wanted: ItemFilter) -> dict[str, int]:
        """How many items stand in each status."""
        told = told_of(customer, wanted)
        rows = self._ledger.rows(counted(tuple(told)), told)
        return {row["status"]: row["n"] for row in rows}

    def went_wrong(self, customer: Customer, wanted: ItemFilter) -> dict[str, int]:
        """How many items went to a person without a routing rule's word, by what sent them there.

        Empty where the work on them was given up.
        """
        told = told_of(customer, wanted)
        rule = tables.items.c.body["rule"].as_string()
        own = rule.in_(["", *FAILURES])
        query = sa.select(rule.label("rule"), sa.func.count().label("n")).where(
            narrowed(tuple(told)), tables.items.c.status.in_(["in_review", "stopped"]), own
        )
        return {row["rule"]: row["n"] for row in self._ledger.rows(query.group_by(rule), told)}

    def waiting(self, customer: Customer, workflow: str) -> int:
        """How many items of the workflow wait for their turn; read from an index of those alone."""
        table = tables.items
        query = sa.select(sa.func.count().label("n")).where(
            table.c.customer == customer.id,
            table.c.workflow == workflow,
            table.c.status == sa.literal_column("'queued'"),
        )
        return self._ledger.rows(query)[0]["n"]

    def batches(self, customer: Customer, *, workflow: str = "", limit: int) -> list[BatchCount]:
        """Each batch of a workflow, or of all, that has a name; what came in last comes first."""
        at, told = tables.items.c, told_of(customer, ItemFilter(workflow=workflow))
        first, last = sa.func.min(at.received_at), sa.func.max(at.received_at)
        query = (
            sa.select(
                at.batch,
                at.workflow,
                sa.func.count().label("items"),
                first.label("first"),
                last.label("last"),
            )
            .where(narrowed(tuple(told)), at.batch != "")
            .group_by(at.batch, at.workflow)
            .order_by(last.desc(), at.batch, at.workflow)
        )
        return [BatchCount(**row) for row in self._ledger.rows(query.limit(limit), told)]

    def sender(self, customer: Customer, item: Item) -> str:
        """Who sent the item: a person's id, or a program's token as `token:ID`."""
        at = tables.events.c
        query = sa.select(at.actor).where(
            at.customer == customer.id,
            at.table == tables.items.name,
            at.subject == item.id,
            at.kind == "item_admitted",
        )
        rows = self._ledger.rows(query.limit(1))
        return rows[0]["actor"] if rows else ""

    def finish(
        self,
        customer: Customer,
        item: Item,
        reviews: Sequence[Review] = (),
        *,
        also: Callable[[Change], None] | None = None,
    ) -> Item:
        """End the work on an item, or let it wait for a yes, and open its reviews.

        Twice the same writes nothing; an item that ended before is returned as it ended. `also`
        writes before it in the same change, where there is something to write.
        """

        def end(change: Change) -> None:
            if also is not None:
                also(change)
            told = {name: getattr(item, name) for name in TOLD}
            key, row = {"id": item.id}, _row(item)
            change.move_among(
                tables.items, key, row, among=UNFINISHED, event=("item_processed", told)
            )
            for review in reviews:
                open_review(change, review)

        found = self._settled(customer, item) if item.status == "asked" else None
        if found is not None:
            return found
        try:
            with self._ledger.change(customer, "worker") as change:
                end(change)
        except Conflict:
            # Whoever ended it first is believed; nothing of this change was kept.
            found = self._settled(customer, item)
            if found is None:
                raise
            return found
        return item

    def _settled(self, customer: Customer, item: Item) -> Item | None:
        """The item as it ended, or as it waits already; None while there is something to write."""
        present = self._ledger.row(tables.items, customer, id=item.id)
        is_settled = present is not None and _is_settled(present, item)
        return Item.model_validate(present["body"]) if present and is_settled else None

    def move(self, customer: Customer, actor: str, item: Item) -> Item:
        """Bring an item to a status that may follow its present one; Conflict otherwise."""
        with self._ledger.change(customer, actor) as change:
            move_item(change, item)
        return item

    def list(
        self, customer: Customer, wanted: ItemFilter | None = None, *, limit: int = 100
    ) -> list[Item]:
        """The newest items first."""
        told = told_of(customer, wanted or ItemFilter())
        rows = self._ledger.rows(newest(tuple(told)), told | {"most": limit})
        return [Item.model_validate(row["body"]) for row in rows]


def admit_item(change: Change, item: Item) -> Item:
    """Take an item in once inside a change, with the job that works on it.

    The same key with the same input is the item there is; with another input it is a Conflict.
    """
    present = change.find(tables.items, workflow=item.workflow, key=item.key)
    if present is not None:
        return _same(Item.model_validate(present["body"]), item)
    change.insert(
        tables.items,
        _row(item),
        "item_admitted",
        release=item.release,
        arm=item.arm,
        version=item.version,
        policy=item.policy,
        input=item.input,
    )
    if item.status == "queued":
        told = {"cause": "admitted", "lane": item.workflow}
        jobs.add(change, "process_item", item.id, **told, priority=item.priority)
    return item


def find_unfinished(change: Change, id: str) -> Item:
    """The item as it is under the write lock; NotFound, or Conflict when its work has ended."""
    present = change.find(tables.items, id=id)
    if present is None:
        raise NotFound(f"there is no item {id!r}; `pilotage item list` shows them")
    item = Item.model_validate(present["body"])
    if item.status not in UNFINISHED:
        raise Conflict(f"item {id} is {item.status}; nothing is left to do")
    return item


def is_unfinished(change: Change, item: Item) -> bool:
    """Whether nobody has ended the work on the item yet, asked under the write lock."""
    present = change.find(tables.items, id=item.id)
    return present is not None and present["status"] in UNFINISHED


def are_unmoved(change: Change, releases: Sequence[Release]) -> bool:
    """Whether every release still is as it was read, asked under the write lock."""
    rows = [change.find(tables.releases, id=release.id) for release in releases]
    # As records: a row that an older program wrote lacks the fields that came since.
    present = [row and Release.model_validate(row["body"]) for row in rows]
    return present == [*releases]


def move_item(change: Change, item: Item) -> None:
    """Bring an item to its status inside a change; Conflict when that may not follow."""
    kind = "item_closed" if item.status == "closed" else "item_processed"
    change.move(tables.items, {"id": item.id}, _row(item), kind, status=item.status)


def requeue_item(change: Change, item: Item, attempt: int) -> Item:
    """Bring an item back to the queue as if it had just come in; Conflict when it moved since."""
    present = change.find(tables.items, id=item.id)
    if present is None or Item.model_validate(present["body"]) != item:
        raise Conflict(f"item {item.id} moved meanwhile; look again with `pilotage item show`")
    nothing = dict.fromkeys(("snapshot", "output", "route", "rule", "reason", "found"), "")
    queued = item.model_copy(update={**nothing, "status": "queued", "finished_at": None})
    change.move(tables.items, {"id": item.id}, _row(queued), "item_rerun", attempt=attempt)
    return queued


def close_waiting(change: Change, id: str) -> None:
    """Close an item that waited for a person; one that had its end before keeps it."""
    item = _find_waiting(change, id)
    if item is not None:
        move_item(change, item.model_copy(update={"status": "closed"}))


def hand_on_item(change: Change, id: str, owner: str) -> None:
    """Let another person answer for an item that waits; one that had its end before keeps it."""
    item = _find_waiting(change, id)
    if item is not None:
        row = _row(item.model_copy(update={"owner": owner}))
        change.move(tables.items, {"id": id}, row, "review_escalated", owner=owner)


def _find_waiting(change: Change, id: str) -> Item | None:
    row = change.find(tables.items, id=id)
    return None if row is None or row["status"] not in WAITING else Item.model_validate(row["body"])


def _is_settled(present: Mapping[str, Any], item: Item) -> bool:
    if present["status"] not in UNFINISHED or present["status"] != item.status:
        return present["status"] not in UNFINISHED
    # As a record: a row that an older program wrote lacks the fields that came since.
    return Item.model_validate(present["body"]) == item


def _same(present: Item, item: Item) -> Item:
    if present.input != item.input:
        raise Conflict(
            f"key {item.key!r} of workflow {item.workflow} was used for another input "
            f"(item {present.id}); send the changed item under its own key"
        )
    return present


def _row(item: Item) -> dict[str, Any]:
    body = item.as_json()
    names = ("id", "workflow", "key", "batch", "release", "arm", "stage", "status", "owner")
    row = {name: body[name] for name in names}
    return {**row, "received_at": text_of(item.received_at), "body": body}
