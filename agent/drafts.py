"""the plans a run may advance: brought with its trigger, or kept by the runs before it."""

from collections.abc import Mapping
from typing import NamedTuple

from agent import edits, incident
from agent.deps import Deps
from agent.loop import ABOUT_ONE
from agent.state import State
from policies import rules
from runs import snapshots
from runs.errors import InvalidInput
from runs.plan import Plan, PlanRecord, Routing
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


def brought(state: State, deps: Deps) -> Brought:
    """The plan the run's trigger brought, or as a person edited it since.

    InvalidInput when a part of it is wrong.
    """
    customer = deps.customer(state)
    run = deps.store.runs.get(customer, state.run)
    trigger = deps.store.runs.trigger(customer, run.trigger)
    edited = edits.find(deps.store, customer, state.run, "plan")
    text = edited or snapshots.read(deps.store, customer, trigger.text)["plan"]
    if not text:
        return Brought("", None, (), (), {})
    reading = rules.read_plan(text, f"plan of {trigger.id}")
    return Brought(text, *reading)


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
