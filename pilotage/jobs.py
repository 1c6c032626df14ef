"""what a worker does, by kind of job; each may be done again at any moment."""

import logging
import time
from collections.abc import Mapping
from functools import partial

from agent import checkpoints
from agent.loop import Loop
from pilotage.engines import Engines
from pilotage.turns import Turns
from runs import leases
from runs.errors import Unavailable
from runs.queue import JobContext, Work
from runs.records.person import Customer
from workflow.process.item import process_item

log = logging.getLogger("pilotage.jobs")

KNOCKS = 20
KNOCK_S = 0.5
"""Between two tries to have a run that another worker is on; then the queue tries again."""


class Jobs:
    """The jobs of one worker, over the engines of its process."""

    def __init__(self, engines: Engines) -> None:
        self._engines = engines
        self._turns = Turns()

    def by_kind(self) -> Mapping[str, Work]:
        """Every kind of job there is."""
        return {
            "advance_run": self._advance_run,
            "process_item": self._process_item,
            "index_lessons": self._index_lessons,
        }

    def _advance_run(self, job: JobContext) -> None:
        # The graph is a second and a half that a worker pays with its first run.
        from agent.seat import seat

        engines = self._engines
        loop = Loop(
            engines.chosen.store,
            lambda store, lease: seat(engines.deps(store, lease)),
            partial(checkpoints.opened, engines.chosen.checkpoints),
            rules=engines.chosen.installation.digest,
        )
        customer, run = job.customer, job.subject
        self._turns.take(run, lambda: self._advance(loop, customer, run))

    def _advance(self, loop: Loop, customer: Customer, run: str) -> None:
        """Advance as soon as no other worker does; Unavailable when one has the run for long."""
        for _ in range(KNOCKS):
            try:
                loop.advance(customer, run, self._engines.holder)
            except Unavailable:
                if not leases.live(self._engines.chosen.store, customer, f"run:{run}"):
                    raise
                time.sleep(KNOCK_S)
            else:
                return
        loop.advance(customer, run, self._engines.holder)

    def _process_item(self, job: JobContext) -> None:
        # The item's lease is the worker's: it keeps other workers away, and not other threads.
        with self._turns.alone(f"{job.customer.id}/{job.subject}"):
            item, is_paused = self._engines.chosen.store.items.taken(job.customer, job.subject)
            if is_paused:
                # Whoever resumes it writes another job for every item whose work has not ended.
                return
            self._engines.follow_edit(job.customer, item.workflow)
            deps = self._engines.process_deps(job.customer)
            process_item(deps, job.customer, item.id, ended=job.ended, known=item)

    def _index_lessons(self, job: JobContext) -> None:
        memory = self._engines.memory(self._engines.chosen.store)
        opened = memory.vectors.index_lessons(job.customer)
        if opened.state not in ("ready", "rebuilt"):
            log.warning("the index is %s: %s", opened.state, opened.reason)
