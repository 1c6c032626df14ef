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

_ASKED, _APPROVALS = tables.askings, tables.approvals
_ASK = _ASKED.insert()
_OPEN = sa.select(_APPROVALS).where(
    _APPROVALS.c.customer == sa.bindparam("at_customer"),
    _APPROVALS.c.id.in_(
        sa.select(_ASKED.c.approval).where(
            _ASKED.c.customer == sa.bindparam("at_customer"),
            _ASKED.c.about == sa.bindparam("at_about"),
        )
    ),
    _APPROVALS.c.run == sa.bindparam("at_run"),
    _APPROVALS.c.kind == sa.bindparam("at_kind"),
)
"""What is open of a kind about the same."""


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
    _ask(change, approval, frozenset())
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
    _ask_again(change, approval)
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
    told = {"at_customer": change.customer.id, "at_about": about(approval)}
    told |= {"at_run": approval.run, "at_kind": approval.kind}
    rows = change.connection.execute(_OPEN, told)
    return [approval_of(dict(row._mapping)) for row in rows]


def changed_in(change: Change, approval: Approval) -> str:
    """The question of this kind before it about the same, where its subject changed; else empty."""
    asked = _of_kind(change, approval)
    same = [one for one in asked if about(one) == about(approval) and one.id != approval.id]
    last = max(same, key=lambda one: one.opened_at, default=None)
    return last.id if last is not None and last.status == "superseded" else ""


def _of_kind(change: Change, approval: Approval) -> list[Approval]:
    """Every question of its kind about the same run, item or workflow."""
    table, covers = tables.approvals, approval.covers
    if approval.run:
        rows = change.at(table, run=approval.run, kind=approval.kind)
        return [approval_of(row) for row in rows]
    query = sa.select(table).where(
        table.c.customer == change.customer.id, table.c.run == "", table.c.kind == approval.kind
    )
    if "item" in covers:
        query = query.where(is_of_item(covers["item"]))
    else:
        workflow = table.c.body["covers"]["workflow"].as_string()
        query = query.where(workflow == covers.get("workflow", ""))
    return [approval_of(dict(row._mapping)) for row in change.connection.execute(query)]


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


def _ask_again(change: Change, approval: Approval) -> None:
    """Write down who is asked now; who was told of it already stays told."""
    table = tables.askings
    people = _asked_by(approval)
    here = sa.and_(table.c.customer == change.customer.id, table.c.approval == approval.id)
    change.connection.execute(table.delete().where(here, table.c.person.not_in(sorted(people))))
    present = change.connection.execute(sa.select(table.c.person).where(here)).scalars().all()
    change.connection.execute(table.update().where(here).values(**_times(approval)))
    _ask(change, approval, frozenset(present))


def _ask(change: Change, approval: Approval, present: frozenset[str]) -> None:
    """Write down who is asked, but for those who are there."""
    common = {
        "customer": change.customer.id,
        "approval": approval.id,
        "about": about(approval),
        **_times(approval),
        "is_told": False,
    }
    rows = [{**common, "person": person} for person in sorted(_asked_by(approval) - present)]
    if rows:
        change.connection.execute(_ASK, rows)


def _asked_by(approval: Approval) -> frozenset[str]:
    return frozenset(person for need in approval.needs for person in need.people)


def _times(approval: Approval) -> dict[str, str | None]:
    fresh = approval.fresh_until
    return {
        "due_at": text_of(approval.due_at),
        "fresh_until": None if fresh is None else text_of(fresh),
    }


def _ask_nobody(change: Change, approval: str) -> None:
    asked = tables.askings
    change.connection.execute(
        asked.delete().where(asked.c.customer == change.customer.id, asked.c.approval == approval)
    )
