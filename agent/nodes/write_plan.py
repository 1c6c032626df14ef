"""fill the delivery plan and name every hole."""

from typing import Any

from agent import drafts
from agent.deps import Deps
from agent.question import Question, open_question
from agent.state import State, Update
from runs import snapshots
from runs.errors import NotFound
from runs.plan import Hole, Plan, PlanDraft, PlanRecord, Routing
from runs.records.lesson import Lesson
from runs.records.run import Choice
from runs.records.version import PolicyValues
from workflow.version import first_policy

KEEP_ALL = snapshots.Terms(lambda value: snapshots.Masked(value, 0), None)
"""A plan holds no item of the customer's; it is kept as long as the run."""


def write_plan(state: State, deps: Deps) -> Update:
    """Keep the plan and its first policy values, and ask for the plan.

    A hole stops the run: each is a question to a named person.
    """
    brought = drafts.brought(state, deps)
    if brought.missing or not state.choice:
        return _holes(state, deps, brought)
    customer = deps.customer(state)
    chosen = deps.get(state, Choice, state.choice).chosen
    plan = next(p for p in drafts.contending_plans(state, deps) if p.workflow == chosen)
    try:
        dataset = deps.store.cases.newest(customer, plan.dataset)
    except NotFound:
        hole = _hole("dataset", plan.owners.domain_expert)
        return _blocked(state, deps, brought.text, (hole,))
    record = with_lessons(PlanRecord(run=state.run, plan=plan, lessons=(), changes=()), deps, state)
    policy = _first_policy(record.plan, deps, state)
    update: Update = {
        "plan": deps.keep(state, record),
        "policy": deps.keep(state, policy),
        "dataset": dataset.digest,
        "blocker": "",
    }
    covers = {
        "workflow": plan.workflow,
        "plan": record.digest,
        "policy": policy.digest,
        "dataset": dataset.digest,
        "leading_policy": "",
    }
    asked = Question(
        kind="plan",
        title=f"Plan of {plan.title}",
        covers=covers,
        if_approved=f"a first version of {plan.workflow} is built and tried on {plan.dataset}; "
        "nothing reaches the customer",
        if_rejected="the run ends as a blocker with its requester",
    )
    filled = _filled(state, update)
    return {**update, "approval": open_question(filled, deps, asked)}


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
            changes.append(f"{lesson.id}: {lesson.text}")
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


def _first_policy(plan: Plan, deps: Deps, state: State) -> PolicyValues:
    present = deps.policy_files.find(deps.customer(state), plan.workflow)
    fresh = first_policy(plan, deps.installation.policy)
    if present is None:
        return fresh
    values = {name: present.values.get(name, value) for name, value in fresh.values.items()}
    lists = {name: present.lists.get(name, value) for name, value in fresh.lists.items()}
    return present.model_copy(update={"values": values, "lists": lists})


def _holes(state: State, deps: Deps, brought: drafts.Brought) -> Update:
    run = deps.store.runs.get(deps.customer(state), state.run)
    missing = brought.missing or ("plan",)
    holes = tuple(_hole(path, run.requester) for path in missing)
    return _blocked(state, deps, brought.text, holes)


def _blocked(state: State, deps: Deps, text: str, holes: tuple[Hole, ...]) -> Update:
    kept = snapshots.keep(
        deps.store,
        deps.customer(state),
        f"run:{state.run}",
        kind="plan_draft",
        value={"plan": text},
        terms=KEEP_ALL,
    )
    draft = PlanDraft(run=state.run, holes=holes, text=kept)
    return {"plan": "", "blocker": f"holes:{deps.keep(state, draft)}"}


def _hole(path: str, person: str) -> Hole:
    question = f"The plan says nothing about `{path}`: what is it?"
    if path == "dataset":
        question = "No labelled dataset of this name is imported: which one defines correct?"
    return Hole(field=path, question=question, person=person)


def _filled(state: State, update: Update) -> State:
    return State(**{**state.__dict__, **update})
