"""Cases, what a version sees of them, and a desk with typed facts; right by default."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from runs.plan import Plan
from runs.records.case import Case
from runs.records.item import Output
from runs.records.version import LearntRoute, PolicyValues, Rule, Version
from tests import builders
from workflow.evaluate.bench import Seen
from workflow.evaluate.trial import TrialRun, route_all

OWN = ("routes", "severity", "family", "expected")
"""What `seen` gives to the case."""
GATE = {"wrong_auto_max": 0.1, "coverage_min": 0.5, "confidence": 0.95, "min_cases": 1}
CONTRACT = (
    {"name": "text", "type": "text", "required": True},
    {"name": "account", "type": "text", "required": True},
    {"name": "amount", "type": "number", "low": "0", "high": "1000"},
    {"name": "channel", "type": "choice", "choices": ("mail", "chat")},
)
CRM = {"name": "crm", "tool": "crm", "key_field": "account", "fields": ("tier", "dispute")}


def case(id: str, label: str = "refund", **changes: Any) -> Case:
    """A case of its own family that may be answered alone."""
    return Case.model_validate(
        {
            "id": id,
            "family": f"family of {id}",
            "input": {"text": f"text of {id}"},
            "expected": {"label": label},
            "routes": ("act",),
            "origin": "real",
            "labelled_by": "eva",
        }
        | changes
    )


def version(*, rules: Sequence[Rule] = (), **changes: Any) -> Version:
    """A version of the desk that knows amounts, channels, tiers and disputes."""
    bounds = {"act_threshold": {"low": "0", "high": "1"}, "scope_floor": {"low": "0", "high": "1"}}
    parts = {"contract": CONTRACT, "sources": (CRM,), "bounds": bounds}
    return builders.version(**(parts | {"rules": tuple(rules)} | changes))


def learnt(version: Version) -> LearntRoute:
    """What a version learnt, which it has to have."""
    (route,) = version.routes
    assert isinstance(route, LearntRoute)
    return route


def policy(**values: str) -> PolicyValues:
    """Values of the desk; the threshold is .5 and there is no floor unless named."""
    limits = {"act_threshold": "0.5", "scope_floor": "0"}
    return builders.policy(values=limits | values, gates={"dry_run": GATE})


def plan(error: str = "10", review: str = "2") -> Plan:
    """The desk's plan with these costs."""
    parts = builders.plan().as_json()
    goal, economics = parts["goal"], parts["economics"]
    goal["cost_of_error"], economics["cost_of_review"] = error, review
    return Plan.model_validate(parts)


def rule(id: str, when: str, **changes: Any) -> Rule:
    """A rule that sends items to Ben."""
    values = {"id": id, "when": when, "route": "review", "owner": "ben", "why": "the policy"}
    return Rule.model_validate(values | changes)


def seen(
    id: str, *, label: str = "refund", confidence: float = 0.9, scope: float = 1.0, **facts: Any
) -> Seen:
    """A case answered with `label`; what `OWN` names is the case's.

    Other facts are `amount`, `channel`, `tier`, `dispute`; what is None is absent.
    """
    own = {name: facts.pop(name) for name in OWN if name in facts}
    amount = facts.pop("amount", None)
    item = {"text": id, "account": f"a-{id}", "channel": facts.pop("channel", None)}
    item["amount"] = None if amount is None else Decimal(str(amount))
    crm = {"tier": facts.pop("tier", "standard"), "dispute": facts.pop("dispute", False)}
    assert not facts
    return Seen(
        case=case(id, **own),
        item={name: value for name, value in item.items() if value is not None},
        context={"crm": crm},
        output=Output(
            label=label,
            confidence=confidence,
            scope=scope,
            runner_up="delivery",
            route_used="baseline",
            fields={},
        ),
    )


def many(count: int, prefix: str = "ok", **facts: Any) -> list[Seen]:
    """So many cases alike."""
    return [seen(f"{prefix}-{i}", **facts) for i in range(count)]


def trial(
    found: Sequence[Seen], version: Version, policy: PolicyValues, name: str = "t"
) -> TrialRun:
    """A trial of what was seen."""
    return route_all(found, version, policy=policy, trial=name)
