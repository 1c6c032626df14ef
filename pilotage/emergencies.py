"""what one person approved alone: told loudly, taken back where others do not stand by it."""

import logging

from pilotage.wiring import Wired
from rollout.release import way_back
from rollout.release.cause import Judged
from runs import approvals
from runs.people import OWNER, find_people
from runs.records.approval import Approval
from runs.records.person import Customer
from runs.records.release import Move, Release
from tools.notify import tell

log = logging.getLogger("pilotage.emergencies")

SERVES = ("open", "held", "complete")


def announce(wired: Wired, customer: Customer, confirmation: Approval) -> None:
    """Tell everybody who approves, and every owner, that one person approved alone; once."""
    approved = approvals.get(wired.store, customer, confirmation.confirms)
    text = (
        "One person approved this alone, in an emergency. It is withdrawn unless it is confirmed "
        f"by {confirmation.due_at:%Y-%m-%d %H:%M} UTC.\n"
        f"Look: pilotage approval show {confirmation.id}\n"
    )
    _tell(wired, customer, approved, f"EMERGENCY approval: {approved.kind}", text, "emergency")


def take_back(wired: Wired, customer: Customer) -> None:
    """Take back what rests on emergency approvals that nobody confirmed; each look may repeat it.

    A release goes back to the share it had before, or is held; what was done outside cannot be
    undone, and its owners are told.
    """
    for approved in approvals.pages(wired.store, customer, status="withdrawn"):
        if approved.emergency:
            _take_back(wired, customer, approved)


def _take_back(wired: Wired, customer: Customer, approved: Approval) -> None:
    releases = wired.store.releases.of_run(customer, approved.run) if approved.run else []
    for release in releases:
        if release.status in SERVES:
            _narrow(wired, customer, approved, release)
    text = (
        "What one person approved alone was not confirmed in time, or was refused. It is "
        "withdrawn: a release that rested on it serves what it served before, or is held. What "
        f"was done outside stands; look after it.\nLook: pilotage approval show {approved.id}\n"
    )
    title = f"EMERGENCY approval withdrawn: {approved.kind}"
    _tell(wired, customer, approved, title, text, "withdrawn")


def _narrow(wired: Wired, customer: Customer, approved: Approval, release: Release) -> None:
    """Back to the share before the step it approved; held where there was none, or no step."""
    store = wired.store
    events = store.events(customer, release.run, limit=100_000)
    kinds = ("stage_entered", "release_completed")
    steps = [e for e in events if e.kind in kinds and e.subject == release.id]
    place = next((n for n, e in enumerate(steps) if e.body.get("approval") == approved.id), None)
    is_last = place is not None and place == len(steps) - 1
    if approved.kind == "stage" and not is_last:
        return
    before = steps[place - 1].body["weight_bp"] if place else 0
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
    wired: Wired, customer: Customer, approved: Approval, title: str, text: str, what: str
) -> None:
    """Everybody who was asked, whoever asked for it or built it, and every owner; once."""
    people = find_people(wired.store, customer)
    owners = [one.id for one in people if OWNER in one.roles and not one.is_disabled]
    asked = [name for need in approved.needs for name in need.people]
    able = {one.id for one in people if not one.is_disabled}
    to = [one for one in dict.fromkeys([*asked, *approved.excluded, *owners]) if one in able]
    if to:
        key = f"{approved.id}:{what}"
        tell(wired.notices(customer), to=tuple(to), title=title, text=text, key=key)
