"""pick exactly one workflow or improvement, by evidence."""

from decimal import Decimal

from agent import drafts
from agent.deps import Deps
from agent.state import State, Update
from policies import intervals
from runs.plan import Plan
from runs.records.evidence import Evidence, FixTrial
from runs.records.person import Customer
from runs.records.run import Choice, Contender
from runs.records.version import PolicyValues, Version
from workflow.patches.plausible import UNKNOWN, Kept, Plausible, smallest

CONFIDENCE = 0.95
COUNTED = ("dry_run", "holdout", "stage")


def choose_improvement(state: State, deps: Deps) -> Update:
    """Keep the choice of one contender, with why each other lost.

    Score: volume a week x cost of an error x upper 95 % bound of the failing share, divided by the
    rank of the smallest plausible fix; ties go to the earlier due date.
    """
    customer = deps.customer(state)
    plans = drafts.contending_plans(state, deps)
    contenders = sorted((_contender(deps, customer, plan) for plan in plans), key=_order)
    if not contenders or drafts.brought(state, deps).missing:
        # Without a whole plan there is nothing to choose; its holes are asked for next.
        return {"choice": ""}
    best, rest = contenders[0], contenders[1:]
    losers = (f"{other.name} lost with {other.score} ({other.why})" for other in rest)
    choice = Choice(
        run=state.run,
        chosen=best.name,
        why="; ".join([f"{best.name} scores {best.score}: {best.why}", *losers]),
        contenders=tuple(contenders),
    )
    deps.store.runs.set_workflow(customer, state.run, best.name)
    return {"choice": deps.keep(state, choice)}


def _contender(deps: Deps, customer: Customer, plan: Plan) -> Contender:
    measured = _measured(deps, customer, plan.workflow)
    newest = next((one for one in measured if one.kind in COUNTED), None)
    fix = _smallest_fix(deps, customer, plan, measured)
    if newest is None:
        wrong, total, seen = 0, 0, "nothing measured yet, so any share may fail"
    else:
        table = newest.items if newest.split == "live" else newest.families
        wrong, total = table.wrong_auto + table.error, table.total
        seen = f"{wrong} of {total} failed in {newest.id}"
    share = intervals.upper(wrong, total, CONFIDENCE) if total else 1.0
    failing = Decimal(f"{share:.4f}")
    goal = plan.goal
    score = goal.volume_per_week * goal.cost_of_error * failing / fix.rank
    return Contender(
        name=plan.workflow,
        kind="improvement" if newest else "workflow",
        volume_per_week=goal.volume_per_week,
        cost_of_error=goal.cost_of_error,
        failing_share=str(failing),
        fix_rank=fix.rank,
        score=score.quantize(Decimal("0.01")),
        due=goal.due,
        why=f"{goal.volume_per_week} a week at {goal.cost_of_error} an error; {seen}; "
        f"smallest plausible fix of rank {fix.rank} ({fix.why})",
    )


def _measured(deps: Deps, customer: Customer, workflow: str) -> list[Evidence]:
    """What was measured of the workflow, the newest first."""
    runs = {
        run.id for run in deps.store.runs.list(customer, limit=1_000) if run.workflow == workflow
    }
    measured = deps.store.list(customer, Evidence, limit=1_000)
    return [one for one in measured if one.run in runs]


def _smallest_fix(
    deps: Deps, customer: Customer, plan: Plan, measured: list[Evidence]
) -> Plausible:
    """Told from the newest dry run on dev: what the holdout says is never looked at for a fix."""
    screened = next((one for one in measured if one.kind == "dry_run"), None)
    if screened is None:
        return Plausible(UNKNOWN, "no dry run is kept, so no fix is known")
    store = deps.store
    return smallest(
        Kept(
            results=store.cases.results(customer, screened.id),
            cases=store.cases.read(customer, screened.subject, "dev"),
            version=store.get(customer, Version, screened.version),
            policy=store.get(customer, PolicyValues, screened.policy),
            plan=plan,
            tried=store.of_run(customer, FixTrial, screened.run),
        )
    )


def _order(contender: Contender) -> tuple[Decimal, str]:
    due = contender.due.isoformat() if contender.due else "9999"
    return (-contender.score, due)
