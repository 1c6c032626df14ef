"""which end a run came to, and its proof."""

from datetime import timedelta

from agent.deps import Deps
from agent.state import State
from runs import approvals
from runs.plan import PlanDraft, PlanRecord
from runs.records.evidence import Verdict
from runs.records.release import Move
from runs.records.run import Terminal

NEXT_CHECK_DAYS = 7


def terminal_of(state: State, deps: Deps) -> Terminal:
    """The end the records prove: the agreed stage is reached, or a blocker has a named owner."""
    kind, _, id = _cause(state, deps).partition(":")
    if kind == "reached":
        return _reached(state, deps)
    return _ENDS[kind](state, deps, id)


def _cause(state: State, deps: Deps) -> str:
    if state.blocker:
        return state.blocker
    if state.move:
        move = deps.get(state, Move, state.move)
        if move.kind == "complete":
            return "reached:" + state.move
        if move.kind in ("hold", "roll_back", "narrow"):
            return "stopped:" + state.move
    if state.approval and deps.approval(state).status != "approved":
        return "refused:" + state.approval
    return "unproven:" + state.verdict


def _reached(state: State, deps: Deps) -> Terminal:
    plan = deps.get(state, PlanRecord, state.plan).plan
    move = deps.get(state, Move, state.move)
    return Terminal(
        run=state.run,
        kind="stage_reached",
        reason=f"{plan.workflow} stands at {plan.rollout.agreed_stage}: {move.reason}",
        owner=plan.owners.business_outcome,
        proof=(state.move, state.release, state.verdict),
        next_check=_moment(state, deps) + timedelta(days=NEXT_CHECK_DAYS),
    )


def _holes(state: State, deps: Deps, id: str) -> Terminal:
    draft = deps.get(state, PlanDraft, id)
    questions = "; ".join(f"{hole.person}: {hole.question}" for hole in draft.holes)
    return _blocker(state, owner=draft.holes[0].person, proof=id, reason=questions)


def _no_plan(state: State, deps: Deps, id: str) -> Terminal:
    run = deps.store.runs.get(deps.customer(state), id)
    reason = "no plan was brought and none is kept; bring one with --plan FILE"
    return _blocker(state, owner=run.requester, proof=id, reason=reason)


def _refused(state: State, deps: Deps, id: str) -> Terminal:
    customer = deps.customer(state)
    asked = approvals.get(deps.store, customer, id)
    answers = approvals.decisions_of(deps.store, customer, id)
    said = "; ".join(f"{a.person} ({a.role}): {a.reason}" for a in answers if a.reason)
    if asked.status == "expired":
        said = "nobody answered in time; silence is no consent"
    reason = f"{asked.title}: {asked.status.replace('_', ' ')}. {said}"
    return _blocker(state, owner=_owner_of_changes(state, deps), proof=id, reason=reason)


def _stopped(state: State, deps: Deps, id: str) -> Terminal:
    move = deps.get(state, Move, id)
    plan = deps.get(state, PlanRecord, state.plan).plan
    reason = f"{move.kind.replace('_', ' ')}: {move.reason}"
    return _blocker(state, owner=plan.owners.workflow_behaviour, proof=id, reason=reason)


def _unproven(state: State, deps: Deps, id: str) -> Terminal:
    verdict = deps.get(state, Verdict, id)
    plan = deps.get(state, PlanRecord, state.plan).plan
    reason = (
        f"{verdict.gate} is {verdict.outcome}: {verdict.reason}; no small change was left to try"
    )
    return _blocker(state, owner=plan.owners.workflow_behaviour, proof=id, reason=reason)


def _owner_of_changes(state: State, deps: Deps) -> str:
    if state.plan:
        return deps.get(state, PlanRecord, state.plan).plan.owners.changes
    return deps.store.runs.get(deps.customer(state), state.run).requester


def _blocker(state: State, *, owner: str, proof: str, reason: str) -> Terminal:
    return Terminal(
        run=state.run, kind="blocker_escalated", reason=reason, owner=owner, proof=(proof,)
    )


def _moment(state: State, deps: Deps):
    release = deps.store.releases.get(deps.customer(state), state.release)
    return release.entered_at or release.opened_at


_ENDS = {
    "holes": _holes,
    "no_plan": _no_plan,
    "refused": _refused,
    "stopped": _stopped,
    "unproven": _unproven,
}
