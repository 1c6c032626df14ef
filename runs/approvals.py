"""open an approval, record a decision; the judge is handed in and runs inside the transaction."""

from collections.abc import Iterable
from datetime import timedelta
from typing import NamedTuple, get_args

import sqlalchemy as sa

from runs import asking, confirming, people, standins, tables, words
from runs.asked import asked_before as asked_before
from runs.asked import asking_any_of as asking_any_of
from runs.asked import count_open as count_open
from runs.asked import decisions_of as decisions_of
from runs.asked import decisions_on as decisions_on
from runs.asked import editors_of as editors_of
from runs.asked import find_all as find_all
from runs.asked import get as get
from runs.asked import latest as latest
from runs.asked import list_approvals as list_approvals
from runs.asked import mark_told as mark_told
from runs.asked import not_stood_by as not_stood_by
from runs.asked import of_item as of_item
from runs.asked import of_policies as of_policies
from runs.asked import pages as pages
from runs.asked import run_out as run_out
from runs.asked import untold as untold
from runs.asking import approval_of, decisions_in, in_change
from runs.asking import open_of_item as open_of_item
from runs.errors import Conflict, InvalidInput, NotAllowed
from runs.expiry import expire
from runs.expiry import expire_due as expire_due
from runs.judging import Answer as Answer
from runs.judging import Rules as Rules
from runs.judging import Ruling
from runs.keys import Said
from runs.records.approval import Approval, Decision, DecisionKind
from runs.records.person import Customer, Identity
from runs.records.record import digest_of
from runs.records.version import PolicyValues
from runs.store.change import Change, text_of
from runs.store.store import Store

RESTS_ON = ("policy", "leading_policy", "before")
"""The names by which an approval covers policy values."""


class _Refused(NamedTuple):
    error: Conflict | NotAllowed
    because: str
    """As one word, for the audit."""


class _Ground(NamedTuple):
    asked: Approval
    policy: PolicyValues | None
    unsigned: str
    """Why the decision needs another signature; empty when it does not."""


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
        for present in asking.open_of(change, approval):
            if present.subject == approval.subject:
                return present
            asking.close(change, present, "superseded")
            approval = approval.model_copy(update={"supersedes": present.id})
        if not approval.supersedes:
            approval = approval.model_copy(
                update={"supersedes": asking.changed_in(change, approval)}
            )
        asking.put(change, approval)
    return get(store, customer, approval.id)


def decide(store: Store, identity: Identity, answer: Answer, rules: Rules) -> Approval:
    """Record one person's decision, and what it makes of the approval, in one transaction.

    A decision on something that is no longer what was asked supersedes the approval. Every refusal
    is an event. Raises Conflict (closed, changed, already decided), NotAllowed (by the rules) or
    InvalidInput.
    """
    _check_whole(answer)
    if not identity.is_machine:
        people.require(store, identity, "decide")
    asked = get(store, identity.customer, answer.approval)
    if answer.edit:
        rules.check_edit(asked, answer.edit)
    refused = _stale(store, identity.customer, asked, answer, rules)
    policy = rules.policy(asked) if refused is None else None
    if refused is None:
        with store.change(identity.customer, identity.person, asked.run) as change:
            said = Said(asked.id, asked.subject, answer.kind, answer.signature)
            unsigned = rules.unsigned(store, identity, said)
            ground = _Ground(asked, policy, unsigned)
            decided = _decided_in(change, identity, answer, rules, ground=ground)
        if isinstance(decided, Approval):
            return decided
        refused = decided
    _record_refusal(store, identity, asked, answer, because=refused.because)
    raise refused.error


def is_approved_in(change: Change, id: str) -> bool:
    """Whether people agreed, read inside the change that rests on it."""
    return in_change(change, id).status == "approved"


def supersede(store: Store, customer: Customer, actor: str, approval: str) -> Approval:
    """Close an open or approved approval whose subject changed; one that is superseded stays so."""
    with store.change(customer, actor) as change:
        return supersede_in(change, in_change(change, approval))


def supersede_in(change: Change, approval: Approval) -> Approval:
    """Close an approval whose subject changed, inside the change that changed it."""
    if approval.status == "superseded":
        return approval
    closed = asking.close(change, approval, "superseded")
    confirming.drop(change, approval)
    asking.wake(change, approval, cause=f"{approval.id}:superseded")
    return closed


def void_in(change: Change, id: str) -> None:
    """Supersede an approval that still counts, without waking its run: for whoever advances it."""
    asked = in_change(change, id)
    if asked.status in ("open", "approved"):
        asking.close(change, asked, "superseded")
        confirming.drop(change, asked)


def resting_on(asked: Iterable[Approval], policy: str, *, now: str) -> list[Approval]:
    """Those that cover these policy values, and so are void when the values of `now` lead."""
    return [
        one
        for one in asked
        if policy in {one.covers.get(name) for name in RESTS_ON} and one.covers.get("policy") != now
    ]


def open_in(change: Change) -> list[Approval]:
    """Every open approval of the customer, read inside a change."""
    table = tables.approvals
    query = sa.select(table).where(table.c.customer == change.customer.id, table.c.status == "open")
    return [approval_of(dict(row._mapping)) for row in change.connection.execute(query)]


def withdraw(change: Change, approval: Approval) -> None:
    """Take an open question back inside a change; Conflict when it was answered meanwhile."""
    present = in_change(change, approval.id)
    if present.status != "open":
        raise Conflict(f"approval {approval.id} is {present.status}; nothing is left to take back")
    asking.close(change, present, "withdrawn")


def _check_whole(answer: Answer) -> None:
    """InvalidInput for an answer that is none, or lacks what its kind needs; nothing is guessed."""
    texts = answer._replace(signature=None)[:-1]
    if not all(isinstance(part, str) for part in texts) or not answer.approval:
        raise InvalidInput(f"an answer is text about one approval, by its id; got {answer!r:.200}")
    if answer.kind not in (kinds := get_args(DecisionKind)):
        says = f"approval {answer.approval}: {answer.kind[:40]!r} is no decision"
        raise InvalidInput(f"{says}; take one of {', '.join(kinds)}")
    if answer.kind != "approve" and not answer.reason.strip():
        raise InvalidInput(
            f"approval {answer.approval}: `{answer.kind}` needs a reason; add --reason TEXT"
        )
    if answer.kind == "approve_with_edit" and not answer.edit.strip():
        raise InvalidInput(
            f"approval {answer.approval}: nothing is written in the place of what was asked; "
            "add --file FILE"
        )
    if answer.kind == "hand_over" and not answer.to:
        raise InvalidInput(
            f"approval {answer.approval}: nobody is named to hand it to; add --to PERSON"
        )


def _stale(
    store: Store, customer: Customer, asked: Approval, answer: Answer, rules: Rules
) -> _Refused | None:
    """Why nobody can decide it any more, whoever asks: it is over, late, or about something else.

    A clock from before the question was asked decides nothing, and brings nothing back.
    """
    now = store.clock.now()
    if asked.status != "open":
        says = f"approval {asked.id} is {asked.status}; nothing is left to decide"
        return _Refused(Conflict(says), "closed")
    if now < asked.opened_at:
        says = (
            f"the clock says {now:%Y-%m-%d %H:%M} UTC, before approval {asked.id} was asked; "
            "set the clock right, then decide"
        )
        return _Refused(Conflict(says), "clock")
    if text_of(asked.due_at) <= text_of(now):
        expire(store, customer, asked, rules)
        return _Refused(Conflict(_over(asked, latest(store, customer, asked.id))), "expired")
    if answer.seen != asked.subject:
        says = (
            f"approval {asked.id}: you were shown {answer.seen[:19]}, it asks about "
            f"{asked.subject[:19]}; look again with `pilotage approval show {asked.id}`"
        )
        return _Refused(Conflict(says), "digest")
    if rules.current(asked) != asked.subject:
        supersede(store, customer, "worker", asked.id)
        says = (
            f"what approval {asked.id} asked about has changed; it is superseded "
            "and will be asked again"
        )
        return _Refused(Conflict(says), "changed")
    return None


def _over(asked: Approval, now: Approval) -> str:
    """What became of a question that nobody answered in time."""
    goes = "its run goes on to the next owner"
    if now.id != asked.id:
        people = ", ".join(sorted({person for need in now.needs for person in need.people}))
        goes = f"it is asked of {people} now: pilotage approval show {now.id}"
    return (
        f"approval {asked.id} expired at {asked.due_at:%Y-%m-%d %H:%M} UTC; silence is no "
        f"consent, so it holds and {goes}"
    )


def _decided_in(
    change: Change,
    identity: Identity,
    answer: Answer,
    rules: Rules,
    *,
    ground: _Ground,
) -> Approval | _Refused:
    """Judge and record in the one transaction; what refuses writes nothing."""
    asked, policy, unsigned = ground
    fresh, decisions = in_change(change, asked.id), decisions_in(change, asked.id)
    if fresh.status != "open":
        says = f"approval {asked.id} was {fresh.status} meanwhile; read it again"
        return _Refused(Conflict(says), "closed")
    unproved = people.why_not_proved(change.connection, identity, change.clock.now())
    if unproved:
        return _Refused(NotAllowed(unproved), "proof")
    if any(one.person == identity.person for one in decisions):
        says = f"{identity.person} has already decided on approval {asked.id}; it stands"
        return _Refused(Conflict(says), "decided")
    around = standins.around_of(change)._replace(to=answer.to)
    if policy is not None:
        around = around._replace(escalation=policy.escalation, emergency=policy.emergency)
    ruling = rules.judge(fresh, decisions, identity, answer.kind, around)
    if not ruling.allowed:
        return _Refused(NotAllowed(ruling.reason), ruling.because)
    if unsigned:
        return _Refused(NotAllowed(unsigned), "signature")
    decision = _decision(change, fresh, identity, answer=answer, ruling=ruling)
    reason = words.say(change, answer.reason, rules.terms)
    edit = words.say(change, answer.edit, words.AS_SAID, kind="edit")
    decision = decision.model_copy(update={"reason": reason, "edit": edit})
    asking.keep_decision(change, decision)
    return _follows(change, fresh, decision, ruling, policy)


def _follows(
    change: Change,
    asked: Approval,
    decision: Decision,
    ruling: Ruling,
    policy: PolicyValues | None,
) -> Approval:
    """What a decision makes of the approval."""
    if ruling.closes is None and ruling.to:
        hours = policy.approval_due_hours if policy else 0
        span = timedelta(hours=hours) or asked.due_at - asked.opened_at
        due = change.clock.now() + span if decision.kind == "escalate" else asked.due_at
        moved = asked.model_copy(update={"needs": ruling.needs, "due_at": due})
        return asking.pass_on(change, moved, how=decision.kind, to=ruling.to)
    if ruling.closes is None:
        return asked
    closed = asking.close(change, asked, ruling.closes, emergency=decision.emergency)
    if decision.emergency and policy is not None and policy.emergency is not None:
        hours = timedelta(hours=policy.emergency.confirm_hours)
        confirming.ask(change, asked, by=decision.person, needs=ruling.needs, hours=hours)
    confirming.settle(change, closed)
    asking.wake(change, asked, cause=decision.id)
    return closed


def _record_refusal(
    store: Store, identity: Identity, asked: Approval, answer: Answer, *, because: str
) -> None:
    actor = identity.person or f"token:{identity.token}"
    with store.change(identity.customer, actor, asked.run) as change:
        change.append(
            "decision_refused",
            approval=asked.id,
            person=identity.person,
            why=because,
            outcome=answer.kind,
            proved_by=identity.proved_by,
            token=identity.token,
            machine=identity.is_machine,
        )


def _decision(
    change: Change, asked: Approval, identity: Identity, *, answer: Answer, ruling: Ruling
) -> Decision:
    return Decision(
        id=f"{asked.id}.{identity.person}",
        approval=asked.id,
        person=identity.person,
        role=ruling.role,
        kind=answer.kind,
        reason="",
        seen=asked.subject,
        proved_by=identity.proved_by,
        token=identity.token,
        solo=asked.solo,
        decided_at=change.clock.now(),
        behalf=ruling.behalf,
        delegation=ruling.delegation,
        to=ruling.to,
        emergency=answer.kind == "approve_in_emergency",
        signature=answer.signature,
    )
