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
        "success_criteria": ("nine of ten tickets in their queue within a minute",),
        "affected_users": ("the desk",),
        "volume_per_week": 500,
        "cost_of_error": "10",
    },
    "systems": (
        {
            "name": "the desk's queues",
            "used_for": "tickets are assigned in it",
            "tool": "queues",
            "access": "a folder, one file for each assignment",
            "credential": "none",
            "owner": "the desk",
            "person": "ben",
            "mode": "write",
        },
    ),
    "scope": {
        "included": {
            "path": "a ticket comes in and is assigned",
            "input_types": ("mail",),
            "sources": (),
            "segments": ("all",),
            "user_roles": ("reviewers of the desk",),
            "actions": ("assign",),
            "review_points": ("unsure tickets",),
        },
        "excluded": {
            "adjacent_workflows": ("answering",),
            "unapproved_actions": ("refunds",),
            "integrations": ("the telephone system",),
            "segments": ("partners",),
            "automation_depth": ("several labels for one ticket",),
        },
        "not_responsible_for": ("the answer",),
    },
    "contract": {
        "fields": ({"name": "text", "type": "text", "required": True},),
        "text_field": "text",
        "labels": ("refund", "delivery"),
        "known_gaps": ("attachments are not read",),
    },
    "context": {"sources": (), "known_gaps": ("earlier tickets are not read",)},
    "routing": {
        "bounds": {"act_threshold": {"low": "0.1", "high": "0.99"}},
        "values": {"act_threshold": "0.5", "scope_floor": "0"},
    },
    "actions": {
        "allowed": (
            {"name": "assign", "tool": "queues", "operation": "assign", "level": "update"},
        ),
        "reads": ("the text of a ticket",),
        "needing_approval": (),
        "excluded": ({"name": "refund", "level": "update", "why": "money moves"},),
        "audited": ("every assignment",),
        "outputs": ({"role": "reviewers of the desk", "receives": "the label and its confidence"},),
    },
    "acceptance": {
        "business_effect": "nobody sorts by hand",
        "gates": {},
        "review_pass_min": "0.8",
        "latency_ms": 60_000,
        "cost_per_item": "1.50",
        "fallback": "people sort",
        "release_confidence": "0.9",
    },
    "rollout": {
        "stages": (
            {"name": "sandbox", "kind": "sandbox", "weight_bp": 0, "sample": 6},
            {"name": "slice_5", "kind": "slice", "weight_bp": 500, "sample": 6},
            {"name": "slice_50", "kind": "slice", "weight_bp": 5_000, "sample": 6},
            {"name": "full", "kind": "full", "weight_bp": 10_000, "sample": 6, "min_hours": 168},
        ),
        "agreed_stage": "full",
        "first_exposure": "every twentieth ticket",
        "expand_when": ("reviewers keep up with their queue",),
        "blockers": ("a missing signal",),
        "rollback_when": (
            {"signal": "quality", "direction": "below", "value": "0.3", "min_items": 5},
        ),
        "fallback": "people sort",
        "contained_by": "ben",
    },
    "signals": (
        {
            "name": "quality",
            "owner": "ben",
            "limit": {"direction": "at_least", "value": "0.6", "min_items": 5},
        },
    ),
    "observed": {
        "trace": "each ticket's label, rule and owner",
        "quality": "what reviewers say of the tickets that acted alone",
        "context": "nothing is read beside the ticket",
        "latency": "time from intake to assignment",
        "cost": "no tokens are used",
        "fallback": "tickets given to people",
        "repeated_failures": "the most frequent wrong pair of queues",
        "response_owner": "ben",
    },
    "economics": {
        "currency": "EUR",
        "cost_of_review": "2",
        "roi_hypothesis": "saves a day",
        "cost_ceiling_per_week": "1000",
        "ways": (
            {
                "path": "from the text to a queue",
                "cost_per_item": "0.01",
                "latency_ms": 60_000,
                "is_heavy": False,
            },
        ),
        "token_risk": "none, for no tokens are used",
        "redesign_when": (
            {"measure": "escalation", "direction": "above", "value": "0.5", "weeks": 4},
        ),
    },
    "owners": dict.fromkeys(Owners.model_fields, "ana")
    | {"support": "ben", "incidents": "ben", "builder": "dan"},
    "privacy": {
        "allowed_sources": (),
        "mask_fields": (),
        "mask_patterns": ("email",),
        "retention_days": 30,
        "retention": {"prompts_days": 30, "outputs_days": 30, "traces_days": 30},
        "client_owns": ("tickets",),
        "audit_requirements": "who decided what",
        "constraints": (),
        "regulated": False,
    },
    "switching": {
        "model_dependency": "none",
        "portability": "the rules move as they are",
        "evaluation_assets": ("the labelled tickets",),
        "fallback_options": "people",
        "integration_points": ("the desk's queues",),
        "stable_parts": ("labels",),
    },
    "phases": {
        "design": {
            "gate_in": ("the goal is agreed",),
            "gate_out": ("the plan has no hole",),
            "approvers": ({"role": "product_owner"},),
        },
        "testing": {
            "gate_in": ("the labelled tickets are imported",),
            "gate_out": ("the dry run passes its gate",),
            "approvers": ({"role": "engineering_lead"},),
        },
        "sandbox": {
            "gate_in": ("the version reads live tickets and acts on none",),
            "gate_out": ("the sandbox passes its gate",),
            "approvers": ({"role": "ops_manager"},),
        },
        "full_operations": {
            "gate_in": ("the way back is rehearsed", "the signals are read"),
            "gate_out": ("the agreed stage is complete",),
            "approvers": ({"role": "engineering_lead"},),
        },
    },
    "handoff": "operations run it",
    "dataset": "desk",
}
