"""fill the delivery plan and name every hole."""

from dataclasses import dataclass
from typing import Any

from agent import drafts, holes, incident
from agent.deps import Deps
from agent.drafts import Brought
from agent.question import Question, open_question
from agent.state import State, Update
from policies import bounds
from policies.compiled import compile_plan
from runs import snapshots, words
from runs.errors import InvalidInput
from runs.plan import Filled, Hole, Plan, PlanDraft, PlanRecord, Routing
from runs.records.case import Dataset
from runs.records.lesson import Lesson
from runs.records.run import Choice
from runs.records.version import PolicyValues

KEEP_ALL = snapshots.Terms(lambda value: snapshots.Masked(value, 0), None)
"""A plan holds no item of the customer's; it is kept as long as the run."""


@dataclass(frozen=True)
class Draft:
    """A plan without a hole, and what it begins with."""

    record: PlanRecord
    policy: PolicyValues
    leading: str
    """Digest of the values in the file that the plan's rest on; empty without a file."""
    dataset: Dataset


def write_plan(state: State, deps: Deps) -> Update:
    """Keep the plan and its first policy values, and ask for the plan.

    A hole stops the run: each is a question to a named person.
    """
    brought = drafts.brought(state, deps)
    if brought.missing or not state.choice:
        missing = holes.of_parts(state, deps, brought)
        return _blocked(state, deps, brought, missing)
    chosen = deps.get(state, Choice, state.choice).chosen
    plan = next(p for p in drafts.contending_plans(state, deps) if p.workflow == chosen)
    is_own = brought.plan is not None and brought.plan.workflow == chosen
    draft = _draft(state, deps, plan, brought.filled if is_own else ())
    if isinstance(draft, Draft):
        return _ask(state, deps, draft)
    return _blocked(state, deps, brought, draft)


def _draft(
    state: State, deps: Deps, plan: Plan, filled: tuple[Filled, ...]
) -> Draft | tuple[Hole, ...]:
    missing = holes.of_plan(state, deps, plan) or incident.unanswered(state, deps, plan)
    if missing:
        return missing
    alone = PlanRecord(run=state.run, plan=plan, lessons=(), changes=(), filled=filled)
    record = with_lessons(alone, deps, state)
    customer = deps.customer(state)
    dataset = incident.dataset_of(state, deps, plan)
    misfits = holes.of_record(record, plan, dataset)
    if misfits:
        return misfits
    try:
        leading = deps.leading(customer, plan.workflow)
        policy = compile_plan(record.plan, deps.installation.policy, leading).policy
        bounds.check(policy, record.plan.routing.bounds, deps.installation.bounds)
    except InvalidInput as error:
        # The values that operations lead with cannot be read, or do not fit the plan.
        owner = plan.owners.workflow_behaviour
        return (Hole(field="policy", question=str(error), person=owner),)
    unanswered = holes.of_policy(state, deps, plan, policy)
    return unanswered or Draft(record, policy, leading.digest if leading else "", dataset)


def _ask(state: State, deps: Deps, draft: Draft) -> Update:
    plan = draft.record.plan
    update: Update = {
        "plan": deps.keep(state, draft.record),
        "policy": deps.keep(state, draft.policy),
        "leading": draft.leading,
        "dataset": draft.dataset.digest,
        # What an earlier writing of the plan came to counts no more.
        "version": "",
        "verdict": "",
        "fix": "",
        "blocker": "",
    }
    filled = State(**{**state.__dict__, **update})
    asked = Question(
        kind="plan",
        title=f"Plan of {plan.title}",
        covers={
            "workflow": plan.workflow,
            "plan": filled.plan,
            "policy": filled.policy,
            "dataset": filled.dataset,
            "leading_policy": "",
        },
        if_approved=f"a first version of {plan.workflow} is built and tried on {plan.dataset}; "
        "nothing reaches the customer" + _told(draft.record.filled),
        if_rejected="the run ends as a blocker with the owner of changes",
    )
    return {**update, "approval": open_question(filled, deps, asked)}


def _told(filled: tuple[Filled, ...]) -> str:
    """What whoever agrees has to look at: nobody wrote it."""
    paths = ", ".join(one.path for one in filled)
    return f"; a model filled {paths} from what the customer wrote" if filled else ""


def after_plan(state: State, deps: Deps) -> str:
    """A plan with holes is a blocker; a whole one is asked for."""
    return "blocked" if state.blocker else "ask"


def with_lessons(record: PlanRecord, deps: Deps, state: State) -> PlanRecord:
    """The plan with every accepted rule and value that was learnt and fits its facts."""
    plan, changes, used = record.plan, [], []
    pack = deps.recall(deps.customer(state), plan.title, plan.workflow)
    for lesson in pack.lessons:
        changed = _with_lesson(plan, lesson)
        if changed is not None:
            plan = changed
            used.append(lesson.id)
            changes.append(f"{lesson.id}: {words.quote(lesson.id)}")
    return record.model_copy(
        update={"plan": plan, "lessons": tuple(used), "changes": tuple(changes)}
    )


def _with_lesson(plan: Plan, lesson: Lesson) -> Plan | None:
    """The plan with what the lesson says, or None when it does not speak of this plan's facts."""
    if lesson.kind != "rule":
        return None
    changes = _of_value(plan, lesson) if "name" in lesson.payload else _of_rule(plan, lesson)
    if changes is None:
        return None
    routing = plan.routing.as_json()
    for part, added in changes.items():
        before = routing[part]
        routing[part] = [*before, added] if isinstance(before, list) else {**before, **added}
    return plan.model_copy(update={"routing": Routing.model_validate(routing)})


def _of_value(plan: Plan, lesson: Lesson) -> dict[str, Any] | None:
    name, value = lesson.payload["name"], lesson.payload["value"]
    if name not in plan.routing.values or str(plan.routing.values[name]) == value:
        return None
    return {"values": {name: value}}


def _of_rule(plan: Plan, lesson: Lesson) -> dict[str, Any] | None:
    payload = lesson.payload
    facts = {field.name for field in plan.contract.fields}
    facts |= {field for source in plan.context.sources for field in source.fields}
    if payload["fact"] not in facts or any(r.id == payload["id"] for r in plan.routing.rules):
        return None
    rule = {"when": payload["condition"]} | {
        name: payload[name] for name in ("id", "route", "owner", "why")
    }
    changes: dict[str, Any] = {"rules": rule}
    if "value_name" in payload:
        changes["values"] = {payload["value_name"]: payload["value"]}
        changes["bounds"] = {payload["value_name"]: {k: payload[k] for k in ("low", "high")}}
    return changes


def _blocked(state: State, deps: Deps, brought: Brought, holes: tuple[Hole, ...]) -> Update:
    kept = snapshots.keep(
        deps.store,
        deps.customer(state),
        f"run:{state.run}",
        kind="plan_draft",
        value={"plan": brought.text},
        terms=KEEP_ALL,
    )
    draft = PlanDraft(run=state.run, holes=holes, warnings=brought.warnings, text=kept)
    return {"plan": "", "blocker": f"holes:{deps.keep(state, draft)}"}
