"""the end of the chain told to places outside: when it is due, and who is told when it is late."""

import logging
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from pilotage.settings import Settings
from pilotage.wiring import Wired
from runs.chain import anchors
from runs.errors import PilotageError, Unavailable
from runs.people import OWNER, find_people
from runs.records.anchor import Anchor, written
from tools.anchors import Place, host_of, place_of
from tools.notify import tell_once

log = logging.getLogger("pilotage.anchoring")

LATE = 2
"""An event that waits longer than so many times the hours between two anchors is late."""


class Standing(NamedTuple):
    """How one place outside stands to the chain."""

    place: Place
    newest: Anchor | None
    """The last anchor written there, as the record tells."""
    waits_since: datetime | None
    """When the oldest event was made that it does not vouch for; None when it does for all."""
    hours: float

    def is_due(self, now: datetime) -> bool:
        """True when something waits and the time since the last anchor is over."""
        if self.waits_since is None:
            return False
        return self.newest is None or now - self.newest.at >= timedelta(hours=self.hours)

    def is_late(self, now: datetime) -> bool:
        """True when something waits for longer than it ever should."""
        longest = timedelta(hours=LATE * self.hours)
        return self.waits_since is not None and now - self.waits_since > longest


def places(settings: Settings) -> list[Place]:
    """The places PILOTAGE_ANCHOR names; their hosts are declared by being named there."""
    named = settings.anchors
    return [place_of(one, declared_hosts(settings)) for one in named]


def declared_hosts(settings: Settings) -> frozenset[str]:
    """The hosts to which an anchor may be posted."""
    return frozenset(filter(None, map(host_of, settings.anchors)))


def standings(wired: Wired) -> list[Standing]:
    """How every place that is named stands; reads only."""
    return [_standing(wired, place) for place in places(wired.settings)]


def write(wired: Wired, place: Place, actor: str) -> Anchor | None:
    """Write the chain's end to a place, then keep that it was; None before the first event.

    What it vouches for is on the disk before: no machine that stops takes it back. Raises
    Unavailable where that cannot be had now.
    """
    head = anchors.find_head(wired.store)
    if head is None:
        return None
    wired.store.database.wait_for_disk()
    if not anchors.stands(wired.store, head):
        # A server that stopped in between has lost what it had not written yet.
        raise Unavailable(
            f"event {head.seq} was the chain's end and is not there any more: the database stopped "
            "before it was on its disk; anchor again: pilotage audit anchor"
        )
    anchor = anchors.make(wired.store, place.name, head)
    place.write(written(anchor))
    anchors.keep_written(wired.store, actor, anchor)
    return anchor


def follow(wired: Wired) -> None:
    """Write what is due, and tell the owners of what is late; again at any moment."""
    for standing in standings(wired):
        now = wired.store.clock.now()
        if standing.is_due(now):
            _try(wired, standing)
        if standing.is_late(now):
            _tell(wired, _standing(wired, standing.place), now)


def files(settings: Settings) -> Iterator[Path]:
    """The anchor files that can be read back, of the places that are named."""
    for place in places(settings):
        file = place.find_file()
        if file is not None and file.is_file():
            yield file


def _standing(wired: Wired, place: Place) -> Standing:
    newest = anchors.newest(wired.store, place.name)
    waits = anchors.find_waiting(wired.store, 0 if newest is None else newest.seq)
    return Standing(place, newest, waits, wired.settings.anchor_hours)


def _try(wired: Wired, standing: Standing) -> None:
    try:
        write(wired, standing.place, "worker")
    except PilotageError as error:
        log.warning("no anchor was written to %s: %s", standing.place.shown, error)


def _tell(wired: Wired, standing: Standing, now: datetime) -> None:
    """Leave a notice with the owners, once a day and place, while the anchor is late."""
    if not standing.is_late(now) or standing.waits_since is None:
        return
    text = (
        f"{standing.place.shown} vouches for nothing since "
        f"{standing.waits_since:%Y-%m-%d %H:%M} UTC.\n"
        "Until it does, whoever can write the database can write that past anew.\n"
        "Try: pilotage audit anchor\n"
    )
    for customer in wired.store.customers():
        everybody = find_people(wired.store, customer)
        to = tuple(one.id for one in everybody if OWNER in one.roles and not one.is_disabled)
        if to:
            key = f"anchor:{standing.place.name}:{now:%Y-%m-%d}"
            tell_once(wired.notices(customer), to=to, title="an anchor is late", text=text, key=key)
