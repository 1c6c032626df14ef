"""say which move the evidence allows and open its approval."""

from agent import retrying
from agent.deps import Deps
from agent.loop import find_cancellation
from agent.milestones import make_ready
from agent.question import Question, open_question
from agent.reach import may_come_back, newest_access, schema_of
from agent.standing import facts_of, release_of, values_of
from agent.state import State, Update
from rollout import advance, ladder
from rollout.advance import Facts
from runs.errors import Conflict
from runs.records.release import Move, Release
from runs.records.version import Risk, Version

COMES_BY_WAITING = {"sample", "hours", "policy", "signal", "approval"}
"""What stands in the way until the stage lasted long enough; then it is asked for."""
COMES_BACK = {"access", "faults", "alerts"}
"""Lines of the checklist that an outage breaks: they are made again before the run gives up."""


def propose_stage(state: State, deps: Deps) -> Update:
    """Keep the one move the evidence allows, and ask for it where only people are missing.

    What goes down is carried out without asking anybody. Values that operations changed since the
    dry run void it, and so does a source with another schema: it is made again before anything
    upwards is asked for.
    """
    called_off = find_cancellation(deps.store, deps.customer(state), state.run)
    if called_off is not None:
        return {"blocker": f"cancelled:{called_off.id}", "approval": ""}
    try:
        release = release_of(state, deps)
    except Conflict:
        other = _find_other(state, deps)
        if other is None:
            raise
        return {"blocker": f"occupied:{other.id}"}
    make_ready(state, deps, release)
    facts = facts_of(state, deps, release)
    move = _stale(facts) or advance.judge(facts)
    is_void = values_of(state, deps).get("policy") != state.policy or bool(facts.changed)
    if is_void and release.status == "open" and not _goes_down(move):
        return _measure_anew(state, deps, facts)
    update: Update = {"release": release.id, "move": deps.keep(state, move), "approval": ""}
    update |= _again(state, deps, facts, move)
    if advance.waits_for_approval(move):
        update["approval"] = _ask(state, deps, facts)
    return update


def _again(state: State, deps: Deps, facts: Facts, move: Move) -> Update:
    """When what was practised in vain is practised again, where nothing else stands in the way."""
    others = set(move.missing) - {"milestones"}
    failed = {line.name for line in facts.checklist if line.verdict != "pass"}
    seen = newest_access(deps.store, deps.customer(state), state.run)
    is_passing = seen is not None and may_come_back(seen.access)
    can_wait = facts.release.status == "open" and others <= COMES_BY_WAITING and is_passing
    if can_wait and "milestones" in move.missing and failed <= COMES_BACK:
        return retrying.find_next(state, deps) or retrying.CLEARED
    return retrying.CLEARED


def _measure_anew(state: State, deps: Deps, facts: Facts) -> Update:
    schema = state.schema
    if facts.changed:
        schema = schema_of(newest_access(deps.store, deps.customer(state), state.run))
    gone: Update = {"move": "", "approval": "", "verdict": "", "fix": ""}
    return {**gone, "release": facts.release.id, "schema": schema}


def after_proposal(state: State, deps: Deps) -> str:
    """Asked for; carried out at once, because it goes down; waited for; tried again; or the end."""
    if state.blocker:
        return "done"
    if not state.move:
        return "measure"
    if state.retry_at:
        return "again"
    move = deps.get(state, Move, state.move)
    release = deps.store.releases.get(deps.customer(state), state.release)
    if advance.waits_for_approval(move):
        return "ask"
    if _goes_down(move):
        return "contract"
    if release.status == "held" and release.stage >= 0:
        # A person paused it: the run stays open until one resumes it or rolls it back.
        return "wait"
    can_wait = release.status == "open" and release.stage >= 0
    return "wait" if can_wait and set(move.missing) <= COMES_BY_WAITING else "done"


def _stale(facts: Facts) -> Move | None:
    """Wait for the stage's sample to be measured anew where its evidence has run out.

    A question outlives its evidence when people take longer than that holds.
    """
    stage, release = facts.stage, facts.release
    until = None if stage is None else stage.evidence.expires_at
    if release.status != "open" or until is None or until > facts.now:
        return None
    return Move(
        kind="hold",
        stage=release.stage,
        weight_bp=release.weight_bp,
        reason=f"the stage's evidence ran out at {until:%Y-%m-%d %H:%M} UTC; it is measured anew",
        missing=("sample",),
    )


def _goes_down(move: Move) -> bool:
    return move.kind in ("roll_back", "narrow") or advance.pauses(move)


def _ask(state: State, deps: Deps, facts: Facts) -> str:
    release, rung = facts.release, advance.target(facts.release)
    stage = release.stages[rung.stage]
    share = f"{rung.weight_bp / 100:g} %"
    acts = ladder.allows(stage).acts
    does = f"serves {share} of the items and acts on them" if acts else "works in the shadow only"
    covers = advance.covers(facts)
    if release.stage < 0:
        # Entering puts the candidate's values in the place of those that lead now.
        covers |= {"workflow": release.workflow, "leading_policy": ""}
    return open_question(
        state,
        deps,
        Question(
            kind="stage",
            title=f"{release.workflow}: {_step(release)} {stage.name}",
            covers=covers,
            if_approved=f"the version {does}",
            if_rejected="it stays where it is and the run ends as a blocker",
            risks=_risks(state, deps) if acts else (),
            stage=stage.kind,
        ),
    )


def _step(release: Release) -> str:
    if release.without:
        return f"serve {' and '.join(map(str, release.without))} again at"
    return "enter" if ladder.find_next(release) else "complete at"


def _find_other(state: State, deps: Deps) -> Release | None:
    """The other release of the workflow that stands in the way."""
    workflow = deps.get(state, Version, state.version).workflow
    present = deps.store.releases.list(deps.customer(state), workflow)
    others = (one for one in present if one.run != state.run and one.status in ("open", "held"))
    return next(others, None)


def _risks(state: State, deps: Deps) -> tuple[Risk, ...]:
    version = deps.get(state, Version, state.version)
    return tuple(sorted({risk for effect in version.effects for risk in effect.risks}))
