"""a run called off by a person, and a cleared blocker gone on with in another run."""

import secrets
from typing import Any

from agent.loop import ABOUT_ONE, check_plan, code_digest, find_cancellation
from rollout.release import way_back
from rollout.release.cause import Judged
from runs import approvals, people, snapshots, words
from runs.errors import Conflict, InvalidInput, NotAllowed
from runs.plan import PlanRecord
from runs.records.person import Customer, Identity
from runs.records.release import Move, Release
from runs.records.run import Cancellation, Clearing, Run, Terminal, Trigger
from runs.records.version import PolicyValues
from runs.snapshots import Terms
from runs.store import jobs
from runs.store.runs import find_by_key, open_run
from runs.store.store import Store, keep

MAX_REASON = 4_000


def cancel(store: Store, identity: Identity, run: Run, reason: str, terms: Terms) -> Cancellation:
    """Call a run off: what it serves is held, what it asks is withdrawn, and it goes to its end.

    By who asked for it, an owner of the installation, or whom its plan names for changes or the
    outcome. Raises Conflict once the run has come to its end.
    """
    customer = identity.customer
    _require(store, identity, run, verb="cancel", may=_may_cancel(store, customer, run))
    _require_reason(reason, "run cancel")
    if run.status == "ended" or store.of_run(customer, Terminal, run.id):
        raise Conflict(
            f"run {run.id} has come to its end; there is nothing to call off "
            "(`pilotage approval reject` keeps its update from being sent)"
        )
    present = find_cancellation(store, customer, run.id)
    if present is not None:
        raise Conflict(
            f"run {run.id} was called off by {present.by} at {present.at:%Y-%m-%d %H:%M}; "
            f"`pilotage run show {run.id}` tells how it ends"
        )
    # Held first: whatever happens to the rest, nothing goes on being served unwatched.
    for release in store.releases.of_run(customer, run.id):
        _hold(store, customer, release, identity.person)
    with store.change(customer, identity.person, run.id) as change:
        called_off = Cancellation(
            id=f"{run.id}.cancelled",
            run=run.id,
            by=identity.person,
            reason=words.say(change, reason, terms, kind="reason"),
            at=change.clock.now(),
        )
        keep(change, called_off)
        for asked in approvals.list_approvals(store, customer, run=run.id):
            # Whether people stand by what was done in an emergency is asked whatever the run does.
            if asked.kind != "confirmation":
                approvals.withdraw(change, asked)
        jobs.add(change, "advance_run", run.id, cause="cancelled", priority=10)
    return called_off


def go_on(
    store: Store, identity: Identity, ended: Run, reason: str, terms: Terms, *, plan: str = ""
) -> Run:
    """Open the run that goes on where a blocker is cleared; again it is the run there is.

    It has the trigger of the run that ended and, unless another is brought, its plan; who asked for
    that asks for this. By the blocker's owner, their deputy, or whoever it escalates to.
    """
    customer = identity.customer
    if ended.status != "ended":
        raise Conflict(f"run {ended.id} is {ended.status}; only a blocker that was told is cleared")
    end = store.get(customer, Terminal, ended.terminal)
    if end.kind != "blocker_escalated":
        raise Conflict(
            f"run {ended.id} ended as {end.kind.replace('_', ' ')}; there is no blocker to clear"
        )
    may = _may_clear(store, customer, end.owner, ended)
    _require(store, identity, ended, verb="continue", may=may)
    _require_reason(reason, "run continue")
    check_plan(plan, "the plan brought")
    before = store.runs.trigger(customer, ended.trigger)
    brought = snapshots.read(store, customer, before.text)
    there = {one.id for one in people.find_people(store, customer) if not one.is_disabled}
    asking = ended.requester if ended.requester in there else identity.person
    id, key = secrets.token_hex(5), f"continues:{ended.id}"
    with store.change(customer, identity.person, f"r-{id}") as change:
        present = find_by_key(change, key)
        if present is not None:
            return present
        value = {**brought, "plan": plan or brought["plan"], "salt": secrets.token_hex(8)}
        as_is = Terms(lambda value: snapshots.Masked(value, 0), None)
        text = snapshots.keep_in(change, kind="trigger", value=value, terms=as_is)
        told = {"id": f"t-{id}", "text": text, "key": key, "opened_at": change.clock.now()}
        trigger = Trigger.model_validate({**before.model_dump(), **told})
        run = _after(ended, trigger, id=f"r-{id}", requester=asking)
        opened = open_run(change, trigger, run)
        said = words.say(change, reason, terms, kind="reason")
        keep(
            change,
            Clearing(
                id=ended.id, run=opened.id, by=identity.person, reason=said, at=change.clock.now()
            ),
        )
    return opened


def find_clearing(store: Store, customer: Customer, ended: str) -> Clearing | None:
    """Who cleared the blocker of a run, why, and the run that goes on; None while nobody did."""
    return store.find(customer, Clearing, ended)


def _after(ended: Run, trigger: Trigger, *, id: str, requester: str) -> Run:
    return Run(
        id=id,
        trigger=trigger.id,
        workflow=ended.workflow if trigger.kind in ABOUT_ONE else "",
        status="open",
        waits_for="",
        requester=requester,
        graph=code_digest(),
        opened_at=trigger.opened_at,
        continues=ended.id,
    )


def _hold(store: Store, customer: Customer, release: Release, person: str) -> None:
    if release.status != "open" or release.stage < 0:
        return
    reason = f"its run was called off by {person}; nobody watches it any more"
    move = Move(kind="hold", stage=release.stage, weight_bp=release.weight_bp, reason=reason)
    way_back.hold(store, customer, release=release, cause=Judged(move))


def _may_cancel(store: Store, customer: Customer, run: Run) -> set[str]:
    plan = _newest_plan(store, customer, run)
    named = {plan.plan.owners.changes, plan.plan.owners.business_outcome} if plan else set[str]()
    return {run.requester, people.OWNER} | named


def _may_clear(store: Store, customer: Customer, owner: str, run: Run) -> set[str]:
    """The owner, who stands in for them, and who it escalates to: roles and person ids."""
    everybody = people.find_people(store, customer)
    deputies = {one.deputy for one in everybody if one.id == owner and one.deputy}
    digest = store.policies.find_leading(customer, run.workflow) if run.workflow else None
    chain = store.get(customer, PolicyValues, digest).escalation if digest else ()
    return {owner, *deputies, *chain, people.OWNER}


def _newest_plan(store: Store, customer: Customer, run: Run) -> PlanRecord | None:
    written = store.of_run(customer, PlanRecord, run.id)
    return written[-1] if written else None


def _require(store: Store, identity: Identity, run: Run, *, verb: str, may: set[str]) -> None:
    """NotAllowed, with an event, for a machine and for whoever has nothing to do with the run."""
    is_asked = not identity.is_machine and bool({identity.person, *identity.roles} & may)
    if is_asked:
        return
    with store.change(identity.customer, identity.person or f"token:{identity.token}") as change:
        body: dict[str, Any] = {"person": identity.person, "of": run.id, "verb": verb}
        change.append("access_refused", **body)
    raise NotAllowed(
        f"{verb} {run.id}: {identity.person or 'a program'} may not; ask one, as one of these "
        "does it: "
        f"{', '.join(sorted(may))}"
    )


def _require_reason(reason: str, command: str) -> None:
    if not 1 <= len(reason.strip()) <= MAX_REASON:
        raise InvalidInput(
            f"{command}: a reason of 1 to {MAX_REASON} characters is needed; add --reason TEXT"
        )
