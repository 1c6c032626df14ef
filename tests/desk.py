"""The desk: a small fictional workflow, its plan as plain values."""

from typing import Any

from runs.plan import Owners

PLAN: dict[str, Any] = {
    "workflow": "desk",
    "title": "Sort the desk's tickets",
    "risk": "low",
    "goal": {
        "business_goal": "every ticket in its queue within a minute",
        "why_now": "sorting by hand takes a day",
        "metric": "share in the right queue within a minute",
        "affected_users": ("the desk",),
        "volume_per_week": 500,
        "cost_of_error": "10",
    },
    "scope": {
        "path": "a ticket comes in and is assigned",
        "input_types": ("mail",),
        "segments": ("all",),
        "review_points": ("unsure tickets",),
        "excluded": ("answering",),
        "not_responsible_for": ("the answer",),
    },
    "contract": {
        "fields": ({"name": "text", "type": "text", "required": True},),
        "text_field": "text",
        "labels": ("refund", "delivery"),
    },
    "context": {},
    "routing": {
        "bounds": {"act_threshold": {"low": "0.1", "high": "0.99"}},
        "values": {"act_threshold": "0.5", "scope_floor": "0"},
    },
    "actions": {
        "allowed": (
            {"name": "assign", "tool": "queues", "operation": "assign", "level": "update"},
        ),
        "excluded": ("refund",),
    },
    "acceptance": {
        "business_effect": "nobody sorts by hand",
        "gates": {},
        "latency_ms": 60_000,
        "cost_per_item": "0.01",
        "fallback": "people sort",
    },
    "rollout": {
        "stages": (
            {"name": "sandbox", "kind": "sandbox", "weight_bp": 0, "sample": 6},
            {"name": "slice_5", "kind": "slice", "weight_bp": 500, "sample": 6},
            {"name": "slice_50", "kind": "slice", "weight_bp": 5_000, "sample": 6},
            {"name": "full", "kind": "full", "weight_bp": 10_000, "sample": 6, "min_hours": 168},
        ),
        "agreed_stage": "full",
        "blockers": ("a missing signal",),
        "rollback_when": (
            {"signal": "quality", "direction": "below", "value": "0.3", "min_items": 5},
        ),
        "fallback": "people sort",
    },
    "signals": (
        {
            "name": "quality",
            "owner": "ben",
            "limit": {"direction": "at_least", "value": "0.6", "min_items": 5},
        },
    ),
    "economics": {
        "currency": "EUR",
        "cost_of_review": "2",
        "roi_hypothesis": "saves a day",
        "cost_ceiling_per_week": "50",
        "redesign_when": "half go to review",
    },
    "owners": dict.fromkeys(Owners.model_fields, "ana")
    | {"support": "ben", "incidents": "ben", "builder": "dan"},
    "privacy": {
        "allowed_sources": (),
        "mask_fields": (),
        "mask_patterns": ("email",),
        "retention_days": 30,
        "client_owns": ("tickets",),
        "audit_requirements": "who decided what",
        "regulated": False,
    },
    "switching": {"model_dependency": "none", "stable_parts": (), "fallback_options": "people"},
    "handoff": "operations run it",
    "dataset": "desk",
}
