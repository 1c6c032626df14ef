"""what in a plan is neither wrong nor missing, and yet is shown wherever the plan is."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from policies.texts import as_far
from runs.plan import Plan
from runs.plan_parts import Phases


def early_warnings(written: Mapping[str, Any]) -> tuple[str, ...]:
    """What should be looked at in a plan that has holes still."""
    phases = written.get("phases")
    named = phases if isinstance(phases, dict) else {}
    return tuple(
        f"phases.{name}.deadline stands before phases.{name}.gate_out is defined; define what must "
        "be shown first, then by when"
        for name in Phases.model_fields
        if _has(named, name, "deadline") and not _has(named, name, "gate_out")
    )


def warnings(plan: Plan) -> tuple[str, ...]:
    """What is neither wrong nor missing in a plan, as far as it is there, and yet to look at."""
    told = (_late_deadlines(plan), _dear(plan), _unchecked_builder(plan), _strange_roles(plan))
    return tuple(says for one in told for says in as_far(one))


def _has(phases: Mapping[str, Any], name: str, part: str) -> bool:
    phase = phases.get(name)
    return isinstance(phase, dict) and bool(phase.get(part))


def _late_deadlines(plan: Plan) -> Iterator[str]:
    """A deadline before that of an earlier phase, or after the goal is due."""
    latest: tuple[str, datetime] | None = None
    for name, phase in plan.phases:
        if phase.deadline is None:
            continue
        if latest and phase.deadline < latest[1]:
            yield f"phases.{name}.deadline lies before that of {latest[0]}, which comes first"
        if plan.goal.due and phase.deadline > plan.goal.due:
            yield f"phases.{name}.deadline lies after goal.due"
        latest = (name, phase.deadline)


def _dear(plan: Plan) -> Iterator[str]:
    """What is accepted for each item comes to more than the week may cost."""
    costs = plan.acceptance.cost_per_item * plan.goal.volume_per_week
    if costs > plan.economics.cost_ceiling_per_week:
        yield (
            f"acceptance.cost_per_item for {plan.goal.volume_per_week} items comes to {costs} "
            f"{plan.economics.currency} a week; economics.cost_ceiling_per_week is "
            f"{plan.economics.cost_ceiling_per_week}"
        )


def _unchecked_builder(plan: Plan) -> Iterator[str]:
    if plan.owners.builder == plan.owners.business_outcome:
        yield (
            f"owners.builder and owners.business_outcome are both {plan.owners.builder}: nobody "
            "else accepts what was built"
        )


def _strange_roles(plan: Plan) -> Iterator[str]:
    """An output for a role that the first release does not work with."""
    for one in plan.actions.outputs:
        if one.role not in plan.scope.included.user_roles:
            yield (
                f"actions.outputs gives something to {one.role}, whom scope.included.user_roles "
                "leaves out"
            )
