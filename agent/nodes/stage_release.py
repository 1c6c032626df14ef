"""carry out the approved move up or down the ladder."""

from agent.deps import Deps
from agent.loop import find_cancellation
from agent.milestones import make_ready
from agent.question import current_subject
from agent.reach import follow_run
from agent.standing import facts_of
from agent.state import State, Update
from rollout import advance
from rollout.release import climb, way_back
from rollout.release.cause import Judged
from runs.events import EventKind
from runs.records.release import Move, Release
from runs.records.version import PolicyValues


def stage_release(state: State, deps: Deps) -> Update:
    """Do the move the records allow at this moment; safe to run twice.

    Judged again with the approval immediately before it is done: what changed since it was asked
    is not done, but proposed anew.
    """
    customer = deps.customer(state)
    release = deps.store.releases.get(customer, state.release)
    if release.status == "open":
        follow_run(state, deps)
    done = _find_done(state, deps, release)
    approval = state.approval if _stands(state, deps) else ""
    move = done or advance.judge(facts_of(state, deps, release, approval=approval))
    if move.kind in _UP:
        if done is None:
            _climb(state, deps, release, move)
    elif move.kind == "roll_back":
        way_back.roll_back(deps.store, customer, release=release, cause=Judged(move))
        before = way_back.find_values_before(deps.store, customer, release)
        if before is not None:
            deps.policy_files.write(customer, before)
    elif move.kind == "narrow":
        way_back.narrow(
            deps.store,
            customer,
            release=release,
            cause=Judged(move),
            weight_bp=move.weight_bp,
        )
    elif advance.pauses(move):
        way_back.hold(deps.store, customer, release=release, cause=Judged(move))
    make_ready(state, deps, deps.store.releases.get(customer, release.id))
    return {"move": deps.keep(state, move)}


def after_stage(state: State, deps: Deps) -> str:
    """Up or narrower: watch it. Complete, held or back: the run ends. Not done: propose anew."""
    move = deps.get(state, Move, state.move)
    if move.kind in ("enter", "expand", "narrow"):
        return "watch"
    return "again" if move.kind == "hold" and not advance.pauses(move) else "end"


def _find_done(state: State, deps: Deps, release: Release) -> Move | None:
    """The step that an earlier attempt took before it died, if one did.

    A step down is given back to be taken again: it goes on where it ended.
    """
    kinds = ("stage_entered", "release_completed") if state.approval else _DOWN
    events = deps.store.events(deps.customer(state), state.run, limit=None, kinds=kinds)
    if not state.approval:
        mine = (event for event in events if event.body.get("reason") == state.move)
        return deps.get(state, Move, state.move) if next(mine, None) else None
    if not any(event.body.get("approval") == state.approval for event in events):
        return None
    up = "enter" if release.stage == 0 else "expand"
    return Move(
        kind="complete" if release.status == "complete" else up,
        stage=release.stage,
        weight_bp=release.weight_bp,
        reason=f"approval {state.approval} was carried out",
    )


def _stands(state: State, deps: Deps) -> bool:
    """Whether the approval is still about what would happen now."""
    if not state.approval or find_cancellation(deps.store, deps.customer(state), state.run):
        return False
    asked = deps.approval(state)
    return current_subject(deps, deps.customer(state))(asked) == asked.subject


def _climb(state: State, deps: Deps, release: Release, move: Move) -> None:
    customer = deps.customer(state)
    if move.kind == "enter":
        policy = deps.get(state, PolicyValues, release.policy)
        deps.policy_files.write(customer, policy)
    step = _UP[move.kind]
    step(deps.store, customer, release=release, move=move, approval=state.approval)


_DOWN: tuple[EventKind, ...] = ("release_held", "release_narrowed", "release_rolled_back")
_UP = {"enter": climb.enter, "expand": climb.expand, "complete": climb.complete}
