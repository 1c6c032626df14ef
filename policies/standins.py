"""who may decide in another's place: delegates within their limits, and the next of an escalation.

Whoever asked for it, built or edited it stands in for nobody, nobody counts twice, and silence
makes a quorum neither smaller nor another's: as many people must agree afterwards as before.
"""

from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple

from policies.quorum import Vote, Who, fill, humans, named, votes
from runs.records.approval import Approval, Decision, Need
from runs.records.delegation import Around, Delegation
from runs.records.person import Person


class Seat(NamedTuple):
    """In whose place a person decides."""

    place: str
    delegation: str = ""
    """Id of the delegation; empty where it is their own place."""


class Handed(NamedTuple):
    """Who is asked from now on, or why it cannot be passed on."""

    needs: tuple[Need, ...]
    to: tuple[str, ...]
    refused: str = ""


def seats(approval: Approval, person: str, around: Around) -> list[Seat]:
    """Every place in which this person may decide, their own first; empty when they may not."""
    asked = named(approval)
    own = [Seat(person)] if person in asked else []
    who = humans(around.people)
    never = {who(one) for one in approval.excluded}
    return [
        *own,
        *(
            Seat(one.giver, one.id)
            for one in sorted(around.delegations, key=lambda one: one.id)
            if one.to == person
            and one.giver in asked
            and who(one.giver) not in never
            and not why_no_delegate(one, approval, around)
        ),
    ]


def why_no_delegate(delegation: Delegation, approval: Approval, around: Around) -> str:
    """Why a delegation does not reach a question, in one sentence; empty when it does."""
    giver, to = delegation.giver, delegation.to
    if around.now is None or delegation.until <= around.now:
        return f"the delegation of {giver} to {to} was over at {delegation.until:%Y-%m-%d %H:%M}"
    if approval.kind not in delegation.kinds:
        return f"{giver} delegated {', '.join(delegation.kinds)} to {to}, not {approval.kind}"
    beyond = sorted(set(approval.risks) - set(delegation.risks))
    if beyond:
        return f"{giver} delegated nothing {', '.join(beyond)} to {to}"
    if giver in {one.id for one in around.people if one.is_disabled}:
        return f"{giver} is disabled, and so is what they delegated"
    return ""


def find_limit(approval: Approval, person: str, around: Around) -> str:
    """Why a delegation to this person does not reach this question; empty when there is none."""
    asked = named(approval)
    mine = (one for one in around.delegations if one.to == person and one.giver in asked)
    return next((why for one in mine if (why := why_no_delegate(one, approval, around))), "")


def next_needs(
    approval: Approval, decisions: Sequence[Decision], passed: Collection[str], around: Around
) -> tuple[Need, ...]:
    """Who is asked once nobody answered: the next of the escalation; nobody when it is used up.

    As many as are still missing, none of whom was asked before (`passed`, besides those of this
    question), decided, asked for it or built it. Who agreed already stays counted.
    """
    who = humans(around.people)
    own = votes(approval, decisions, approval.excluded)
    missing = sum(need.count for need in approval.needs) - len(fill(approval.needs, own, who))
    never = {who(one) for one in (*passed, *_had_it(approval, decisions))}
    needs: list[Need] = []
    for step in around.escalation:
        left = missing - sum(need.count for need in needs)
        people = _distinct(_standing(step, around, who, never), who) if left else ()
        if people:
            never |= {who(one) for one in people}
            needs.append(Need(role=step, count=min(left, len(people)), people=people))
    whole = sum(need.count for need in needs) == missing
    return tuple(needs) if whole and missing else ()


def handed_over(
    approval: Approval, decisions: Sequence[Decision], person: str, around: Around
) -> Handed:
    """Who is asked once this person handed their place to the one named in `around.to`.

    To whoever may decide: holds the role, is their deputy, or was given a delegation that reaches
    it; neither excluded, disabled nor the same human, and enough people must be left.
    """
    to, who = around.to, humans(around.people)
    known = {one.id: one for one in around.people if not one.is_disabled}
    if to not in known:
        return _no(f"{to or 'nobody'} is not a person here; name one with --to PERSON")
    if who(to) in {who(one) for one in (*approval.excluded, *approval.agreed)}:
        return _no(f"{to} asked for, built, edited or agreed to it; name somebody else")
    if who(to) in {who(one) for one in (person, *_decided(decisions))}:
        return _no(f"{to} has had their say, or is {person}; name somebody else")
    deputy = known[person].deputy if person in known else ""
    places = [need for need in approval.needs if person in need.people]
    may = to == deputy or any(seat.place == person for seat in seats(approval, to, around))
    taken = [need for need in places if may or need.role in known[to].roles or to in need.people]
    if not taken:
        roles = " or ".join(dict.fromkeys(need.role for need in places))
        could = _could(places, known.values(), who, person)
        way = f"name one of {could}" if could else "escalate it with `pilotage approval escalate`"
        return _no(
            f"{to} may not decide it: they are no {roles}, nor deputy or delegate of {person}; "
            f"{way}"
        )
    return _moved(approval, decisions, person, to=(to,), places=taken, who=who)


def escalated(
    approval: Approval, decisions: Sequence[Decision], person: str, around: Around
) -> Handed:
    """Who is asked once this person gave their place to the next of the escalation."""
    who = humans(around.people)
    never = {who(one) for one in _had_it(approval, decisions)}
    step = next_step(around, who, never)
    if step is None:
        return _no(
            "nobody is left in the policy's escalation who neither was asked nor built it; decide "
            "it, hand it over with `pilotage approval handover`, or reject it"
        )
    places = [need for need in approval.needs if person in need.people]
    return _moved(approval, decisions, person, to=step.people, places=places, who=who)


def next_step(around: Around, who: Who, never: Collection[str]) -> Need | None:
    """The first step of the escalation on which somebody stands who is none of `never` (humans)."""
    for step in around.escalation:
        people = _distinct(_standing(step, around, who, never), who)
        if people:
            return Need(role=step, count=1, people=people)
    return None


def _moved(
    approval: Approval,
    decisions: Sequence[Decision],
    person: str,
    *,
    to: tuple[str, ...],
    places: Sequence[Need],
    who: Who,
) -> Handed:
    """The needs with others in this person's place, where as many as must can still agree."""

    def moved(need: Need) -> Need:
        rest = tuple(one for one in need.people if one != person)
        people = (*rest, *to) if need in places else rest
        return need.model_copy(update={"people": tuple(dict.fromkeys(people))})

    needs = tuple(moved(need) for need in approval.needs)
    agreed = votes(approval, decisions, approval.excluded)
    spent = {who(one.person) for one in decisions if one.kind != "approve"}
    left = [Vote(one, one) for need in needs for one in need.people if who(one) not in spent]
    must = sum(need.count for need in needs)
    if len(fill(needs, [*agreed, *left], who)) < must:
        return _no(
            f"too few would be left: {must} must agree; decide it, or hand it to somebody who was "
            "not asked yet"
        )
    return Handed(needs, to)


def _could(places: Sequence[Need], known: Collection[Person], who: Who, person: str) -> str:
    roles = {need.role for need in places}
    return ", ".join(
        sorted(one.id for one in known if roles & set(one.roles) and who(one.id) != who(person))
    )


def _had_it(approval: Approval, decisions: Sequence[Decision]) -> tuple[str, ...]:
    """Everybody who was asked, decided, agreed before, or may not."""
    return (*named(approval), *_decided(decisions), *approval.excluded, *approval.agreed)


def _decided(decisions: Sequence[Decision]) -> Iterator[str]:
    for one in decisions:
        yield from filter(None, (one.person, one.behalf))


def _standing(step: str, around: Around, who: Who, never: Collection[str]) -> Iterator[str]:
    """Who stands on a step of the escalation and did not have it; a deputy for who is disabled."""
    able = {one.id for one in around.people if not one.is_disabled}
    for one in around.people:
        if step == one.id or step in one.roles:
            stands = one.id if one.id in able else one.deputy
            if stands in able and who(stands) not in never:
                yield stands


def _distinct(people: Iterator[str], who: Who) -> tuple[str, ...]:
    """Each human once, under the first account."""
    found: dict[str, str] = {}
    for one in people:
        found.setdefault(who(one), one)
    return tuple(found.values())


def _no(why: str) -> Handed:
    return Handed((), (), why)
