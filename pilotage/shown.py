"""a home as it is shown to programs that host the graph: they look at it and change nothing.

Only the worker advances runs, under the run's lease. Whoever else invokes the graph, LangGraph's
development server for one, stands at a place of its own and would do a step beside the worker.
"""

from dataclasses import dataclass, replace

from agent.deps import Deps
from pilotage.engines import NOBODY
from pilotage.wiring import Wired
from runs.errors import NotAllowed
from runs.records.person import Customer
from runs.records.version import PolicyValues
from runs.store.change import Change
from runs.store.store import Store

WHY = (
    "the graph is shown here and not run, nothing was changed; `pilotage worker` advances runs, "
    "`pilotage approval approve` and `reject` answer their questions"
)


@dataclass(frozen=True)
class LeadingOnly:
    """The policy values that lead, in the place of the files: these are not even followed."""

    store: Store

    def find(self, customer: Customer, workflow: str) -> PolicyValues | None:
        """The values that lead, or None before any did."""
        digest = self.store.policies.find_leading(customer, workflow)
        return None if digest is None else self.store.get(customer, PolicyValues, digest)

    def write(self, customer: Customer, policy: PolicyValues) -> None:
        """NotAllowed: nothing is changed."""
        raise NotAllowed(WHY)


def shown(wired: Wired) -> Deps:
    """What the nodes may touch: everything is there to be read, every change is NotAllowed."""
    store = wired.store.guarded(_refuse)
    engines = replace(wired, store=store).engines("")
    return replace(engines.deps(store, NOBODY), policy_files=LeadingOnly(store))


def _refuse(change: Change) -> None:
    raise NotAllowed(WHY)
