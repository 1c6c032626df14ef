"""what the owner of a breached signal is told, once a breach.

Told from the record alone: whoever read it, and whoever died before anybody was told, the next look
tells it. A drill goes the same way in a record of its own.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any, NamedTuple

from rollout import watch
from rollout.watch import Standing
from runs.people import find_people
from runs.plan import PlanRecord
from runs.records.person import Customer
from runs.records.release import Release, Signal
from runs.store.store import Store
from tools.notify import Outbox, tell


class Place(NamedTuple):
    """Where breaches stand, and where they are told."""

    store: Store
    customer: Customer
    notices: Outbox
    drill: str = ""
    """What marks the notices of a drill, so that none is taken for a breach; empty for real."""


class Notice(NamedTuple):
    """One breach, and whom it was told."""

    signal: str
    to: str
    receipt: dict[str, Any]


class _Breach(NamedTuple):
    what: str
    """`limit` or `bar`: a breach is told of each."""
    title: str
    says: str
    follows: str
    """What happens because of it."""


def tell_breaches(place: Place, release: Release, now: datetime) -> tuple[Notice, ...]:
    """Leave a notice with the owner of every signal that is breached as it was last kept.

    Once a breach: the first that was told of it stands. What is returned was left now or before.
    """
    told = watch.standings_of(place.store, place.customer, release=release, now=now)
    return tuple(notice for one in told for notice in _tell(place, release, one))


def answering(store: Store, customer: Customer, release: Release, owner: str) -> str:
    """The owner, or whoever answers for incidents once the owner has left; empty for nobody."""
    people = {one.id for one in find_people(store, customer) if not one.is_disabled}
    plan = store.get(customer, PlanRecord, release.plan).plan
    asked = (owner, plan.owners.incidents, plan.owners.workflow_behaviour)
    return next((one for one in asked if one in people), "")


def _tell(place: Place, release: Release, one: Standing) -> Iterator[Notice]:
    last = one.last
    if last is None or last.breached_since is None:
        return
    limit = _Breach("limit", "breaches its limit", one.says, "nothing is expanded while it does")
    yield from _leave(place, release, last, limit)
    if one.find_crossed():
        goes = "a stage that acts goes back by itself"
        bar = _Breach("bar", "crossed the bar at which it goes back", one.says_crossed, goes)
        yield from _leave(place, release, last, bar)


def _leave(place: Place, release: Release, signal: Signal, breach: _Breach) -> Iterator[Notice]:
    to = answering(place.store, place.customer, release, signal.owner)
    if not to:
        return
    since, drill = signal.breached_since, f"{place.drill}:" if place.drill else ""
    key = f"{drill}{release.id}:{release.stage}:{signal.name}:{breach.what}"
    key = f"{key}:{since:%Y%m%dT%H%M%S.%f}"
    if place.notices.find_receipt(key) is None:
        name = signal.name.replace("_", " ")
        title = f"{drill}{drill and ' '}{release.workflow}: {name} {breach.title}"
        text = _text(place, release, signal, breach)
        tell(place.notices, to=(to,), title=title, text=text, key=key)
    receipt = place.notices.find_receipt(key)
    if receipt is not None:
        yield Notice(signal.name, to, receipt)


def _text(place: Place, release: Release, signal: Signal, breach: _Breach) -> str:
    stage = release.stages[release.stage].name
    real = (
        f"Read at {signal.until:%Y-%m-%d %H:%M} UTC of release {release.id} at {stage}; "
        f"{breach.follows}.\n"
        f"Look: pilotage release show {release.id}\n"
        f"Take back: pilotage release rollback {release.id} --reason TEXT\n"
    )
    played = "This is a drill: the breach was made on purpose, nothing is wrong.\n"
    return f"{breach.says}\n{played if place.drill else real}"
