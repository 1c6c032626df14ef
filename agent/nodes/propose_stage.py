"""say which move the evidence allows and open its approval."""

from agent.deps import Deps
from agent.question import Question, open_question
from agent.standing import facts_of, release_of
from agent.state import State, Update
from rollout import advance, ladder
from rollout.advance import Facts
from runs.records.release import Move
from runs.records.version import Risk, Version


def propose_stage(state: State, deps: Deps) -> Update:
    """Keep the one move the evidence allows, and ask for it where only people are missing.

    What goes down is carried out without asking anybody.
    """
    release = release_of(state, deps)
    facts = facts_of(state, deps, release)
    move = advance.judge(facts)
    update: Update = {"release": release.id, "move": deps.keep(state, move), "approval": ""}
    if advance.waits_for_approval(move):
        update["approval"] = _ask(state, deps, facts)
    return update


def after_proposal(state: State, deps: Deps) -> str:
    """Asked for; carried out at once, because it goes down; waited for; or the end."""
    move = deps.get(state, Move, state.move)
    release = deps.store.releases.get(deps.customer(state), state.release)
    if advance.waits_for_approval(move):
        return "ask"
    if move.kind in ("roll_back", "narrow") or advance.pauses(move):
        return "contract"
    can_wait = release.status == "open" and release.stage >= 0
    return "wait" if can_wait and set(move.missing) <= {"sample", "hours", "policy"} else "done"


def _ask(state: State, deps: Deps, facts: Facts) -> str:
    release, rung = facts.release, advance.target(facts.release)
    stage = release.stages[rung.stage]
    share = f"{rung.weight_bp / 100:g} %"
    completes = ladder.find_next(release) is None
    acts = ladder.allows(stage).acts
    does = f"serves {share} of the items and acts on them" if acts else "works in the shadow only"
    return open_question(
        state,
        deps,
        Question(
            kind="stage",
            title=f"{release.workflow}: {'complete at' if completes else 'enter'} {stage.name}",
            covers=advance.covers(facts),
            if_approved=f"the version {does}",
            if_rejected="it stays where it is and the run ends as a blocker",
            risks=_risks(state, deps) if acts else (),
        ),
    )


def _risks(state: State, deps: Deps) -> tuple[Risk, ...]:
    version = deps.get(state, Version, state.version)
    return tuple(sorted({risk for effect in version.effects for risk in effect.risks}))
