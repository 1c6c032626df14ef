"""what was asked and decided: looked up by id, listed a page at a time."""

from collections.abc import Collection, Iterator, Mapping
from functools import lru_cache
from typing import Any

import sqlalchemy as sa

from runs import tables, words
from runs.asking import approval_of, is_of_item
from runs.errors import NotFound
from runs.expiry import next_id
from runs.records.approval import Approval, Decision
from runs.records.person import Customer
from runs.store.change import text_of
from runs.store.store import Store


def get(store: Store, customer: Customer, id: str) -> Approval:
    """The approval of this id, or of a prefix of it that is unique; NotFound otherwise."""
    if not id:
        raise NotFound("an approval is named by its id; `pilotage approval list` shows them")
    table = tables.approvals
    exact = store.ledger.row(table, customer, id=id)
    if exact is not None:
        return approval_of(exact)
    # A range and no LIKE: only a range is looked up in the key on both databases.
    query = sa.select(table).where(
        table.c.customer == customer.id, table.c.id >= id, table.c.id < id + "\uffff"
    )
    rows = store.ledger.rows(query.limit(2))
    if len(rows) != 1:
        what = "several approvals begin" if rows else "no approval begins"
        raise NotFound(f"{what} with {id!r}; `pilotage approval list` shows what is open")
    return approval_of(rows[0])


def latest(store: Store, customer: Customer, id: str) -> Approval:
    """The question as it stands now: the one it went on to while nobody answered, if it did."""
    table, found = tables.approvals, get(store, customer, id)
    while found.status == "expired":
        # Whoever follows says so in the body; there is at most one, named after its predecessor.
        row = store.ledger.row(table, customer, id=next_id(found.id))
        if row is None:
            return found
        found = approval_of(row)
    return found


def find_all(store: Store, customer: Customer, ids: Collection[str]) -> dict[str, Approval]:
    """The approvals of these ids that there are, by id, read together."""
    table = tables.approvals
    found: dict[str, Approval] = {}
    for part in words.parts(sorted(ids)):
        query = sa.select(table).where(table.c.customer == customer.id, table.c.id.in_(part))
        found |= {row["id"]: approval_of(row) for row in store.ledger.rows(query)}
    return found


def list_approvals(
    store: Store,
    customer: Customer,
    *,
    status: str = "open",
    run: str = "",
    limit: int = 100,
    after: Approval | None = None,
) -> list[Approval]:
    """Approvals by due time; of any status when `status` is empty. `after`: the page after it."""
    table = tables.approvals
    told = {name: value for name, value in (("status", status), ("run", run)) if value}
    query = _listed(tuple(told))
    if after is not None:
        query = query.where(_comes_after(table.c.due_at, table.c.id, after))
    told |= {"of": customer.id}
    return [approval_of(row) for row in store.ledger.rows(query, told | {"most": limit})]


@lru_cache(maxsize=8)
def _listed(told: tuple[str, ...]) -> Any:
    at = tables.approvals.c
    narrowed = [at[name] == sa.bindparam(name) for name in told]
    query = sa.select(tables.approvals).where(at.customer == sa.bindparam("of"), *narrowed)
    return query.order_by(at.due_at, at.id).limit(sa.bindparam("most"))


def pages(
    store: Store, customer: Customer, *, status: str = "open", size: int = 500
) -> Iterator[Approval]:
    """Every approval of a status by due time, read a page at a time."""
    last: Approval | None = None
    while page := list_approvals(store, customer, status=status, limit=size, after=last):
        yield from page
        last = page[-1]


def asking_any_of(
    store: Store,
    customer: Customer,
    persons: Collection[str],
    *,
    limit: int = 100,
    after: Approval | None = None,
) -> list[Approval]:
    """What is open, asks one of these people and was not decided by them yet, by due time."""
    asked, table, made = tables.askings, tables.approvals, tables.decisions
    has_decided = sa.exists().where(
        made.c.customer == customer.id,
        made.c.approval == asked.c.approval,
        made.c.person == asked.c.person,
    )
    named = sa.select(asked.c.due_at, asked.c.approval).where(
        asked.c.customer == customer.id, asked.c.person.in_(sorted(persons)), ~has_decided
    )
    if after is not None:
        named = named.where(_comes_after(asked.c.due_at, asked.c.approval, after))
    first = named.distinct().order_by(asked.c.due_at, asked.c.approval).limit(limit).subquery()
    query = sa.select(table).join(
        first, sa.and_(table.c.customer == customer.id, table.c.id == first.c.approval)
    )
    rows = store.ledger.rows(query.order_by(table.c.due_at, table.c.id))
    return [approval_of(row) for row in rows]


def run_out(store: Store, customer: Customer, *, limit: int = 500) -> list[Approval]:
    """What is open and rests on evidence that has run out by now."""
    asked, table = tables.askings, tables.approvals
    now = text_of(store.clock.now())
    ids = sa.select(asked.c.approval).where(
        asked.c.customer == customer.id, asked.c.fresh_until <= now
    )
    query = sa.select(table).where(table.c.customer == customer.id, table.c.id.in_(ids))
    return [approval_of(row) for row in store.ledger.rows(query.order_by(table.c.id).limit(limit))]


def untold(store: Store, customer: Customer, *, limit: int = 500) -> dict[str, list[str]]:
    """Who is asked and was not told yet, by question."""
    asked = tables.askings
    query = sa.select(asked.c.approval, asked.c.person).where(
        asked.c.customer == customer.id, asked.c.is_told.is_(False)
    )
    found: dict[str, list[str]] = {}
    rows = store.ledger.rows(query.order_by(asked.c.approval, asked.c.person).limit(limit))
    for row in rows:
        found.setdefault(row["approval"], []).append(row["person"])
    return found


def mark_told(store: Store, customer: Customer, told: Mapping[str, Collection[str]]) -> None:
    """From now on these people count as told; nothing else changes, and no event is due."""
    asked = tables.askings
    with store.change(customer, "worker") as change:
        for approval, people in told.items():
            change.connection.execute(
                asked.update()
                .where(asked.c.customer == customer.id, asked.c.approval == approval)
                .where(asked.c.person.in_(sorted(people)))
                .values(is_told=True)
            )


def not_stood_by(store: Store, customer: Customer) -> list[Approval]:
    """What one person approved alone and was withdrawn, by due time."""
    table = tables.approvals
    query = sa.select(table).where(
        table.c.customer == customer.id,
        table.c.status == "withdrawn",
        table.c.body["emergency"].as_boolean(),
    )
    rows = store.ledger.rows(query.order_by(table.c.due_at, table.c.id))
    return [approval_of(row) for row in rows]


def count_open(store: Store, customer: Customer) -> dict[str, int]:
    """How many questions are open, by kind."""
    table = tables.approvals
    query = (
        sa.select(table.c.kind, sa.func.count().label("n"))
        .where(table.c.customer == customer.id, table.c.status == "open")
        .group_by(table.c.kind)
    )
    return {row["kind"]: row["n"] for row in store.ledger.rows(query)}


def of_item(store: Store, customer: Customer, item: str) -> list[Approval]:
    """Every question about an action of one item, in the order they were asked."""
    table = tables.approvals
    query = sa.select(table).where(
        table.c.customer == customer.id, is_of_item(item), table.c.kind == "action"
    )
    found = [approval_of(row) for row in store.ledger.rows(query)]
    return sorted(found, key=lambda one: (one.opened_at, one.supersedes != "", one.id))


def of_policies(store: Store, customer: Customer) -> list[Approval]:
    """Every question about policy values that is open or was approved, by due time."""
    counts = ["open", "approved"]
    rows = store.ledger.at(
        tables.approvals, customer, "due_at", "id", run="", kind="policy", status=counts
    )
    return [approval_of(row) for row in rows]


def decisions_of(store: Store, customer: Customer, approval: str) -> list[Decision]:
    """The decisions on one approval, in the order they were made."""
    return decisions_on(store, customer, [approval])


def decisions_on(store: Store, customer: Customer, asked: Collection[str]) -> list[Decision]:
    """The decisions on these approvals, in the order they were made, read together."""
    table = tables.decisions
    found: list[Decision] = []
    for part in words.parts(sorted(asked)):
        query = sa.select(table.c.body).where(
            table.c.customer == customer.id, table.c.approval.in_(part)
        )
        found += [Decision.model_validate(row["body"]) for row in store.ledger.rows(query)]
    return sorted(found, key=lambda decision: decision.decided_at)


def editors_of(store: Store, customer: Customer, asked: Collection[Approval]) -> set[str]:
    """Who wrote what these questions asked about otherwise: they are not asked again."""
    made = decisions_on(store, customer, [one.id for one in asked])
    edits = [one for one in made if one.kind == "approve_with_edit"]
    return {name for one in edits for name in (one.person, one.behalf) if name}


def asked_before(store: Store, customer: Customer, approval: Approval) -> list[str]:
    """Everybody whom a question and those it went on from asked, the first asked first."""
    chain = [approval]
    while chain[-1].escalates:
        chain.append(get(store, customer, chain[-1].escalates))
    named = [p for one in reversed(chain) for need in one.needs for p in need.people]
    return list(dict.fromkeys(named))


def _comes_after(
    due: sa.ColumnElement[str], id: sa.ColumnElement[str], last: Approval
) -> sa.ColumnElement[bool]:
    """Beyond the last row of a page, in the order of due time and id."""
    at = text_of(last.due_at)
    return sa.or_(due > at, sa.and_(due == at, id > last.id))
