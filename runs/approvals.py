"""open an approval, record a decision; the judge is handed in and runs inside the transaction."""

from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any, NamedTuple, Protocol

import sqlalchemy as sa

from runs import tables, words
from runs.errors import Conflict, InvalidInput, NotAllowed, NotFound
from runs.moves import ApprovalStatus
from runs.records.approval import Approval, Decision, DecisionKind
from runs.records.person import Customer, Identity
from runs.records.record import digest_of
from runs.snapshots import Terms
from runs.store import jobs
from runs.store.change import Change, text_of
from runs.store.store import Store


class Ruling(Protocol):
    """What the rules say of one person's decision."""

    @property
    def allowed(self) -> bool:
        """True when this person may decide this."""
        ...

    @property
    def reason(self) -> str:
        """Why not, or what it does, in one sentence."""
        ...

    @property
    def closes(self) -> ApprovalStatus | None:
        """What the approval becomes with this decision; None while more must agree."""
        ...

    @property
    def role(self) -> str:
        """The role in which the person decides."""
        ...


Judge = Callable[[Approval, Sequence[Decision], Identity, DecisionKind], Ruling]
Current = Callable[[Approval], str]
"""Makes the digest of what would happen again, from the records as they are now."""


RESTS_ON = ("policy", "leading_policy", "before")
"""The names by which an approval covers policy values."""


class Answer(NamedTuple):
    """One person's answer as it was sent."""

    approval: str
    kind: DecisionKind
    reason: str
    seen: str
    """The digest the person was shown."""


class Rules(NamedTuple):
    """What judges an answer, what makes the digest again, and what is kept of people's words."""

    judge: Judge
    current: Current
    terms: Terms = words.AS_SAID
    """What may be kept of a reason."""


def subject_of(covers: dict[str, str]) -> str:
    """The digest a person approves: over everything that will happen, by name."""
    return digest_of(covers)


def open_approval(store: Store, customer: Customer, actor: str, approval: Approval) -> Approval:
    """Open a question; the same question of the run is the one there is.

    Another open question of the same run and kind is superseded by this one.
    """
    if approval.subject != subject_of(approval.covers):
        raise InvalidInput(f"approval {approval.id}: `subject` is not the digest of `covers`")
    if not approval.needs:
        raise InvalidInput(f"approval {approval.id}: nobody is named who must agree")
    with store.change(customer, actor, approval.run) as change:
        for present in _open_of(change, approval):
            if present.subject == approval.subject:
                return present
            _close(change, present, "superseded")
            approval = approval.model_copy(update={"supersedes": present.id})
        change.insert(
            tables.approvals,
            _row(approval),
            "approval_opened",
            approval_kind=approval.kind,
            subject=approval.subject,
        )
    return get(store, customer, approval.id)


def decide(store: Store, identity: Identity, answer: Answer, rules: Rules) -> Approval:
    """Record one person's decision, and what it makes of the approval, in one transaction.

    A decision on something that is no longer what was asked supersedes the approval. Every refusal
    is an event. Raises Conflict (closed, changed, already decided), NotAllowed (by the rules) or
    InvalidInput.
    """
    customer = identity.customer
    if answer.kind != "approve" and not answer.reason.strip():
        raise InvalidInput(
            f"approval {answer.approval}: `{answer.kind}` needs a reason; add --reason TEXT"
        )
    asked = get(store, customer, answer.approval)
    refusal = _refusal(store, asked, identity, answer, rules)
    if refusal is not None:
        _record_refusal(store, identity, asked, refusal)
        raise refusal
    with store.change(customer, identity.person, asked.run) as change:
        fresh = _in_change(change, asked.id)
        ruling = rules.judge(fresh, _decisions_in(change, asked.id), identity, answer.kind)
        if fresh.status != "open" or not ruling.allowed:
            raise Conflict(f"approval {asked.id} was {fresh.status} meanwhile; read it again")
        kept = words.say(change, answer.reason, rules.terms)
        said = answer._replace(reason=kept)
        decision = _decision(change, fresh, identity, answer=said, role=ruling.role)
        _keep_decision(change, decision)
        if ruling.closes is not None:
            fresh = _close(change, fresh, ruling.closes)
            _wake(change, asked, cause=decision.id)
    return fresh


def get(store: Store, customer: Customer, id: str) -> Approval:
    """The approval of this id, or of a prefix of it that is unique; NotFound otherwise."""
    shown = "`pilotage approval list` shows what is open"
    return _approval(store.ledger.named(tables.approvals, customer, id, shown=shown))


def find_all(store: Store, customer: Customer, ids: Collection[str]) -> dict[str, Approval]:
    """The approvals of these ids that there are, by id, read together."""
    table = tables.approvals
    found: dict[str, Approval] = {}
    for part in words.parts(sorted(ids)):
        query = sa.select(table).where(table.c.customer == customer.id, table.c.id.in_(part))
        found |= {row["id"]: _approval(row) for row in store.ledger.rows(query)}
    return found


def list_approvals(
    store: Store, customer: Customer, *, status: str = "open", run: str = "", limit: int = 100
) -> list[Approval]:
    """Approvals by due time; of any status when `status` is empty."""
    table = tables.approvals
    query = sa.select(table).where(table.c.customer == customer.id)
    for column, value in ((table.c.status, status), (table.c.run, run)):
        if value:
            query = query.where(column == value)
    rows = store.ledger.rows(query.order_by(table.c.due_at, table.c.id).limit(limit))
    return [_approval(row) for row in rows]


def of_policies(store: Store, customer: Customer) -> list[Approval]:
    """Every question about policy values that is open or was approved, by due time."""
    table = tables.approvals
    query = sa.select(table).where(
        table.c.customer == customer.id,
        table.c.run == "",
        table.c.kind == "policy",
        table.c.status.in_(["open", "approved"]),
    )
    rows = store.ledger.rows(query.order_by(table.c.due_at, table.c.id))
    return [_approval(row) for row in rows]


def is_approved_in(change: Change, id: str) -> bool:
    """Whether people agreed, read inside the change that rests on it."""
    return _in_change(change, id).status == "approved"


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


def supersede(store: Store, customer: Customer, actor: str, approval: str) -> Approval:
    """Close an open or approved approval whose subject changed; one that is superseded stays so."""
    with store.change(customer, actor) as change:
        return supersede_in(change, _in_change(change, approval))


def supersede_in(change: Change, approval: Approval) -> Approval:
    """Close an approval whose subject changed, inside the change that changed it."""
    if approval.status == "superseded":
        return approval
    closed = _close(change, approval, "superseded")
    _wake(change, approval, cause=f"{approval.id}:superseded")
    return closed


def resting_on(asked: Iterable[Approval], policy: str, *, now: str) -> list[Approval]:
    """Those that cover these policy values, and so are void when the values of `now` lead."""
    return [
        one
        for one in asked
        if policy in {one.covers.get(name) for name in RESTS_ON} and one.covers.get("policy") != now
    ]


def open_in(change: Change, **of: str) -> list[Approval]:
    """Every open approval of the customer, or those of a run or kind, read inside a change."""
    table = tables.approvals
    query = sa.select(table).where(
        table.c.customer == change.customer.id,
        table.c.status == "open",
        *(table.c[name] == value for name, value in of.items()),
    )
    return [_approval(dict(row._mapping)) for row in change.connection.execute(query)]


def expire_due(store: Store, customer: Customer) -> list[Approval]:
    """Expire every open approval past its due time and wake its run: silence is no consent."""
    now = text_of(store.clock.now())
    due = [a for a in list_approvals(store, customer, limit=10_000) if text_of(a.due_at) <= now]
    for approval in due:
        with store.change(customer, "worker", approval.run) as change:
            _close(change, approval, "expired")
            _wake(change, approval, cause=f"{approval.id}:expired", priority=0)
    return due


def withdraw(change: Change, approval: Approval) -> None:
    """Take an open question back inside a change; Conflict when it was answered meanwhile."""
    _close(change, approval, "withdrawn")


def _refusal(
    store: Store, asked: Approval, identity: Identity, answer: Answer, rules: Rules
) -> Conflict | NotAllowed | InvalidInput | None:
    if asked.status != "open":
        return Conflict(f"approval {asked.id} is {asked.status}; nothing is left to decide")
    if text_of(asked.due_at) <= text_of(store.clock.now()):
        expire_due(store, identity.customer)
        return Conflict(
            f"approval {asked.id} expired at {asked.due_at:%Y-%m-%d %H:%M} UTC; silence is no "
            "consent, so it holds and its run goes on to the next owner"
        )
    if answer.seen != asked.subject:
        return Conflict(
            f"approval {asked.id}: you were shown {answer.seen[:19]}, it asks about "
            f"{asked.subject[:19]}; look again with `pilotage approval show {asked.id}`"
        )
    decisions = decisions_of(store, identity.customer, asked.id)
    if any(decision.person == identity.person for decision in decisions):
        return Conflict(f"{identity.person} has already decided on approval {asked.id}")
    if rules.current(asked) != asked.subject:
        supersede(store, identity.customer, "worker", asked.id)
        return Conflict(
            f"what approval {asked.id} asked about has changed; it is superseded "
            "and will be asked again"
        )
    ruling = rules.judge(asked, decisions, identity, answer.kind)
    return None if ruling.allowed else NotAllowed(ruling.reason)


def _record_refusal(store: Store, identity: Identity, asked: Approval, why: Exception) -> None:
    with store.change(identity.customer, identity.person, asked.run) as change:
        change.append(
            "decision_refused", approval=asked.id, person=identity.person, why=type(why).__name__
        )


def _decision(
    change: Change, asked: Approval, identity: Identity, *, answer: Answer, role: str
) -> Decision:
    return Decision(
        id=f"{asked.id}.{identity.person}",
        approval=asked.id,
        person=identity.person,
        role=role,
        kind=answer.kind,
        reason=answer.reason,
        seen=asked.subject,
        proved_by=identity.proved_by,
        token=identity.token,
        solo=asked.solo,
        decided_at=change.clock.now(),
    )


def _keep_decision(change: Change, decision: Decision) -> None:
    row = {
        "id": decision.id,
        "approval": decision.approval,
        "person": decision.person,
        "body": decision.as_json(),
    }
    event = {"approval": decision.approval, "outcome": decision.kind, "role": decision.role}
    inserted = change.insert(
        tables.decisions,
        row,
        "decision_recorded",
        **event,
        seen=decision.seen,
        proved_by=decision.proved_by,
        solo=decision.solo,
    )
    if not inserted:
        raise Conflict(f"{decision.person} has already decided on approval {decision.approval}")


def _in_change(change: Change, id: str) -> Approval:
    row = change.find(tables.approvals, id=id)
    if row is None:
        raise NotFound(f"there is no approval {id!r}")
    return _approval(row)


def _decisions_in(change: Change, approval: str) -> list[Decision]:
    table = tables.decisions
    query = sa.select(table.c.body).where(
        table.c.customer == change.customer.id, table.c.approval == approval
    )
    return [Decision.model_validate(row.body) for row in change.connection.execute(query)]


def _open_of(change: Change, approval: Approval) -> list[Approval]:
    """What the run asks of this kind; where no run asks, what is asked about the same workflow."""
    workflow = approval.covers.get("workflow")
    asked = open_in(change, run=approval.run, kind=approval.kind)
    return [one for one in asked if one.run or one.covers.get("workflow") == workflow]


def _wake(change: Change, approval: Approval, *, cause: str, priority: int = 10) -> None:
    """Let the run that asked go on; a question of the customer's own has none."""
    if approval.run:
        jobs.add(change, "advance_run", approval.run, cause=cause, priority=priority)


def _close(change: Change, approval: Approval, status: ApprovalStatus) -> Approval:
    closed = approval.model_copy(update={"status": status})
    change.move(
        tables.approvals,
        {"id": approval.id},
        {"status": status, "body": closed.as_json()},
        "approval_closed",
        outcome=status,
    )
    return closed


def _row(approval: Approval) -> dict[str, Any]:
    body = approval.as_json()
    row = {name: body[name] for name in ("id", "run", "kind", "subject", "status")}
    return {**row, "due_at": text_of(approval.due_at), "body": body}


def _approval(row: dict[str, Any]) -> Approval:
    return Approval.model_validate(row["body"])
