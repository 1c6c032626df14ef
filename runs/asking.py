"""the rows of approvals and decisions, and of who is asked by what is open; in one change."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from runs import tables
from runs.errors import Conflict, NotFound
from runs.events import BodyValue
from runs.moves import ApprovalStatus
from runs.records.approval import Approval, Decision
from runs.store import jobs
from runs.store.change import Change, text_of


def about(approval: Approval) -> str:
    """What a question is about, of which one of a kind is open: a run, effect, call or workflow."""
    covers = approval.covers
    effect = f"{covers['item']}:{covers.get('effect', '')}" if "item" in covers else ""
    return approval.run or effect or covers.get("call") or covers.get("workflow", "")


def approval_of(row: dict[str, Any]) -> Approval:
    """The approval a row holds."""
    return Approval.model_validate(row["body"])


def put(change: Change, approval: Approval) -> bool:
    """Insert a question with its event and who it asks; False when the id is there already."""
    told: dict[str, BodyValue] = {"approval_kind": approval.kind, "subject": approval.subject}
    links = ("supersedes", "escalates", "confirms")
    told |= {name: str(getattr(approval, name)) for name in links if getattr(approval, name)}
    if not change.insert(tables.approvals, _row(approval), "approval_opened", **told):
        return False
    _ask(change, approval)
    return True


def close(
    change: Change, approval: Approval, status: ApprovalStatus, *, emergency: bool = False
) -> Approval:
    """End a question; Conflict where it may not come to this end from where it is."""
    stamp = {"emergency": True} if emergency else {}
    closed = approval.model_copy(update={"status": status, **stamp})
    change.move(
        tables.approvals,
        {"id": approval.id},
        {"status": status, "body": closed.as_json()},
        "approval_closed",
        outcome=status,
        **stamp,
    )
    _ask_nobody(change, approval.id)
    return closed


def pass_on(change: Change, approval: Approval, *, how: str, to: Sequence[str]) -> Approval:
    """Let others be asked by a question that stays open, as `approval` names them now."""
    change.move(
        tables.approvals,
        {"id": approval.id},
        {
            "status": "open",
            "due_at": text_of(approval.due_at),
            "body": approval.as_json(),
        },
        "approval_moved",
        how=how,
        to=" ".join(to),
    )
    _ask(change, approval)
    return approval


def wake(change: Change, approval: Approval, *, cause: str, priority: int = 10) -> None:
    """Let what asked go on, a run or an item; a question of the customer's own has neither."""
    if approval.run:
        jobs.add(change, "advance_run", approval.run, cause=cause, priority=priority)
    elif approval.kind == "action":
        item = approval.covers["item"]
        jobs.add(change, "process_item", item, cause=cause, priority=priority)


def in_change(change: Change, id: str) -> Approval:
    """The approval of this id, read inside the change; NotFound when there is none."""
    row = change.find(tables.approvals, id=id)
    if row is None:
        raise NotFound(f"there is no approval {id!r}; `pilotage approval list` shows what is open")
    return approval_of(row)


def decisions_in(change: Change, approval: str) -> list[Decision]:
    """The decisions on it, in the order they were made, read inside the change."""
    table = tables.decisions
    query = sa.select(table.c.body).where(
        table.c.customer == change.customer.id, table.c.approval == approval
    )
    found = [Decision.model_validate(row.body) for row in change.connection.execute(query)]
    return sorted(found, key=lambda decision: decision.decided_at)


def open_of(change: Change, approval: Approval) -> list[Approval]:
    """What is open of this kind about the same run, item or workflow."""
    asked, table = tables.askings, tables.approvals
    ids = sa.select(asked.c.approval).where(
        asked.c.customer == change.customer.id, asked.c.about == about(approval)
    )
    query = sa.select(table).where(
        table.c.customer == change.customer.id,
        table.c.id.in_(ids),
        table.c.run == approval.run,
        table.c.kind == approval.kind,
    )
    return [approval_of(dict(row._mapping)) for row in change.connection.execute(query)]


def changed_in(change: Change, approval: Approval) -> str:
    """The question of this kind before it about the same, where its subject changed; else empty."""
    table, covers = tables.approvals, approval.covers
    query = sa.select(table).where(
        table.c.customer == change.customer.id,
        table.c.run == approval.run,
        table.c.kind == approval.kind,
    )
    if not approval.run and "item" in covers:
        query = query.where(is_of_item(covers["item"]))
    elif not approval.run:
        workflow = table.c.body["covers"]["workflow"].as_string()
        query = query.where(workflow == covers.get("workflow", ""))
    rows = change.connection.execute(query)
    asked = [approval_of(dict(row._mapping)) for row in rows]
    same = [one for one in asked if about(one) == about(approval) and one.id != approval.id]
    last = max(same, key=lambda one: one.opened_at, default=None)
    return last.id if last is not None and last.status == "superseded" else ""


def open_of_item(change: Change, item: str) -> list[Approval]:
    """What is asked about an item's effects and was not answered, read inside a change."""
    table = tables.approvals
    query = sa.select(table).where(
        table.c.customer == change.customer.id,
        is_of_item(item),
        table.c.kind == "action",
        table.c.status == "open",
    )
    return [approval_of(dict(row._mapping)) for row in change.connection.execute(query)]


def is_of_item(item: str) -> sa.ColumnElement[bool]:
    """Whether a question's id begins with an item's, as the ids of those about its effects do."""
    id = tables.approvals.c.id
    return sa.and_(id >= f"{item}.", id < f"{item}.\uffff")


def chain_in(change: Change, approval: Approval) -> list[Approval]:
    """The question and every one before it that nobody answered in time, the newest first."""
    chain = [approval]
    while chain[-1].escalates:
        chain.append(in_change(change, chain[-1].escalates))
    return chain


def keep_decision(change: Change, decision: Decision) -> None:
    """Record a decision with its event; Conflict when the person has decided already."""
    row = {
        "id": decision.id,
        "approval": decision.approval,
        "person": decision.person,
        "body": decision.as_json(),
    }
    event: dict[str, BodyValue] = {"approval": decision.approval, "outcome": decision.kind}
    event |= {"role": decision.role, "seen": decision.seen, "proved_by": decision.proved_by}
    marks: dict[str, BodyValue] = {
        "behalf": decision.behalf,
        "delegation": decision.delegation,
        "to": " ".join(decision.to),
        "emergency": decision.emergency,
        "key": "" if decision.signature is None else decision.signature.key,
    }
    event |= {"solo": decision.solo, **{name: mark for name, mark in marks.items() if mark}}
    if not change.insert(tables.decisions, row, "decision_recorded", **event):
        raise Conflict(
            f"{decision.person} has already decided on approval {decision.approval}; nothing "
            "is left to do"
        )


def _row(approval: Approval) -> dict[str, Any]:
    body = approval.as_json()
    row = {name: body[name] for name in ("id", "run", "kind", "subject", "status")}
    return {**row, "due_at": text_of(approval.due_at), "body": body}


def _ask(change: Change, approval: Approval) -> None:
    """Write down who is asked now; who was told of it already stays told."""
    table = tables.askings
    people = {person for need in approval.needs for person in need.people}
    here = sa.and_(table.c.customer == change.customer.id, table.c.approval == approval.id)
    change.connection.execute(table.delete().where(here, table.c.person.not_in(sorted(people))))
    present = change.connection.execute(sa.select(table.c.person).where(here)).scalars()
    fresh = approval.fresh_until
    times = {
        "due_at": text_of(approval.due_at),
        "fresh_until": None if fresh is None else text_of(fresh),
    }
    change.connection.execute(table.update().where(here).values(**times))
    common = {
        "customer": change.customer.id,
        "approval": approval.id,
        "about": about(approval),
        **times,
        "is_told": False,
    }
    rows = [{**common, "person": person} for person in sorted(people - set(present))]
    if rows:
        change.connection.execute(table.insert(), rows)


def _ask_nobody(change: Change, approval: str) -> None:
    asked = tables.askings
    change.connection.execute(
        asked.delete().where(asked.c.customer == change.customer.id, asked.c.approval == approval)
    )
