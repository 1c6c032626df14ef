"""Design, testing, sandbox, full operations: when each begins and ends, and who lets it end."""

from collections.abc import Callable

from console.pages.decision import bars
from runs.plan import Plan
from runs.records.version import PolicyValues

Approvers = Callable[[str], str]
"""Who must agree to a question of the policy, such as `plan` or `stage_full`, for people."""


def rows(plan: Plan, approvers: Approvers) -> tuple[tuple[str, ...], ...]:
    """Four rows: phase, begins when, ends when, who approves its end, deadline."""
    gates, stages = plan.acceptance.gates, plan.rollout.stages
    sandbox = stages[0]
    agreed = next((s for s in stages if s.name == plan.rollout.agreed_stage), stages[-1])
    due = f"{plan.goal.due:%Y-%m-%d %H:%M} UTC" if plan.goal.due else "-"
    seen = f"{sandbox.sample} outputs of {sandbox.name} are looked at in {sandbox.min_hours} hours"
    return (
        (
            "Design",
            f"there is a business case: {plan.goal.business_goal}",
            "no part of the plan is open, and exactly this plan is approved",
            approvers("plan"),
            "-",
        ),
        (
            "Testing",
            f"dataset {plan.dataset} is labelled by {plan.owners.domain_expert}, and checked",
            f"the dry run passes: {bars(gates.get('dry_run'))}; every failure is recorded",
            approvers("test_exit"),
            "-",
        ),
        (
            "Sandbox",
            "the dry run passed; the whole way runs, and nothing it answers is acted on",
            f"{seen} at least: {bars(gates.get('sandbox'))}",
            approvers(f"stage_{stages[min(1, len(stages) - 1)].kind}"),
            "-",
        ),
        (
            "Full operations",
            "the way back was rehearsed, and every signal is read and has an owner",
            f"{agreed.name} holds: {bars(gates.get(agreed.kind))}",
            approvers(f"stage_{agreed.kind}"),
            due,
        ),
    )


def by_policy(policy: PolicyValues, has: Callable[[str], str]) -> Approvers:
    """The approvers a policy names; `has` tells who holds a role."""

    def told(question: str) -> str:
        named = {str(kind): rules for kind, rules in policy.approvers.items()}
        wanted = named.get(question) or named.get(_question(question), ())
        return " and ".join(f"{rule.count} of {has(rule.role)}" for rule in wanted) or "nobody yet"

    return told


def unknown(question: str) -> str:
    """Without a policy at hand nobody is named."""
    return f"whom the policy names under approvers.{_question(question)}"


def _question(asked: str) -> str:
    """A kind of stage without approvers of its own has those of every stage."""
    return "stage" if asked.startswith("stage_") else asked
