"""whether the work goes on: what was measured against the installation's bounds; pure."""

from collections.abc import Collection, Iterator
from datetime import datetime, timedelta
from typing import NamedTuple

from pydantic import Field

from runs.records.alarm import AlarmKind
from runs.records.record import Rate, Record

CALM = 0.8
"""A breach is over once it is this far below its bound, so that what wavers is told once."""


class Watchdog(Record):
    """From when on something is told; rules of the installation."""

    no_progress_minutes: float = Field(default=15, gt=0)
    """Work waits, and for so long none was done."""
    queue_age_minutes: float = Field(default=60, gt=0)
    """So old is the oldest item that nobody came to."""
    worker_silent_minutes: float = Field(default=5, gt=0)
    """Work waits so long, and no worker lives."""
    window_hours: float = Field(default=24, gt=0)
    """Of items that came in so recently the shares and counts below are taken."""
    quarantine_share: Rate = 0.2
    """Of the items of a workflow, once `least_items` are there, so many were quarantined."""
    repeated_failures: int = Field(default=10, ge=2)
    """So many items of a workflow failed in the same way."""
    least_items: int = Field(default=20, ge=1)


class Flow(NamedTuple):
    """What was measured of one workflow."""

    workflow: str
    owner: str
    items: int
    quarantined: int
    failures: dict[str, int]
    """Items by the way in which they failed."""
    oldest_queued: datetime | None


class Seen(NamedTuple):
    """What was measured of one customer's work."""

    owner: str
    """Who answers for the installation."""
    waits_since: datetime | None
    """When the oldest work was written down that is not done; None when none waits."""
    done_at: datetime | None
    """When work was done last."""
    is_worked: bool
    """A worker lives."""
    flows: tuple[Flow, ...] = ()
    given_up: tuple[tuple[str, str], ...] = ()
    """Addresses that are told nothing any more, each with its owner."""


class Breach(NamedTuple):
    """One thing that is not well, who answers for it, and what to do."""

    kind: AlarmKind
    subject: str
    owner: str
    says: str
    remedy: str


class _Look(NamedTuple):
    """The rules, what was told before, and the time."""

    rules: Watchdog
    open_now: Collection[tuple[str, str]]
    now: datetime

    def bound(self, value: float, kind: AlarmKind, subject: str) -> float:
        """From where on it is a breach; lower while it is one already."""
        return value * CALM if (kind, subject) in self.open_now else value

    def minutes(self, value: float, kind: AlarmKind, subject: str) -> timedelta:
        """The same as a time."""
        return timedelta(minutes=self.bound(value, kind, subject))


def judge(
    seen: Seen, rules: Watchdog, now: datetime, open_now: Collection[tuple[str, str]] = ()
) -> list[Breach]:
    """Every breach there is; one that was told goes on until it is well below its bound.

    `open_now`: kind and subject of what was told and is not over.
    """
    look = _Look(rules, open_now, now)
    found = list(_of_work(seen, look))
    for flow in seen.flows:
        found += _of_flow(flow, look)
    for name, owner in seen.given_up:
        says = f"webhook {name} did not take what it was told; it was given up"
        remedy = f"pilotage webhook show {name} --dead"
        found.append(Breach("webhook_given_up", name, owner, says, remedy))
    return found


def _of_work(seen: Seen, look: _Look) -> Iterator[Breach]:
    if seen.waits_since is None:
        return
    rules, waits = look.rules, look.now - seen.waits_since
    silent = look.minutes(rules.worker_silent_minutes, "worker_silence", "worker")
    if not seen.is_worked and waits > silent:
        says = f"work waits for {_told(waits)}, and no worker lives"
        yield Breach("worker_silence", "worker", seen.owner, says, "start `pilotage worker`")
    idle = look.now - max(seen.done_at or seen.waits_since, seen.waits_since)
    if seen.is_worked and idle > look.minutes(rules.no_progress_minutes, "no_progress", "work"):
        says = f"work waits, and none was done for {_told(idle)}"
        yield Breach("no_progress", "work", seen.owner, says, "pilotage doctor")


def _of_flow(flow: Flow, look: _Look) -> Iterator[Breach]:
    rules, name = look.rules, flow.workflow
    listed = f"pilotage item list --workflow {name}"
    if flow.oldest_queued is not None:
        age = look.now - flow.oldest_queued
        if age > look.minutes(rules.queue_age_minutes, "queue_age", name):
            says = f"{name}: its oldest item waits in the queue for {_told(age)}"
            yield Breach("queue_age", name, flow.owner, says, f"{listed} --status queued")
    share = flow.quarantined / max(flow.items, 1)
    bound = look.bound(rules.quarantine_share, "quarantine_growth", name)
    if flow.items >= rules.least_items and share >= bound:
        says = (
            f"{name}: {flow.quarantined} of {flow.items} items of {rules.window_hours:g} hours "
            "were quarantined"
        )
        yield Breach("quarantine_growth", name, flow.owner, says, f"{listed} --status quarantined")
    for way, count in sorted(flow.failures.items()):
        subject = f"{name}/{way}"
        if count >= look.bound(rules.repeated_failures, "repeated_failure", subject):
            says = (
                f"{name}: {count} items of {rules.window_hours:g} hours failed in the same way "
                f"({way})"
            )
            yield Breach("repeated_failure", subject, flow.owner, says, f"{listed} --waiting")


def _told(time: timedelta) -> str:
    minutes = int(time.total_seconds() // 60)
    return f"{minutes} minutes" if minutes < 120 else f"{minutes // 60} hours"
