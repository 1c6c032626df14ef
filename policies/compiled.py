"""a plan as the program uses it: gates, approvers, masks, retention, alerts and ladder; pure.

Whatever of a plan is more than words goes through here, so that what people read and what is done
are one thing. A plan adds approvers to those whom the installation or operations name, and takes
none away.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Literal, get_args

from runs.errors import InvalidInput
from runs.plan import Limit, Plan, RollbackRule
from runs.plan_parts import SignalName
from runs.records.record import Record
from runs.records.release import StageKind, StageSpec
from runs.records.version import ApproverRule, GateValues, Level, PolicyValues, Question

FIELD, PATTERN = "field:", "pattern:"
"""How `Version.mask` tells a masked field from a masked pattern."""
FULL_BP = 10_000
BAKING_BP = 9_500
"""What `full` serves until its bake window has passed."""
LEFT_WITH: Mapping[str, Question] = {
    "design": "plan",
    "testing": "test_exit",
    "sandbox": "stage_slice",
    "full_operations": "stage_full",
}
"""The question with whose answer a phase is left; full operations is left for good with `full`."""
KEPT_AS: Mapping[str, str] = {
    "input": "prompts_days",
    "context": "prompts_days",
    "output": "outputs_days",
    "action": "outputs_days",
    "receipt": "outputs_days",
    "reason": "traces_days",
}
"""Which retention holds for a kind of snapshot; `privacy.retention_days` for every other."""

GateName = Literal["dry_run", "sandbox", "slice", "full"]


class Permitted(Record):
    """What may be done at one level."""

    allowed: tuple[str, ...]
    needing_approval: tuple[str, ...]
    excluded: tuple[str, ...]


class Ceilings(Record):
    """What the workflow may cost, in the plan's currency, and how long an item may take."""

    currency: str
    cost_per_item: Decimal
    cost_per_week: Decimal
    latency_ms: int


class Alert(Record):
    """One signal that is watched: who is told at which limit, and what takes a release back."""

    signal: SignalName
    owner: str
    limit: Limit
    rolls_back: tuple[RollbackRule, ...]


class Compiled(Record):
    """Everything in a plan that decides something."""

    gates: dict[GateName, GateValues]
    approvers: dict[Question, tuple[ApproverRule, ...]]
    """Whom each question asks: the policy's, and those whom the phases add."""
    permitted: dict[Level, Permitted]
    mask: tuple[str, ...]
    retention_days: int
    retention: dict[str, int]
    """Days by kind of snapshot, where they differ."""
    ceilings: Ceilings
    alerts: tuple[Alert, ...]
    contained_by: tuple[str, ...]
    """Who may pause, narrow and take back, beside the roles that may."""
    ladder: tuple[StageSpec, ...]
    policy: PolicyValues
    """The values the plan's first version begins with."""


def compile_plan(
    plan: Plan, installed: PolicyValues | None, leading: PolicyValues | None = None
) -> Compiled:
    """What a plan comes to under the installation's values, or under those that lead already.

    Where operations lead with values of their own, theirs count before the plan's. InvalidInput
    where there are none to begin with: who approves and who reviews is never guessed.
    """
    policy = _policy(plan, installed, leading)
    return Compiled(
        gates=policy.gates,
        approvers=policy.approvers,
        permitted=permitted(plan),
        mask=mask(plan),
        retention_days=plan.privacy.retention_days,
        retention=retention(plan),
        ceilings=Ceilings(
            currency=plan.economics.currency,
            cost_per_item=plan.acceptance.cost_per_item,
            cost_per_week=plan.economics.cost_ceiling_per_week,
            latency_ms=plan.acceptance.latency_ms,
        ),
        alerts=alerts(plan),
        contained_by=containers(plan),
        ladder=ladder(plan),
        policy=policy,
    )


def mask(plan: Plan) -> tuple[str, ...]:
    """The fields and patterns that are masked before anything is kept."""
    marked = [field.name for field in plan.contract.fields if field.masked]
    fields = dict.fromkeys([*plan.privacy.mask_fields, *marked])
    patterns = dict.fromkeys(plan.privacy.mask_patterns)
    return (*(FIELD + name for name in fields), *(PATTERN + name for name in patterns))


def retention(plan: Plan) -> dict[str, int]:
    """Days by kind of snapshot, where they differ from `privacy.retention_days`."""
    told = {kind: getattr(plan.privacy.retention, name) for kind, name in KEPT_AS.items()}
    return {kind: days for kind, days in told.items() if days != plan.privacy.retention_days}


def permitted(plan: Plan) -> dict[Level, Permitted]:
    """What is allowed, waits for a person or is excluded, by level; what is unnamed is not."""
    acts, levels = plan.actions, get_args(Level)
    allowed = {level: [e.name for e in acts.allowed if e.level == level] for level in levels}
    allowed["read"] = [*acts.reads, *allowed["read"]]
    return {
        level: Permitted(
            allowed=tuple(allowed[level]),
            needing_approval=tuple(one for one in acts.needing_approval if one in allowed[level]),
            excluded=tuple(one.name for one in acts.excluded if one.level == level),
        )
        for level in levels
    }


def alerts(plan: Plan) -> tuple[Alert, ...]:
    """Each watched signal with its owner, its limit and the bars that take a release back."""
    return tuple(
        Alert(
            signal=one.name,
            owner=one.owner,
            limit=one.limit,
            rolls_back=tuple(r for r in plan.rollout.rollback_when if r.signal == one.name),
        )
        for one in plan.signals
    )


def containers(plan: Plan) -> tuple[str, ...]:
    """Whom the plan names to pause, narrow or take back."""
    owners = plan.owners
    return tuple(dict.fromkeys([plan.rollout.contained_by, owners.incidents, owners.expansion]))


def ladder(plan: Plan) -> tuple[StageSpec, ...]:
    """The plan's stages up to the agreed one, in order: sandbox first, weights never decreasing.

    InvalidInput names the stage, the value and the remedy.
    """
    planned = plan.rollout.stages
    names = [stage.name for stage in planned]
    if len(set(names)) != len(names):
        raise InvalidInput(f"rollout.stages: two stages share a name among {names}; rename one")
    if plan.rollout.agreed_stage not in names:
        raise InvalidInput(
            f"rollout.agreed_stage: {plan.rollout.agreed_stage!r} is not one of {names}; "
            "name one of the stages"
        )
    for index, stage in enumerate(planned):
        says = _find_wrong(planned, index)
        if says:
            raise InvalidInput(f"rollout.stages[{index}] {stage.name!r}: {says}")
    return planned[: names.index(plan.rollout.agreed_stage) + 1]


def _policy(
    plan: Plan, installed: PolicyValues | None, leading: PolicyValues | None
) -> PolicyValues:
    """The plan's own numbers, lists and gates with all else as installed; or what leads, kept."""
    begun = leading or installed
    if begun is None:
        raise InvalidInput(
            f"policy of {plan.workflow!r}: there are no defaults for approvers, review owner and "
            "escalation; bring a policy file for the workflow"
        )
    routing, led = plan.routing, leading.values if leading else {}
    lists = leading.lists if leading else {}
    parts = {
        "workflow": plan.workflow,
        "values": {name: led.get(name, value) for name, value in routing.values.items()},
        "lists": {name: lists.get(name, value) for name, value in routing.lists.items()},
        "gates": begun.gates if leading else plan.acceptance.gates,
        "approvers": _approvers(plan, begun),
    }
    return PolicyValues.model_validate({**begun.as_json(), **parts})


def _approvers(plan: Plan, policy: PolicyValues) -> dict[Question, tuple[ApproverRule, ...]]:
    """The policy's approvers, and whom the phases name beside them, phase by phase."""
    approvers: dict[Question, tuple[ApproverRule, ...]] = dict(policy.approvers)
    for name, phase in plan.phases:
        question = LEFT_WITH[name]
        asked = approvers.get(question) or _in_general(approvers, question)
        told = _with(asked, phase.approvers)
        if told != asked:
            approvers[question] = told
    return approvers


def _in_general(
    approvers: Mapping[Question, tuple[ApproverRule, ...]], question: Question
) -> tuple[ApproverRule, ...]:
    """Those of any stage, where a kind of stage has none of its own."""
    return approvers.get("stage", ()) if question.startswith("stage_") else ()


def _with(asked: Sequence[ApproverRule], added: Sequence[ApproverRule]) -> tuple[ApproverRule, ...]:
    """Both; a role that both name is asked for the greater count."""
    counts = {rule.role: rule.count for rule in asked}
    for rule in added:
        counts[rule.role] = max(rule.count, counts.get(rule.role, 0))
    return tuple(ApproverRule(role=role, count=count) for role, count in counts.items())


def _find_wrong(planned: tuple[StageSpec, ...], index: int) -> str:
    stage, weight = planned[index], planned[index].weight_bp
    if (stage.kind == "sandbox") != (index == 0):
        return "the sandbox is the first stage and only the first; reorder the stages"
    if stage.kind == "full" and index != len(planned) - 1:
        return "nothing comes after `full`; make it the last stage"
    low, high = _WEIGHTS[stage.kind]
    if not low <= weight <= high:
        return f"weight_bp is {weight}; give a stage of kind {stage.kind} {low} to {high}"
    if index and weight < planned[index - 1].weight_bp:
        return f"weight_bp is {weight}, less than the stage before; order the stages upwards"
    return ""


_WEIGHTS: Mapping[StageKind, tuple[int, int]] = {
    "sandbox": (0, 0),
    "slice": (1, BAKING_BP),
    "full": (BAKING_BP, FULL_BP),
}
"""The least and the most a plan may give a stage, by kind."""
