"""pause until an approval is decided; writes nothing; one function, one node a question.

The nodes are ask_plan, ask_test_exit, ask_stage and ask_update; the node before each opened the
approval.
"""

from typing import Any, get_args

from langgraph.types import interrupt

from agent.deps import Deps
from agent.state import State, Update
from runs import words
from runs.records.approval import Approval, DecisionKind


def ask(state: State, deps: Deps) -> Update:
    """Wait until `approval` is closed.

    Runs again from its first line on every resume, so it writes nothing and has one interrupt.
    What the resume carries is ignored: the decision is the one recorded, under a name. A question
    that nobody answered went on to others: whoever acts names the one that was decided.
    """
    asked = deps.approval(state)
    if asked.status == "open":
        interrupt(payload(asked))
    return {} if asked.id == state.approval else {"approval": asked.id}


def payload(asked: Approval) -> dict[str, Any]:
    """What whoever hosts the graph can show of a question; it holds nobody's words.

    `approval_id` names the record, which alone is answered; `decisions` are those it takes.
    """
    return {
        "approval_id": asked.id,
        "title": words.untold(asked.title),
        "decisions": [*get_args(DecisionKind)],
    }


def outcome(state: State, deps: Deps) -> str:
    """How the approval stands; a resume that came before the decision finds it `open`."""
    return deps.approval(state).status
