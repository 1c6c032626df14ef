"""whose decision something needs; nobody approves their own work.

The needs are named people, fixed when the approval opens. Afterwards a decision is judged against
the approval alone: who was named, who was excluded, who has already decided. Silence is never
consent, and what is unknown is no.

*Solo.* An installation of one person may say so; that person then fills every need, alone, and
each decision is stamped. It ends by itself: an approval that names a second person is judged as any
other. It never reaches beyond the sandbox, the stage that serves no item, for a risky class.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from runs.errors import NotAllowed
from runs.moves import ApprovalStatus
from runs.records.approval import Approval, ApprovalKind, Decision, DecisionKind, Need
from runs.records.person import Identity, Person
from runs.records.release import StageKind
from runs.records.version import ApproverRule, PolicyValues, Risk

AGREES: frozenset[DecisionKind] = frozenset({"approve"})
CLOSES: Mapping[DecisionKind, ApprovalStatus] = {
    "reject": "rejected",
    "ask_for_changes": "changes_asked",
    # The edit has another digest: it is asked anew, and its editor is not asked.
    "approve_with_edit": "superseded",
}
"""What one named person's decision alone makes of an approval."""
MOVES_ON: frozenset[DecisionKind] = frozenset({"escalate", "hand_over"})
"""Recorded; the question stays open, and the person has had their say."""
INSIDE: frozenset[ApprovalKind] = frozenset({"plan", "test_exit", "lesson"})
"""Kinds after which nothing leaves the sandbox without another approval."""


class Ruling(NamedTuple):
    """What the rules say of one person's decision."""

    allowed: bool
    reason: str
    """Why not, or what it does, in one sentence."""
    closes: ApprovalStatus | None
    """What the approval becomes with it; None while more must agree."""
    role: str
    """The role in which the person counts; empty when not allowed."""


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
    and so on. `excluded`: requester, builder, last editor, author of the version.
    """
    wanted: Mapping[str, tuple[ApproverRule, ...]] = {**policy.approvers}
    rules = wanted.get(f"{kind}_{stage}") or wanted.get(kind, ())
    if not rules:
        raise NotAllowed(
            f"policy of {policy.workflow}: approvers.{kind} names nobody, so nobody can agree; "
            f"add at least one role under approvers.{kind}"
        )
    what = f"approvers.{kind}"
    return needs_of(rules, people, what=what, excluded=excluded, is_solo=is_solo)


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
    person can fill one need only, so the needs are checked together. `is_solo`: the installation
    says it has one person.
    """
    able = {person.id for person in people if not person.is_disabled}
    if is_solo and len(able) == 1:
        return tuple(Need(role=rule.role, count=1, people=tuple(able)) for rule in rules)
    able -= set(excluded)
    needs = tuple(
        Need(role=rule.role, count=rule.count, people=_holders(rule.role, people, able))
        for rule in rules
    )
    _check_fillable(what, needs)
    return needs


def rule_on(
    approval: Approval, decisions: Sequence[Decision], identity: Identity, kind: DecisionKind
) -> Ruling:
    """Say whether this person may decide so, and what the approval becomes with it.

    Only a named person, in an open approval, once. It is approved when every need is filled, each
    by people of its own; one rejection rejects it and one wish for changes closes it. Pure: it is
    run inside the transaction that records the decision.
    """
    refused = _why_not(approval, decisions, identity, kind)
    if refused:
        return Ruling(False, refused, None, "")
    filled = _fill(approval.needs, [*_agreed(approval, decisions), identity.person])
    role = filled.get(identity.person) or _role_of(approval, identity.person)
    if kind in CLOSES:
        return Ruling(True, f"{role} decides: {CLOSES[kind]}", CLOSES[kind], role)
    if kind in MOVES_ON:
        return Ruling(True, f"{role} passes it on; the question stays open", None, role)
    if identity.person not in filled:
        return Ruling(False, "every need this person could fill is filled", None, "")
    if _is_solo(approval) or len(filled) == _count(approval.needs):
        return Ruling(True, f"{role} agrees; all who must have agreed", "approved", role)
    missing = _count(approval.needs) - len(filled)
    return Ruling(True, f"{role} agrees; {missing} more must agree", None, role)


def why_not_proved(identity: Identity) -> str:
    """Why this is no named person who may decide; empty when it is."""
    if identity.is_machine or not identity.person:
        return "a machine never approves; a named person decides"
    if identity.proved_by not in ("token", "session", "demo"):
        return f"{identity.proved_by!r} is no proof of who decides"
    if identity.proved_by == "demo" and not identity.customer.is_demo:
        return "proof by demo holds for a demo customer only"
    return ""


def _why_not(
    approval: Approval, decisions: Sequence[Decision], identity: Identity, kind: DecisionKind
) -> str:
    """Why this decision may not be made; empty when it may. The first reason is the answer."""
    person = identity.person
    if kind not in AGREES | MOVES_ON and kind not in CLOSES:
        return f"{kind!r} is no decision; take one of {sorted(AGREES | MOVES_ON | set(CLOSES))}"
    if approval.status != "open":
        return f"the approval is {approval.status}; nothing is left to decide"
    refused = why_not_proved(identity) or _why_not_own(approval, person)
    if refused:
        return refused
    if person not in _named(approval):
        return f"{person} is not one of those who were asked"
    if any(decision.person == person for decision in decisions):
        return f"{person} has already decided"
    return ""


def _why_not_own(approval: Approval, person: str) -> str:
    if not _is_solo(approval):
        is_own = person in approval.excluded
        return (
            f"{person} asked for, built or edited it: nobody approves their own" if is_own else ""
        )
    is_sandbox = approval.kind == "stage" and approval.covers.get("weight_bp") == "0"
    is_inside = approval.kind in INSIDE or is_sandbox
    if approval.risks and not is_inside:
        return f"alone, nobody lets {', '.join(approval.risks)} actions out of the sandbox"
    return ""


def _is_solo(approval: Approval) -> bool:
    """Solo only where the approval says so and names no second person."""
    return approval.solo and len(_named(approval)) == 1


def _named(approval: Approval) -> frozenset[str]:
    return frozenset(person for need in approval.needs for person in need.people)


def _agreed(approval: Approval, decisions: Sequence[Decision]) -> list[str]:
    """Who has agreed to exactly this digest and may count, in order."""
    own = frozenset() if _is_solo(approval) else frozenset(approval.excluded)
    return [
        one.person
        for one in decisions
        if one.kind in AGREES and one.seen == approval.subject and one.person not in own
    ]


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


def _count(needs: Sequence[Need]) -> int:
    return sum(need.count for need in needs)


def _check_fillable(what: str, needs: Sequence[Need]) -> None:
    filled = list(_fill(needs, sorted({one for need in needs for one in need.people})).values())
    for need in needs:
        wanted = sum(other.count for other in needs if other.role == need.role)
        if filled.count(need.role) < wanted:
            raise NotAllowed(
                f"{what}: {wanted} x {need.role} must agree and {len(need.people)} may "
                f"({', '.join(need.people) or 'nobody'}), each in one role; give the role "
                f"{need.role} to another person who neither asked for nor built it"
            )


def _fill(needs: Sequence[Need], people: Sequence[str]) -> dict[str, str]:
    """Role by person: as many needs filled as these people can fill, each person filling one.

    A maximum matching by augmenting paths: whoever came first stays counted, in this or another
    role.
    """
    places = [(need.role, need.people) for need in needs for _ in range(need.count)]
    held: dict[int, str] = {}

    def place(person: str, tried: set[int]) -> bool:
        for number, (_, named) in enumerate(places):
            if person not in named or number in tried:
                continue
            tried.add(number)
            if number not in held or place(held[number], tried):
                held[number] = person
                return True
        return False

    for person in dict.fromkeys(people):
        place(person, set())
    return {person: places[number][0] for number, person in held.items()}
