"""everything a node may touch."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol, TypeVar

from agent.state import State
from memory_store.memory.memory import Memory
from memory_store.recall import Pack
from policies.budgets import Spend
from policies.routing import Router
from policies.rules import Installation
from runs import approvals
from runs.errors import InvalidInput
from runs.records.approval import Approval
from runs.records.person import Customer
from runs.records.record import Record
from runs.records.version import PolicyValues, Version
from runs.snapshots import Terms
from runs.store.store import Store
from tools.model.asked import Model
from tools.notify import Outbox
from workflow.actions import ActionDeps
from workflow.evaluate.bench import Bench
from workflow.requests import Check

R = TypeVar("R", bound=Record)


class PolicyFiles(Protocol):
    """The files that operations edit, one a workflow."""

    def find(self, customer: Customer, workflow: str) -> PolicyValues | None:
        """The values in the file now, or None without one; InvalidInput when it is wrong."""
        ...

    def write(self, customer: Customer, policy: PolicyValues) -> None:
        """Replace the file as a whole, or not at all."""
        ...


@dataclass(frozen=True)
class Practice:
    """What faults and alerts are practised with; nothing of it meets a live item."""

    scratch: Callable[[Customer], AbstractContextManager[tuple[Store, Customer]]]
    """An empty record, with the customer in it, that is thrown away afterwards."""
    router: Callable[[Version, PolicyValues], Router]
    terms: Callable[[Version], Terms]
    person: Callable[[Customer, str], str]
    """The person of a role or person id; empty when there is nobody."""
    budget: Spend
    """What the work on one item may take."""
    notices: Callable[[Customer], Outbox]
    """Where people are told."""


def nobody(customer: Customer, run: str) -> Model | None:
    """No model is declared."""
    return None


@dataclass(frozen=True)
class Deps:
    """Handed to every node; chosen once, at the door."""

    store: Store
    policy_files: PolicyFiles
    installation: Installation
    """The installation's bounds, default values and limits."""
    bench: Callable[[Customer], Bench]
    memory: Memory
    recall: Callable[[Customer, str, str], Pack]
    """Lessons for a customer, a question and a workflow, within the run's token budget."""
    actions: Callable[[Customer, Check], ActionDeps]
    """What the update is sent with, under the run's lease, once the check lets it pass."""
    salt: Callable[[], str]
    """A random text, one for each release lineage."""
    practice: Practice
    seconds: Callable[[], float]
    """A stopwatch: real seconds that only grow, for how long something took."""
    models: Callable[[Customer, str], Model | None] = nobody
    """What a run may ask, at its own cost; None where no model is declared. InvalidInput where the
    declaration is wrong."""
    routes: Callable[[], Sequence[str]] = tuple
    """The routes to models that are declared, by name; InvalidInput where one is declared wrong."""

    def model(self, state: State) -> Model | None:
        """What the run may ask; raises what `models` raises."""
        return self.models(self.customer(state), state.run)

    def customer(self, state: State) -> Customer:
        """The customer whose run this is."""
        return self.store.customer(state.customer)

    def leading(self, customer: Customer, workflow: str) -> PolicyValues | None:
        """The values operations let lead: the file's, or the last that led while it is wrong.

        None without a file; InvalidInput when it is wrong and none ever led.
        """
        try:
            return self.policy_files.find(customer, workflow)
        except InvalidInput:
            last = self.store.policies.find_leading(customer, workflow)
            if last is None:
                raise
        return self.store.get(customer, PolicyValues, last)

    def approval(self, state: State) -> Approval:
        """The approval the run waits for, as recorded: the one it went on to in silence, if any."""
        return approvals.latest(self.store, self.customer(state), state.approval)

    def get(self, state: State, kind: type[R], id: str) -> R:
        """A record of the run's customer."""
        return self.store.get(self.customer(state), kind, id)

    def keep(self, state: State, record: Record) -> str:
        """Keep a record for the run; returns its id or digest."""
        return self.store.keep(self.customer(state), f"run:{state.run}", record, state.run)

    def keep_once(self, state: State, kind: type[R], id: str, make: Callable[[], R]) -> R:
        """The record of this id, made and kept only if an earlier attempt did not get so far."""
        present = self.store.find(self.customer(state), kind, id)
        if present is not None:
            return present
        record = make()
        self.keep(state, record)
        return record


def handing(deps: Deps | None) -> Callable[[Callable[..., Any]], Any]:
    """Gives a node or a route what it may touch: `deps`, or else the context of each call."""

    def given(step: Callable[..., Any]) -> Any:
        if deps is not None:
            return partial(step, deps=deps)
        return partial(_handed, step=step)

    return given


def _handed(state: State, runtime: Any, *, step: Callable[..., Any]) -> Any:
    return step(state, deps=runtime.context)
