"""turn the plan into a candidate version."""

from agent import incident, retrying
from agent.deps import Deps
from agent.reach import keep_access, may_come_back, not_reached
from agent.state import State, Update
from policies import bounds
from runs.plan import PlanRecord
from runs.records.case import Dataset
from runs.records.version import PolicyValues
from workflow.version import make


def build_version(state: State, deps: Deps) -> Update:
    """Keep an immutable version of the plan; the same plan and cases give the same version.

    A reported failure is mended from the version it is of: that one is the first candidate.
    Nothing is built for systems that cannot be reached: what does not answer is tried again for as
    long as the policy says, then that is a blocker of their owner.

    Raises InvalidInput when the first policy values lie outside the version's bounds.
    """
    plan = deps.get(state, PlanRecord, state.plan)
    dataset = deps.get(state, Dataset, state.dataset)
    version = incident.find_incumbent(state, deps) or make(plan, dataset)
    policy = deps.get(state, PolicyValues, state.policy)
    bounds.check(policy, version.bounds, deps.installation.bounds)
    seen = keep_access(state, deps, version=version.digest)
    if not_reached(seen.access):
        again = retrying.find_next(state, deps) if may_come_back(seen.access) else None
        return again or {"blocker": f"access:{seen.id}"}
    return {**retrying.CLEARED, "version": deps.keep(state, version)}


def after_build(state: State, deps: Deps) -> str:
    """To be tried, to wait for a system that does not answer, or the end where none does."""
    if state.blocker:
        return "blocked"
    return "wait" if state.retry_at else "built"
