"""Design, testing, sandbox, full operations: when each begins and ends, and who lets it end."""

from collections.abc import Callable

from console.pages.decision import bars
from runs.plan import Plan
from runs.records.version import PolicyValues

Approvers = Callable[[str], str]
"""Who must agree to a question of the policy, such as `plan` or `stage_full`, for people."""


def rows(plan: Plan, approvers: Approvers) -> tuple[tuple[str, ...], ...]:
    """Four rows: phase, begins when, ends when, who approves its end, deadline."""
    told = []
    for name, phase in plan.phases:
        question, bar = _measured(plan, name)
        named = " and ".join(f"{rule.count} of {rule.role}" for rule in phase.approvers)
        told.append(
            (
                name.replace("_", " ").capitalize(),
                "; ".join(phase.gate_in),
                "; ".join([*phase.gate_out, *([bar] if bar else [])]),
                approvers(question) or f"{named}, and whom the policy names for {question}",
                f"{phase.deadline:%Y-%m-%d %H:%M} UTC" if phase.deadline else "-",
            )
        )
    return tuple(told)


def _measured(plan: Plan, phase: str) -> tuple[str, str]:
    """The policy's question at the end of a phase, and what is measured for it."""
    gates, stages = plan.acceptance.gates, plan.rollout.stages
    sandbox, after = stages[0], stages[min(1, len(stages) - 1)]
    agreed = next((s for s in stages if s.name == plan.rollout.agreed_stage), stages[-1])
    seen = f"{sandbox.sample} outputs of {sandbox.name} looked at in {sandbox.min_hours} hours"
    return {
        "design": ("plan", ""),
        "testing": ("test_exit", f"measured: {bars(gates.get('dry_run'))}"),
        "sandbox": (f"stage_{after.kind}", f"measured: {seen}, {bars(gates.get('sandbox'))}"),
        "full_operations": (f"stage_{agreed.kind}", f"measured: {bars(gates.get(agreed.kind))}"),
    }[phase]


def by_policy(policy: PolicyValues, has: Callable[[str], str]) -> Approvers:
    """The approvers a policy names; `has` tells who holds a role."""

    def told(question: str) -> str:
        named = {str(kind): rules for kind, rules in policy.approvers.items()}
        wanted = named.get(question) or named.get(_question(question), ())
        return " and ".join(f"{rule.count} of {has(rule.role)}" for rule in wanted) or "nobody yet"

    return told


def unknown(question: str) -> str:
    """Without a policy at hand nobody is known but whom the plan itself names."""
    return ""


def _question(asked: str) -> str:
    """A kind of stage without approvers of its own has those of every stage."""
    return "stage" if asked.startswith("stage_") else asked
