"""what a person wrote in the place of what was asked about: checked, and read when asking anew."""

from policies import rules
from runs import approvals, words
from runs.errors import InvalidInput
from runs.plan import PlanRecord
from runs.records.approval import Approval, ApprovalKind
from runs.records.person import Customer
from runs.store.store import Store
from workflow.process import editing

LONGEST = 100_000
"""Characters of an edit, as of a message that is sent."""


def check(store: Store, customer: Customer, asked: Approval, text: str) -> None:
    """Raise InvalidInput, with the remedy, for an edit the question could not be asked anew about.

    A plan is whole and of the same workflow, an action's answer has the fields that are set; a text
    has a length that can be sent.
    """
    if len(text) > LONGEST:
        raise InvalidInput(f"the edit has {len(text)} characters; shorten it to {LONGEST}")
    if asked.kind == "action":
        editing.check(store, customer, asked, text)
    if asked.kind != "plan":
        return
    reading = rules.read_plan(text, "the edited plan")
    if reading.plan is None:
        missing = ", ".join(reading.missing[:5])
        raise InvalidInput(f"the edited plan lacks {missing}; fill it, then edit again")
    before = store.get(customer, PlanRecord, asked.covers["plan"]).plan
    if reading.plan.workflow != before.workflow:
        raise InvalidInput(
            f"the edited plan is of workflow {reading.plan.workflow!r}, the question is about "
            f"{before.workflow!r}; start a run of its own for another workflow"
        )


def find(store: Store, customer: Customer, run: str, kind: ApprovalKind) -> str:
    """The newest edit of what a run asked of this kind; empty where nobody edited it."""
    asked = approvals.list_approvals(store, customer, status="superseded", run=run, limit=10_000)
    ids = [one.id for one in asked if one.kind == kind]
    made = [one for one in approvals.decisions_on(store, customer, ids) if one.edit] if ids else []
    return words.words(store, customer, made[-1].edit) if made else ""
