"""what a worker takes up when it starts: runs of the dead, runs that meet another loop, ended ones.

Each may be done again at any moment: what is taken up already is left alone.
"""

import logging
from collections.abc import Collection

from agent.loop import code_digest
from agent.upgrade import find_pin, is_pinned, owner_of
from pilotage.wiring import Wired
from runs import leases, tables
from runs.leases import Lease
from runs.records.person import Customer
from runs.records.record import digest_of
from runs.records.run import Run
from tools.notify import tell_once
from workflow.settling import LOOKING

log = logging.getLogger("pilotage.taking_up")

RUN = "run:"
"""What the name of a run's lease begins with."""


def from_the_dead(wired: Wired, customer: Customer, alive: Collection[str]) -> list[str]:
    """Free what workers held that do not live any more, and tell the owners of their runs.

    Returns the names of the leases that were freed.
    """
    store = wired.store
    held = tables.leases.select().where(tables.leases.c.customer == customer.id)
    dead = [
        Lease(row["name"], row["holder"], row["fence"])
        for row in store.ledger.rows(held)
        if row["holder"] and row["holder"].removesuffix(LOOKING) not in alive
    ]
    freed = [lease for lease in dead if leases.free(store, customer, lease)]
    for lease in freed:
        if lease.name.startswith(RUN):
            _tell_owner(wired, customer, lease)
    return [lease.name for lease in freed]


def meeting_another_loop(wired: Wired, customer: Customer) -> list[Run]:
    """The runs under way that are pinned to another loop or other rules than this program has.

    One at work without a pin has met no loop yet: the job that opened it is there.
    """
    source, rules = code_digest(), wired.installation.digest
    under_way = wired.store.runs.under_way(customer)
    pinned = [(run, find_pin(wired.store, customer, run.id)) for run in under_way]
    return [
        run
        for run, pin in pinned
        if not is_pinned(pin, run, source=source, rules=rules)
        and (pin is not None or run.status == "waiting")
    ]


def wake_left(wired: Wired, customer: Customer) -> list[str]:
    """Write a job for every run that meets another loop, and for ended ones not yet archived."""
    cause = f"meets:{digest_of([code_digest(), wired.installation.digest])[7:19]}"
    moved = [run.id for run in meeting_another_loop(wired, customer)]
    ended = wired.store.runs.unpruned(customer)
    for run in moved:
        log.warning("a run meets another loop or other rules", extra={"run_id": run})
        wired.store.runs.wake(customer, run, cause)
    for run in ended:
        wired.store.runs.wake(customer, run, "archive")
    return [*moved, *ended]


def _tell_owner(wired: Wired, customer: Customer, lease: Lease) -> None:
    """Leave a notice for whoever answers for the run, once for each time its worker died."""
    run = wired.store.runs.get(customer, lease.name.removeprefix(RUN))
    if run.status == "ended":
        return
    owner = owner_of(wired.store, customer, run)
    title = f"taken up again: run {run.id}"
    text = (
        f"{title}\nThe worker that had it fell silent. It goes on from its last step; what was "
        f"decided stands, and nothing is done twice.\nLook: pilotage run show {run.id}\n"
    )
    key = f"{run.id}:taken-up:{lease.fence}"
    tell_once(wired.notices(customer), to=(owner,), title=title, text=text, key=key)
