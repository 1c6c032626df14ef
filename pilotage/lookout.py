"""what releases show between their moves: read by the clock, told to owners, taken back at a bar.

Each look may be repeated at any moment: a reading is kept when it is due, a breach is told under a
key of its own, and what was rolled back is not rolled back again.
"""

import logging
import time
from collections.abc import Iterator, Sequence

from agent import reach
from agent.reach import Candidate
from pilotage.wiring import Wired
from rollout import advance, alerts, watch
from rollout.assignment import SERVING
from rollout.release import way_back
from rollout.release.cause import Judged
from runs.errors import PilotageError
from runs.plan import PlanRecord
from runs.records.evidence import Evidence
from runs.records.person import Customer
from runs.records.record import digest_of
from runs.records.release import Release
from tools.notify import tell
from workflow.access import Systems

log = logging.getLogger("pilotage.lookout")


def watch_releases(wired: Wired, customer: Customer) -> None:
    """Read what is due of each release that stands on a stage, tell of breaches, take back.

    One that cannot be watched keeps nobody from watching the others; it is tried again.
    """
    for release in watched(wired.store.releases.list(customer)):
        try:
            _watch(wired, customer, release)
        except PilotageError:
            log.exception("release %s could not be watched; the next look tries again", release.id)


def _watch(wired: Wired, customer: Customer, release: Release) -> None:
    store, now = wired.store, wired.store.clock.now()
    serves = release.status in SERVING
    if serves:
        _look_at_sources(wired, customer, release)
        watch.read_if_due(store, customer, release=release, now=now)
    _give_back(wired, customer, release)
    told = watch.standings_of(store, customer, release=release, now=now)
    if serves and any(one.find_crossed() for one in told):
        _take_back(wired, customer, release)
    place = alerts.Place(store, customer, wired.notices(customer))
    alerts.tell_breaches(place, release, now)


def watched(releases: Sequence[Release]) -> Iterator[Release]:
    """Of each workflow, newest first, down to the one in use; what was taken back is told of yet.

    What stands below the one in use serves nothing, and drills have no run.
    """
    in_use: set[str] = set()
    for release in releases:
        if release.workflow in in_use or not release.run:
            continue
        if release.status == "complete":
            in_use.add(release.workflow)
        if release.stage >= 0:
            yield release


def _look_at_sources(wired: Wired, customer: Customer, release: Release) -> None:
    """Look at what the version reads, when that is due; tell the owner what is no longer the same.

    What acts on a source whose schema changed is held: nobody measured it so.
    """
    store = wired.store
    whose = Candidate(release.run, release.plan, release.version, release.policy)
    seen = reach.follow(
        store, customer, Systems(wired.tools(customer), time.monotonic), whose=whose
    )
    plan = store.get(customer, PlanRecord, release.plan).plan
    lost = "; ".join(map(reach.told, reach.not_reached(seen.access)))
    if lost:
        what = "a source or tool cannot be reached"
        owner = reach.owner_of(plan, seen.access)
        _tell_of_sources(wired, customer, release, owner, says=lost, what=what)
    kept = store.list(customer, Evidence, None, run=release.run, of=("access", "holdout"))
    changed = reach.changed(kept[::-1], release)
    strange = advance.find_strange(release, changed)
    if changed:
        what = "a source changed since the dry run"
        owner = reach.owner_of(plan)
        _tell_of_sources(wired, customer, release, owner, says=changed, what=what)
    if strange is not None and release.status == "open":
        way_back.hold(store, customer, release=release, cause=Judged(strange))


def _tell_of_sources(
    wired: Wired, customer: Customer, release: Release, owner: str, *, says: str, what: str
) -> None:
    """Leave a notice with the owner of the way to the systems, once for the same finding."""
    notices = wired.notices(customer)
    key = f"{release.id}:{release.stage}:sources:{digest_of(says)[7:19]}"
    to = alerts.answering(wired.store, customer, release, owner)
    if not to or notices.find_receipt(key) is not None:
        return
    text = (
        f"{says}\nOwner {owner}. What acts on it is held until it is as it was, or measured anew.\n"
        f"Look: pilotage release show {release.id}\n"
        f"Try: pilotage workflow probe {release.workflow}\n"
    )
    tell(notices, to=(to,), title=f"{release.workflow}: {what}", text=text, key=key)


def _give_back(wired: Wired, customer: Customer, release: Release) -> None:
    """Let the values of what serves again lead, where a way back was not walked to its end."""
    owed = way_back.find_values_owed(wired.store, customer, release)
    if owed is not None:
        log.warning("values lead again after a way back", extra={"release": release.id})
        wired.policy_files.write(customer, owed)


def _take_back(wired: Wired, customer: Customer, release: Release) -> None:
    """Roll back what a kept signal asks to be rolled back; the watch is kept as its evidence."""
    store, now = wired.store, wired.store.clock.now()
    seen = watch.watch(store, customer, release=release, now=now)
    move = advance.find_fall(release, seen, now)
    if move is None:
        return
    store.keep(customer, "worker", seen, release.run)
    way_back.roll_back(store, customer, release=release, cause=Judged(move))
    before = way_back.find_values_before(store, customer, release)
    if before is not None:
        wired.policy_files.write(customer, before)
