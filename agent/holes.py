"""what a plan needs that is not there: each is a question to one named person."""

from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple

from agent.deps import Deps
from agent.drafts import Brought
from agent.state import State
from policies import plans
from policies.approvals import needs_for, needs_of, rules_for_action
from policies.asking import why_undeclared
from policies.compiled import ladder
from policies.permissions import waits
from runs.errors import InvalidInput, NotAllowed, NotFound, Unavailable
from runs.people import find_people
from runs.plan import Hole, Plan, PlanRecord
from runs.records.approval import ApprovalKind
from runs.records.case import Dataset
from runs.records.person import Person
from runs.records.release import StageKind
from runs.records.version import Effect, PolicyValues, Source
from tools.tool import Tool
from workflow.actions import ActionDeps, find_refusal
from workflow.dataset.quality import find_own_labels
from workflow.requests import Request
from workflow.version import check_dataset, make

NO_KEY = ""
"""No record has it: a source that can be read says so."""


def of_parts(state: State, deps: Deps, brought: Brought) -> tuple[Hole, ...]:
    """Every part that the plan leaves open, asked of the owner of its area.

    Of the person who asked for the run where the plan names no owner there, or nobody here.
    """
    customer = deps.customer(state)
    requester = deps.store.runs.get(customer, state.run).requester
    known = {one.id for one in find_people(deps.store, customer) if not one.is_disabled}
    asked = {area: name for area, name in brought.owners.items() if name in known}
    return tuple(
        _of_part(path, asked.get(plans.owner_of(path), requester))
        for path in brought.missing or ("plan",)
    )


def of_plan(state: State, deps: Deps, plan: Plan) -> tuple[Hole, ...]:
    """What the plan names and nobody finds here; owners first, for only a person can be asked."""
    strangers = tuple(_strangers(state, deps, plan))
    if strangers:
        return strangers
    systems = _systems(state, deps, plan)
    own = (*_unanswered(state, deps, plan), *_dear_ways(deps, plan))
    return (*_stages(plan), *_dataset(state, deps, plan), *own, *systems, *_routes(deps, plan))


def of_record(record: PlanRecord, alone: Plan, dataset: Dataset) -> tuple[Hole, ...]:
    """Why no version can be made of the plan; of what was learnt where the plan alone is right."""
    person = alone.owners.workflow_behaviour
    without = record.model_copy(update={"plan": alone})
    for field, tried in (("plan", without), ("lessons", record)):
        try:
            make(tried, dataset)
        except (InvalidInput, NotAllowed) as error:
            return (Hole(field=field, question=_misfit(record, field, error), person=person),)
    return ()


def of_policy(state: State, deps: Deps, plan: Plan, policy: PolicyValues) -> tuple[Hole, ...]:
    """Every question of the run that nobody could answer, and reviews that nobody would get."""
    run = deps.store.runs.get(deps.customer(state), state.run)
    everybody = find_people(deps.store, deps.customer(state))
    person = plan.owners.workflow_behaviour
    holes: dict[str, Hole] = {}
    among = Among(everybody, {run.requester, plan.owners.builder}, deps.installation.is_solo)
    for field, says in (*_undecided(plan, policy, among), *_unagreed(plan, policy, among)):
        holes.setdefault(says, Hole(field=field, question=says, person=person))
    able = [one for one in everybody if not one.is_disabled]
    reviewers = (policy.review_owner, *policy.escalation)
    if not any(one.id in reviewers or set(one.roles) & set(reviewers) for one in able):
        says = f"Nobody is {' or '.join(reviewers)}: who reviews what is not acted on alone?"
        holes[says] = Hole(field="review_owner", question=says, person=person)
    return tuple(holes.values())


class Among(NamedTuple):
    """Who could answer, as far as the rules let them."""

    people: Sequence[Person]
    excluded: Collection[str]
    is_solo: bool


def _undecided(plan: Plan, policy: PolicyValues, among: Among) -> Iterator[tuple[str, str]]:
    """Each question of the run that nobody could answer, and why."""
    for kind, stage in _questions(plan):
        try:
            needs_for(
                kind,
                policy,
                among.people,
                excluded=among.excluded,
                stage=stage,
                is_solo=among.is_solo,
            )
        except NotAllowed as error:
            yield f"approvers.{kind}", str(error)


def _unagreed(plan: Plan, policy: PolicyValues, among: Among) -> Iterator[tuple[str, str]]:
    """Each action that waits for a yes which nobody could give, and why."""
    for effect in plan.actions.allowed:
        if not waits(effect, plan.actions.needing_approval):
            continue
        what = f"action {effect.name} of {policy.workflow}"
        excluded, is_solo = among.excluded, among.is_solo
        try:
            rules = rules_for_action(policy, effect.risks)
            needs_of(rules, among.people, what=what, excluded=excluded, is_solo=is_solo)
        except NotAllowed as error:
            yield "approvers.action", str(error)


def _of_part(path: str, person: str) -> Hole:
    question = f"The plan says nothing about `{path}`: what is it?"
    if path == "plan":
        question = "No plan was brought and none is kept: bring one with --plan FILE."
    return Hole(field=path, question=question, person=person)


def _strangers(state: State, deps: Deps, plan: Plan) -> Iterator[Hole]:
    """A hole for every owner nobody knows: without a person there is no owner."""
    customer = deps.customer(state)
    known = {one.id for one in find_people(deps.store, customer) if not one.is_disabled}
    owners = {f"owners.{part}": person for part, person in plan.owners}
    owners |= {f"signals.{signal.name}.owner": signal.owner for signal in plan.signals}
    owners["rollout.contained_by"] = plan.rollout.contained_by
    owners["observed.response_owner"] = plan.observed.response_owner
    requester = deps.store.runs.get(customer, state.run).requester
    for field, person in owners.items():
        if person not in known:
            question = f"Nobody here is called {person!r}: who is it?"
            yield Hole(field=field, question=question, person=requester)


def _unanswered(state: State, deps: Deps, plan: Plan) -> Iterator[Hole]:
    """A hole for every system for which no person here answers: a team is nobody to tell."""
    known = {one.id for one in find_people(deps.store, deps.customer(state)) if not one.is_disabled}
    for at, system in enumerate(plan.systems):
        if system.answering not in known:
            question = f"{system.answering!r} is nobody's id here: who answers for {system.name!r}?"
            field = f"systems.{at}.person"
            yield Hole(field=field, question=question, person=plan.owners.builder)


def _dear_ways(deps: Deps, plan: Plan) -> Iterator[Hole]:
    """A hole for every way that costs more than the installation lets an item spend."""
    most = deps.installation.item_budget.cost
    for at, way in enumerate(plan.economics.ways):
        if way.cost_per_item > most:
            question = (
                f"{way.path!r} costs {way.cost_per_item} an item, and item_budget.cost of the "
                f"installation is {most}: which of the two changes?"
            )
            field = f"economics.ways.{at}.cost_per_item"
            yield Hole(field=field, question=question, person=plan.owners.business_outcome)


def _stages(plan: Plan) -> Iterator[Hole]:
    try:
        ladder(plan)
    except InvalidInput as error:
        yield Hole(field="rollout.stages", question=str(error), person=plan.owners.expansion)


def _dataset(state: State, deps: Deps, plan: Plan) -> Iterator[Hole]:
    person, customer = plan.owners.domain_expert, deps.customer(state)
    try:
        dataset = deps.store.cases.newest(customer, plan.dataset)
        check_dataset(plan, dataset)
    except NotFound:
        says = f"No labelled dataset {plan.dataset!r} is imported: which one defines correct?"
        yield Hole(field="dataset", question=says, person=person)
    except (InvalidInput, NotAllowed) as error:
        yield Hole(field="dataset", question=str(error), person=person)
    else:
        builder = plan.owners.builder
        own = deps.store.cases.count_labelled(customer, dataset.digest, builder)
        says = find_own_labels(own, builder)
        if says:
            yield Hole(field="dataset", question=f"Who else labels? {says}", person=person)


def _systems(state: State, deps: Deps, plan: Plan) -> Iterator[Hole]:
    """Every source that cannot be read, every effect that its tool could not carry out."""
    actions = deps.actions(deps.customer(state), lambda request: "")
    for at, source in enumerate(plan.context.sources):
        says = _unreadable(source, actions.tools.get(source.tool), state.customer)
        if says:
            field = f"context.sources.{at}.tool"
            yield Hole(field=field, question=says, person=plan.owners.builder)
    for at, effect in enumerate(plan.actions.allowed):
        says = _unable(state, deps, actions, effect)
        if says:
            field = f"actions.allowed.{at}.tool"
            yield Hole(field=field, question=says, person=plan.owners.builder)


def _unreadable(source: Source, tool: Tool | None, customer: str) -> str:
    if tool is None or tool.level != "read":
        return (
            f"There is no tool {source.tool!r} of level read for source {source.name!r}: "
            f"which system is it, and is it in tools/{customer}.yaml of the home?"
        )
    try:
        tool.read(NO_KEY)
    except (InvalidInput, NotFound, NotAllowed, Unavailable) as error:
        return f"Source {source.name!r} cannot be read: {error}"
    return ""


def _unable(state: State, deps: Deps, actions: ActionDeps, effect: Effect) -> str:
    request = Request(effect=effect, content={}, run=state.run)
    says = find_refusal(actions, deps.customer(state), request)
    tool = actions.tools.get(effect.tool)
    if not says and tool is not None and effect.operation not in tool.schema:
        known = ", ".join(sorted(tool.schema)) or "none"
        says = f"tool {tool.name!r} has no operation {effect.operation!r}; it has: {known}"
    return f"Action {effect.name!r} cannot be done: {says}; who connects it?" if says else ""


def _routes(deps: Deps, plan: Plan) -> Iterator[Hole]:
    """A hole for every model that is asked where this home declares nothing."""
    if not plan.models:
        return
    try:
        declared = deps.routes()
    except InvalidInput as error:
        question = f"No model can be asked while models.yaml is wrong: {error}; who mends it?"
        yield Hole(field="models", question=question, person=plan.owners.builder)
        return
    for at, one in enumerate(plan.models):
        if says := why_undeclared(one.endpoint, declared):
            question = f"The endpoint of model {one.name!r} {says}: who declares it?"
            yield Hole(field=f"models.{at}.endpoint", question=question, person=plan.owners.builder)


def _questions(plan: Plan) -> list[tuple[ApprovalKind, StageKind | None]]:
    """Every question a run of this plan comes to, as far as it may go."""
    kinds: dict[StageKind, None] = dict.fromkeys(stage.kind for stage in ladder(plan))
    climb: list[tuple[ApprovalKind, StageKind | None]] = [("stage", kind) for kind in kinds]
    return [("plan", None), ("test_exit", None), *climb, ("update", None)]


def _misfit(record: PlanRecord, field: str, error: Exception) -> str:
    if field == "plan":
        return f"No version can be made of the plan: {error}"
    learnt = ", ".join(record.lessons)
    return f"What was learnt ({learnt}) does not fit the plan: {error}; correct or retire it"
