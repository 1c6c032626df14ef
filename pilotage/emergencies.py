"""what one person approved alone: told loudly, taken back where others do not stand by it."""

import logging
from typing import Protocol

from rollout.release import way_back
from rollout.release.cause import Judged
from runs import approvals
from runs.people import OWNER, find_people
from runs.records.approval import Approval
from runs.records.person import Customer
from runs.records.release import Move, Release
from runs.store.store import Store
from tools.notify import Outbox, tell_once

log = logging.getLogger("pilotage.emergencies")


class Place(Protocol):
    """Where it happened: its record, and where people are told."""

    @property
    def store(self) -> Store:
        """The record."""
        ...

    def notices(self, customer: Customer) -> Outbox:
        """Where people of the customer are told."""
        ...


SERVES = ("open", "held", "complete")


def announce(at: Place, customer: Customer, confirmation: Approval) -> None:
    """Tell everybody who approves, and every owner, that one person approved alone; once."""
    approved = approvals.get(at.store, customer, confirmation.confirms)
    text = (
        "One person approved this alone, in an emergency. It is withdrawn unless it is confirmed "
        f"by {confirmation.due_at:%Y-%m-%d %H:%M} UTC.\n"
        f"Look: pilotage approval show {confirmation.id}\n"
    )
    _tell(at, customer, approved, f"EMERGENCY approval: {approved.kind}", text, "emergency")


def take_back(at: Place, customer: Customer) -> None:
    """Take back what rests on emergency approvals that nobody confirmed; each look may repeat it.

    A release goes back to the share it had before, or is held; what was done outside cannot be
    undone, and its owners are told.
    """
    for approved in approvals.not_stood_by(at.store, customer):
        _take_back(at, customer, approved)


def _take_back(at: Place, customer: Customer, approved: Approval) -> None:
    if at.notices(customer).find_receipt(f"{approved.id}:withdrawn") is not None:
        # Taken back and told: whoever lets the release serve again afterwards has looked at it.
        return
    releases = at.store.releases.of_run(customer, approved.run) if approved.run else []
    for release in releases:
        if release.status in SERVES:
            _narrow(at, customer, approved, release)
    text = (
        "What one person approved alone was not confirmed in time, or was refused. It is "
        "withdrawn: a release that rested on it serves what it served before, or is held. What "
        f"was done outside stands; look after it.\nLook: pilotage approval show {approved.id}\n"
    )
    title = f"EMERGENCY approval withdrawn: {approved.kind}"
    _tell(at, customer, approved, title, text, "withdrawn")


def _narrow(at: Place, customer: Customer, approved: Approval, release: Release) -> None:
    """Back to the share before the step it approved; held where there was none, or no step."""
    store = at.store
    kinds = ("stage_entered", "release_completed")
    events = store.events(customer, release.run, limit=None, kinds=kinds)
    steps = [event for event in events if event.subject == release.id]
    place = next((n for n, e in enumerate(steps) if e.body.get("approval") == approved.id), None)
    is_last = place is not None and place == len(steps) - 1
    if approved.kind == "stage" and not is_last:
        return
    before = steps[place - 1].body.get("weight_bp", 0) if place else 0
    weight = int(str(before))
    reason = f"emergency approval {approved.id} was not confirmed"
    move = Move(kind="narrow", stage=release.stage, weight_bp=weight, reason=reason)
    if is_last and weight < release.weight_bp:
        release = way_back.narrow(
            store, customer, release=release, cause=Judged(move), weight_bp=weight
        )
    if release.status == "open" and release.stage >= 0:
        held = move.model_copy(update={"kind": "hold", "weight_bp": release.weight_bp})
        way_back.hold(store, customer, release=release, cause=Judged(held))
    log.warning("an emergency approval was taken back", extra={"approval": approved.id})


def _tell(
    at: Place, customer: Customer, approved: Approval, title: str, text: str, what: str
) -> None:
    """Everybody who was asked, whoever asked for it or built it, and every owner; once."""
    people = find_people(at.store, customer)
    owners = [one.id for one in people if OWNER in one.roles and not one.is_disabled]
    asked = [name for need in approved.needs for name in need.people]
    able = {one.id for one in people if not one.is_disabled}
    to = [one for one in dict.fromkeys([*asked, *approved.excluded, *owners]) if one in able]
    if to:
        key = f"{approved.id}:{what}"
        tell_once(at.notices(customer), to=tuple(to), title=title, text=text, key=key)
