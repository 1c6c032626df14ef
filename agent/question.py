"""what an approval covers, made the same way when asking, when deciding and before acting."""

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import NamedTuple

from agent.deps import Deps
from agent.state import State
from policies.approvals import Wanted, needs_after
from rollout import ladder
from runs import approvals, people
from runs.plan import Plan, PlanRecord
from runs.records.approval import Approval, ApprovalKind
from runs.records.evidence import Evidence
from runs.records.person import Customer
from runs.records.release import StageKind
from runs.records.version import PolicyValues, Risk

MOST = 10_000

Remake = Callable[[Deps, Customer, Mapping[str, str]], str]
"""Reads one part of what an approval covers again."""


CRITERIA: Mapping[str, tuple[tuple[str, str], ...]] = {
    "plan": (("design", "gate_out"), ("testing", "gate_in")),
    "test_exit": (("testing", "gate_out"), ("sandbox", "gate_in")),
    "stage_slice": (("sandbox", "gate_out"), ("full_operations", "gate_in")),
    "stage_full": (("full_operations", "gate_out"),),
}
"""Which conditions of which phase each question is about: out of one and into the next."""


class Question(NamedTuple):
    """What people are asked, before it is opened."""

    kind: ApprovalKind
    title: str
    covers: dict[str, str]
    """By name: ids and digests of everything that will happen."""
    if_approved: str
    if_rejected: str
    risks: tuple[Risk, ...] = ()
    stage: StageKind | None = None
    """The kind of stage it is about; its own approvers come before those of any stage."""


def open_question(state: State, deps: Deps, question: Question) -> str:
    """Open the approval, or find the one an earlier attempt opened; returns its id.

    Nobody who requested or built what is asked about is among those who may answer.
    """
    customer = deps.customer(state)
    policy = deps.get(state, PolicyValues, state.policy)
    before = approvals.list_approvals(
        deps.store, customer, status="superseded", run=state.run, limit=MOST
    )
    editors = approvals.editors_of(deps.store, customer, before)
    excluded = _excluded(state, deps)
    everybody = people.find_people(deps.store, customer)
    needs = needs_after(
        question.kind,
        policy,
        everybody,
        Wanted(excluded, editors, question.stage, deps.installation.is_solo),
    )
    covers = _remade(deps, customer, question.covers)
    subject = approvals.subject_of(covers)
    active = [person for person in everybody if not person.is_disabled]
    now = deps.store.clock.now()
    opened = approvals.open_approval(
        deps.store,
        customer,
        f"run:{state.run}",
        Approval(
            id=_name(state, question.kind, subject, before),
            run=state.run,
            kind=question.kind,
            title=question.title,
            subject=subject,
            covers=covers,
            needs=needs,
            excluded=tuple(sorted(excluded | editors)),
            risks=question.risks,
            if_approved=question.if_approved + _criteria(state, deps, question),
            if_rejected=question.if_rejected,
            status="open",
            due_at=now + timedelta(hours=policy.approval_due_hours),
            opened_at=now,
            solo=deps.installation.is_solo and len(active) == 1,
        ),
    )
    return opened.id


def _criteria(state: State, deps: Deps, question: Question) -> str:
    """What the plan asks for with this step; whoever agrees says that it holds."""
    asked = question.kind if question.stage is None else f"stage_{question.stage}"
    if not state.plan or asked not in CRITERIA:
        return ""
    plan = deps.get(state, PlanRecord, state.plan).plan
    told = [one for phase, gate in CRITERIA[asked] for one in _gate(plan, phase, gate)]
    if asked in ("stage_slice", "stage_full"):
        told += plan.rollout.expand_when
    return f". Whoever agrees says that this holds: {'; '.join(told)}"


def _gate(plan: Plan, phase: str, gate: str) -> tuple[str, ...]:
    return getattr(getattr(plan.phases, phase), gate)


def _name(state: State, kind: ApprovalKind, subject: str, asked: Sequence[Approval]) -> str:
    """The same for the same question, another once that was superseded: a closed one stays so."""
    gone = sum((one.kind, one.subject) == (kind, subject) for one in asked)
    name = f"{state.run}.{kind}.{subject[7:15]}"
    return f"{name}.{gone + 1}" if gone else name


def current_subject(deps: Deps, customer: Customer) -> Callable[[Approval], str]:
    """Makes an approval's digest again from the records and rules as they are now."""

    def remake(asked: Approval) -> str:
        return approvals.subject_of(_remade(deps, customer, asked.covers))

    return remake


def _remade(deps: Deps, customer: Customer, covers: Mapping[str, str]) -> dict[str, str]:
    """Every part as it is now: what is named by content stays, what can change is read again."""
    return {
        name: _REMADE[name](deps, customer, covers) if name in _REMADE else value
        for name, value in covers.items()
    }


def _leading_policy(deps: Deps, customer: Customer, covers: Mapping[str, str]) -> str:
    values = deps.leading(customer, covers["workflow"])
    if values is not None and values.digest == covers.get("policy"):
        # The candidate's own values lead already: an attempt that died got so far.
        return covers["leading_policy"]
    return values.digest if values else "none"


def _from(deps: Deps, customer: Customer, covers: Mapping[str, str]) -> str:
    release = deps.store.releases.get(customer, covers["release"])
    return ladder.place(release)


def _policy(deps: Deps, customer: Customer, covers: Mapping[str, str]) -> str:
    if "release" not in covers:
        return covers["policy"]
    release = deps.store.releases.get(customer, covers["release"])
    values = deps.leading(customer, release.workflow)
    return release.policy if release.stage < 0 or values is None else values.digest


def _evidence(name: str) -> Remake:
    """Expired evidence is another thing than what was shown."""

    def remake(deps: Deps, customer: Customer, covers: Mapping[str, str]) -> str:
        id = covers[name].removeprefix("expired:")
        evidence = deps.store.find(customer, Evidence, id) if id else None
        if evidence is None or evidence.expires_at is None:
            return id
        return f"expired:{id}" if evidence.expires_at <= deps.store.clock.now() else id

    return remake


def _release_state(deps: Deps, customer: Customer, covers: Mapping[str, str]) -> str:
    release = deps.store.releases.get(customer, covers["release"])
    return f"{release.status}:{ladder.place(release)}"


_REMADE: dict[str, Remake] = {
    "release_state": _release_state,
    "leading_policy": _leading_policy,
    "from": _from,
    "policy": _policy,
    "evidence": _evidence("evidence"),
    "dry_run": _evidence("dry_run"),
    "drill": _evidence("drill"),
    "contract": _evidence("contract"),
    "faults": _evidence("faults"),
    "alerts": _evidence("alerts"),
}


def _excluded(state: State, deps: Deps) -> set[str]:
    run = deps.store.runs.get(deps.customer(state), state.run)
    excluded = {run.requester}
    if state.plan:
        excluded.add(deps.get(state, PlanRecord, state.plan).plan.owners.builder)
    return excluded
