"""hold the items of a workflow back, and let them go on: a named person's act, with its reason.

What runs ends; nothing is begun while it is paused, whoever sends it. What came in meanwhile is
worked on when it goes on, each item once.
"""

from typing import NamedTuple

from runs import words
from runs.errors import Conflict, InvalidInput, NotAllowed, NotFound
from runs.plan import PlanRecord
from runs.records.pause import Pause
from runs.records.person import Customer, Identity
from runs.snapshots import Terms
from runs.store.change import Change
from runs.store.pauses import go_on_in, newest_in
from runs.store.store import Store, keep

MAX_REASON = 4_000
ROLES = ("ops_lead", "ops_manager")
"""Operations own the running of a workflow; who answers for it in its plan may do the same."""


class Asked(NamedTuple):
    """Who wants it, and why."""

    identity: Identity
    reason: str
    terms: Terms
    """What of the reason may be kept."""


class Resumed(NamedTuple):
    """That a workflow goes on."""

    pause: Pause
    items: int
    """How many waited."""


def pause(store: Store, customer: Customer, workflow: str, asked: Asked) -> Pause:
    """Hold every item back that is not worked on yet.

    NotAllowed, with an event, for whoever does not operate it; Conflict where it is paused already.
    """
    _require(store, customer, workflow, asked, verb="pause")
    with store.change(customer, asked.identity.person) as change:
        present = newest_in(change, workflow)
        if present is not None and present.is_paused:
            raise Conflict(
                f"{workflow} was paused by {present.by} at {present.at:%Y-%m-%d %H:%M} UTC; "
                f"`pilotage workflow resume {workflow} --reason TEXT` lets it go on"
            )
        made = _made(change, workflow, present, asked, is_paused=True)
        keep(change, made, "workflow_paused", workflow=workflow)
    return made


def resume(store: Store, customer: Customer, workflow: str, asked: Asked) -> Resumed:
    """Let the items go on, those that came in meanwhile among them.

    NotAllowed, with an event, for whoever does not operate it; Conflict where nothing is paused.
    """
    _require(store, customer, workflow, asked, verb="resume")
    with store.change(customer, asked.identity.person) as change:
        present = newest_in(change, workflow)
        if present is None or not present.is_paused:
            raise Conflict(f"{workflow} is not paused; there is nothing to resume")
        made = _made(change, workflow, present, asked, is_paused=False)
        items = go_on_in(change, made)
        keep(change, made, "workflow_resumed", workflow=workflow, items=items)
    return Resumed(made, items)


def _made(
    change: Change, workflow: str, before: Pause | None, asked: Asked, *, is_paused: bool
) -> Pause:
    number = 1 if before is None else int(before.id.rpartition(".")[2]) + 1
    return Pause(
        id=f"{workflow}.{number:06d}",
        workflow=workflow,
        is_paused=is_paused,
        by=asked.identity.person,
        reason=words.say(change, asked.reason, asked.terms, kind="reason"),
        at=change.clock.now(),
    )


def _require(store: Store, customer: Customer, workflow: str, asked: Asked, *, verb: str) -> None:
    """NotAllowed, with an event, unless this person operates the workflow."""
    require_operator(store, customer, workflow, asked.identity, verb=verb)
    if not 1 <= len(asked.reason.strip()) <= MAX_REASON:
        raise InvalidInput(
            f"{verb} {workflow}: a reason of 1 to {MAX_REASON} characters is needed; "
            "add --reason TEXT"
        )


def require_operator(
    store: Store, customer: Customer, workflow: str, identity: Identity, *, verb: str
) -> None:
    """NotAllowed, with an event, for whoever neither operates workflows nor answers for this one.

    NotFound for a workflow that was never released.
    """
    releases = store.releases.list(customer, workflow)
    if not releases:
        raise NotFound(f"{workflow!r} was never released; `pilotage workflow list` shows them")
    owners = store.get(customer, PlanRecord, releases[0].plan).plan.owners
    answering = {owners.workflow_behaviour, owners.incidents, owners.support}
    is_theirs = identity.person in answering or bool({*ROLES} & {*identity.roles})
    may = is_theirs and not identity.is_machine and identity.customer.id == customer.id
    if not may:
        with store.change(customer, identity.person or f"token:{identity.token}") as change:
            change.append("access_refused", person=identity.person, workflow=workflow, verb=verb)
        raise NotAllowed(
            f"{verb} {workflow}: it takes {' or '.join(ROLES)}, or who answers for the workflow's "
            f"behaviour, incidents or support ({', '.join(sorted(answering))})"
        )
