"""Every effect of an item, in order, at most once; what waits for a yes waits as a whole.

Drafts that wait for nobody are left first, so that people see them before they agree. Everything
else waits: nothing is triggered or updated before all that must be agreed to was.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from policies.permissions import permit
from runs import approvals
from runs.errors import NotAllowed
from runs.leases import Hold
from runs.records.approval import Approval
from runs.records.item import Action, Item, Rests
from runs.records.person import Customer
from runs.records.release import StageKind
from runs.store.store import Store
from workflow.actions import NOTHING_DONE, ActionDeps, Within, abandon, find_refusal, perform
from workflow.process import asking
from workflow.process.ending import Ending
from workflow.process.hand import changes, find_stage, keep_found, requests
from workflow.process.parts import Work
from workflow.process.patience import late, told
from workflow.requests import Check, Request, approved, permission
from workflow.sources import is_changed, told_changes

PREPARES = ("suggest", "draft")
"""Levels whose effects people may look at before they agree to what follows."""


class Held(NamedTuple):
    """An item with the lease on it, what was begun of it, and what its stage is now."""

    item: Item
    hold: Hold
    begun: Sequence[Action]
    stage: StageKind | None
    is_read: bool = False
    """Its sources were read just now."""


def act(work: Work, held: Held) -> Ending:
    """Do every effect of the version; what was begun before is settled before anything else.

    `asked` while an effect waits for a yes; nothing that was not agreed to exactly so is done. What
    came of the last effect is pending: the item's end writes it.
    """
    ending = _settle_and_act(work, held)
    work.pending.add(held.hold.give_back_in)
    return ending


def _settle_and_act(work: Work, held: Held) -> Ending:
    item, hold, begun = held.item, held.hold, held.begun
    wanted = requests(work, item, begun) if item.route == "act" else []
    if begun or asking.waiting(work, wanted):
        # Otherwise the reservation takes it: before that there is nothing to keep others from.
        hold.take()
    deps = _action_deps(work, held)
    known = {request.key for request in wanted}
    left = [a for a in begun if a.key not in known and not _is_replaced(a, item)]
    if other := counting(deps.store, work.customer, item, left):
        return _begun_otherwise([abandon(deps, work.customer, action) for action in other])
    try:
        return _act(deps, work, item, wanted, begun)
    except NotAllowed as error:
        return _not_allowed(work, str(error))


def rolled_back(reason: str) -> Ending:
    """The end of an item whose version was taken away before it acted."""
    why = f"its version was rolled back before it acted; it had been routed: {reason}"
    return Ending("stopped", why, review="exception")


def _act(
    deps: ActionDeps, work: Work, item: Item, wanted: Sequence[Request], begun: Sequence[Action]
) -> Ending:
    waiting = asking.waiting(work, wanted)
    _require_all(deps, work, wanted if waiting else wanted[1:])
    if waiting:
        prepared = [one for one in wanted if one.effect.level in PREPARES and one not in waiting]
        if left := _perform_all(deps, work, prepared):
            return _not_done(work, left)
        if prepared:
            begun = work.deps.store.actions.of_item(work.customer, item.id)
    answers = asking.answers(work, item, waiting) if waiting else {}
    if waiting and (ending := asking.ending(work, waiting, answers)):
        return ending
    approvals_of = {one.key: one.approval for one in begun}
    agreed = [_under(one, approvals_of, answers.get(one.effect.name)) for one in wanted]
    if left := _perform_to_the_end(deps, work, agreed, approvals_of):
        return _not_done(work, left)
    why = f"done: {', '.join(request.effect.name for request in wanted)}"
    return Ending("acted", why, review="audit" if item.audited else None)


def _under(request: Request, begun: Mapping[str, str], answer: Approval | None) -> Request:
    """The request with the approval that covers it; one that was begun keeps its own."""
    covered = answer.id if answer else ""
    return replace(request, approval=begun.get(request.key, covered))


def _is_replaced(action: Action, item: Item) -> bool:
    """A draft left under an answer that no longer stands; the new answer has a draft of its own."""
    return action.level in PREPARES and action.status == "done" and item.route == "act"


def _perform_all(deps: ActionDeps, work: Work, requests: Sequence[Request]) -> Action | None:
    """Do the effects in order, up to the first that did not end as done: that one, or None."""
    for request in requests:
        action = perform(deps, work.customer, request)
        if action.status != "done":
            return action
    return None


def _perform_to_the_end(
    deps: ActionDeps, work: Work, requests: Sequence[Request], begun: Collection[str]
) -> Action | None:
    """The same for all there are: what came of the last is written with the item's end."""
    assert deps.within is not None
    for number, request in enumerate(requests, 1):
        # Of an item that nothing was begun of, nobody else may have begun anything meanwhile.
        within = deps.within._replace(begun=0 if number == 1 and not begun else None)
        if number == len(requests):
            within = within._replace(later=work.pending.owe)
        given = replace(deps, within=within)
        action = perform(given, work.customer, request, is_begun=request.key in begun)
        if action.status != "done":
            return action
    return None


def _action_deps(work: Work, held: Held) -> ActionDeps:
    def fresh(_: Request) -> str:
        return told_changes([one.says for one in changes(work, held.item)])

    def find(id: str) -> Approval:
        return approvals.get(work.deps.store, work.customer, id)

    agreed = approved(find, asking.current(work.deps, work.customer))
    in_time = _in_time(work, held.item)
    checks = (fresh, permission(work.version, lambda: find_stage(work), agreed), in_time)
    glanced = (permission(work.version, lambda: held.stage, agreed), in_time)
    # Immediately before it acts they are read again; until then what was read just now is new.
    glance = glanced if held.is_read else (fresh, *glanced)
    within = Within(glance, work.pending.write_in, _rests(held.item))
    store, tools = work.deps.store, work.tools
    return ActionDeps(store, tools, work.terms, checks, held.hold, lags=True, within=within)


def _rests(item: Item) -> Rests | None:
    """What an effect of the item is begun on, where it acts."""
    if item.route != "act" or not item.output:
        return None
    return Rests(snapshot=item.snapshot, output=item.output, policy=item.policy, rule=item.rule)


def counting(
    store: Store, customer: Customer, item: Item, begun: Sequence[Action]
) -> Sequence[Action]:
    """Those that count still: what an attempt surely did not do binds no later one."""
    if not begun or not store.pauses.reruns(customer, item.id):
        return begun
    return [action for action in begun if action.status not in NOTHING_DONE]


def find_rests(
    store: Store, customer: Customer, item: Item, begun: Sequence[Action]
) -> Rests | None:
    """What an effect of a queued item was begun on; None where nothing was, in this attempt."""
    if item.status != "queued" or not begun:
        return None
    reruns = store.pauses.reruns(customer, item.id)
    since = reruns[-1].at if reruns else item.received_at
    of_now = [one for one in begun if one.rests is not None and one.reserved_at >= since]
    return of_now[-1].rests if of_now else None


def _in_time(work: Work, item: Item) -> Check:
    """Let no further effect begin once the item, or its acting, took longer than it may."""
    most = work.came_under.deadline_act_s
    began = work.deps.seconds() if most else 0.0

    def check(_: Request) -> str:
        if most and work.deps.seconds() - began > most:
            return told(item, "its acting", most, key="deadline_act_s")
        if item.status != "queued":
            return ""
        return late(work.deps.store, work.customer, item, work.deps.store.clock.now())

    return check


def _require_all(deps: ActionDeps, work: Work, wanted: Sequence[Request]) -> None:
    """NotAllowed before the first effect when another may not follow it, whatever people say."""
    for request in wanted:
        checks = (lambda one: _refusal_if_agreed(work, one),)
        if refusal := find_refusal(replace(deps, checks=checks), work.customer, request):
            raise NotAllowed(refusal)


def _refusal_if_agreed(work: Work, request: Request) -> str:
    stage = find_stage(work)
    if stage is None:
        return "its version was rolled back"
    ruling = permit(request.effect, stage=stage, version=work.version, has_approval=True)
    return "" if ruling.allowed else ruling.reason


def _begun_otherwise(actions: Sequence[Action]) -> Ending:
    told = ", ".join(f"{action.key} is {action.status}" for action in actions)
    why = f"what was begun before is not what it would do now, and is not repeated: {told}"
    return Ending("in_review", why, review="exception")


def _not_done(work: Work, action: Action) -> Ending:
    if action.status == "stopped":
        return _not_allowed(work, action.reason)
    why = f"{action.operation} is {action.status}: {action.reason}"
    return Ending("in_review", why, review="exception")


def _not_allowed(work: Work, reason: str) -> Ending:
    if find_stage(work) is None:
        return rolled_back(reason)
    found = keep_found(work) if is_changed(reason) else ""
    return Ending("in_review", reason, review="exception", found=found)
