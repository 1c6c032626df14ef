"""the plans a run may advance: brought with its trigger, or kept by the runs before it."""

from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

from agent import edits, filling, incident
from agent.deps import Deps
from agent.loop import ABOUT_ONE
from agent.state import State
from policies import rules
from runs import snapshots, words
from runs.errors import InvalidInput
from runs.plan import Filled, Plan, PlanRecord, Routing
from runs.records.version import Version

MOST = 1_000


class Brought(NamedTuple):
    """The plan that came with a trigger."""

    text: str
    """YAML as it was brought; empty when the trigger came without a plan."""
    plan: Plan | None
    """None while parts are missing."""
    missing: tuple[str, ...]
    """Paths of the missing parts."""
    warnings: tuple[str, ...]
    """What should be looked at though it stops nothing."""
    owners: Mapping[str, str]
    """Who the plan says answers for an area, however much else is missing."""
    filled: tuple[Filled, ...] = ()
    """Parts that a model filled from the customer's words."""


def brought(state: State, deps: Deps) -> Brought:
    """The plan the run's trigger brought, or as a person edited it since.

    Holes that the customer's own words fill are filled where a model finds them. InvalidInput when
    a part of what was brought is wrong.
    """
    customer = deps.customer(state)
    run = deps.store.runs.get(customer, state.run)
    trigger = deps.store.runs.trigger(customer, run.trigger)
    edited = edits.find(deps.store, customer, state.run, "plan")
    came = snapshots.read(deps.store, customer, trigger.text)
    text = edited or came["plan"]
    if not text:
        return Brought("", None, (), (), {})
    found = Brought(text, *_read(text, f"plan of {trigger.id}"))
    title = words.words(deps.store, customer, trigger.title)
    return _filled(state, deps, found, f"{title}\n{came['text']}")


@lru_cache(maxsize=16)
def _read(text: str, file: str) -> rules.PlanReading:
    """What a plan says, read once: every step that asks for it is given the same."""
    return rules.read_plan(text, file)


def _filled(state: State, deps: Deps, found: Brought, said: str) -> Brought:
    """The plan with fewer holes, or as it came where what was filled does not fit the rest."""
    made = filling.fill(state, deps, found.text, found.missing, said) if found.missing else None
    if made is None:
        return found
    try:
        reading = rules.read_plan(made.text, f"plan of {state.run}")
    except InvalidInput:
        return found
    return Brought(found.text, *reading, filled=made.filled)


def contending_plans(state: State, deps: Deps) -> list[Plan]:
    """One plan a workflow: the brought one before any kept one.

    The workflow a trigger is about is planned as it is deployed: what is in use is improved.
    """
    plans: dict[str, Plan] = {}
    own = brought(state, deps).plan
    if own is not None:
        plans[own.workflow] = own
    for record in _kept(state, deps, is_alone=own is None):
        plans.setdefault(record.plan.workflow, record.plan)
    named = named_workflow(state, deps)
    if named in plans and own is None:
        plans[named] = _deployed(state, deps, plans[named])
    return list(plans.values())


def _kept(state: State, deps: Deps, *, is_alone: bool) -> list[PlanRecord]:
    """The kept plans; one of a former form stops a run that brought no plan, and no other."""
    try:
        return deps.store.list(deps.customer(state), PlanRecord, limit=MOST)
    except InvalidInput:
        if is_alone:
            raise
        return []


def named_workflow(state: State, deps: Deps) -> str:
    """The workflow the run's trigger is about; empty where the run chooses one."""
    customer = deps.customer(state)
    run = deps.store.runs.get(customer, state.run)
    kind = deps.store.runs.trigger(customer, run.trigger).kind
    return run.workflow if kind in ABOUT_ONE else ""


def _deployed(state: State, deps: Deps, plan: Plan) -> Plan:
    """The plan with the rules of the version in use and the values that lead."""
    release = incident.in_use(deps, state, plan.workflow)
    values = deps.leading(deps.customer(state), plan.workflow)
    if release is None or values is None:
        return plan
    version = deps.get(state, Version, release.version)
    routing = Routing(
        rules=version.rules, bounds=version.bounds, values=values.values, lists=values.lists
    )
    return plan.model_copy(update={"routing": routing})
