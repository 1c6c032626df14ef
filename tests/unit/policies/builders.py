"""Policies, versions and plans that are right by default."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from runs.records.approval import Approval, Decision
from runs.records.evidence import Evidence, OutcomeTable
from runs.records.version import Effect, GateValues, PolicyValues, Version
from tests.builders import DIGEST, NOW, evidence

PLAN = """
workflow: desk_triage
title: Triage of the desk
risk: medium
goal:
  business_goal: tickets reach the right queue at once
  why_now: the backlog grows
  metric: minutes until the right queue
  success_criteria: [nine of ten tickets in the right queue]
  affected_users: [the desk]
  volume_per_week: 1200
  cost_of_error: 4.50
systems:
  - name: customer records
    used_for: tier and dispute of an account
    tool: crm_read
    access: read replica, over the interface of version 2
    credential: env:CRM_TOKEN
    owner: sales operations
    mode: read
  - name: queues of the desk
    used_for: tickets are assigned in it
    tool: desk
    access: folder of assignments
    credential: none
    owner: the desk
    mode: read_and_write
scope:
  included:
    path: ticket to queue
    input_types: [ticket]
    sources: [crm]
    segments: [all]
    user_roles: [reviewers]
    actions: [assign]
    review_points: [below the threshold]
  excluded:
    adjacent_workflows: [phone calls]
    unapproved_actions: [refunds]
    integrations: [the shop]
    segments: [partners]
    automation_depth: [tickets in two queues]
  not_responsible_for: [the answer]
contract:
  fields:
    - {name: text, type: text, required: true}
    - {name: account, type: text, required: true}
    - {name: amount, type: number}
  text_field: text
  labels: [refund, parcel]
  known_gaps: []
context:
  sources:
    - name: crm
      tool: crm_read
      key_field: account
      fields: [tier, dispute]
      max_age_hours: 24
      truth_of: tier and dispute
      access: read replica, by account
      traced_by: account and time of reading
      known_gaps: [closed accounts]
  known_gaps: []
routing:
  rules:
    - {id: dispute, when: context.crm.dispute, route: review, owner: ben, why: open dispute}
  bounds:
    act_threshold: {low: 0.5, high: 1.0}
    scope_floor: {low: 0.0, high: 0.5}
  values: {act_threshold: 0.80, scope_floor: 0.10}
actions:
  allowed:
    - {name: assign, tool: desk, operation: assign, level: update}
  reads: [text, account and amount of a ticket]
  needing_approval: []
  excluded: [{name: refund, level: update, why: money moves}]
  audited: [assignments]
  outputs: [{role: reviewers, receives: label and confidence}]
acceptance:
  business_effect: half the minutes
  gates:
    dry_run: {wrong_auto_max: 0.05, coverage_min: 0.6, min_cases: 100}
    sandbox: {wrong_auto_max: 0.1, coverage_min: 0.6, min_cases: 50}
    slice: {wrong_auto_max: 0.05, coverage_min: 0.6, min_cases: 100}
    full: {wrong_auto_max: 0.05, coverage_min: 0.6, min_cases: 100}
  review_pass_min: 0.90
  release_confidence: 0.95
  latency_ms: 2000
  cost_per_item: 0.02
  fallback: people read the ticket
rollout:
  stages:
    - {name: sandbox, kind: sandbox, weight_bp: 0, sample: 50}
    - {name: first, kind: slice, weight_bp: 500, sample: 100}
    - {name: full, kind: full, weight_bp: 9500, sample: 100}
  agreed_stage: full
  first_exposure: every twentieth ticket
  expand_when: [the desk keeps up]
  blockers: [wrong queue]
  rollback_when:
    - {signal: quality, direction: below, value: 0.80}
  fallback: people
  contained_by: ben
signals:
  - {name: quality, owner: ben, limit: {direction: at_least, value: 0.95, min_items: 50}}
observed:
  trace: label, rule and owner of each ticket
  quality: what reviewers say
  context: age of what was read
  latency: time until the queue
  cost: money for each ticket
  fallback: tickets given to people
  repeated_failures: the most frequent wrong queue
  response_owner: ben
economics:
  currency: EUR
  cost_of_review: 1.20
  roi_hypothesis: pays within a quarter
  cost_ceiling_per_week: 100
  ways:
    - {path: text to queue, cost_per_item: 0.02, latency_ms: 2000, is_heavy: true, fallback: people}
  token_risk: none
  redesign_when:
    - {measure: escalation, direction: above, value: 0.5, weeks: 4}
owners:
  business_outcome: ana
  workflow_behaviour: ben
  evaluation: ada
  incidents: ben
  changes: ben
  expansion: ben
  support: ben
  domain_expert: ada
  builder: dan
privacy:
  allowed_sources: [crm]
  mask_fields: []
  mask_patterns: [email]
  retention_days: 30
  retention: {prompts_days: 30, outputs_days: 20, traces_days: 10}
  client_owns: [tickets]
  audit_requirements: none beyond ours
  constraints: []
  regulated: false
switching:
  model_dependency: none
  portability: rules as they are
  evaluation_assets: [the labelled tickets]
  fallback_options: people
  integration_points: []
  stable_parts: [dataset]
phases:
  design:
    gate_in: [goal agreed]
    gate_out: [no hole]
    approvers: [{role: product_owner}]
  testing:
    gate_in: [cases imported]
    gate_out: [dry run passed]
    approvers: [{role: domain_expert}]
  sandbox:
    gate_in: [reads live tickets]
    gate_out: [sandbox passed]
    approvers: [{role: ops_manager}]
  full_operations:
    gate_in: [rollback rehearsed]
    gate_out: [agreed stage complete]
    approvers: [{role: business_owner}]
handoff: the desk owns it
dataset: desk
"""


def policy(**changed: Any) -> PolicyValues:
    """Values within usual bounds, with approvers for everything."""
    gate = GateValues(wrong_auto_max=0.05, coverage_min=0.6, min_cases=50)
    values: dict[str, Any] = {
        "workflow": "desk",
        "values": {"act_threshold": Decimal("0.80"), "scope_floor": Decimal("0.10")},
        "lists": {"tiers": ("gold", "plus")},
        "gates": dict.fromkeys(("dry_run", "sandbox", "slice", "full"), gate),
        "approvers": {
            "plan": ({"role": "product_owner"}, {"role": "ops_lead"}),
            "test_exit": ({"role": "domain_expert"},),
            "stage": ({"role": "ops_lead", "count": 2},),
            "update": ({"role": "business_owner"},),
        },
        "review_owner": "ops_lead",
        "review_due_hours": 24,
        "audit_share": 0.1,
        "approval_due_hours": 72,
        "evidence_hours": {"dry_run": 720, "stage": 24, "drill": 336, "source": 24},
        "escalation": ("ops_lead", "ana"),
    }
    return PolicyValues.model_validate(values | changed)


def version(*effects: Effect) -> Version:
    """A version that may do these effects."""
    return Version(
        workflow="desk",
        plan=DIGEST,
        contract=(),
        sources=(),
        rules=(),
        bounds={},
        routes=(),
        effects=effects,
        labels=("refund", "parcel"),
        mask=(),
        retention_days=30,
    )


def measured(**counts: Any) -> Evidence:
    """A dry run with these outcomes by family."""
    return evidence(families=OutcomeTable(**counts))


def decision(asked: Approval, person: str, **changed: Any) -> Decision:
    """A person's yes to what was asked."""
    values: dict[str, Any] = {
        "id": f"{asked.id}.{person}",
        "approval": asked.id,
        "person": person,
        "role": "",
        "kind": "approve",
        "reason": "",
        "seen": asked.subject,
        "proved_by": "token",
        "token": "t1",
        "solo": False,
        "decided_at": NOW,
    }
    return Decision.model_validate(values | changed)


def later(hours: int) -> datetime:
    """So many hours after the tests' now."""
    return NOW + timedelta(hours=hours)
