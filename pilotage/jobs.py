"""what a worker does, by kind of job; each may be done again at any moment."""

import logging
from collections.abc import Mapping

from agent.loop import Loop
from pilotage.engines import Engines
from pilotage.turns import Turns
from runs.queue import JobContext, Work
from workflow.process.item import process_item

log = logging.getLogger("pilotage.jobs")


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
        from agent.graph import build

        engines = self._engines
        loop = Loop(
            engines.chosen.store,
            lambda store, lease: build(engines.deps(store, lease)),
            str(engines.chosen.home.checkpoints),
        )
        customer, run = job.customer, job.subject
        self._turns.take(run, lambda: loop.advance(customer, run, engines.holder))

    def _process_item(self, job: JobContext) -> None:
        item = self._engines.chosen.store.items.get(job.customer, job.subject)
        self._engines.follow(job.customer, item.workflow)
        deps = self._engines.process_deps(job.customer)
        process_item(deps, job.customer, job.subject, job.step)

    def _index_lessons(self, job: JobContext) -> None:
        memory = self._engines.memory(self._engines.chosen.store)
        opened = memory.vectors.index_lessons(job.customer)
        if opened.state not in ("ready", "rebuilt"):
            log.warning("the index is %s: %s", opened.state, opened.reason)
