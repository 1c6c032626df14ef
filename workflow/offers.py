"""labelled cases that people's edits offer to a dataset: its owner takes them in, or does not."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from runs import snapshots, words
from runs.errors import Conflict, InvalidInput, NotAllowed, NotFound
from runs.plan import PlanRecord
from runs.records.case import Case, Dataset, Offer, Severity
from runs.records.item import Item, Review
from runs.records.person import Customer, Identity
from runs.records.record import digest_of
from runs.snapshots import Terms
from runs.store.store import Store, keep
from workflow import corrections
from workflow.dataset.widening import widen
from workflow.review import find_output
from workflow.sources import Context

EXPERT = "domain_expert"
"""The role that says what a dataset's labels are; the plan's own expert may as well."""
MOST = 1_000


@dataclass(frozen=True)
class Offered:
    """One edit that nobody has taken in or refused yet."""

    review: Review
    item: Item
    dataset: str
    """Name of the dataset of the item's plan."""
    owner: str
    """Who answers for that dataset."""


class Wish(NamedTuple):
    """How an edit is to stand in the dataset, and why it is taken in or not."""

    reason: str
    family: str = ""
    """Same thread, customer or template; empty: that of the same input, else one of its own."""
    severity: Severity = "major"


def offered(store: Store, customer: Customer, dataset: str = "") -> Iterator[Offered]:
    """Every edit that nobody has judged, the oldest first; a simulator's are no person's."""
    judged = {one.id for one in store.list(customer, Offer, limit=MOST * 10)}
    edits = store.reviews.edited(customer, limit=MOST * 10)
    for one in edits:
        if one.id in judged or one.simulated:
            continue
        found = _of(store, customer, one)
        if not dataset or found.dataset == dataset:
            yield found


def find(store: Store, customer: Customer, id: str) -> Offered:
    """The edit of this review or item, or of a beginning that is unique; NotFound otherwise."""
    found = [one for one in offered(store, customer) if one.review.id.startswith(id)]
    exact = [one for one in found if id in (one.review.id, one.item.id)]
    if len(found) != 1 and len(exact) != 1:
        what = "several edits begin" if found else "nobody offers an edit that begins"
        raise NotFound(f"{what} with {id!r}; `pilotage data offered` shows them")
    return (exact or found)[0]


def case_of(store: Store, customer: Customer, one: Offered, wish: Wish) -> Case:
    """The labelled case an edit is; Conflict where what was seen or answered is erased."""
    item, answered = one.item, one.review
    output = find_output(store, customer, item)
    seen = snapshots.read(store, customer, item.snapshot) if item.snapshot else None
    return Case(
        id=f"edited-{answered.id}",
        family=wish.family or f"item:{item.id}",
        input=snapshots.read(store, customer, item.input),
        expected=corrections.find_right(store, customer, output, answered),
        routes=answered.routes,
        severity=wish.severity,
        origin="edited",
        labelled_by=answered.decided_by,
        context=Context.model_validate(seen).values if seen else {},
    )


def accept(store: Store, identity: Identity, id: str, wish: Wish, terms: Terms) -> Dataset:
    """Take an edit into the newest dataset of its name, as a dataset of its own, by who and why.

    It goes where its family is: into what is held out only where that family is held out already.
    Conflict where the dataset says otherwise of the same input; NotAllowed for who does not answer
    for the dataset.
    """
    customer = identity.customer
    one = _admit(store, identity, id, wish.reason)
    case = case_of(store, customer, one, wish)
    with store.change(customer, identity.person) as change:
        newest = store.cases.newest(customer, one.dataset)
        present = store.cases.read(customer, newest.digest)
        case = _beside(case, present, wish)
        made = widen(newest, present, [case], by=identity.person, at=change.clock.now())
        store.cases.keep_in(change, made.dataset, made.cases)
        judged = _judged(one, identity, is_accepted=True)
        reason = words.quote(words.say(change, wish.reason, terms, kind="reason"))
        told = {"dataset": made.dataset.digest, "case": case.id, "reason": reason}
        keep(change, judged.model_copy(update=told))
    return made.dataset


def refuse(store: Store, identity: Identity, id: str, reason: str, terms: Terms) -> Offer:
    """Say that an edit does not belong into the dataset, by who and why."""
    one = _admit(store, identity, id, reason)
    judged = _judged(one, identity, is_accepted=False)
    with store.change(identity.customer, identity.person) as change:
        told = words.quote(words.say(change, reason, terms, kind="reason"))
        kept = judged.model_copy(update={"reason": told})
        keep(change, kept)
    return kept


def _admit(store: Store, identity: Identity, id: str, reason: str) -> Offered:
    one = find(store, identity.customer, id)
    if not reason.strip():
        raise InvalidInput(f"edit {one.review.id}: say why, with --reason")
    is_owner = identity.person == one.owner or EXPERT in identity.roles
    if identity.is_machine or not is_owner:
        raise NotAllowed(
            f"dataset {one.dataset!r} is {one.owner}'s: they, or another {EXPERT}, say what "
            "belongs into it"
        )
    return one


def _beside(case: Case, present: list[Case], wish: Wish) -> Case:
    """The case as it stands among those that are there; Conflict where they contradict it."""
    name = digest_of(case.input)
    same = [one for one in present if one.id != case.id and digest_of(one.input) == name]
    for one in same:
        if one.expected != case.expected:
            raise Conflict(
                f"case {one.id} has the same input and says otherwise: one of both is wrong; "
                "refuse this edit, or mend that case at its source and import it anew"
            )
    if same and wish.family and wish.family != same[0].family:
        raise Conflict(
            f"case {same[0].id} has the same input and is of family {same[0].family!r}; leave "
            "--family out, so that both are in one split"
        )
    return case.model_copy(update={"family": same[0].family}) if same else case


def _of(store: Store, customer: Customer, answered: Review) -> Offered:
    item = store.items.get(customer, answered.item)
    release = store.releases.get(customer, item.release)
    plan = store.get(customer, PlanRecord, release.plan).plan
    return Offered(answered, item, plan.dataset, plan.owners.domain_expert)


def _judged(one: Offered, identity: Identity, *, is_accepted: bool) -> Offer:
    told: dict[str, Any] = {
        "id": one.review.id,
        "item": one.item.id,
        "name": one.dataset,
        "is_accepted": is_accepted,
        "by": identity.person,
        "reason": "",
    }
    return Offer(**told)
