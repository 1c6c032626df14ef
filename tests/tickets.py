"""Tickets that name an amount, the plan that sorts them, and the values operations own.

Above the limit a person decides, which the text alone cannot know: the first candidate fails its
dry run for that reason, and a rule on the amount mends it.
"""

import random
from collections.abc import Callable
from typing import Any, NamedTuple

from policies import texts
from runs.plan import Plan
from runs.records.case import Case
from runs.records.version import PolicyValues, Route
from tests import builders
from tests.desk import PLAN
from tests.unit.pilotage.homes import policy_of

LIMIT = 500
"""Above it, a person decides; nobody told the first candidate."""
SAMPLE = 30
BARS: dict[str, Any] = {
    "dry_run": {"wrong_auto_max": 0.10, "coverage_min": 0.6, "confidence": 0.9, "min_cases": 40},
    "sandbox": {"wrong_auto_max": 0.15, "coverage_min": 0.6, "confidence": 0.9, "min_cases": 30},
}
BARS |= {"slice": BARS["sandbox"], "full": BARS["sandbox"]}
STAGES: tuple[dict[str, Any], ...] = (
    {"name": "sandbox", "kind": "sandbox", "weight_bp": 0, "sample": SAMPLE, "min_hours": 0},
    {"name": "most", "kind": "slice", "weight_bp": 9_000, "sample": SAMPLE, "min_hours": 0},
)
SAYS = {
    "refund": ("money back", "refund the payment", "pay me back", "return my money"),
    "delivery": ("where is my parcel", "parcel not arrived", "courier is late", "track my parcel"),
}


class Ticket(NamedTuple):
    """One ticket and what is right for it."""

    key: str
    input: dict[str, Any]
    label: str
    routes: tuple[Route, ...]


def tickets(prefix: str, count: int) -> list[Ticket]:
    """Tickets of both labels, a quarter of them above the limit."""
    drawn = random.Random(prefix)
    return [_ticket(drawn, f"{prefix}-{n}", n) for n in range(count)]


def _ticket(drawn: random.Random, key: str, n: int) -> Ticket:
    label = ("refund", "delivery")[n // 4 % 2]
    is_large = n % 4 == 0
    amount = drawn.randrange(LIMIT + 100, 990) if is_large else drawn.randrange(5, LIMIT - 100)
    text = f"{drawn.choice(SAYS[label])}, order {drawn.randrange(10_000)}"
    routes: tuple[Route, ...] = ("review",) if is_large else ("act",)
    return Ticket(key, {"text": text, "amount": amount}, label, routes)


def plan_of(workflow: str = "desk", **changed: Any) -> Plan:
    """The desk's plan with an amount and two stages, the second of which is agreed."""
    rollout = {"stages": STAGES, "agreed_stage": "most"} | changed.pop("rollout", {})
    owners = {"builder": "bob", "incidents": "ivo"} | changed.pop("owners", {})
    parts = {
        "workflow": workflow,
        "contract": PLAN["contract"]
        | {
            "fields": (
                {"name": "text", "type": "text", "required": True},
                {"name": "amount", "type": "number", "low": 0, "high": 1000},
            )
        },
        "routing": PLAN["routing"]
        | {"bounds": PLAN["routing"]["bounds"] | {"scope_floor": {"low": "0", "high": "0.9"}}},
        "acceptance": PLAN["acceptance"] | {"gates": BARS},
        "owners": owners,
        "rollout": rollout,
    }
    return builders.plan(**parts | changed)


def written(plan: Plan) -> str:
    """The plan as a person brings it."""
    return texts.write(plan.model_dump())


def values_of(workflow: str = "desk", **changed: Any) -> PolicyValues:
    """What operations start from: every served item is looked at."""
    values: dict[str, str] = {"act_threshold": "0.5", "scope_floor": "0"}
    bars = {name: bar | {"max_review_budget": 400} for name, bar in BARS.items()}
    told = policy_of(workflow, **values).as_json() | {"gates": bars, "audit_share": 1.0}
    return PolicyValues.model_validate(told | changed)


Judge = Callable[[Ticket], tuple[str, tuple[Route, ...]]]
"""What the reviewers say is right: the label and the routes."""


def honest(ticket: Ticket) -> tuple[str, tuple[Route, ...]]:
    """Reviewers who say what is right."""
    return ticket.label, ticket.routes


def contrary(ticket: Ticket) -> tuple[str, tuple[Route, ...]]:
    """Reviewers for whom the world has changed: nothing the version says is right."""
    return ("delivery" if ticket.label == "refund" else "refund"), ("act",)


def case_of(ticket: Ticket) -> Case:
    """One labelled example."""
    return Case(
        id=ticket.key,
        family=ticket.key,
        input=ticket.input,
        expected={"label": ticket.label},
        routes=ticket.routes,
        segment="all",
        origin="synthetic",
        labelled_by="eva",
    )
