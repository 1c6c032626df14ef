"""what a run proposes to keep, and its acceptance with the update that shows it."""

import re

from agent.deps import Deps
from agent.state import State
from memory_store.lessons.draft import Draft
from memory_store.memory.memory import PROPOSALS_A_RUN
from policies.quorum import AGREES
from runs import approvals
from runs.errors import Conflict
from runs.plan import Plan, PlanRecord
from runs.records.evidence import FixTrial
from runs.records.lesson import Lesson
from runs.records.version import PolicyValues, Rule, Version

NAMED = re.compile(r"\b(?:item|context)\.([A-Za-z_][\w.]*)|\b(?:values|lists)\.([A-Za-z_]\w*)")


def propose(state: State, deps: Deps) -> list[Lesson]:
    """Propose a lesson for each change that was accepted on evidence, the first three of them.

    Running it again proposes nothing more.
    """
    if not state.version or not state.plan:
        return []
    customer = deps.customer(state)
    proposed = []
    for draft in _drafts(state, deps)[:PROPOSALS_A_RUN]:
        try:
            found = deps.memory.propose(customer, draft, now=deps.store.clock.now())
        except Conflict:
            # An active lesson already says something of this subject: a person's to replace.
            continue
        proposed.append(found.lesson)
    fresh = [lesson for lesson in proposed if lesson.run == state.run]
    return sorted(fresh, key=lambda lesson: lesson.id)


def accept(state: State, deps: Deps) -> list[Lesson]:
    """Accept the run's lessons in the name of who approved the update that showed them."""
    customer = deps.customer(state)
    answers = approvals.decisions_of(deps.store, customer, state.approval)
    person = next(answer.person for answer in answers if answer.kind in AGREES)
    accepted = []
    for lesson in propose(state, deps):
        if lesson.status != "proposed":
            accepted.append(lesson)
            continue
        try:
            accepted.append(deps.memory.accept(customer, person, lesson.id))
        except Conflict:
            # Meanwhile another run's lesson of this subject was accepted; theirs stands.
            continue
    return accepted


def _drafts(state: State, deps: Deps) -> list[Draft]:
    plan = deps.get(state, PlanRecord, state.plan).plan
    version = deps.get(state, Version, state.version)
    policy = deps.get(state, PolicyValues, state.policy)
    trials = deps.store.of_run(deps.customer(state), FixTrial, state.run)
    accepted = [trial for trial in trials if trial.accepted]
    planned = {rule.id for rule in plan.routing.rules}
    drafts = [
        _of_rule(state, plan, rule, version=version, policy=policy, trials=accepted)
        for rule in version.rules
        if rule.id not in planned
    ]
    for name in ("act_threshold", "scope_floor"):
        before, after = plan.routing.values.get(name), policy.values.get(name)
        if after is not None and before != after:
            drafts.append(_of_value(state, plan, name, value=str(after), trials=accepted))
    return [draft for draft in drafts if draft.evidence]


def _of_rule(
    state: State,
    plan: Plan,
    rule: Rule,
    *,
    version: Version,
    policy: PolicyValues,
    trials: list[FixTrial],
) -> Draft:
    facts = [fact for fact, _ in NAMED.findall(rule.when) if fact]
    names = [name for _, name in NAMED.findall(rule.when) if name]
    payload = {"id": rule.id, "condition": rule.when, "route": rule.route, "owner": rule.owner}
    payload |= {"why": rule.why[:200], "fact": facts[0].split(".")[-1] if facts else ""}
    if names and names[0] in policy.values:
        bound = version.bounds[names[0]]
        payload |= {"value_name": names[0], "value": str(policy.values[names[0]])}
        payload |= {"low": str(bound.low), "high": str(bound.high)}
    proof = [trial.id for trial in trials if rule.id in str(trial.patch.operations)]
    return Draft(
        kind="rule",
        subject=f"rule.{rule.id}".lower()[:200],
        when=f"a workflow of this customer reads {payload['fact'] or 'this fact'}",
        text=f"Send to {rule.route} when {rule.when}: {rule.why}"[:600],
        workflow="",
        payload=payload,
        run=state.run,
        evidence=tuple(proof),
        author=f"run:{state.run}",
        origins=("trial",),
    )


def _of_value(state: State, plan: Plan, name: str, *, value: str, trials: list[FixTrial]) -> Draft:
    proof = [trial.id for trial in trials if name in str(trial.patch.operations)]
    return Draft(
        kind="rule",
        subject=f"{plan.workflow}.value.{name}",
        when=f"{plan.workflow} is planned again",
        text=f"{name} = {value} held the share of wrong automatic answers of {plan.workflow}",
        workflow=plan.workflow,
        payload={"name": name, "value": value},
        run=state.run,
        evidence=tuple(proof),
        author=f"run:{state.run}",
        origins=("trial",),
    )
