"""whether the record can be relied on: chain, anchors, leases, effects without an end, sign-ins."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Literal, NamedTuple

from pilotage import anchoring
from pilotage.wiring import EVERYBODY, Wired
from runs import audit, leases, people
from runs.chain import anchors
from runs.errors import NotFound, PilotageError
from runs.people import MOST_REFUSALS
from runs.records.anchor import Written
from runs.records.item import Action
from runs.records.person import Customer

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


class Finding(NamedTuple):
    """What was looked at, and how it is."""

    name: str
    state: Literal["ok", "note", "wrong"]
    says: str
    """One sentence; with the remedy where something is wrong."""


def chain(wired: Wired) -> Iterator[Finding]:
    """The record is what its chain, its keys and the anchors that can be read say."""
    kept: list[Written] = []
    try:
        for file in anchoring.files(wired.settings):
            kept += anchors.read(file.read_text(encoding="utf-8").splitlines(), str(file))
    except (PilotageError, OSError) as error:
        yield Finding("anchors", "wrong", f"anchors cannot be read: {error}")
    report = audit.verify(wired.store.database, kept)
    if report.ok:
        when = f"{report.at[:16].replace('T', ' ')} UTC"
        says = (
            f"verified up to event {report.events} of {when}, {report.records} records, "
            f"head {report.head[:12]}; not yet anchored: {report.not_anchored} events"
        )
        yield Finding("audit", "ok", says)
    for problem in report.problems:
        says = f"event {problem.seq}: {problem.says}; restore the record"
        yield Finding("audit", "wrong", says)


def anchored(wired: Wired) -> Iterator[Finding]:
    """Every place outside vouches for the chain as often as it should."""
    try:
        standings = anchoring.standings(wired)
    except PilotageError as error:
        yield Finding("anchors", "wrong", str(error))
        return
    if not standings:
        says = "nothing outside vouches for the chain; set PILOTAGE_ANCHOR"
        yield Finding("anchors", "note", says)
    for one in standings:
        upto = "for nothing yet" if one.newest is None else f"up to event {one.newest.seq}"
        says = f"{one.place.shown} vouches {upto}"
        if one.is_late(wired.store.clock.now()):
            since = f"{one.waits_since:%Y-%m-%d %H:%M} UTC"
            says += f"; late, it waits since {since}: `pilotage audit anchor`"
            yield Finding("anchors", "wrong", says)
        else:
            yield Finding("anchors", "ok", says)


def held(wired: Wired) -> Iterator[Finding]:
    """Which leases somebody holds, and which ran out in somebody's hands."""
    everybody = [EVERYBODY, *wired.store.customers()]
    found = [one for customer in everybody for one in leases.held_by(wired.store, customer)]
    lapsed = [lease for lease, is_live in found if not is_live]
    count = len(found) - len(lapsed)
    yield Finding("leases", "ok", f"{count} held, {len(lapsed)} lapsed")
    for lease in lapsed:
        remedy = "the next look of the worker frees it"
        if not wired.who_works():
            remedy = "start `pilotage worker`, which takes it up"
        says = f"{lease.name} ran out while {lease.holder} held it; {remedy}"
        yield Finding("leases", "note", says)


def told_of(wired: Wired, customer: Customer, action: Action) -> str:
    """An effect that has no end: its key, who answers for it, and the command that shows it."""
    show = f"item show {action.item}" if action.item else f"run show {action.run}"
    return (
        f"{action.key} by {action.tool} is {action.status}; look there for this key; "
        f"{_owner(wired, customer, action)} answers for it: `pilotage {show}`"
    )


def refused(wired: Wired, customer: Customer) -> Iterator[Finding]:
    """How often somebody came with a token that proves nothing, or asked for what they may not."""
    now = wired.store.clock.now()
    day = people.refusals(wired.store, customer, now - DAY)
    hour = people.refusals(wired.store, customer, now - HOUR)
    if not day:
        yield Finding("sign-ins", "ok", f"{customer.id}: nobody was refused in the last 24 hours")
        return
    why = ", ".join(f"{name.replace('_', ' ')} {count}" for name, count in sorted(day.items()))
    says = f"{customer.id}: {sum(day.values())} refused in 24 hours ({why})"
    says += f", {sum(hour.values())} in the last hour"
    if sum(hour.values()) >= MOST_REFUSALS:
        remedy = "; somebody may be guessing: `pilotage token list`, revoke what is not known"
        yield Finding("sign-ins", "wrong", says + remedy)
    else:
        yield Finding("sign-ins", "note", says)


def _owner(wired: Wired, customer: Customer, action: Action) -> str:
    store = wired.store
    try:
        if action.item:
            return store.items.get(customer, action.item).owner or "the owner of its workflow"
        return store.runs.get(customer, action.run).requester
    except NotFound:
        return "nobody known"
