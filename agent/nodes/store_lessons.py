"""keep what the next run should know."""

from agent import learning
from agent.deps import Deps
from agent.state import State, Update
from runs.records.run import Terminal


def store_lessons(state: State, deps: Deps) -> Update:
    """Accept the approved lessons and close the run with its terminal record; twice is once."""
    if deps.approval(state).status == "approved":
        learning.accept(state, deps)
    terminal = deps.get(state, Terminal, state.terminal)
    deps.store.runs.close(deps.customer(state), f"run:{state.run}", terminal)
    return {}


def after_lessons(state: State, deps: Deps) -> str:
    """The graph ends only where the record says that the run has ended."""
    run = deps.store.runs.get(deps.customer(state), state.run)
    return "closed" if run.status == "ended" and run.terminal else "open"
