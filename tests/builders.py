"""One builder a record, right by default; name only what the test is about."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from runs import people, snapshots
from runs.approvals import subject_of
from runs.clock import Clock, StoppedClock
from runs.plan import Plan, PlanRecord
from runs.records.approval import Approval, Need
from runs.records.case import Case, Dataset
from runs.records.evidence import Evidence, OutcomeTable
from runs.records.item import Action, Item, Review
from runs.records.person import Customer, Identity, Person
from runs.records.record import digest_of
from runs.records.release import Release
from runs.records.run import Run, Terminal, Trigger
from runs.records.version import PolicyValues, Version
from runs.store import schema
from runs.store.database import Database
from runs.store.store import Store
from tests import databases
from tests.desk import PLAN

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
DIGEST = digest_of("anything")


def unmasked(value: Any) -> snapshots.Masked:
    """A mask that finds nothing."""
    return snapshots.Masked(value, 0)


TERMS = snapshots.Terms(unmasked, 30)


def make_store(folder: Path, clock: Clock | None = None) -> Store:
    """An empty record in `folder`, at the schema's head, under a clock that stands still."""
    databases.lay(folder)
    database = Database(databases.url_of(folder))
    schema.require(database)
    return Store(database, clock or StoppedClock(NOW))


def make_customer(store: Store, id: str = "acme", *, is_demo: bool = False) -> Customer:
    """A customer with an owner, a requester and two approvers."""
    customer = people.add_customer(store, id, id.title(), is_demo=is_demo)
    for name, roles in {
        "olga": ("owner",),
        "dan": ("delivery_engineer",),
        "ana": ("product_owner", "business_owner"),
        "ben": ("ops_lead", "ops_manager"),
    }.items():
        people.add_person(store, customer, "cli", person(id=name, roles=roles))
    return customer


def person(**changed: Any) -> Person:
    """A person who may be asked."""
    values: dict[str, Any] = {
        "id": "ana",
        "name": "Ana Example",
        "email": f"{changed.get('id', 'ana')}@example.com",
        "roles": ("product_owner",),
        "deputy": "",
        "is_disabled": False,
        "created_at": NOW,
    }
    return Person.model_validate(values | changed)


def identity(customer: Customer, person: str = "ana", **changed: Any) -> Identity:
    """A person who proved themselves by a token."""
    values: dict[str, Any] = {
        "customer": customer,
        "person": person,
        "roles": ("product_owner",),
        "proved_by": "token",
        "token": "t1",
        "is_machine": False,
        "scopes": (),
    }
    return Identity.model_validate(values | changed)


def trigger(**changed: Any) -> Trigger:
    """A priority."""
    values: dict[str, Any] = {
        "id": "t-1",
        "kind": "priority",
        "title": DIGEST,
        "text": DIGEST,
        "key": "k-1",
        "opened_by": "dan",
        "opened_at": NOW,
    }
    return Trigger.model_validate(values | changed)


def run(**changed: Any) -> Run:
    """A run that has just begun."""
    values: dict[str, Any] = {
        "id": "r-1",
        "trigger": "t-1",
        "workflow": "",
        "status": "open",
        "waits_for": "",
        "requester": "dan",
        "graph": DIGEST,
        "opened_at": NOW,
    }
    return Run.model_validate(values | changed)


def terminal(**changed: Any) -> Terminal:
    """A blocker with an owner, proved by its run."""
    values: dict[str, Any] = {
        "run": "r-1",
        "kind": "blocker_escalated",
        "reason": "the plan has holes",
        "owner": "ana",
        "proof": ("r-1",),
    }
    return Terminal.model_validate(values | changed)


def approval(**changed: Any) -> Approval:
    """An open question to Ana and Ben about a plan."""
    covers = changed.pop("covers", {"plan": DIGEST})
    values: dict[str, Any] = {
        "id": "a-1",
        "run": "r-1",
        "kind": "plan",
        "title": "Plan of the desk",
        "subject": subject_of(covers),
        "covers": covers,
        "needs": (
            Need(role="product_owner", count=1, people=("ana",)),
            Need(role="ops_lead", count=1, people=("ben",)),
        ),
        "excluded": ("dan",),
        "risks": (),
        "if_approved": "a version is built",
        "if_rejected": "the run ends",
        "status": "open",
        "due_at": NOW + timedelta(hours=24),
        "opened_at": NOW,
    }
    return Approval.model_validate(values | changed)


def item(**changed: Any) -> Item:
    """A queued item on the canary arm of the first stage."""
    values: dict[str, Any] = {
        "id": "i-1",
        "workflow": "desk",
        "key": "ticket-1",
        "batch": "",
        "release": "rel-1",
        "arm": "canary",
        "stage": 0,
        "version": DIGEST,
        "policy": DIGEST,
        "input": DIGEST,
        "snapshot": "",
        "output": "",
        "status": "queued",
        "route": "",
        "rule": "",
        "reason": "",
        "owner": "ben",
        "audited": False,
        "priority": 0,
        "received_at": NOW,
        "due_at": None,
        "finished_at": None,
    }
    return Item.model_validate(values | changed)


def review(**changed: Any) -> Review:
    """An exception that waits for Ben."""
    values: dict[str, Any] = {
        "id": "v-1",
        "item": "i-1",
        "kind": "exception",
        "owner": "ben",
        "reason": "confidence below the threshold",
        "status": "open",
        "answer": "",
        "label": "",
        "routes": (),
        "decided_by": "",
        "simulated": False,
        "opened_at": NOW,
        "due_at": NOW + timedelta(hours=8),
        "decided_at": None,
    }
    return Review.model_validate(values | changed)


def action(**changed: Any) -> Action:
    """A reserved assignment of an item."""
    values: dict[str, Any] = {
        "id": "x-1",
        "key": "i-1:assign:abc",
        "item": "i-1",
        "run": "",
        "tool": "desk",
        "operation": "assign",
        "level": "update",
        "risks": (),
        "content": DIGEST,
        "approval": "",
        "status": "reserved",
        "receipt": "",
        "reason": "",
        "reserved_at": NOW,
        "settled_at": None,
    }
    return Action.model_validate(values | changed)


def evidence(**changed: Any) -> Evidence:
    """A dry run of 200 families, all right."""
    right = OutcomeTable(right_auto=180, right_review=20)
    values: dict[str, Any] = {
        "id": "r-1.dry.1",
        "run": "r-1",
        "kind": "dry_run",
        "version": DIGEST,
        "policy": DIGEST,
        "subject": DIGEST,
        "split": "dev",
        "look": 0,
        "families": right,
        "items": right,
        "segments": {},
        "unlabelled": 0,
        "seconds": "1.0",
        "notes": {},
        "measured_at": NOW,
        "expires_at": NOW + timedelta(days=30),
    }
    return Evidence.model_validate(values | changed)


def plan(**changed: Any) -> Plan:
    """The desk's plan; of a part only what changes is named, and what follows from it is there."""
    told = {name: _part(part, changed.get(name, part)) for name, part in PLAN.items()}
    told |= {name: part for name, part in changed.items() if name not in PLAN}
    incidents = told["owners"]["incidents"]
    if "contained_by" not in changed.get("rollout", {}):
        told["rollout"] |= {"contained_by": incidents}
    if "observed" not in changed:
        told["observed"] |= {"response_owner": incidents}
    _let_in(told)
    return Plan.model_validate(told)


def _part(before: Any, changed: Any) -> Any:
    """A part with what changes; what is no mapping is replaced as a whole."""
    return {**before, **changed} if isinstance(before, dict) else changed


def _let_in(told: dict[str, Any]) -> None:
    """Scope, privacy and systems name whatever the sources and effects of the plan need."""
    names = tuple(source["name"] for source in told["context"]["sources"])
    effects = told["actions"]["allowed"]
    included = {"sources": names, "actions": tuple(effect["name"] for effect in effects)}
    told["scope"] = told["scope"] | {"included": told["scope"]["included"] | included}
    told["privacy"] = told["privacy"] | {"allowed_sources": names}
    tools = dict.fromkeys(one["tool"] for one in (*told["context"]["sources"], *effects))
    (desk,) = PLAN["systems"]
    told["systems"] = tuple(desk | {"tool": tool, "mode": "read_and_write"} for tool in tools)


def source(**changed: Any) -> dict[str, Any]:
    """A source as a plan tells it."""
    values: dict[str, Any] = {
        "name": "crm",
        "tool": "crm",
        "key_field": "text",
        "fields": ("tier",),
        "max_age_hours": 24,
        "truth_of": "the tier of an account",
        "access": "a file of accounts, read by key",
        "traced_by": "the key and the digest of what was read",
        "known_gaps": (),
    }
    return values | changed


def plan_record(**changed: Any) -> PlanRecord:
    """The desk's plan as the first run wrote it."""
    values: dict[str, Any] = {"run": "r-1", "plan": plan(), "lessons": (), "changes": ()}
    return PlanRecord.model_validate(values | changed)


def version(**changed: Any) -> Version:
    """A version of the desk that assigns tickets."""
    values: dict[str, Any] = {
        "workflow": "desk",
        "plan": DIGEST,
        "contract": (
            {"name": "text", "type": "text", "required": True},
            {"name": "tier", "type": "choice", "choices": ("gold", "plain")},
        ),
        "sources": (),
        "rules": (),
        "bounds": {"act_threshold": {"low": "0.1", "high": "0.99"}},
        "routes": ({"text_field": "text", "dataset": DIGEST},),
        "effects": (
            {"name": "assign", "tool": "queues", "operation": "assign", "level": "update"},
        ),
        "labels": ("refund", "delivery"),
        "mask": (),
        "retention_days": 30,
    }
    return Version.model_validate(values | changed)


def policy(**changed: Any) -> PolicyValues:
    """Values of the desk under which every served item is checked by a person."""
    bars = {"wrong_auto_max": 0.5, "coverage_min": 0.5, "confidence": 0.9, "min_cases": 5}
    values: dict[str, Any] = {
        "workflow": "desk",
        "values": {"act_threshold": "0.5", "scope_floor": "0"},
        "gates": dict.fromkeys(("dry_run", "sandbox", "slice", "full"), bars),
        "approvers": {"stage": ({"role": "ops_lead"},)},
        "review_owner": "ops_lead",
        "review_due_hours": 8,
        "audit_share": 1.0,
        "approval_due_hours": 24,
        "evidence_hours": {"dry_run": 720, "stage": 24, "drill": 336, "source": 24},
        "escalation": ("ana",),
    }
    return PolicyValues.model_validate(values | changed)


def release(**changed: Any) -> Release:
    """A release of the desk in its sandbox, with people as the incumbent."""
    values: dict[str, Any] = {
        "id": "rel-1",
        "run": "r-1",
        "workflow": "desk",
        "version": DIGEST,
        "policy": DIGEST,
        "plan": DIGEST,
        "incumbent": "human",
        "stages": PLAN["rollout"]["stages"],
        "stage": 0,
        "weight_bp": 0,
        "salt": "salt",
        "status": "open",
        "entered_at": NOW,
        "opened_at": NOW,
    }
    return Release.model_validate(values | changed)


def case(**changed: Any) -> Case:
    """A labelled ticket that may act."""
    values: dict[str, Any] = {
        "id": "c-1",
        "family": "f-1",
        "input": {"text": "where is my refund"},
        "expected": {"label": "refund"},
        "routes": ("act",),
        "origin": "synthetic",
        "labelled_by": "maren",
    }
    return Case.model_validate(values | changed)


def dataset(cases: list[Case], **changed: Any) -> Dataset:
    """A dataset of these cases."""
    values: dict[str, Any] = {
        "name": "desk",
        "workflow": "desk",
        "cases": digest_of([one.as_json() for one in sorted(cases, key=lambda one: one.id)]),
        "counts": {"dev": len(cases)},
        "families": {"dev": len(cases)},
        "salt": "s",
        "gaps": (),
        "accepted_by": "",
        "agreement": "",
        "imported_at": NOW,
        "imported_by": "maren",
    }
    return Dataset.model_validate(values | changed)
