"""Requests to models: reserved before they are sent, settled after it, each with its event.

What is reserved and what was spent stand in one figure a budget, so that reserving costs the same
however much was spent before, and what a crash leaves open stays spent.
"""

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

import sqlalchemy as sa

from runs import tables
from runs.errors import Conflict, NotFound
from runs.records.model_call import ModelCall, Settled
from runs.records.person import Customer
from runs.records.run import Spend
from runs.store.change import INSTALLATION, Change, Ledger
from runs.store.rows import insert_once

BILLION = 1_000_000_000
DAY = "day:"
"""What begins so is of the installation, over every customer."""
NO_LIMIT = 10_000


class Bound(NamedTuple):
    """One budget that a request is reserved from."""

    name: str
    """`run:ID`, `item:ID`, `customer:YYYY-MM` or `day:YYYY-MM-DD`."""
    limit: Spend


Judge = Callable[[Bound, Spend, Spend], None]
"""Raises where a budget, of which so much is used, has less left than is asked."""


Keep = Callable[[Change], object]
"""Keeps the words of a request, or of its answer, in the same change."""


class Drafted(NamedTuple):
    """A request that is about to be sent."""

    call: ModelCall
    """Its id and its budgets are given here."""
    keep: Keep
    bounds: Sequence[Bound]
    """The payer's own first: its requests are counted by it."""


class Calls:
    """Requests to models, as rows."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def reserve(self, customer: Customer, actor: str, drafted: Drafted, judge: Judge) -> ModelCall:
        """Keep the request and set aside what it takes at most, in one change; or neither.

        Raises what `judge` raises; nothing is written then.
        """
        call, bounds = drafted.call, drafted.bounds
        with self._ledger.change(customer, actor, call.run) as change:
            first, number = bounds[0].name, 0
            # The installation's last: what one customer may not take never waits for the others.
            for bound in sorted(bounds, key=lambda one: one.name.startswith(DAY)):
                row = _take(change, bound.name)
                judge(bound, _used(row), call.reserved)
                _add(change, bound.name, call.reserved, asked=1)
                number = row["asked"] + 1 if bound.name == first else number
            id = f"{first.partition(':')[2]}.call.{number}"
            kept = call.model_copy(update={"id": id, "budgets": tuple(one.name for one in bounds)})
            drafted.keep(change)
            told = {"route": kept.route, "model": kept.model, "request": kept.request}
            if not change.insert(tables.model_calls, _row(kept), "model_asked", **told):
                raise Conflict(f"a request {id} is kept already; ask again under another payer")
            return kept

    def settle(
        self, customer: Customer, actor: str, id: str, *, settled: Settled, keep: Keep
    ) -> ModelCall:
        """Count what it took in the place of what was reserved, once; the same again is once.

        Raises Conflict for another end than the one that is kept, NotFound without a reservation.
        """
        with self._ledger.change(customer, actor) as change:
            row = change.find(tables.model_calls, id=id)
            if row is None:
                raise NotFound(f"no request to a model was reserved as {id}; reserve it first")
            present = ModelCall.model_validate(row["body"])
            if present.settled is not None:
                return _same(present, settled)
            change.run = present.run
            for name in sorted(present.budgets, key=lambda one: one.startswith(DAY)):
                _take(change, name)
                _add(change, name, settled.spent.minus(present.reserved), asked=0)
            keep(change)
            ended = present.model_copy(update={"status": "settled", "settled": settled})
            values = {k: v for k, v in _row(ended).items() if k != "id"}
            told = {"end": settled.end, "response": settled.response}
            told |= {"cost": str(settled.spent.cost)}
            change.move(tables.model_calls, {"id": id}, values, "model_answered", **told)
            return ended

    def get(self, customer: Customer, id: str) -> ModelCall:
        """The request of this id; NotFound when there is none."""
        row = self._ledger.row(tables.model_calls, customer, id=id)
        if row is None:
            raise NotFound(f"there is no request {id!r}; `pilotage model calls` shows them")
        return ModelCall.model_validate(row["body"])

    def every(
        self, customer: Customer, *, run: str = "", item: str = "", status: str = "", limit: int = 0
    ) -> list[ModelCall]:
        """The requests, newest first; of one run, item or status where one is named."""
        table = tables.model_calls
        named = {"run": run, "item": item, "status": status}
        where = [table.c[name] == value for name, value in named.items() if value]
        query = sa.select(table.c.body).where(table.c.customer == customer.id, *where)
        query = query.order_by(table.c.asked_at.desc(), table.c.id.desc()).limit(limit or NO_LIMIT)
        return [ModelCall.model_validate(row["body"]) for row in self._ledger.rows(query)]

    def used(self, customer: Customer, name: str) -> Spend:
        """What is reserved and was spent of a budget, together."""
        query = sa.select(tables.allowances).where(*_at(customer.id, name))
        rows = self._ledger.rows(query)
        return _used(rows[0]) if rows else Spend()


def _same(present: ModelCall, settled: Settled) -> ModelCall:
    """The request as it was settled; Conflict when it ended otherwise."""
    assert present.settled is not None
    # When it was settled is not what became of it.
    if present.settled != settled.model_copy(update={"at": present.settled.at}):
        raise Conflict(f"request {present.id} is settled already; settle each one once")
    return present


def _take(change: Change, name: str) -> dict[str, Any]:
    """The row of a budget, which nobody else changes before this change has ended."""
    owner = _owner(change.customer.id, name)
    empty = {"customer": owner, "name": name, "asked": 0, "calls": 0, "tokens": 0, "billionths": 0}
    insert_once(change.connection, tables.allowances, empty)
    query = sa.select(tables.allowances).where(*_at(change.customer.id, name))
    return dict(change.connection.execute(query.with_for_update()).one()._mapping)


def _add(change: Change, name: str, amount: Spend, *, asked: int) -> None:
    table = tables.allowances
    more = {
        "asked": table.c.asked + asked,
        "calls": table.c.calls + amount.calls,
        "tokens": table.c.tokens + amount.tokens,
        "billionths": table.c.billionths + int(amount.cost * BILLION),
    }
    change.connection.execute(table.update().where(*_at(change.customer.id, name)).values(more))


def _used(row: dict[str, Any]) -> Spend:
    cost = Decimal(row["billionths"]) / BILLION
    return Spend(calls=row["calls"], tokens=row["tokens"], cost=cost)


def _at(customer: str, name: str) -> tuple[Any, Any]:
    table = tables.allowances
    return table.c.customer == _owner(customer, name), table.c.name == name


def _owner(customer: str, name: str) -> str:
    return INSTALLATION if name.startswith(DAY) else customer


def _row(call: ModelCall) -> dict[str, Any]:
    body = call.as_json()
    names = ("id", "run", "item", "status")
    return {**{name: body[name] for name in names}, "asked_at": body["asked_at"], "body": body}
