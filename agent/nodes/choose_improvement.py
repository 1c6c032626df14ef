"""pick exactly one workflow or improvement, by evidence."""

from decimal import Decimal

from agent import drafts, ops_review, ranking
from agent.deps import Deps
from agent.state import State, Update
from policies import intervals
from runs import intake
from runs.plan import Plan
from runs.records.evidence import Evidence, FixTrial
from runs.records.person import Customer
from runs.records.run import Choice, Contender, OpsReview
from runs.records.version import PolicyValues, Version
from runs.store.runs import RunFilter
from workflow.patches.plausible import UNKNOWN, Kept, Plausible, smallest

CONFIDENCE = 0.95
MOST_OBSERVED = 50
"""Of what was only observed the newest count, as in the briefing."""
COUNTED = ("dry_run", "holdout", "stage")


def choose_improvement(state: State, deps: Deps) -> Update:
    """Keep the choice of one contender, with why each other lost.

    Score: volume a week x cost of an error x upper 95 % bound of the failing share, divided by the
    rank of the smallest plausible fix; ties go to the earlier due date. A trigger that is about one
    workflow chooses that one. An ops review chooses only what it found to mend.
    """
    customer = deps.customer(state)
    plans = drafts.contending_plans(state, deps)
    named = drafts.named_workflow(state, deps)
    if state.review and _needs_nothing_built(state, deps, {plan.workflow for plan in plans}):
        found = deps.get(state, OpsReview, state.review)
        return {"choice": "", "blocker": f"unwell:{found.id}" if found.wrong else ""}
    found = [_contender(deps, customer, plan) for plan in plans]
    contenders = sorted(found, key=lambda one: (one.name != named, _order(one)))
    is_there = not named or any(one.name == named for one in contenders)
    if not contenders or not is_there or drafts.brought(state, deps).missing:
        # Without a whole plan there is nothing to choose; its holes are asked for next.
        return {"choice": ""}
    best, rest = contenders[0], contenders[1:]
    losers = (f"{other.name} lost with {other.score} ({other.why})" for other in rest)
    about = (_reason(state, deps, best.name),) if named else ()
    choice = Choice(
        run=state.run,
        chosen=best.name,
        why="; ".join([*about, f"{best.name} scores {best.score}: {best.why}", *losers]),
        contenders=tuple(contenders),
        described=ranking.describe(state, deps, contenders),
    )
    deps.store.runs.set_workflow(customer, state.run, best.name)
    return {"choice": deps.keep(state, choice)}


def after_choice(state: State, deps: Deps) -> str:
    """An ops review that needs nothing built has come to its end."""
    is_ended = bool(state.review) and (not state.choice) and _is_decided(state, deps)
    return "ended" if is_ended else "plan"


def _is_decided(state: State, deps: Deps) -> bool:
    return bool(state.blocker) or deps.get(state, OpsReview, state.review).is_healthy


def _needs_nothing_built(state: State, deps: Deps, planned: set[str]) -> bool:
    """Whether all is well, or nothing that is not would be mended by another version."""
    found = deps.get(state, OpsReview, state.review)
    return not ops_review.can_build(found) or found.workflow not in planned


def _reason(state: State, deps: Deps, workflow: str) -> str:
    """Why the run is about this workflow, by the id of the record that says so."""
    run = deps.store.runs.get(deps.customer(state), state.run)
    report = intake.find_of_run(deps.store, deps.customer(state), run)
    if report is not None:
        return f"{report.kind} {report.id} is about {workflow}"
    return f"ops review {state.review} of {workflow} found what is not well"


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
        f"smallest plausible fix of rank {fix.rank} ({fix.why})"
        + _said_of(deps, customer, plan.workflow),
    )


def _said_of(deps: Deps, customer: Customer, workflow: str) -> str:
    """What customers reported of the workflow and no run took up."""
    brought = intake.open_ones(deps.store, customer)
    brought += intake.observations(deps.store, customer, MOST_OBSERVED)
    waiting = [one for one in brought if one.workflow == workflow]
    told = ", ".join(f"{one.kind} {one.id}" for one in waiting)
    return f"; waiting: {told}" if told else ""


def _measured(deps: Deps, customer: Customer, workflow: str) -> list[Evidence]:
    """What was measured of the workflow, the newest first."""
    mine = deps.store.runs.list(customer, limit=None, wanted=RunFilter(workflow=workflow))
    runs = {run.id for run in mine}
    measured = deps.store.list(customer, Evidence, None, of=COUNTED)
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
