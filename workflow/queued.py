"""how the queue of a workflow stands: what waits and why, what workers have, what may come."""

from datetime import datetime

from runs.errors import NotFound
from runs.plan import PlanRecord
from runs.records.person import Customer
from runs.records.record import Record
from runs.records.version import PolicyValues
from runs.store.filtered import ItemFilter
from runs.store.store import Store

MOST_TOLD = 10
"""So many reasons of waiting longer are told, the most frequent first."""


class Held(Record):
    """Why items are tried again only later."""

    why: str
    items: int


class Queued(Record):
    """The queue of one workflow, now."""

    workflow: str
    waiting: int
    """Items that nobody works on yet."""
    queue_most: int
    room: int
    """So many more may come before whoever sends is told to wait."""
    under_way: int
    """Handed to workers, each of which does as many at once as it has room for."""
    concurrency: int
    """So many may be handed over at once, over all workers; 0: as many as they do."""
    later: int
    """Of those that wait, what is tried again at a later time."""
    next_at: datetime | None
    """When the first of them is; real time."""
    held: tuple[Held, ...]
    oldest_at: datetime | None
    """When the oldest of those that wait came in."""
    deadline_minutes: int
    """So long after it came in an item goes to a person; 0: never by that."""
    owner: str
    """Who answers for what the workflow does."""
    is_paused: bool
    paused_by: str


def find(store: Store, customer: Customer, workflow: str) -> Queued:
    """How the queue stands; NotFound for a workflow that was never released."""
    releases = store.releases.list(customer, workflow)
    if not releases:
        raise NotFound(f"{workflow!r} was never released; `pilotage workflow list` shows them")
    leading = store.policies.find_leading(customer, workflow) or releases[0].policy
    policy = store.get(customer, PolicyValues, leading)
    stands, paused = (
        store.jobs.standing(customer, workflow),
        store.pauses.newest(customer, workflow),
    )
    queued = ItemFilter(workflow=workflow, status="queued")
    oldest = store.items.in_order(customer, queued, limit=1)
    waiting = store.items.waiting(customer, workflow)
    is_paused = paused is not None and paused.is_paused
    return Queued(
        workflow=workflow,
        waiting=max(0, waiting - stands.under_way),
        queue_most=policy.queue_most,
        room=max(0, policy.queue_most - waiting),
        under_way=stands.under_way,
        concurrency=policy.concurrency,
        later=stands.later,
        next_at=datetime.fromisoformat(stands.next_at) if stands.next_at else None,
        held=tuple(Held(why=why, items=count) for why, count in stands.why[:MOST_TOLD]),
        oldest_at=oldest[0].received_at if oldest else None,
        deadline_minutes=policy.deadline_minutes,
        owner=store.get(customer, PlanRecord, releases[0].plan).plan.owners.workflow_behaviour,
        is_paused=is_paused,
        paused_by=paused.by if paused is not None and is_paused else "",
    )
