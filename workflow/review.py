"""an item that waits for a person: opened, claimed, answered once, handed on.

Each act is one transaction with its event. Whose act it is, is asked of the rules before anything
is written, and a refusal is an event too.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any, Literal, NamedTuple

from policies.approvals import why_not_proved
from policies.reviews import Asked, is_alone, next_owner, why_not_asked, why_not_judge
from runs import snapshots, words
from runs.errors import Conflict, InvalidInput, NotAllowed, NotFound
from runs.people import find_people
from runs.plan import PlanRecord
from runs.records.item import Answer, Escalation, Item, Output, Review, ReviewKind
from runs.records.person import Customer, Identity, Person
from runs.records.version import PolicyValues, Route, Rule, Version
from runs.snapshots import Terms
from runs.store.change import Change
from runs.store.items import close_waiting, hand_on_item
from runs.store.reviews import (
    Waiting,
    claim_review,
    closed,
    decide_review,
    hand_on_review,
    require_unmoved,
)
from runs.store.store import Store
from workflow import corrections
from workflow.version import fillings_of, mask_of

CLAIM = timedelta(minutes=15)
"""After this time a claim has aged out, unless it was made again."""
MAX_REASON = 4_000

Verb = Literal["claim", "release", "answer", "escalate"]


@dataclass(frozen=True)
class Deps:
    """What an act on a review needs."""

    store: Store
    is_solo: bool
    """The installation says that it has one person."""


class Said(NamedTuple):
    """A person's answer as it was given."""

    answer: Answer
    routes: tuple[Route, ...] = ()
    """Which routes were right. Must be said of an item that went to a person: being asked is no
    proof that a person was needed."""
    label: str = ""
    reason: str = ""
    is_simulated: bool = False
    fields: Mapping[str, Any] | None = None
    """Of a draft: the fields that are otherwise, as they should be; null takes one out."""


class Meant(NamedTuple):
    """What an answer says of its item."""

    label: str
    """The right one; empty where none is."""
    routes: tuple[Route, ...]


class Setting(NamedTuple):
    """Whom items of one version, policy and rule ask."""

    version: Version
    policy: PolicyValues
    """The values that lead: who is asked now, not who was when the item came."""
    rule: Rule | None
    """The rule that sent the item where it is; None where none did."""
    named: tuple[str, ...]
    excluded: frozenset[str]


class Outlook(NamedTuple):
    """What is asked of people about an item, and what may follow."""

    review: Review
    may_answer: tuple[str, ...]
    next_owner: str
    """Who gets it when its owner escalates; empty when nobody is left."""
    due_hours: int
    """For so long the next owner has it."""
    rule: Rule | None
    labels: tuple[str, ...]
    fields: tuple[str, ...] = ()
    """Of a draft: what can be set otherwise."""


class Ground(NamedTuple):
    """What one act rests on."""

    item: Item
    review: Review
    setting: Setting
    asked: Asked
    people: list[Person]

    @property
    def terms(self) -> Terms:
        """What of people's words about this item may be kept, and how long."""
        version = self.setting.version
        return Terms(mask_of(version), version.retention_days, version.retention)


def make(item: Item, kind: ReviewKind, *, at: datetime, due_at: datetime) -> Review:
    """The open review of an item, for its owner and for its reason."""
    return Review(
        id=f"{item.id}.{kind}",
        item=item.id,
        kind=kind,
        owner=item.owner,
        reason=item.reason,
        status="open",
        answer="",
        label="",
        routes=(),
        decided_by="",
        simulated=False,
        opened_at=at,
        due_at=due_at,
        decided_at=None,
    )


def claim(deps: Deps, identity: Identity, id: str) -> Review:
    """Say that this person looks at the item, for `CLAIM` from now; once more makes it longer.

    Everybody goes on seeing the item, and who holds it. Conflict while somebody else does.
    """
    ground = _admit(deps, identity, id, "claim")
    with deps.store.change(identity.customer, identity.person) as change:
        require_unmoved(change, ground.review)
        told = {"held_by": identity.person, "held_until": change.clock.now() + CLAIM}
        held = ground.review.model_copy(update=told)
        claim_review(change, held)
    return held


def release(deps: Deps, identity: Identity, id: str) -> Review:
    """Let a claim go before it ages out; NotAllowed when it is somebody else's."""
    ground = _admit(deps, identity, id, "release")
    if ground.review.held_by != identity.person:
        raise InvalidInput(
            f"item {ground.item.id}: {identity.person} does not hold it; claim it first: "
            f"pilotage item claim {ground.item.id}"
        )
    with deps.store.change(identity.customer, identity.person) as change:
        require_unmoved(change, ground.review)
        free = ground.review.model_copy(update={"held_by": "", "held_until": None})
        claim_review(change, free)
    return free


def answer(deps: Deps, identity: Identity, id: str, said: Said) -> Review:
    """Keep what a person says of an item, once, and close the item if it waited for that.

    Nothing outside is done by it. NotAllowed for who may not judge it, Conflict when somebody
    answered first or holds it, InvalidInput for an answer that does not fit the item.
    """
    ground = _admit(deps, identity, id, "answer")
    produced, fields = find_label(deps.store, identity.customer, ground.item), said.fields or {}
    if fields:
        names = [one.name for one in fillings_of(ground.setting.version)]
        output = find_output(deps.store, identity.customer, ground.item)
        corrections.check(fields, corrections.Drafted(id, names, output))
    meant = meaning(said, ground.item, produced=produced, labels=ground.setting.version.labels)
    reason = _reason(said.reason, ground.item, is_needed=said.answer == "reject")
    with deps.store.change(identity.customer, identity.person) as change:
        require_unmoved(change, ground.review)
        told = {
            "status": "decided",
            "answer": said.answer,
            **meant._asdict(),
            "wrong": tuple(fields),
            "corrected": corrections.keep(change, id, fields, ground.terms),
            "said": words.say(change, reason, ground.terms, kind="reason"),
            "decided_by": identity.person,
            "proved_by": identity.proved_by,
            "token": identity.token,
            "solo": is_alone(ground.asked, ground.people),
            "simulated": said.is_simulated,
            "decided_at": change.clock.now(),
        }
        decided = ground.review.model_copy(update=told)
        decide_review(change, decided)
        close_waiting(change, ground.item.id)
    return decided


def escalate(deps: Deps, identity: Identity, id: str, reason: str) -> Review:
    """Hand an item on to the next person of the escalation, with a new due time and the reason.

    InvalidInput when everybody the escalation names has had it.
    """
    ground = _admit(deps, identity, id, "escalate")
    text = _reason(reason, ground.item, is_needed=True)
    owner = _find_next(ground, identity.person)
    if not owner:
        policy = ground.setting.policy
        raise InvalidInput(
            f"item {ground.item.id}: everybody whom the escalation of {policy.workflow} names "
            f"({', '.join(policy.escalation)}) has had it or may not judge it; answer it, or name "
            "another role or person in the policy file"
        )
    with deps.store.change(identity.customer, identity.person) as change:
        require_unmoved(change, ground.review)
        handed = _handed(change, ground, identity.person, owner=owner, text=text)
        hand_on_review(change, handed)
        hand_on_item(change, ground.item.id, owner)
    return handed


def meaning(said: Said, item: Item, *, produced: str, labels: Sequence[str]) -> Meant:
    """What an answer says was right; InvalidInput, with the remedy, where it does not fit.

    `produced`: the label the version gave, empty without one. `labels`: those it may give.
    """
    is_kept = said.answer == "approve" or (bool(said.fields) and not said.label)
    label = produced if is_kept else said.label
    if said.fields and said.answer != "edit":
        raise InvalidInput(f"item {item.id}: fields are set by an edit; edit it, or leave them out")
    if said.answer == "reject":
        if "act" in said.routes:
            raise InvalidInput(f"item {item.id}: rejected, nothing can act on it; leave out act")
        return Meant("", said.routes or ("refuse",))
    if not label:
        raise InvalidInput(
            f"item {item.id}: nothing was produced that could be approved; edit it with a --label, "
            "or reject it with a --reason"
        )
    if said.answer == "edit" and label not in labels:
        raise InvalidInput(f"--label {label!r}: take one of {', '.join(labels)}")
    if said.answer == "edit" and label == produced and not said.fields:
        raise InvalidInput(f"--label {label!r}: this is what was produced; approve it")
    routes: tuple[Route, ...] = said.routes or (("act",) if item.route == "act" else ())
    if not routes:
        raise InvalidInput(
            f"item {item.id} went to a person: say whether one was needed, with --route review, "
            "--route act (it could have gone alone) or --route refuse, or several; the release is "
            "judged by it"
        )
    return Meant(label, tuple(dict.fromkeys(routes)))


def find_label(store: Store, customer: Customer, item: Item) -> str:
    """The label the version gave; empty when it gave none, Conflict when it was erased."""
    return snapshots.read(store, customer, item.output)["label"] if item.output else ""


def find_output(store: Store, customer: Customer, item: Item) -> Output | None:
    """What the version answered; None when it gave no answer, Conflict when it was erased."""
    if not item.output:
        return None
    return Output.model_validate(snapshots.read(store, customer, item.output))


def find_open(store: Store, customer: Customer, item: Item) -> Review | None:
    """The review in which the item waits for a person, or None."""
    waits = [one for one in store.reviews.of_item(customer, item.id) if one.status == "open"]
    return min(waits, key=lambda one: (one.due_at, one.id), default=None)


def for_person(deps: Deps, identity: Identity, waiting: Iterable[Waiting]) -> list[Waiting]:
    """Those of the waiting items this person may answer."""
    store, customer = deps.store, identity.customer
    people = find_people(store, customer)

    @cache
    def setting(version: str, release: str, rule: str) -> Setting:
        return _setting(store, customer, version=version, release=release, rule=rule)

    def asked(one: Waiting) -> Asked:
        shared = setting(one.item.version, one.item.release, one.item.rule)
        return Asked(one.review.owner, shared.named, shared.excluded, deps.is_solo)

    return [one for one in waiting if not why_not_judge(asked(one), identity.person, people)]


def find_outlook(deps: Deps, customer: Customer, item: Item) -> Outlook | None:
    """What is asked of people about an item, and what may follow; None when it waits for nobody."""
    if find_open(deps.store, customer, item) is None:
        return None
    ground = _ground(deps, customer, item)
    asked, people = ground.asked, ground.people
    return Outlook(
        review=ground.review,
        may_answer=tuple(one.id for one in people if not why_not_judge(asked, one.id, people)),
        next_owner=_find_next(ground, ""),
        due_hours=ground.setting.policy.review_due_hours,
        rule=ground.setting.rule,
        labels=ground.setting.version.labels,
        fields=tuple(one.name for one in fillings_of(ground.setting.version)),
    )


def _admit(deps: Deps, identity: Identity, id: str, verb: Verb) -> Ground:
    """What the act rests on; NotAllowed with an event, Conflict or NotFound where it may not be."""
    ground = _ground(deps, identity.customer, deps.store.items.get(identity.customer, id))
    may_not = why_not_asked if verb in ("escalate", "release") else why_not_judge
    says = why_not_proved(identity) or may_not(ground.asked, identity.person, ground.people)
    if says:
        actor = identity.person or f"token:{identity.token}"
        with deps.store.change(identity.customer, actor) as change:
            change.append(
                "access_refused", person=identity.person, review=ground.review.id, verb=verb
            )
        raise NotAllowed(f"{verb} item {ground.item.id}: {says}")
    holder = ground.review.holder(deps.store.clock.now())
    if holder not in ("", identity.person):
        raise Conflict(
            f"{holder} holds item {ground.item.id} until {ground.review.held_until:%H:%M} UTC; "
            "ask them to release it, or wait until then"
        )
    return ground


def _ground(deps: Deps, customer: Customer, item: Item) -> Ground:
    review = find_open(deps.store, customer, item)
    if review is None:
        raise _why_none(deps.store, customer, item)
    setting = _setting(
        deps.store, customer, version=item.version, release=item.release, rule=item.rule
    )
    asked = Asked(review.owner, setting.named, setting.excluded, deps.is_solo)
    return Ground(item, review, setting, asked, find_people(deps.store, customer))


def _setting(store: Store, customer: Customer, *, version: str, release: str, rule: str) -> Setting:
    built = store.get(customer, Version, version)
    served = store.releases.get(customer, release)
    leading = store.policies.find_leading(customer, built.workflow) or served.policy
    policy = store.get(customer, PolicyValues, leading)
    fired = next((one for one in built.rules if one.id == rule), None)
    builder = store.get(customer, PlanRecord, served.plan).plan.owners.builder
    requester = store.runs.get(customer, served.run).requester
    owners = (fired.owner, policy.review_owner) if fired else (policy.review_owner,)
    named = tuple(dict.fromkeys(owners))
    return Setting(built, policy, fired, named, frozenset({builder, requester}))


def _why_none(store: Store, customer: Customer, item: Item) -> Conflict | NotFound:
    past = store.reviews.of_item(customer, item.id)
    if past:
        return closed(past[-1])
    return NotFound(
        f"item {item.id} is {item.status} and waits for nobody; `pilotage item list --waiting` "
        "shows what does"
    )


def _reason(text: str, item: Item, *, is_needed: bool) -> str:
    text = text.strip()
    if len(text) > MAX_REASON or (is_needed and not text):
        least = 1 if is_needed else 0
        raise InvalidInput(
            f"item {item.id}: a reason of {least} to {MAX_REASON} characters is needed; "
            "add --reason TEXT"
        )
    return text


def _find_next(ground: Ground, by: str) -> str:
    """Who answers for the item next: never who had it, hands it on or may not judge it."""
    review, chain = ground.review, ground.setting.policy.escalation
    passed = {by, review.owner, *(one.owner for one in review.escalations)}
    return next_owner(chain, ground.people, passed | ground.asked.excluded)


def _handed(change: Change, ground: Ground, by: str, *, owner: str, text: str) -> Review:
    now, review = change.clock.now(), ground.review
    reason = words.say(change, text, ground.terms, kind="reason")
    step = Escalation(owner=review.owner, by=by, reason=reason, at=now)
    told = {
        "owner": owner,
        "due_at": now + timedelta(hours=ground.setting.policy.review_due_hours),
        "held_by": "",
        "held_until": None,
        "escalations": (*review.escalations, step),
    }
    return review.model_copy(update=told)
