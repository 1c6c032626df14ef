"""which end a run came to, and its proof."""

from datetime import datetime, timedelta

from agent import cadence, incident, reach
from agent.deps import Deps
from agent.loop import find_cancellation
from agent.state import State
from runs import approvals, people
from runs.plan import PlanDraft, PlanRecord
from runs.records.approval import Approval
from runs.records.evidence import Evidence, FixTrial, Verdict
from runs.records.intake import Intake
from runs.records.release import Move
from runs.records.run import Cancellation, OpsReview, Pin, Refusal, Terminal
from runs.records.version import PolicyValues
from runs.words import quote

ESCALATED = (0, 8)
"""The ranks of fixes that only a person can make; the first is the domain expert's: a label."""
REFUSED = ("changes_asked", "rejected", "expired", "withdrawn")
"""How a question ends that carries nothing on; a superseded one is asked again."""
AREAS = {
    "build": "workflow_behaviour",
    "dry_run": "evaluation",
    "fix_smallest_issue": "evaluation",
    "propose_stage": "expansion",
    "stage_release": "expansion",
    "monitor": "incidents",
}
"""Which of the plan's owners answers for what a node refused; `changes` for any other node."""


def terminal_of(state: State, deps: Deps) -> Terminal:
    """The end the records prove: the agreed stage is reached, or a blocker has a named owner."""
    kind, _, id = _cause(state, deps).partition(":")
    end = _reached(state, deps) if kind == "reached" else _ENDS[kind](state, deps, id)
    return end.model_copy(update={"owner": _answering(state, deps, end.owner)})


def without(state: State, deps: Deps, *, why: str, proof: str) -> str:
    """Keep the end of a run whose last steps could not be taken; returns its digest.

    Where nobody can say that the customer was told, it is a blocker of the same owner.
    """
    known = deps.get(state, Terminal, state.terminal) if state.terminal else None
    before = known or terminal_of(state, deps)
    kept = deps.keep(state, before)
    reason = f"{why}; otherwise {before.reason}"
    return deps.keep(state, _blocker(state, owner=before.owner, proof=(proof, kept), reason=reason))


def _cause(state: State, deps: Deps) -> str:
    called_off = find_cancellation(deps.store, deps.customer(state), state.run)
    if called_off is not None:
        return "cancelled:" + called_off.id
    if state.review and not state.choice and not state.blocker:
        return "healthy:" + state.review
    if state.blocker:
        return state.blocker
    if state.approval and deps.approval(state).status in REFUSED:
        return "refused:" + state.approval
    if not state.move:
        return "unproven:" + state.verdict
    move = deps.get(state, Move, state.move)
    if move.kind == "complete" and not is_reached(state, deps):
        return "taken_back:" + state.release
    return ("reached:" if move.kind == "complete" else "stopped:") + state.move


def is_reached(state: State, deps: Deps) -> bool:
    """True while the release still stands complete at its agreed stage."""
    return deps.store.releases.get(deps.customer(state), state.release).status == "complete"


def _taken_back(state: State, deps: Deps, id: str) -> Terminal:
    plan = deps.get(state, PlanRecord, state.plan).plan
    release = deps.store.releases.get(deps.customer(state), id)
    reason = f"release {id} was complete and is {release.status.replace('_', ' ')} again"
    return _blocker(state, owner=plan.owners.incidents, proof=id, reason=reason)


def _reached(state: State, deps: Deps) -> Terminal:
    plan = deps.get(state, PlanRecord, state.plan).plan
    move = deps.get(state, Move, state.move)
    every = cadence.days(deps.store, deps.customer(state), plan.workflow)
    reached = Terminal(
        run=state.run,
        kind="stage_reached",
        reason=f"{plan.workflow} stands at {plan.rollout.agreed_stage}: {move.reason}",
        owner=plan.owners.business_outcome,
        proof=(state.move, state.release, state.verdict),
        next_check=_moment(state, deps) + timedelta(days=every),
    )
    report = incident.find_report(state, deps)
    return reached if report is None else _fixed(state, deps, report, reached)


def _fixed(state: State, deps: Deps, report: Intake, reached: Terminal) -> Terminal:
    """A reported failure is fixed once what was released has every reported item right."""
    plan = deps.get(state, PlanRecord, state.plan).plan
    release = deps.store.releases.get(deps.customer(state), state.release)
    seen = incident.find_seen(state, deps)
    mended = incident.find_mended(state, deps, release)
    if seen is None or mended is None:
        reason = f"{reached.reason}; no dry run of it has every item of {report.id} right"
        return _blocker(state, owner=plan.owners.evaluation, proof=reached.proof, reason=reason)
    proof = (*reached.proof, report.id, seen.id, mended.id)
    reason = (
        f"all {len(report.items)} items of {report.id} are right in {mended.id}, wrong in {seen.id}"
    )
    fixed = {"kind": "issue_fixed", "proof": proof, "reason": f"{reason}; {reached.reason}"}
    return reached.model_copy(update=fixed)


def _healthy(state: State, deps: Deps, id: str) -> Terminal:
    found = deps.get(state, OpsReview, id)
    plan = deps.get(state, PlanRecord, state.plan).plan
    release = cadence.newest(deps.store, deps.customer(state), found.workflow)
    kinds = dict.fromkeys(one.name for one in found.findings if one.state == "ok")
    return Terminal(
        run=state.run,
        kind="healthy_review",
        reason=f"{found.workflow} is well: {', '.join(kinds)}; "
        f"it is looked at again on {found.next_check:%Y-%m-%d}",
        owner=plan.owners.workflow_behaviour,
        proof=(id, *([release.id] if release else [])),
        next_check=found.next_check,
    )


def _unwell(state: State, deps: Deps, id: str) -> Terminal:
    found = deps.get(state, OpsReview, id)
    reason = "; ".join(f"{one.name}, {one.owner}: {one.says}" for one in found.wrong)
    owner = found.wrong[0].owner
    return _blocker(state, owner=owner, proof=id, reason=f"{found.workflow} is not well: {reason}")


def _unreproduced(state: State, deps: Deps, id: str) -> Terminal:
    plan = deps.get(state, PlanRecord, state.plan).plan
    report = incident.find_report(state, deps)
    items = ", ".join(report.items) if report else ""
    reason = f"the version in use has every reported item right ({items}): nothing is reproduced"
    return _blocker(state, owner=plan.owners.incidents, proof=id, reason=reason)


def _cancelled(state: State, deps: Deps, id: str) -> Terminal:
    called_off = deps.get(state, Cancellation, id)
    proof = (id, state.release) if state.release else (id,)
    reason = f"called off by {called_off.by}: {quote(called_off.reason)}"
    return _blocker(state, owner=_owner_of_changes(state, deps), proof=proof, reason=reason)


def _holes(state: State, deps: Deps, id: str) -> Terminal:
    draft = deps.get(state, PlanDraft, id)
    questions = "; ".join(f"{h.person}, {h.field}: {h.question}" for h in draft.holes)
    return _blocker(state, owner=draft.holes[0].person, proof=id, reason=questions)


def _unreached(state: State, deps: Deps, id: str) -> Terminal:
    plan = deps.get(state, PlanRecord, state.plan).plan
    seen = deps.get(state, Evidence, id).access
    reason = "; ".join(["nothing was built", *map(reach.told, reach.not_reached(seen))])
    return _blocker(state, owner=reach.owner_of(plan, seen), proof=id, reason=reason)


def _occupied(state: State, deps: Deps, id: str) -> Terminal:
    plan = deps.get(state, PlanRecord, state.plan).plan
    other = deps.store.releases.get(deps.customer(state), id)
    reason = (
        f"release {id} of run {other.run} is still {other.status} at stage {other.stage}; "
        f"complete it or roll it back before another release of {plan.workflow}"
    )
    return _blocker(state, owner=plan.owners.expansion, proof=id, reason=reason)


def _refused(state: State, deps: Deps, id: str) -> Terminal:
    customer = deps.customer(state)
    asked = approvals.get(deps.store, customer, id)
    answers = approvals.decisions_of(deps.store, customer, id)
    said = "; ".join(f"{a.person} ({a.role}): {quote(a.reason)}" for a in answers if a.reason)
    if asked.status == "expired":
        asked_of = approvals.asked_before(deps.store, customer, asked)
        said = f"nobody answered in time ({', '.join(asked_of)}); silence is no consent"
    reason = f"{asked.title}: {asked.status.replace('_', ' ')}. {said}"
    # What has to be changed goes back to the one who made it.
    is_back = asked.status == "changes_asked"
    owner = maker_of(state, deps, asked) if is_back else _owner_of_changes(state, deps)
    return _blocker(state, owner=owner, proof=id, reason=reason)


def maker_of(state: State, deps: Deps, asked: Approval) -> str:
    """Who made what is asked about: who brought the plan, who built what was measured."""
    run = deps.store.runs.get(deps.customer(state), state.run)
    if asked.kind in ("test_exit", "stage") and state.plan:
        return deps.get(state, PlanRecord, state.plan).plan.owners.builder
    return run.requester


def _stopped(state: State, deps: Deps, id: str) -> Terminal:
    move = deps.get(state, Move, id)
    plan = deps.get(state, PlanRecord, state.plan).plan
    reason = f"{move.kind.replace('_', ' ')}: {move.reason}"
    owner = plan.owners.workflow_behaviour
    return _blocker(state, owner=owner, proof=(id, state.release), reason=reason)


def _unproven(state: State, deps: Deps, id: str) -> Terminal:
    verdict = deps.get(state, Verdict, id)
    plan = deps.get(state, PlanRecord, state.plan).plan
    reason = (
        f"{verdict.gate} is {verdict.outcome}: {verdict.reason}; no small change was left to try"
    )
    trials = deps.store.of_run(deps.customer(state), FixTrial, state.run)
    # What was said of an earlier candidate may have been mended since.
    last = [one for one in trials if (one.version, one.policy) == (state.version, state.policy)]
    asked = {one.reason: one.patch.rank for one in last if one.patch.rank in ESCALATED}
    reason = "; ".join([reason, *sorted(asked, key=asked.__getitem__)])
    is_label = 0 in asked.values()
    owner = plan.owners.domain_expert if is_label else plan.owners.workflow_behaviour
    return _blocker(state, owner=owner, proof=id, reason=reason)


def _not_done(state: State, deps: Deps, id: str) -> Terminal:
    refusal = deps.get(state, Refusal, id)
    owner = _owner_of_changes(state, deps)
    if state.plan and refusal.node in AREAS:
        plan = deps.get(state, PlanRecord, state.plan).plan
        owner = getattr(plan.owners, AREAS[refusal.node])
    proof = (id, state.release) if state.release else (id,)
    reason = f"{refusal.node} was refused: {quote(refusal.text)}"
    return _blocker(state, owner=owner, proof=proof, reason=reason)


def _lost(state: State, deps: Deps, id: str) -> Terminal:
    owner = _owner_of_changes(state, deps)
    return _blocker(state, owner=owner, proof=id, reason=deps.get(state, Pin, id).why)


def _answering(state: State, deps: Deps, owner: str) -> str:
    """The owner, or the first person who stands in: deputy, escalation, installation's owner.

    Who asked for the run answers where nobody else is left.
    """
    customer = deps.customer(state)
    everybody = people.find_people(deps.store, customer)
    deputy = next((one.deputy for one in everybody if one.id == owner), "")
    policy = deps.get(state, PolicyValues, state.policy) if state.policy else None
    escalation = (policy or deps.installation.policy).escalation
    for wanted in (owner, deputy, *escalation, people.OWNER):
        for one in everybody:
            if not one.is_disabled and (one.id == wanted or wanted in one.roles):
                return one.id
    return deps.store.runs.get(customer, state.run).requester


def _owner_of_changes(state: State, deps: Deps) -> str:
    if state.plan:
        return deps.get(state, PlanRecord, state.plan).plan.owners.changes
    return deps.store.runs.get(deps.customer(state), state.run).requester


def _blocker(state: State, *, owner: str, proof: str | tuple[str, ...], reason: str) -> Terminal:
    proofs = (proof,) if isinstance(proof, str) else proof
    return Terminal(
        run=state.run, kind="blocker_escalated", reason=reason, owner=owner, proof=proofs
    )


def _moment(state: State, deps: Deps) -> datetime:
    release = deps.store.releases.get(deps.customer(state), state.release)
    return release.entered_at or release.opened_at


_ENDS = {
    "cancelled": _cancelled,
    "healthy": _healthy,
    "unwell": _unwell,
    "unreproduced": _unreproduced,
    "refusal": _not_done,
    "lost": _lost,
    "taken_back": _taken_back,
    "holes": _holes,
    "access": _unreached,
    "occupied": _occupied,
    "refused": _refused,
    "stopped": _stopped,
    "unproven": _unproven,
}
