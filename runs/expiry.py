"""silence: a question past its due time is over, holds, and goes on to whom the rules name next."""

import sqlalchemy as sa

from runs import asking, confirming, standins, tables
from runs.asking import approval_of, decisions_in, in_change
from runs.judging import Rules
from runs.records.approval import Approval
from runs.records.person import Customer
from runs.records.version import PolicyValues
from runs.store.change import Change, text_of
from runs.store.store import Store

PAGE = 500
"""So many are read at a time."""


def expire_due(store: Store, customer: Customer, rules: Rules | None = None) -> list[Approval]:
    """Expire every open approval past its due time and wake its run: silence is no consent.

    Each goes on, in the same transaction, to whom the rules name next, if they name anybody.
    """
    table, expired, now = tables.approvals, [], text_of(store.clock.now())
    query = sa.select(table).where(
        table.c.customer == customer.id, table.c.status == "open", table.c.due_at <= now
    )
    while rows := store.ledger.rows(query.order_by(table.c.due_at, table.c.id).limit(PAGE)):
        for row in rows:
            ended = expire(store, customer, approval_of(row), rules)
            expired += [] if ended is None else [ended]
    return expired


def expire(store: Store, customer: Customer, due: Approval, rules: Rules | None) -> Approval | None:
    """End one unanswered question, and ask whom the rules name next; None where it moved on."""
    policy = rules.policy(due) if rules else None
    with store.change(customer, "worker", due.run) as change:
        asked = in_change(change, due.id)
        # Passed on in its last moment, it may have another due time by now.
        if asked.status != "open" or text_of(asked.due_at) > change.now():
            return None
        expired = asking.close(change, asked, "expired")
        confirming.settle(change, expired)
        if rules is not None and policy is not None and not asked.confirms:
            _ask_next(change, asked, rules, policy)
        asking.wake(change, asked, cause=f"{due.id}:expired", priority=0)
    return expired


def _ask_next(change: Change, asked: Approval, rules: Rules, policy: PolicyValues) -> None:
    around = standins.around_of(change)._replace(escalation=policy.escalation)
    decisions = decisions_in(change, asked.id)
    passed = [person for one in asking.chain_in(change, asked)[1:] for person in _met(change, one)]
    needs = rules.follow(asked, decisions, passed, around)
    if not needs:
        return
    agreed = [one.behalf or one.person for one in decisions if one.kind == "approve"]
    now = change.clock.now()
    told = {
        "id": next_id(asked.id),
        "needs": needs,
        "agreed": tuple(dict.fromkeys([*asked.agreed, *agreed])),
        "escalates": asked.id,
        "supersedes": "",
        "due_at": now + (asked.due_at - asked.opened_at),
        "opened_at": now,
        "solo": False,
    }
    asking.put(change, asked.model_copy(update=told))


def _met(change: Change, asked: Approval) -> list[str]:
    """Everybody who was asked by a question, or had their say in it."""
    decided = decisions_in(change, asked.id)
    had = [name for one in decided for name in (one.person, one.behalf) if name]
    return [*had, *(person for need in asked.needs for person in need.people)]


def next_id(id: str) -> str:
    """The id of the question that follows one nobody answered."""
    root, _, number = id.partition(".next")
    return f"{root}.next{int(number or 1) + 1}"
