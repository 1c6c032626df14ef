"""keep what the next run should know."""

from agent import learning
from agent.deps import Deps
from agent.state import State, Update
from runs.records.run import Terminal


def store_lessons(state: State, deps: Deps) -> Update:
    """Accept the approved lessons and close the run with its terminal record; twice is once."""
    if state.refused != "store_lessons" and _is_agreed(state, deps):
        learning.accept(state, deps)
    terminal = deps.get(state, Terminal, state.terminal)
    deps.store.runs.close(deps.customer(state), f"run:{state.run}", terminal)
    return {}


def _is_agreed(state: State, deps: Deps) -> bool:
    """Whether people approved the update that shows the lessons; it may never have been asked."""
    asked = deps.approval(state) if state.approval else None
    return asked is not None and (asked.kind, asked.status) == ("update", "approved")


def after_lessons(state: State, deps: Deps) -> str:
    """The graph ends only where the record says that the run has ended."""
    run = deps.store.runs.get(deps.customer(state), state.run)
    return "closed" if run.status == "ended" and run.terminal else "open"
