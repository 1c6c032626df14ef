"""when each workflow in use is looked at again, by whom, and how the last look ended."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import NamedTuple

from runs.plan import PlanRecord
from runs.records.person import Customer
from runs.records.release import Release
from runs.records.run import Run, Terminal
from runs.records.version import PolicyValues
from runs.store.store import Store

WEEK = 7
GRACE = timedelta(days=3)
"""A cron of workdays lets a weekend pass; later than that, nobody looks."""
MOST = 1_000


class Due(NamedTuple):
    """The next ops review of one workflow."""

    workflow: str
    owner: str
    """Person who answers for the workflow's behaviour."""
    every_days: int
    next_check: datetime
    run: str
    """The run that ended last and said so; empty before the first."""
    outcome: str
    """How it ended."""
    under_way: str
    """The run that reviews it now; empty while none does."""

    def is_due(self, now: datetime) -> bool:
        """Whether its time has come."""
        return self.next_check <= now

    def is_missed(self, now: datetime) -> bool:
        """Whether its time came long ago, and nobody looks."""
        return not self.under_way and self.next_check + GRACE <= now


def calendar(store: Store, customer: Customer, workflow: str = "") -> list[Due]:
    """Every workflow in use, what is due first first; one of them where one is named."""
    runs = store.runs.list(customer, limit=MOST)
    reviews = _reviews(store, customer, runs)
    found = [
        _due(store, customer, release, runs=runs, reviews=reviews)
        for release in _newest(store.releases.list(customer, workflow))
    ]
    return sorted(found, key=lambda due: (due.next_check, due.workflow))


def days(store: Store, customer: Customer, workflow: str) -> int:
    """From one ops review of a workflow to the next, as its leading values say."""
    digest = store.policies.find_leading(customer, workflow)
    return store.get(customer, PolicyValues, digest).ops_review_days if digest else WEEK


def newest(store: Store, customer: Customer, workflow: str) -> Release | None:
    """The release an ops review is about: what serves now, else what did last."""
    return next(_newest(store.releases.list(customer, workflow)), None)


def _newest(releases: list[Release]) -> Iterator[Release]:
    """Of each workflow that ever stood on a stage the one that serves, else the newest."""
    stood = [one for one in releases if one.run and one.stage >= 0]
    for workflow in dict.fromkeys(one.workflow for one in stood):
        mine = [one for one in stood if one.workflow == workflow]
        yield next((one for one in mine if one.status != "rolled_back"), mine[0])


def _reviews(store: Store, customer: Customer, runs: list[Run]) -> set[str]:
    triggers = store.runs.triggers(customer, [one.trigger for one in runs])
    return {one.id for one in runs if triggers[one.trigger].kind == "scheduled_review"}


def _due(
    store: Store, customer: Customer, release: Release, *, runs: list[Run], reviews: set[str]
) -> Due:
    every = days(store, customer, release.workflow)
    plan = store.get(customer, PlanRecord, release.plan).plan
    mine = [one for one in runs if one.workflow == release.workflow]
    last, check = _last(store, customer, mine, reviews=reviews, every=every)
    began = release.entered_at or release.opened_at
    under_way = (one.id for one in mine if one.status != "ended" and one.id in reviews)
    return Due(
        workflow=release.workflow,
        owner=plan.owners.workflow_behaviour,
        every_days=every,
        next_check=check or began + timedelta(days=every),
        run="" if last is None else last.run,
        outcome="" if last is None else last.kind,
        under_way=next(under_way, ""),
    )


def _last(
    store: Store, customer: Customer, runs: list[Run], *, reviews: set[str], every: int
) -> tuple[Terminal | None, datetime | None]:
    """The newest end that set a next check, and when that is.

    A review that ended as a blocker is made again after the usual time; any other blocker sets
    nothing.
    """
    ended = [one for one in runs if one.ended_at is not None]
    for run in sorted(ended, key=lambda one: one.ended_at or one.opened_at, reverse=True):
        end = store.get(customer, Terminal, run.terminal)
        if end.next_check is not None:
            return end, end.next_check
        if run.id in reviews and run.ended_at is not None:
            return end, run.ended_at + timedelta(days=every)
    return None, None
