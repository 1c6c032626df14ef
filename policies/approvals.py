"""whose decision something needs; nobody approves their own work.

The needs are named people, fixed when the approval opens. Afterwards a decision is judged against
the approval alone: who was named, who was excluded, who has already decided. Silence is never
consent, and what is unknown is no.

*Solo.* An installation of one person may say so; that person then fills every need, alone, and
each decision is stamped. It ends by itself: once a second person is here, or named, an approval is
judged as any other. It never reaches beyond the sandbox, the stage that serves no item, for a risky
class.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple, get_args

from policies import emergency
from policies.quorum import Vote, Who, check_fillable, count, fill, humans, named, votes
from policies.standins import Handed, Seat, escalated, find_limit, handed_over, next_step, seats
from runs.errors import NotAllowed
from runs.moves import ApprovalStatus
from runs.records.approval import Approval, ApprovalKind, Decision, DecisionKind, Need
from runs.records.delegation import ALONE, Around
from runs.records.person import Identity, Person
from runs.records.release import StageKind
from runs.records.version import ApproverRule, PolicyValues, Risk

CLOSES: Mapping[DecisionKind, ApprovalStatus] = {
    "reject": "rejected",
    "ask_for_changes": "changes_asked",
    # The edit has another digest: it is asked anew, and its editor is not asked.
    "approve_with_edit": "superseded",
}
"""What one named person's decision alone makes of an approval."""
MOVES_ON: frozenset[DecisionKind] = frozenset({"escalate", "hand_over"})
"""Recorded; the question stays open, others are asked, and the person has had their say."""
ALL: frozenset[DecisionKind] = frozenset(get_args(DecisionKind))
INSIDE: frozenset[ApprovalKind] = frozenset({"plan", "test_exit", "lesson"})
"""Kinds after which nothing leaves the sandbox without another approval."""
EDITED: frozenset[ApprovalKind] = frozenset({"plan", "update", "policy", "action"})
"""Kinds about something that a person can write otherwise; the rest is measured."""


class Ruling(NamedTuple):
    """What the rules say of one person's decision."""

    allowed: bool
    reason: str
    """Why not, or what it does, in one sentence."""
    closes: ApprovalStatus | None
    """What the approval becomes with it; None while more must agree."""
    role: str
    """The role in which the person counts; empty when not allowed."""
    because: str = ""
    """Why not, as one word for the audit; empty when allowed."""
    behalf: str = ""
    """In whose place a delegate decides; empty in their own."""
    delegation: str = ""
    needs: tuple[Need, ...] = ()
    """Who is asked from now on, where it was passed on."""
    to: tuple[str, ...] = ()
    """Whom it was passed on to."""


class Wanted(NamedTuple):
    """Whom a question may be put to."""

    excluded: Collection[str]
    """Who asked for it or built it."""
    editors: Collection[str] = ()
    """Who wrote it otherwise than it was asked before; they are excluded as well."""
    stage: StageKind | None = None
    is_solo: bool = False


class _No(NamedTuple):
    because: str
    says: str


def needs_for(
    kind: ApprovalKind,
    policy: PolicyValues,
    people: Sequence[Person],
    *,
    excluded: Collection[str],
    stage: StageKind | None = None,
    is_solo: bool = False,
) -> tuple[Need, ...]:
    """Name the people whose decision it needs, or raise NotAllowed naming the role nobody can fill.

    `stage`: the kind of stage it is about; approvers of `stage_full` come before those of `stage`,
    and so on. `excluded`: requester, builder, last editor, author of the version, with every
    account of theirs.
    """
    return needs_after(kind, policy, people, Wanted(excluded, (), stage, is_solo))


def needs_after(
    kind: ApprovalKind, policy: PolicyValues, people: Sequence[Person], wanted: Wanted
) -> tuple[Need, ...]:
    """The same for what somebody wrote otherwise than it was asked before.

    Their own word stands for a role that nobody else can fill. Somebody else decides always: where
    no role is left, the first of the escalation who neither asked for, built nor edited it.
    """
    asked: Mapping[str, tuple[ApproverRule, ...]] = {**policy.approvers}
    rules = asked.get(f"{kind}_{wanted.stage}") or asked.get(kind, ())
    if not rules:
        raise NotAllowed(
            f"policy of {policy.workflow}: approvers.{kind} names nobody, so nobody can agree; "
            f"add at least one role under approvers.{kind}"
        )
    what, never = f"approvers.{kind}", {*wanted.excluded, *wanted.editors}
    try:
        return needs_of(rules, people, what=what, excluded=never, is_solo=wanted.is_solo)
    except NotAllowed:
        left = _without_theirs(rules, [one for one in people if one.id in wanted.editors])
        if left == rules:
            raise
        if not left:
            who = humans(people)
            gone = {who(one) for one in never}
            step = next_step(Around(people, escalation=policy.escalation), who, gone)
            if step is None:
                raise
            return (step,)
    return needs_of(left, people, what=what, excluded=never)


def _without_theirs(
    rules: Sequence[ApproverRule], editors: Sequence[Person]
) -> tuple[ApproverRule, ...]:
    """The roles that are left where each editor's own word stands for one of theirs."""
    left = list(rules)
    for person in editors:
        held = (rule for rule in left if rule.role in (person.id, *person.roles))
        rule = next(held, None)
        if rule is not None:
            less = rule.model_copy(update={"count": rule.count - 1})
            place = left.index(rule)
            left[place : place + 1] = [less] if less.count else []
    return tuple(left)


def rules_for_action(policy: PolicyValues, risks: Sequence[Risk]) -> tuple[ApproverRule, ...]:
    """Who agrees to one action: all whom its risk classes name, or whom `action` names.

    A role that several classes name is asked once, by the most of them. NotAllowed where nobody is
    named.
    """
    wanted: Mapping[str, tuple[ApproverRule, ...]] = {**policy.approvers}
    by_risk = [rule for risk in risks for rule in wanted.get(f"action_{risk}", ())]
    rules: dict[str, ApproverRule] = {}
    for rule in by_risk or wanted.get("action", ()):
        if rule.role not in rules or rules[rule.role].count < rule.count:
            rules[rule.role] = rule
    if not rules:
        keys = ", ".join(["approvers.action", *(f"approvers.action_{risk}" for risk in risks)])
        raise NotAllowed(
            f"policy of {policy.workflow}: nobody may agree to an action of risk "
            f"{', '.join(risks) or 'none'}; add at least one role under one of {keys}"
        )
    return tuple(rules.values())


def needs_of(
    rules: Sequence[ApproverRule],
    people: Sequence[Person],
    *,
    what: str,
    excluded: Collection[str],
    is_solo: bool = False,
) -> tuple[Need, ...]:
    """Name who fills these roles, or raise NotAllowed naming `what` and the role nobody can fill.

    Nobody excluded or disabled is named; their deputy stands in, under the same conditions. Each
    human can fill one need only, so the needs are checked together. `is_solo`: the installation
    says it has one person.
    """
    who = humans(people)
    able = {person.id for person in people if not person.is_disabled}
    if is_solo and len({who(one) for one in able}) == 1:
        return tuple(Need(role=rule.role, count=1, people=tuple(sorted(able))) for rule in rules)
    never = {who(one) for one in excluded}
    able = {one for one in able if who(one) not in never}
    needs = tuple(
        Need(role=rule.role, count=rule.count, people=_holders(rule.role, people, able))
        for rule in rules
    )
    check_fillable(what, needs, who)
    return needs


def rule_on(
    approval: Approval,
    decisions: Sequence[Decision],
    identity: Identity,
    kind: DecisionKind,
    around: Around = ALONE,
) -> Ruling:
    """Say whether this person may decide so, and what the approval becomes with it.

    Only a named person or their delegate, in an open approval, each human once. It is approved when
    every need is filled, each by people of its own; one rejection rejects it and one wish for
    changes closes it. Pure: it is run inside the transaction that records the decision.
    """
    who = humans(around.people)
    refused = _why_not(approval, decisions, identity, kind, around=around, who=who)
    if refused:
        return Ruling(False, refused.says, None, "", refused.because)
    if kind == "approve_in_emergency":
        needs = emergency.confirmers(approval, decisions, identity.person, who)
        if not needs:
            alone = "nobody else could confirm it; ask those who are named, or escalate it"
            return Ruling(False, alone, None, "", "emergency")
        says = "approved alone; it has to be confirmed"
        return Ruling(True, says, "approved", "emergency", needs=needs)
    if kind in MOVES_ON:
        return _passed_on(approval, decisions, identity.person, kind, around=around)
    return _counted(approval, decisions, identity.person, kind, around=around, who=who)


def _counted(
    approval: Approval,
    decisions: Sequence[Decision],
    person: str,
    kind: DecisionKind,
    *,
    around: Around,
    who: Who,
) -> Ruling:
    """A decision that counts in a need: of the first place in which it fills one."""
    is_solo = _is_solo(approval, around, who)
    before = votes(approval, decisions, () if is_solo else approval.excluded)
    free = _free(approval, decisions, person, around=around, who=who)
    best, filled = free[0], fill(approval.needs, before, who)
    for seat in free:
        tried = fill(approval.needs, [*before, Vote(person, seat.place)], who)
        if person in tried:
            best, filled = seat, tried
            break
    role = filled.get(person) or _role_of(approval, best.place)
    behalf = best.place if best.delegation else ""
    told = f"{role}, in the place of {behalf}," if behalf else role
    if kind in CLOSES:
        says = f"{told} decides: {CLOSES[kind]}"
        return Ruling(True, says, CLOSES[kind], role, "", behalf, best.delegation)
    if person not in filled:
        full = "every need this person could fill is filled; leave it to the others who are asked"
        return Ruling(False, full, None, "", "filled")
    missing = count(approval.needs) - len(filled)
    if is_solo or missing == 0:
        says = f"{told} agrees; all who must have agreed"
        return Ruling(True, says, "approved", role, "", behalf, best.delegation)
    says = f"{told} agrees; {missing} more must agree"
    return Ruling(True, says, None, role, "", behalf, best.delegation)


def _passed_on(
    approval: Approval,
    decisions: Sequence[Decision],
    person: str,
    kind: DecisionKind,
    *,
    around: Around,
) -> Ruling:
    if person not in named(approval):
        no = "a delegate decides or leaves it; ask who was asked to pass it on"
        return Ruling(False, no, None, "", "delegate")
    move = handed_over if kind == "hand_over" else escalated
    handed: Handed = move(approval, decisions, person, around)
    if handed.refused:
        return Ruling(False, handed.refused, None, "", "nobody_left")
    role = _role_of(approval, person)
    says = f"{role} passes it on to {', '.join(handed.to)}; the question stays open"
    return Ruling(True, says, None, role, needs=handed.needs, to=handed.to)


def why_not_proved(identity: Identity) -> str:
    """Why this is no named person who may decide; empty when it is."""
    if identity.is_machine or not identity.person:
        return "a machine never approves; a named person decides: ask one"
    if identity.proved_by not in ("token", "session", "demo"):
        return f"{identity.proved_by!r} is no proof of who decides; use a token of your own"
    if identity.proved_by == "demo" and not identity.customer.is_demo:
        return "proof by demo holds for a demo customer only; use a token of your own"
    return ""


def _why_not(
    approval: Approval,
    decisions: Sequence[Decision],
    identity: Identity,
    kind: DecisionKind,
    *,
    around: Around,
    who: Who,
) -> _No | None:
    """Why this decision may not be made; None when it may. The first reason is the answer."""
    if kind not in ALL:
        return _No("kind", f"{kind!r} is no decision; take one of {sorted(ALL)}")
    if approval.status != "open":
        return _No("closed", f"the approval is {approval.status}; nothing is left to decide")
    refused = why_not_proved(identity)
    if refused:
        return _No("machine" if identity.is_machine or not identity.person else "proof", refused)
    person = identity.person
    known = {one.id: one for one in around.people}
    if known and (person not in known or known[person].is_disabled):
        return _No("disabled", f"{person} is disabled, or no person of this customer; ask an owner")
    if kind == "approve_with_edit" and approval.kind not in EDITED:
        says = f"what a {approval.kind} rests on is measured, and not edited; ask for changes"
        return _No("kind", says)
    if kind == "approve_in_emergency":
        says = emergency.why_not(approval, identity, around, who)
        return _No("emergency", says) if says else None
    return _why_no_voice(approval, decisions, person, around=around, who=who)


def _why_no_voice(
    approval: Approval, decisions: Sequence[Decision], person: str, *, around: Around, who: Who
) -> _No | None:
    """Why the person has no say in it, or no more."""
    refused = _why_not_own(approval, person, around, who)
    if refused:
        return refused
    if not seats(approval, person, around):
        limit = find_limit(approval, person, around)
        those = ", ".join(sorted(named(approval)))
        limits = f" ({limit})" if limit else ""
        why = f"{person} is not one of those who were asked{limits}; leave it to {those}"
        return _No("delegation" if limit else "unnamed", why)
    if who(person) in {who(one) for one in approval.agreed}:
        return _No(
            "decided",
            f"{person} has agreed to it already, before it was escalated; nothing is left to do",
        )
    if any(who(one.person) == who(person) for one in decisions):
        return _No("decided", f"{person} has already decided; nothing is left to do")
    if not _free(approval, decisions, person, around=around, who=who):
        says = f"a delegate has already decided in the place of {person}; nothing is left to do"
        return _No("decided", says)
    return None


def _free(
    approval: Approval, decisions: Sequence[Decision], person: str, *, around: Around, who: Who
) -> list[Seat]:
    """The places of this person in which nobody has decided yet."""
    taken = {who(one) for made in decisions for one in (made.person, made.behalf) if one}
    return [seat for seat in seats(approval, person, around) if who(seat.place) not in taken]


def _why_not_own(approval: Approval, person: str, around: Around, who: Who) -> _No | None:
    if not _is_solo(approval, around, who):
        if who(person) not in {who(one) for one in approval.excluded}:
            return None
        over = "; a second person is here, so solo is over and it is asked again"
        ended = over if is_over(approval, around) else ""
        says = (
            f"{person} asked for, built or edited it: nobody approves their own{ended}; leave it "
            "to somebody else"
        )
        return _No("own", says)
    is_sandbox = approval.kind == "stage" and approval.covers.get("weight_bp") == "0"
    is_inside = approval.kind in INSIDE or is_sandbox
    if approval.risks and not is_inside:
        risks = ", ".join(approval.risks)
        says = (
            f"alone, nobody lets {risks} actions out of the sandbox; bring a second person: "
            "pilotage user add"
        )
        return _No("solo", says)
    return None


def is_over(approval: Approval, around: Around) -> bool:
    """Whether a question was put to one person alone, and a second person has come since."""
    who = humans(around.people)
    return approval.solo and len({who(p.id) for p in around.people if not p.is_disabled}) > 1


def _is_solo(approval: Approval, around: Around, who: Who) -> bool:
    """Solo only where the approval says so, names no second person, and none has come since."""
    is_one = len({who(one) for one in named(approval)}) == 1
    return approval.solo and is_one and not is_over(approval, around)


def _role_of(approval: Approval, person: str) -> str:
    return next(need.role for need in approval.needs if person in need.people)


def _holders(role: str, people: Sequence[Person], able: Collection[str]) -> tuple[str, ...]:
    """Who may decide in this role, or under this id; the deputies of those who cannot."""
    stand = [
        person.id if person.id in able else person.deputy
        for person in people
        if role in person.roles or role == person.id
    ]
    return tuple(dict.fromkeys(one for one in stand if one in able))
