"""One item, from the queue to a defined end with an owner.

Intake, context, decide and route are steps whose results outlive a crash. The act is no step: its
truth is the action ledger, and whatever was begun is settled there before anything else is asked.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, NamedTuple

from runs.errors import NotAllowed, NotFound, Unavailable
from runs.leases import Lease, held
from runs.moves import ItemStatus
from runs.records.item import Action, Item, Output, ReviewKind
from runs.records.person import Customer
from runs.records.release import Release, StageKind
from runs.records.version import Effect, PolicyValues, Version
from tools.tool import without_means
from workflow import review
from workflow.actions import ActionDeps, Request, abandon, find_refusal, perform, permission
from workflow.process.parts import ProcessDeps, Work, context, decide, intake, route
from workflow.sources import Context, find_changes, lasting, told_changes

Step = Callable[[str, Callable[[], Any]], Any]
"""`step(name, work)`: runs `work` once and returns its stored JSON result ever after."""


class Ending(NamedTuple):
    """How an item ends, and who answers for it."""

    status: ItemStatus
    reason: str
    owner: str = ""
    """Role or person id; the policy's review owner when empty."""
    review: ReviewKind | None = None


def process_item(deps: ProcessDeps, customer: Customer, item_id: str, step: Step) -> Item:
    """Bring a queued item to its end: one status, one owner, each effect at most once.

    An item that has ended is returned as it is. Raises Unavailable when it has to be tried again.
    """
    item = deps.store.items.get(customer, item_id)
    if item.status != "queued":
        return item
    if item.arm == "incumbent":
        return _finish(deps, customer, item, Ending("handed_over", "the incumbent serves it"))
    work = _take_in_hand(deps, customer, item)
    says = step("intake", lambda: intake(work))["reason"]
    if says:
        item = item.model_copy(update={"route": "refuse", "rule": "contract"})
        return _finish(deps, customer, item, Ending("quarantined", says, review="quarantine"))
    seen = step("context", lambda: context(work))
    snapshot, spent = seen["snapshot"], seen.get("seconds", "0")
    decided = step("decide", lambda: decide(work, snapshot=snapshot, spent=spent))
    routed = step("route", lambda: route(work, snapshot=snapshot, decided=decided))
    item = item.model_copy(
        update={
            "snapshot": snapshot,
            "output": decided["output"],
            "policy": routed["policy"],
            "route": routed["route"],
            "rule": routed["rule"],
        }
    )
    return _finish(deps, customer, item, _end(work, item, routed))


def give_up(deps: ProcessDeps, customer: Customer, item_id: str, reason: str) -> Item:
    """End a queued item that cannot be worked on: to a person, with the reason.

    For whoever stops trying. An action that was begun stays in the ledger to be reconciled.
    """
    item = deps.store.items.get(customer, item_id)
    if item.status != "queued":
        return item
    begun = [a.key for a in deps.store.actions.of_item(customer, item.id)]
    if begun:
        reason = f"{reason}; begun before: {', '.join(begun)}"
    return _finish(deps, customer, item, Ending("in_review", reason, review="exception"))


def _take_in_hand(deps: ProcessDeps, customer: Customer, item: Item) -> Work:
    version = deps.store.get(customer, Version, item.version)
    tools = dict(deps.tools)
    if _stage_at(_release(deps, customer, item), item, item.stage) == "sandbox":
        tools = {name: without_means(tool) for name, tool in tools.items()}
    return Work(deps, customer, item, version, tools)


def _release(deps: ProcessDeps, customer: Customer, item: Item) -> Release:
    return deps.store.releases.get(customer, item.release)


def _stage_at(release: Release, item: Item, stage: int) -> StageKind:
    """A shadow and whatever stands before the first stage touch nothing outside."""
    is_inside = 0 <= stage < len(release.stages)
    return release.stages[stage].kind if is_inside and item.arm == "canary" else "sandbox"


def _find_stage(work: Work) -> StageKind | None:
    """What the item may touch now: never more than when it was admitted; None when rolled back."""
    release = _release(work.deps, work.customer, work.item)
    if release.status == "rolled_back":
        return None
    return _stage_at(release, work.item, min(work.item.stage, release.stage))


def _end(work: Work, item: Item, routed: dict[str, Any]) -> Ending:
    owner, why = routed["owner"], routed["why"]
    begun = work.deps.store.actions.of_item(work.customer, item.id)
    if begun:
        return _act(work, item, begun)
    stage = _find_stage(work)
    if stage is None:
        return _rolled_back(why)
    if stage == "sandbox":
        return Ending("drafted", why, review="shadow")
    if routed["route"] == "act":
        return _act(work, item, begun)
    if routed["route"] == "refuse":
        return Ending("refused", why, owner, "audit" if item.audited else None)
    return Ending("in_review", why, owner, "exception")


def _act(work: Work, item: Item, begun: Sequence[Action]) -> Ending:
    """Do every effect of the version; what was begun before is settled before anything else."""
    requests = _requests(work, item) if item.route == "act" else []
    with _holding(work) as lease:
        deps = _action_deps(work, item, lease)
        other = [a for a in begun if a.key not in {request.key for request in requests}]
        if other:
            return _begun_otherwise([abandon(deps, work.customer, action) for action in other])
        try:
            _require_all(deps, work, requests if not begun else ())
            left = _perform_all(deps, work, requests)
        except NotAllowed as error:
            return _not_allowed(work, str(error))
    if left is not None:
        return _not_done(work, left)
    why = f"done: {', '.join(request.effect.name for request in requests)}"
    return Ending("acted", why, review="audit" if item.audited else None)


def _perform_all(deps: ActionDeps, work: Work, requests: Sequence[Request]) -> Action | None:
    """Do the effects in order, up to the first that did not end as done: that one, or None."""
    for request in requests:
        action = perform(deps, work.customer, request)
        if action.status != "done":
            return action
    return None


def _requests(work: Work, item: Item) -> list[Request]:
    output = Output.model_validate(work.kept(item.output))
    return [
        Request(effect, content_of(effect, item, output), item=item.id)
        for effect in work.version.effects
        if effect.level != "read"
    ]


def content_of(effect: Effect, item: Item, output: Output) -> dict[str, Any]:
    """What an effect asks of its tool: the sender's key of the item, the label and its fields."""
    return {
        "workflow": item.workflow,
        "effect": effect.name,
        "item": item.key,
        "label": output.label,
        "fields": output.fields,
    }


def _action_deps(work: Work, item: Item, lease: Lease) -> ActionDeps:
    seen = Context.model_validate(work.kept(item.snapshot))
    policy = work.deps.store.get(work.customer, PolicyValues, item.policy)
    sources = lasting(work.version.sources, policy.evidence_hours.get("source", 0))

    def fresh(_: Request) -> str:
        changes = find_changes(
            seen,
            sources,
            tools=work.tools,
            item=work.fields.values,
            now=work.deps.store.clock.now(),
            mask=work.terms.mask,
        )
        return told_changes(changes)

    checks = (permission(work.version, lambda: _find_stage(work)), fresh)
    return ActionDeps(work.deps.store, work.tools, work.terms, checks, lease)


def _require_all(deps: ActionDeps, work: Work, requests: Sequence[Request]) -> None:
    """NotAllowed before the first effect when a later one may not follow it."""
    for request in requests[1:]:
        if refusal := find_refusal(deps, work.customer, request):
            raise NotAllowed(refusal)


@contextmanager
def _holding(work: Work) -> Iterator[Lease]:
    deps, name = work.deps, f"item:{work.item.id}"
    with held(deps.store, work.customer, name, holder=deps.holder, ttl_s=deps.lease_s) as lease:
        if lease is None:
            raise Unavailable(f"another worker holds {name}; it is tried again")
        yield lease


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
    if _find_stage(work) is None:
        return _rolled_back(reason)
    return Ending("in_review", reason, review="exception")


def _rolled_back(reason: str) -> Ending:
    why = f"its version was rolled back before it acted; it had been routed: {reason}"
    return Ending("stopped", why, review="exception")


def _finish(deps: ProcessDeps, customer: Customer, item: Item, ending: Ending) -> Item:
    """Write the end and its review in one go; whoever wrote an end first is believed."""
    policy = deps.store.get(customer, PolicyValues, item.policy)
    now = deps.store.clock.now()
    ended = item.model_copy(
        update={
            "status": ending.status,
            "reason": ending.reason,
            "owner": _owner(deps, customer, ending, policy),
            "finished_at": now,
        }
    )
    due_at = now + timedelta(hours=policy.review_due_hours)
    reviews = []
    if ending.review is not None:
        reviews.append(review.make(ended, ending.review, at=now, due_at=due_at))
    return deps.store.items.finish(customer, ended, reviews)


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
