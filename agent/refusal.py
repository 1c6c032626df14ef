"""what a step of the loop would not do: tried once more, then the run's end, never a failed job."""

from collections.abc import Callable
from typing import Literal, get_args

from agent import ending
from agent.deps import Deps
from agent.state import State, Update
from agent.upgrade import BEGINS
from policies.privacy import Pattern, compile_mask
from runs import snapshots
from runs.errors import Conflict, InvalidInput, NotAllowed
from runs.records.run import Refusal
from runs.words import quote

Node = Callable[..., Update]
Route = Callable[..., str]

UNDONE = {
    "report": "the update is not sent",
    "send_update": "the update is not sent",
    "store_lessons": "the lessons are not kept",
}
"""What is missing where the end was known already, by the node that refused."""


def attempt(state: State, deps: Deps, *, name: str, node: Node) -> Update:
    """What the node writes; what it refuses, a Conflict twice, is kept and ends the run.

    Whatever else is raised goes on to the queue, and so does a node's second refusal: a lease that
    was taken over refuses the keeping too.
    """
    is_second = state.refused == name
    try:
        update = _twice(state, deps, node)
    except (InvalidInput, NotAllowed, Conflict) as error:
        if is_second:
            raise
        return _ended(state, deps, name=name, error=error)
    return {**update, "refused": ""} if is_second else update


def onward(state: State, deps: Deps, *, name: str, route: Route) -> str:
    """Where the node's own route leads, or `refused` after the node itself refused."""
    return "refused" if state.refused == name else route(state, deps=deps)


def begin(state: State, deps: Deps) -> str:
    """The node that a thread begins with: the loop's first, unless it goes on for another one."""
    return state.begins or BEGINS[0]


def on(state: State, deps: Deps) -> str:
    """The route of a node that has one way on."""
    return "on"


def _twice(state: State, deps: Deps, node: Node) -> Update:
    """A record that moved meanwhile is read again, once."""
    try:
        return node(state, deps=deps)
    except Conflict:
        return node(state, deps=deps)


def _ended(state: State, deps: Deps, *, name: str, error: Exception) -> Update:
    refusal = _kept(state, deps, name=name, error=error)
    if name in UNDONE:
        why = f"{UNDONE[name]}: {quote(refusal.text)}"
        terminal = ending.without(state, deps, why=why, proof=refusal.digest)
        return {"refused": name, "terminal": terminal}
    # What the node opened before it refused is not in the state yet.
    opened = deps.store.releases.of_run(deps.customer(state), state.run)
    release = opened[-1].id if opened else state.release
    return {"refused": name, "blocker": f"refusal:{refusal.digest}", "release": release}


def _kept(state: State, deps: Deps, *, name: str, error: Exception) -> Refusal:
    """The refusal, kept with its sentence masked; the same twice is once."""
    text = snapshots.keep(
        deps.store,
        deps.customer(state),
        f"run:{state.run}",
        kind="refusal",
        value={"run": state.run, "says": str(error)},
        terms=snapshots.Terms(_masked, None),
    )
    refusal = Refusal(run=state.run, node=name, error=_class_of(error), text=text)
    deps.keep(state, refusal)
    return refusal


def _masked(value: dict[str, str]) -> snapshots.Masked:
    """The sentence without anything personal; the run's id is as it is."""
    says = compile_mask((), get_args(Pattern))(value["says"])
    return snapshots.Masked(value | {"says": says.value}, says.count)


def _class_of(error: Exception) -> Literal["InvalidInput", "NotAllowed", "Conflict"]:
    if isinstance(error, InvalidInput):
        return "InvalidInput"
    return "NotAllowed" if isinstance(error, NotAllowed) else "Conflict"
