"""A way that is practised: the record it stands in, systems that are only played, and its item."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import count
from typing import Any, NamedTuple

from policies.budgets import Spend
from policies.routing import Router
from runs import snapshots
from runs.errors import PilotageError, Unavailable
from runs.moves import ActionStatus
from runs.records.item import Item, Output, Unanswered
from runs.records.person import Customer
from runs.records.release import Release, StageSpec
from runs.records.version import Level, PolicyValues, Risk, Version
from runs.snapshots import Terms
from runs.store.store import Store
from tools.tool import LEVELS, Reading, Schema, Tool
from workflow.process.item import give_up, process_item
from workflow.process.parts import ProcessDeps

STAGE = StageSpec(name="drill", kind="slice", weight_bp=10_000, sample=1, min_hours=0)
ANSWERED = "in_review", "quarantined", "refused", "stopped"
"""Ends at which somebody answers for an item that was not acted on."""

Answer = Callable[
    [Version, Mapping[str, Any], Mapping[str, Mapping[str, Any]]], Output | Unanswered
]


class Drilled(NamedTuple):
    """What is tried, under which values, with what of the home."""

    version: Version
    policy: PolicyValues
    release: Release
    """Whose way is tried."""
    router: Callable[[Version, PolicyValues], Router]
    terms: Callable[[Version], Terms]
    person: Callable[[Customer, str], str]
    budget: Spend
    """What the work on one item may take."""


@dataclass(frozen=True)
class Played:
    """A system outside that is only played."""

    name: str
    level: Level
    reads: Callable[[str], Reading | None]
    schema: Mapping[str, Schema]
    fails: PilotageError | None = None
    """What acting raises; without it there is a receipt of nothing."""
    is_silent: bool = False
    """It does not say either whether something was done."""
    risks: tuple[Risk, ...] = ()
    reversible: bool = True
    is_real: bool = False
    remembers_keys: bool = False

    def read(self, key: str) -> Reading | None:
        """What the fault says is read."""
        return self.reads(key)

    def act(self, operation: str, content: Mapping[str, Any], key: str) -> dict[str, Any]:
        """Nothing is done."""
        if self.fails is not None:
            raise self.fails
        return {"key": key}

    def find_receipt(self, key: str) -> None:
        """None, or Unavailable where it is silent."""
        if self.is_silent:
            raise Unavailable(f"tool {self.name!r} does not answer (drill)")


def opened(store: Store, customer: Customer, drilled: Drilled) -> Drilled:
    """The same, with a release that serves every item in a record that holds nothing else."""
    release = drilled.release.model_copy(
        update={
            "stages": (STAGE,),
            "stage": 0,
            "weight_bp": STAGE.weight_bp,
            "status": "open",
            "version": drilled.version.digest,
            "policy": drilled.policy.digest,
            "entered_at": store.clock.now(),
        }
    )
    for record in (drilled.version, drilled.policy):
        store.keep(customer, "worker", record)
    store.releases.open(customer, "worker", release)
    return drilled._replace(release=release)


def admit(
    store: Store, customer: Customer, drilled: Drilled, name: str, value: Mapping[str, Any]
) -> Item:
    """An item of this name and input, as it stands in the queue."""
    version, now = drilled.version, store.clock.now()
    kept = snapshots.keep(
        store,
        customer,
        "worker",
        kind="input",
        value=dict(value),
        terms=drilled.terms(version),
    )
    return store.items.admit(
        customer,
        "worker",
        Item(
            id=f"drill-{name}",
            workflow=version.workflow,
            key=f"drill-{name}",
            batch="drill",
            release=drilled.release.id,
            arm="canary",
            stage=0,
            version=version.digest,
            policy=drilled.policy.digest,
            input=kept,
            snapshot="",
            output="",
            status="queued",
            route="",
            rule="",
            reason="",
            owner="",
            audited=False,
            priority=0,
            received_at=now,
            due_at=None,
            finished_at=None,
        ),
    )


def work(deps: ProcessDeps, customer: Customer, item: Item) -> Item:
    """As the worker does: once more where something was silent, then to a person."""
    why = ""
    for _ in range(2):
        try:
            return process_item(deps, customer, item.id)
        except (PilotageError, ValueError) as error:
            why = f"the worker gave up: {type(error).__name__}"
    return give_up(deps, customer, item.id, why)


class Left(NamedTuple):
    """What an item left behind that ended."""

    actions: tuple[ActionStatus, ...]
    """What became of each effect that was begun."""
    reviews: int
    """That are open."""
    is_answered: bool
    """Nothing was done, and a named person answers for it."""


def left_by(store: Store, customer: Customer, ended: Item) -> Left:
    """What stands in the record of an item that ended."""
    actions: tuple[ActionStatus, ...] = tuple(
        action.status for action in store.actions.of_item(customer, ended.id)
    )
    waiting = [r for r in store.reviews.of_item(customer, ended.id) if r.status == "open"]
    has_acted = ended.status == "acted" or "done" in actions
    is_answered = ended.status in ANSWERED and bool(ended.owner) and not has_acted
    is_seen = bool(waiting) or ended.status == "refused"
    return Left(actions, len(waiting), is_answered and is_seen)


class Acts(NamedTuple):
    """What acting on a played system comes to."""

    fails: PilotageError | None = None
    """Raised; without it there is a receipt of nothing."""
    is_silent: bool = False
    """It does not say either whether something was done."""


DONE = Acts()


def tools_of(
    version: Version, reads: Callable[[str, str], Reading | None], acts: Acts = DONE
) -> dict[str, Tool]:
    """Every system of a version, played; `reads` says what a tool holds under a key."""
    found: dict[str, Tool] = {}
    for source in version.sources:
        found[source.tool] = Played(source.tool, "read", partial(reads, source.tool), {})
    schema: dict[str, Schema] = {effect.operation: {} for effect in version.effects}
    for effect in sorted(version.effects, key=lambda one: -LEVELS.index(one.level)):
        if effect.level != "read":
            read = partial(reads, effect.tool)
            found[effect.tool] = Played(effect.tool, effect.level, read, schema, *acts)
    return found


def stopwatch(step: Spend) -> Callable[[], float]:
    """A played stopwatch: between two looks more passes than the step."""
    ticks = count(step=float(step.seconds) + 0.001)
    return lambda: next(ticks)
