"""send the approved update."""

from agent import ending
from agent.deps import Deps
from agent.nodes.report import message
from agent.question import current_subject
from agent.state import State, Update
from runs import snapshots
from runs.records.run import Report
from runs.records.version import Effect
from workflow.actions import perform
from workflow.requests import Request, approved

SEND = Effect(
    name="send_update",
    tool="outbox",
    operation="send",
    level="trigger",
    risks=("customer_facing", "irreversible"),
)


def send_update(state: State, deps: Deps) -> Update:
    """Send the update once, under its key, exactly as it was approved."""
    customer = deps.customer(state)
    report = deps.get(state, Report, state.report)
    kept = snapshots.read(deps.store, customer, report.text)
    request = Request(
        effect=SEND,
        content=message(report, kept),
        run=state.run,
        approval=state.approval,
    )
    check = approved(lambda id: deps.approval(state), current_subject(deps, customer))
    action = perform(deps.actions(customer, check), customer, request)
    if action.status == "done":
        return {}
    why = f"the update is {action.status}: {action.reason}"
    return {"terminal": ending.without(state, deps, why=why, proof=action.key)}
