"""pause until what failed may be tried again; writes nothing."""

from datetime import datetime

from langgraph.types import interrupt

from agent.deps import Deps
from agent.loop import find_cancellation
from agent.state import State, Update


def wait_again(state: State, deps: Deps) -> Update:
    """Wait until `retry_at`; what the resume carries is ignored, the clock is read again."""
    if _waits(state, deps):
        interrupt({"retry_at": state.retry_at})
    return {}


def after_wait(state: State, deps: Deps) -> str:
    """Back to what failed once it is time; to the end where somebody called the run off."""
    if find_cancellation(deps.store, deps.customer(state), state.run) is not None:
        return "report"
    if _waits(state, deps):
        return "wait_again"
    return "propose_stage" if state.release else "build"


def _waits(state: State, deps: Deps) -> bool:
    if not state.retry_at or find_cancellation(deps.store, deps.customer(state), state.run):
        return False
    return deps.store.clock.now() < datetime.fromisoformat(state.retry_at)
