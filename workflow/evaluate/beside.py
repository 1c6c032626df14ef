"""A trial of a version that asks models, beside the same of its baseline, which costs nothing."""

from policies import gates
from policies.routing import Router
from runs.plan import Plan
from runs.records.model import Economics
from runs.records.version import PolicyValues, Version
from workflow.evaluate.bench import Bench, Seen, without_models
from workflow.evaluate.trial import TrialRun, run_trial
from workflow.models.economics import Prices, Side, economics


def beside(
    bench: Bench,
    version: Version,
    trial: TrialRun,
    *,
    policy: PolicyValues,
    plan: Plan,
    looks: int = 1,
) -> Economics | None:
    """What the models of a trial bring and take; None where the version asks none.

    The baseline is tried on the same cases under the same values, and held against the bar of what
    is wrong alone by itself; `looks` share the confidence, as for the gate.
    """
    if not version.models:
        return None
    plain = without_models(version)
    alone = run_trial(bench, plain, policy=policy, cases=trial.cases, trial=trial.trial)
    router = Router(version.rules, review_owner=policy.review_owner)
    found = economics(side(trial, router, policy), side(alone, router, policy), prices_of(plan))
    stands = gates.wrong_alone(alone.families, policy.gates.get("dry_run"), looks)
    return found.model_copy(update={"baseline_alone": stands})


def side(trial: TrialRun, router: Router, policy: PolicyValues) -> Side:
    """The trial as it is weighed: with what a live item would have been asked, and no more."""
    asked = [() if _is_spared(one, router, policy) else one.output.asked for one in trial.seen]
    used = [one.output.route_used for one in trial.seen]
    return Side(trial.results, asked, used)


def prices_of(plan: Plan) -> Prices:
    """What an error and a review cost, by the plan."""
    costs = plan.economics
    return Prices(plan.goal.cost_of_error, costs.cost_of_review, costs.currency)


def _is_spared(one: Seen, router: Router, policy: PolicyValues) -> bool:
    """Whether a rule that does not look at the answer decides about it live."""
    return router.before_answer(one.facts(policy)._replace(answer={})) is not None
