"""One item, from the queue to a defined end with an owner.

What intake, context, decide and route found is kept with the first effect that is begun on it, or
with the end: whoever dies before has done nothing outside. The truth of the act is the action
ledger; whatever was begun is settled there first, and goes on with what it was begun on.
An item whose effect waits for a person's yes is `asked` until they answer.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

from runs.errors import Conflict, NotFound
from runs.leases import Hold
from runs.records.item import Item, Rests
from runs.records.person import Customer
from runs.records.version import PolicyValues
from runs.store import jobs
from runs.store.change import Change
from runs.store.items import UNFINISHED
from tools.pace import one_go
from workflow import review
from workflow.process import asking, editing
from workflow.process.acting import Held, act, counting, find_rests, rolled_back
from workflow.process.ending import Ending
from workflow.process.hand import find_stage, take_in_hand
from workflow.process.parts import Ended, ProcessDeps, Work, prepare
from workflow.process.patience import late
from workflow.process.pending import Pending


def process_item(
    deps: ProcessDeps,
    customer: Customer,
    item_id: str,
    *,
    ended: Ended | None = None,
    known: Item | None = None,
) -> Item:
    """Bring an item to its end: one status, one owner, each effect at most once.

    An item that has ended, or waits for an answer still, is returned as it is. One that people
    agreed to goes on where it stood; one of which something changed is worked on from the
    beginning. `ended` writes into the change of its end, so that whoever asked for the work need
    not. Raises Unavailable when it has to be tried again. What takes longer than its policy allows
    goes to a person.
    """
    item = known or deps.store.items.get(customer, item_id)
    if item.status not in UNFINISHED:
        return item
    is_anew = item.status == "queued" or asking.is_void(deps.store, customer, item)
    try:
        ended_by = replace(deps, ended=ended)
        with one_go():
            item = _work_on(ended_by, customer, item, is_anew=is_anew)
    except Conflict:
        # Whoever called it off or took its version back came first: that end stands.
        item = deps.store.items.get(customer, item_id)
        if item.status in UNFINISHED:
            raise
    if item.status == "asked":
        # After it is kept: what is asked about is the answer that the record holds.
        asking.ask(deps, customer, item, is_anew=is_anew)
    return item


def _work_on(deps: ProcessDeps, customer: Customer, item: Item, *, is_anew: bool) -> Item:
    if not is_anew:
        return _go_on(deps, customer, item)
    edited = editing.find_edited(deps, customer, item) if item.status == "asked" else None
    if edited is not None:
        return _go_on(deps, customer, edited)
    return _from_the_beginning(deps, customer, item)


def give_up(deps: ProcessDeps, customer: Customer, item_id: str, reason: str) -> Item:
    """End an item that cannot be worked on: to a person, with the reason.

    For whoever stops trying. An action that was begun stays in the ledger to be reconciled.
    """
    item = deps.store.items.get(customer, item_id)
    if item.status not in UNFINISHED:
        return item
    begun = [a.key for a in deps.store.actions.of_item(customer, item.id)]
    if begun:
        reason = f"{reason}; begun before: {', '.join(begun)}"
    ending = Ending("in_review", reason, review="exception")
    return _finish(deps, customer, item, ending, Pending())


def end_late(deps: ProcessDeps, customer: Customer, item: Item) -> None:
    """End an item past its deadline that waits in the queue: to a person, with the reason.

    Nothing where it is in time, or something was begun; Conflict where a worker has it in hand.
    """
    if says := _too_late(deps, customer, item):
        waits = replace(deps, ended=partial(jobs.take_off, item=item.id))
        ending = Ending("in_review", says, review="exception")
        _finish(waits, customer, item, ending, Pending())


def _from_the_beginning(deps: ProcessDeps, customer: Customer, item: Item) -> Item:
    if item.arm == "incumbent":
        ending = Ending("handed_over", "the incumbent serves it")
        return _finish(deps, customer, item, ending, Pending())
    if says := _too_late(deps, customer, item):
        ending = Ending("in_review", says, review="exception")
        return _finish(deps, customer, item, ending, Pending())
    with _in_hand(deps, customer, item) as (work, hold):
        begun = deps.store.actions.of_item(customer, item.id)
        rests = find_rests(deps.store, customer, item, begun)
        routed = _routed(work, rests)
        if routed["reason"]:
            item = item.model_copy(update={"route": "refuse", "rule": "contract"})
            ending = Ending("quarantined", routed["reason"], review="quarantine")
        else:
            names = ("snapshot", "output", "policy", "route", "rule")
            item = item.model_copy(update={name: routed[name] for name in names})
            held = Held(item, hold, begun, find_stage(work), is_read=rests is None)
            ending = _end(work, held, routed)
        return _finish(deps, customer, item, ending, work.pending)


@contextmanager
def _in_hand(deps: ProcessDeps, customer: Customer, item: Item) -> Iterator[tuple[Work, Hold]]:
    """The item and the lease on it; what came of its effects is kept, whatever ends the block."""
    with deps.holding(customer, item) as hold:
        work = take_in_hand(deps, customer, item)
        try:
            yield work, hold
        finally:
            if work.pending.is_owed:
                work.write()


def _too_late(deps: ProcessDeps, customer: Customer, item: Item) -> str:
    """Why it is not worked on any more; empty while there is time, or something was begun."""
    if says := late(deps.store, customer, item, deps.store.clock.now()):
        begun = deps.store.actions.of_item(customer, item.id)
        return "" if counting(deps.store, customer, item, begun) else says
    return ""


def _go_on(deps: ProcessDeps, customer: Customer, item: Item) -> Item:
    """Answered, or not yet: the same version of it is acted on, or waits further."""
    with _in_hand(deps, customer, item) as (work, hold):
        begun, stage = deps.store.actions.of_item(customer, item.id), find_stage(work)
        if stage is None and not begun:
            ending = rolled_back(item.reason)
        else:
            ending = act(work, Held(item, hold, begun, stage))
        return _finish(deps, customer, item, ending, work.pending)


def _routed(work: Work, rests: Rests | None) -> dict[str, Any]:
    """What the four parts say; once an effect was begun, what it was begun on."""
    if rests is not None:
        return {"reason": "", **rests.as_json(), "route": "act", "owner": "", "why": ""}
    return prepare(work)


def _end(work: Work, held: Held, routed: dict[str, Any]) -> Ending:
    owner, why = routed["owner"], routed["why"]
    if counting(work.deps.store, work.customer, held.item, held.begun):
        return act(work, held)
    if held.stage is None:
        return rolled_back(why)
    if held.stage == "sandbox":
        return Ending("drafted", why, review="shadow")
    if routed["route"] == "act":
        return act(work, held)
    if routed["route"] == "refuse":
        return Ending("refused", why, owner, "audit" if held.item.audited else None)
    return Ending("in_review", why, owner, "exception")


def _finish(
    deps: ProcessDeps, customer: Customer, item: Item, ending: Ending, pending: Pending
) -> Item:
    """Write the end and its review in one go, what is pending first; the first end is believed."""
    if item.status == "asked" and ending.status != "asked":
        asking.withdraw_all(deps.store, customer, item)
    policy = deps.store.get(customer, PolicyValues, item.policy)
    now = deps.store.clock.now()
    ended = item.model_copy(
        update={
            "status": ending.status,
            "reason": ending.reason,
            "owner": _owner(deps, customer, ending, policy),
            "finished_at": None if ending.status == "asked" else now,
            "found": ending.found,
        }
    )
    due_at = now + timedelta(hours=policy.review_due_hours)
    reviews = []
    if ending.review is not None:
        reviews.append(review.make(ended, ending.review, at=now, due_at=due_at))

    def also(change: Change) -> None:
        pending.write_in(change)
        # A question is opened after its item is kept: until then the job is not done.
        if deps.ended is not None and ending.status != "asked":
            deps.ended(change)

    return deps.store.items.finish(customer, ended, reviews, also=also)


def _owner(deps: ProcessDeps, customer: Customer, ending: Ending, policy: PolicyValues) -> str:
    """The first person there is: who is named, who reviews, who is told when nobody answers."""
    for named in (ending.owner, policy.review_owner, *policy.escalation):
        person = deps.person(customer, named) if named else ""
        if person:
            return person
    raise NotFound(
        f"nobody is {ending.owner or policy.review_owner!r}, and nobody the escalation names; "
        "`pilotage user add` adds people"
    )
