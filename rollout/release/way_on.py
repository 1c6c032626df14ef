"""Let a held release serve again: what it served, no more, once a person has looked.

Serving again is no step up, so nobody is asked; and it is no step down, so one person in a hurry is
not enough: whoever looks is neither builder nor requester, and what held it must be gone.
"""

from rollout import advance
from rollout.advance import Facts
from rollout.release.cause import Asked, admit
from runs import approvals
from runs.errors import Conflict, NotAllowed
from runs.events import BodyValue
from runs.people import find_people
from runs.plan import PlanRecord
from runs.records.person import Customer
from runs.records.release import Release
from runs.records.run import Terminal
from runs.store.store import Store


def resume(
    store: Store, customer: Customer, *, facts: Facts, cause: Asked, is_solo: bool = False
) -> Release:
    """Let a held release serve again exactly what it was held at; its stage's evidence restarts.

    By its rollout owner, who neither asked for nor built it, once what would hold it is gone and
    while its run watches it. `is_solo`: the installation says that it has one person. Raises
    NotAllowed that names what stands in the way; Conflict where the release is not held.
    """
    release, identity = facts.release, cause.identity
    because = admit(store, customer, release=release, cause=cause, verb="resume")
    if store.releases.get(customer, release.id).status == "open":
        return store.releases.get(customer, release.id)
    if release.status != "held":
        raise Conflict(f"release {release.id} is {release.status}; only a held one is resumed")
    alone = is_solo and _is_alone(store, customer, identity.person)
    says = "" if alone else _find_own(store, customer, release, identity.person)
    says = says or _find_unwatched(store, customer, release)
    says = says or _find_unapproved(store, customer, release) or advance.find_hold(facts)
    if says:
        _refuse(store, customer, release, identity.person)
        raise NotAllowed(f"resume {release.id}: {says}")
    after = release.model_copy(update={"status": "open", "entered_at": store.clock.now()})
    body: dict[str, BodyValue] = {
        "stage": release.stage,
        "weight_bp": release.weight_bp,
        "reason": because.reason,
        "solo": alone,
    }
    return store.releases.change(
        customer, because.actor, before=release, after=after, event=("release_resumed", body)
    )


def _refuse(store: Store, customer: Customer, release: Release, person: str) -> None:
    with store.change(customer, person, release.run) as change:
        change.append("access_refused", person=person, release=release.id, verb="resume")


def _is_alone(store: Store, customer: Customer, person: str) -> bool:
    return [one.id for one in find_people(store, customer) if not one.is_disabled] == [person]


def _find_own(store: Store, customer: Customer, release: Release, person: str) -> str:
    """Nobody lets their own work serve again."""
    builder = store.get(customer, PlanRecord, release.plan).plan.owners.builder
    if person not in (builder, store.runs.get(customer, release.run).requester):
        return ""
    return f"{person} asked for it or built it; another rollout owner looks at it"


def _find_unwatched(store: Store, customer: Customer, release: Release) -> str:
    """A run that has told its end no longer looks at the release."""
    run = store.runs.get(customer, release.run)
    if run.status != "ended" and not store.of_run(customer, Terminal, run.id):
        return ""
    return (
        f"its run {run.id} has come to its end, so nobody would watch it; "
        f"roll it back (`pilotage release rollback {release.id}`) and start another run"
    )


def _find_unapproved(store: Store, customer: Customer, release: Release) -> str:
    """What it would serve must still be agreed to, or less than what was."""
    if release.stage < 0:
        return "it has not entered a stage; there is nothing to resume"
    events = store.events(customer, release.run, limit=None, kinds=("stage_entered",))
    mine = (event for event in events if event.subject == release.id)
    named = [str(event.body["approval"]) for event in mine if event.body.get("approval")]
    entered = [approvals.get(store, customer, id) for id in named]
    agreed = [
        int(asked.covers["weight_bp"])
        for asked in entered
        if asked.status == "approved" and asked.covers.get("version") == release.version
    ]
    if max(agreed, default=-1) >= release.weight_bp:
        return ""
    return f"nobody agreed to {release.weight_bp / 100:g} % of the items; narrow it first"
