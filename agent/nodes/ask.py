"""pause until an approval is decided; writes nothing; one function, one node a question.

The nodes are ask_plan, ask_test_exit, ask_stage and ask_update; the node before each opened the
approval.
"""

from langgraph.types import interrupt

from agent.deps import Deps
from agent.state import State, Update


def ask(state: State, deps: Deps) -> Update:
    """Wait until `approval` is closed.

    Runs again from its first line on every resume, so it writes nothing and has one interrupt.
    What the resume carries is ignored: the decision is the one recorded, under a name.
    """
    if deps.approval(state).status == "open":
        interrupt({"approval_id": state.approval})
    return {}


def outcome(state: State, deps: Deps) -> str:
    """How the approval stands; a resume that came before the decision finds it `open`."""
    return deps.approval(state).status
