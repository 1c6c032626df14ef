"""The action ledger: reserved before it is done, settled after, once a key."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa

from runs import tables
from runs.errors import Conflict, NotFound, Unavailable
from runs.moves import ActionStatus
from runs.records.item import Action
from runs.records.person import Customer
from runs.store.change import Change, Ledger
from runs.store.items import UNFINISHED

_A = tables.actions
_OF_ITEM = sa.select(_A.c.body).where(
    _A.c.customer == sa.bindparam("at_customer"), _A.c.item == sa.bindparam("at_item")
)
"""Made once: it is asked for every item."""


_I = tables.items
_BEGUN = (
    sa.select(sa.func.count())
    .where(_A.c.customer == _I.c.customer, _A.c.item == _I.c.id)
    .scalar_subquery()
)
_STANDS = sa.select(_I.c.status, _BEGUN.label("begun")).where(
    _I.c.customer == sa.bindparam("at_customer"), _I.c.id == sa.bindparam("at_item")
)


class Reserved(NamedTuple):
    """A reservation, and whether this call made it."""

    action: Action
    is_first: bool


class Word(NamedTuple):
    """What a person says of an action, as it is kept."""

    is_done: bool
    said: str
    """Snapshot of their reason."""
    receipt: str
    """Snapshot of their word, in the place of the other side's receipt; empty where not done."""
    proved_by: str


class Actions:
    """Effects on the outside world, as rows."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def get(self, customer: Customer, begin: str) -> Action:
        """The action of this key or id, or of the beginning of one that is unique; NotFound."""
        table = tables.actions
        named = self.find(customer, begin)
        if named is not None:
            return named
        begins = table.c.key.startswith(begin, autoescape=True)
        of_id = table.c.body["id"].as_string() == begin
        found = self._list(customer, sa.or_(begins, of_id))
        exact = [one for one in found if one.id == begin]
        if len(exact or found) != 1:
            what = "several actions begin" if found else "no action begins"
            raise NotFound(f"{what} with {begin!r}; `pilotage action list` shows them")
        return (exact or found)[0]

    def every(
        self, customer: Customer, *, status: str = "", item: str = "", run: str = ""
    ) -> list[Action]:
        """The actions, oldest first; of one status, item or run where one is named."""
        table = tables.actions
        named = {"status": status, "item": item, "run": run}
        where = [table.c[name] == value for name, value in named.items() if value]
        return self._list(customer, sa.and_(sa.true(), *where))

    def find(self, customer: Customer, key: str) -> Action | None:
        """The action of this key, or None."""
        row = self._ledger.row(tables.actions, customer, key=key)
        return None if row is None else Action.model_validate(row["body"])

    def of_item(self, customer: Customer, item: str) -> list[Action]:
        """Every action of one item."""
        rows = self._ledger.rows(_OF_ITEM, {"at_customer": customer.id, "at_item": item})
        return _in_order(rows)

    def of_run(self, customer: Customer, run: str) -> list[Action]:
        """Every action a run did itself, such as sending the update."""
        return self._list(customer, tables.actions.c.run == run)

    def unsettled(self, customer: Customer) -> list[Action]:
        """Actions reserved or unknown: what a crash may have left."""
        return self._list(customer, tables.actions.c.status.in_(["reserved", "unknown"]))

    def _list(self, customer: Customer, where: Any) -> list[Action]:
        table = tables.actions
        query = sa.select(table.c.body).where(table.c.customer == customer.id, where)
        return _in_order(self._ledger.rows(query))


def _in_order(rows: Sequence[Mapping[str, Any]]) -> list[Action]:
    actions = [Action.model_validate(row["body"]) for row in rows]
    return sorted(actions, key=lambda action: action.reserved_at)


def reserve_in(change: Change, action: Action, fence: int, *, begun: int | None = None) -> Reserved:
    """Reserve the key before anything is done; the second reservation gets the first row.

    Raises Conflict when the key was reserved for other content, or when its item has ended.

    `begun`: how many actions of the item there are as far as is known; Unavailable where there are
    others, so that what somebody else began meanwhile is looked at first.
    """
    _require_unfinished(change, action, begun)
    event: dict[str, Any] = {"item": action.item, "tool": action.tool}
    event |= {"operation": action.operation, "content": action.content}
    if action.undoes:
        event |= {"undoes": action.undoes, "said": action.said}
    row = _row(action, fence)
    if change.insert(tables.actions, row, "action_reserved", **event, approval=action.approval):
        return Reserved(action, is_first=True)
    found = change.find(tables.actions, key=action.key)
    assert found is not None
    present = Action.model_validate(found["body"])
    if present.content != action.content:
        raise Conflict(
            f"action key {action.key} is reserved for other content; do this under a key of its own"
        )
    return Reserved(present, is_first=False)


def settle_in(
    change: Change, key: str, *, status: ActionStatus, receipt: str, reason: str
) -> Action:
    """Say how the action ended; the same end twice is once, another end is a Conflict."""
    row = change.find(tables.actions, key=key)
    if row is None:
        raise NotFound(f"no action was reserved under {key}; reserve it first")
    present = Action.model_validate(row["body"])
    if (present.status, present.receipt) == (status, receipt):
        return present
    change.run = present.run
    ended = {"status": status, "receipt": receipt, "reason": reason}
    body = {**row["body"], **ended, "settled_at": change.now()}
    named = {name: row[name] for name in ("item", "run", "fence")}
    values = {**named, "status": status, "body": body}
    change.move(
        tables.actions, {"key": key}, values, "action_settled", status=status, receipt=receipt
    )
    return Action.model_validate(body)


def _require_unfinished(change: Change, action: Action, begun: int | None) -> None:
    """Whoever called the item off, or took its version back, came first."""
    if not action.item or action.undoes:
        return
    told = {"at_customer": change.customer.id, "at_item": action.item}
    stands = change.execute(_STANDS, told).one_or_none()
    if stands is not None and stands.status not in UNFINISHED:
        raise Conflict(
            f"item {action.item} is {stands.status}: nothing more is begun for it; nothing "
            "is left to do"
        )
    if stands is not None and begun is not None and stands.begun != begun:
        raise Unavailable(f"something of item {action.item} was begun meanwhile; it is tried again")


def settle_known_in(change: Change, action: Action, fence: int) -> Action:
    """Say inside a change how an action ended that was reserved just now; as `settle_in`.

    `action` is as it stands then. Where somebody came first it is what `settle_in` makes of it.
    """
    row = _row(action, fence)
    values = {name: value for name, value in row.items() if name != "key"}
    before, change.run = change.run, action.run
    told = {"status": action.status, "receipt": action.receipt}
    try:
        event = ("action_settled", told)
        change.move_among(
            tables.actions, {"key": action.key}, values, among=("reserved",), event=event
        )
    except Conflict:
        return settle_in(
            change, action.key, status=action.status, receipt=action.receipt, reason=action.reason
        )
    finally:
        change.run = before
    return action


def settle_by_word(change: Change, key: str, word: Word) -> Action:
    """Say how an action ended that nobody else can tell of; the event names who and why.

    Raises NotFound, and Conflict unless the action is unknown: what is under way, or has ended, is
    no matter of anybody's word.
    """
    row = change.find(tables.actions, key=key)
    if row is None:
        raise NotFound(f"no action was reserved under {key}; reserve it first")
    if row["status"] != "unknown":
        raise Conflict(f"action {key} is {row['status']}; nothing is left to settle by word")
    change.run = row["run"]
    status: ActionStatus = "done" if word.is_done else "failed"
    ended = {"status": status, "receipt": word.receipt, "settled_at": change.now()}
    ended |= {"settled_by": change.actor, "said": word.said}
    settled = change.move(
        tables.actions,
        {"key": key},
        {"status": status, "body": {**row["body"], **ended}},
        "action_settled",
        status=status,
        receipt=word.receipt,
        said=word.said,
        proved_by=word.proved_by,
    )
    return Action.model_validate(settled["body"])


def _row(action: Action, fence: int) -> dict[str, Any]:
    body = action.as_json()
    names = ("key", "item", "run", "status")
    return {**{name: body[name] for name in names}, "fence": fence, "body": body}
