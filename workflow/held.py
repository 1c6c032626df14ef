"""a call that the guard holds, asked of people: exactly this one, void once rules or values differ.

A person has it asked, never the call itself: a model that is led could have people asked until they
no longer read. What they agree to is found again by its digest when the same call is made.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import NamedTuple

from policies.approvals import needs_of, rules_for_action
from policies.guard.judging import RULES
from runs import approvals, snapshots
from runs.errors import Conflict, InvalidInput, NotAllowed
from runs.people import find_people
from runs.plan import PlanRecord
from runs.records.approval import Approval
from runs.records.call import Call, Ruled
from runs.records.person import Customer, Identity
from runs.records.record import digest_of
from runs.records.version import Effect, PolicyValues
from runs.snapshots import Terms, make
from runs.store.store import Store
from workflow.actions import Check, Request
from workflow.calls import INSIDE, Course

ANSWERED = ("open", "approved", "rejected", "changes_asked")
"""As long as a question is so, the same is asked no second time."""


@dataclass(frozen=True)
class HeldDeps:
    """What asking about a call needs."""

    store: Store
    installed: PolicyValues
    """The values of the installation, where none lead for a workflow."""
    is_solo: bool = False
    """The installation says that it has one person."""


class _Asked(NamedTuple):
    effect: Effect
    call: str
    """Digest of the call as it was made."""
    content: str
    """Snapshot of it, masked."""
    step: str
    run: str
    item: str


def ask(deps: HeldDeps, asker: Identity, id: str) -> Approval:
    """Have people asked about a held call; the question there is, where it was asked before.

    `id`: of the ruling, or a beginning of it that is unique; NotFound without one. Conflict for
    what is not held, or was by other rules; NotAllowed where something of it is masked or nobody
    may agree.
    """
    store, customer = deps.store, asker.customer
    ruled = store.named(customer, Ruled, id, shown="`pilotage run explain RUN` names what was held")
    effect = _require_whole(store, customer, ruled)
    one = _Asked(
        effect, ruled.ruling.call, ruled.arguments, ruled.ruling.step, ruled.run, ruled.item
    )
    covers = _covers(deps, customer, one)
    subject = approvals.subject_of(covers)
    name, found = _standing(store, customer, subject)
    if found is not None:
        return found
    now, policy = store.clock.now(), _policy(deps, customer, covers["policy"])
    people = find_people(store, customer)
    excluded = {asker.person, *_makers(store, customer, one)}
    what = f"call {effect.name} of {covers['workflow']}"
    rules = rules_for_action(policy, effect.risks)
    asked = Approval(
        id=name,
        run="",
        kind="call",
        title=f"{covers['workflow']}: a model calls {effect.name}, which the guard holds",
        subject=subject,
        covers=covers,
        needs=needs_of(rules, people, what=what, excluded=excluded, is_solo=deps.is_solo),
        excluded=tuple(sorted(excluded)),
        risks=effect.risks,
        if_approved="exactly this call passes when it is made again, by the same rules and values",
        if_rejected="the call stays held",
        status="open",
        due_at=now + timedelta(hours=policy.approval_due_hours),
        opened_at=now,
        solo=deps.is_solo and len(people) == 1,
    )
    return approvals.open_approval(store, customer, asker.person, asked)


def find(deps: HeldDeps, customer: Customer, course: Course, call: Call, terms: Terms) -> str:
    """Id of the approval of exactly this call of the course as it would be now; empty without."""
    grant = next((one for one in course.step.grants if one.effect.name == call.name), None)
    if grant is None:
        return ""
    content = make(kind="call", value=call.as_json(), terms=terms).digest
    one = _Asked(grant.effect, call.digest, content, course.step.digest, course.run, course.item)
    subject = approvals.subject_of(_covers(deps, customer, one))
    _, found = _standing(deps.store, customer, subject)
    return found.id if found is not None and found.status == "approved" else ""


def agreed(deps: HeldDeps, customer: Customer, course: Course, terms: Terms) -> Check:
    """Let a request count as agreed to by the approval it names, where that is of exactly it."""

    def check(request: Request) -> str:
        call = Call(name=request.effect.name, arguments=dict(request.content))
        if request.approval and request.approval == find(deps, customer, course, call, terms):
            return ""
        return f"no approval of {request.effect.name} covers exactly this call; ask for one"

    return check


def current(store: Store, customer: Customer) -> Callable[[Approval], str]:
    """Makes the digest of what a yes would let pass again, by the rules and values of now."""

    def remake(asked: Approval) -> str:
        covers = asked.covers
        shown = snapshots.read_many(store, customer, [covers["content"]])
        if shown[covers["content"]] is None:
            # Nobody can see any more what they would agree to.
            return approvals.subject_of({})
        leads = _leads(store, customer, covers["workflow"])
        return approvals.subject_of({**covers, "rules": RULES, "policy": leads})

    return remake


def _require_whole(store: Store, customer: Customer, ruled: Ruled) -> Effect:
    """The effect of a call that is held by the rules of now and can be seen as a whole."""
    if ruled.ruling.outcome != "hold" or ruled.effect is None:
        raise Conflict(
            f"call {ruled.digest[7:19]} was not held; nobody has to agree to it, or nobody can"
        )
    if ruled.ruling.rules != RULES:
        raise Conflict(
            f"call {ruled.digest[7:19]} was held by other rules; wait until it is made again"
        )
    shown = snapshots.read(store, customer, ruled.arguments)
    if digest_of(shown) != ruled.ruling.call:
        raise NotAllowed(
            f"something of call {ruled.digest[7:19]} is masked, so nobody can see what they would "
            "agree to; do it by hand"
        )
    return ruled.effect


def _covers(deps: HeldDeps, customer: Customer, one: _Asked) -> dict[str, str]:
    """What a yes is about; of what acts it counts for its run or item alone."""
    workflow = _workflow(deps.store, customer, one)
    return {
        "workflow": workflow,
        "effect": one.effect.name,
        "does": f"{one.effect.tool}.{one.effect.operation}",
        "call": one.call,
        "content": one.content,
        "step": one.step,
        "rules": RULES,
        "policy": _leads(deps.store, customer, workflow),
        "caller": "" if one.effect.level in INSIDE else one.item or one.run,
    }


def _workflow(store: Store, customer: Customer, one: _Asked) -> str:
    if one.item:
        return store.items.get(customer, one.item).workflow
    if one.run:
        return store.runs.get(customer, one.run).workflow
    raise InvalidInput("the call is of no run and of no item; let one of them make it")


def _leads(store: Store, customer: Customer, workflow: str) -> str:
    return store.policies.find_leading(customer, workflow) or ""


def _policy(deps: HeldDeps, customer: Customer, leads: str) -> PolicyValues:
    return deps.store.get(customer, PolicyValues, leads) if leads else deps.installed


def _standing(store: Store, customer: Customer, subject: str) -> tuple[str, Approval | None]:
    """The question about this that was answered or still is open; else a name for the next."""
    base, number = f"call.{subject[7:19]}", 1
    while True:
        name = base if number == 1 else f"{base}.{number}"
        if name not in approvals.find_all(store, customer, [name]):
            return name, None
        found = approvals.latest(store, customer, name)
        if found.status in ANSWERED:
            return name, found
        number += 1


def _makers(store: Store, customer: Customer, one: _Asked) -> set[str]:
    """Who asked for the work that the model does, builds it, or sent the item."""
    run, sender = one.run, set[str]()
    if one.item:
        item = store.items.get(customer, one.item)
        run, sender = (
            store.releases.get(customer, item.release).run,
            {store.items.sender(customer, item)},
        )
    plans = store.of_run(customer, PlanRecord, run)
    builders = {record.plan.owners.builder for record in plans[-1:]}
    return {store.runs.get(customer, run).requester, *builders, *sender}
