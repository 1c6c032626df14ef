"""what a plan comes to: its gates, who is asked, masks, retention, ceilings, alerts and ladder."""

from collections.abc import Mapping
from typing import Any

from policies.cautions import warnings
from policies.compiled import Compiled, compile_plan
from runs.plan import Plan
from runs.records.version import PolicyValues

Told = dict[str, Any]
BESIDE = ("models", "warnings")
"""What is told beside what the plan is compiled to."""


def compiled(plan: Plan, policy: PolicyValues) -> Told:
    """The plan compiled under the values that go with it, and what should be looked at in it."""
    body = compile_plan(plan, policy, policy)
    models = [one.as_json() for one in plan.models]
    return {**body.as_json(), "models": models, "warnings": list(warnings(plan))}


def lines(told: Told) -> list[str]:
    """The same for people, one line a thing that is decided."""
    body = Compiled.model_validate({k: v for k, v in told.items() if k not in BESIDE})
    ceilings = body.ceilings
    stages = [f"{s.name} ({s.weight_bp / 100:g} %, {s.min_hours} h)" for s in body.ladder]
    return [
        *[_gate(name, gate.as_json()) for name, gate in body.gates.items()],
        *[_asked(name, rules) for name, rules in told["approvers"].items()],
        *[_permitted(level, one) for level, one in told["permitted"].items()],
        *map(_model, told["models"]),
        f"masked: {', '.join(body.mask) or 'nothing'}",
        f"kept: {body.retention_days} days" + "".join(_kept(body.retention)),
        f"may cost: {ceilings.cost_per_item} {ceilings.currency} an item, "
        f"{ceilings.cost_per_week} a week; may take {ceilings.latency_ms} ms",
        *[_alert(alert) for alert in told["alerts"]],
        f"ladder: {', '.join(stages)}",
        f"may pause, narrow and take back: {', '.join(body.contained_by)}",
        *[f"warning: {one}" for one in told["warnings"]],
    ]


def _gate(name: str, gate: Mapping[str, Any]) -> str:
    return (
        f"gate {name}: wrong alone at most {gate['wrong_auto_max']:g}, covered at least "
        f"{gate['coverage_min']:g}, with {gate['confidence']:g} on {gate['min_cases']} or more"
    )


def _asked(question: str, rules: list[Told]) -> str:
    roles = [f"{one['count']} x {one['role']}" for one in rules]
    return f"asked for {question.replace('_', ' ')}: {', '.join(roles)}"


def _permitted(level: str, one: Told) -> str:
    waits = one["needing_approval"]
    allowed = [f"{name} (waits)" if name in waits else name for name in one["allowed"]]
    says = f"may {level}: {', '.join(allowed) or 'nothing'}"
    return says + (f"; not {', '.join(one['excluded'])}" if one["excluded"] else "")


def _model(one: Told) -> str:
    """What leaves for a model, and what an item may take of it; the words stand in the plan."""
    budget = one["budget"]
    return (
        f"asks {one['name']} at route {one['endpoint']} of models.yaml, which reads "
        f"{', '.join(one['reads'])}; an item at most {budget['calls']} calls, {budget['tokens']} "
        f"tokens, cost {budget['cost']}"
    )


def _kept(retention: Mapping[str, int]) -> list[str]:
    return [f", {kind} {days}" for kind, days in retention.items()]


def _alert(alert: Told) -> str:
    limit = alert["limit"]
    bars = [f"{bar['direction']} {bar['value']}" for bar in alert["rolls_back"]]
    back = f"; taken back {' or '.join(bars)}" if bars else ""
    kept = f"{limit['direction'].replace('_', ' ')} {limit['value']}"
    return f"alert {alert['signal'].replace('_', ' ')}: {kept}, tells {alert['owner']}{back}"
