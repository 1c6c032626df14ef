"""A desk whose last effect waits for a yes: real files, a real record, people with names."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from policies.approvals import rule_on
from runs import approvals
from runs.approvals import Answer, Rules
from runs.records.approval import Approval, DecisionKind
from runs.records.item import Item
from runs.records.version import ApproverRule, Effect, PolicyValues
from runs.store.store import Store
from tests import builders
from tests.integration.desk import ASSIGNING, PEOPLE, TAGGING, Desk
from workflow.process import asking, editing
from workflow.process.item import process_item
from workflow.process.parts import ProcessDeps

SENDING = Effect.model_validate(TAGGING.as_json() | {"risks": ("customer_facing",)})
"""The effect that waits: whoever reads it is a customer."""
FILING = Effect.model_validate(ASSIGNING.as_json() | {"level": "draft"})
APPROVERS: Mapping[str, tuple[ApproverRule, ...]] = {
    "action": (ApproverRule(role="ops_lead"),),
    "action_customer_facing": (ApproverRule(role="product_owner"),),
}


class Signing(Desk):
    """Dan asked for the version and built it; Ana is asked, and after her Ben."""

    def __init__(self, folder: Path, **changed: Any) -> None:
        super().__init__(folder, **{"effects": (SENDING,)} | changed)
        self.store.runs.open(self.customer, "dan", builders.trigger(), builders.run())
        plan = builders.plan_record()
        self.store.keep(self.customer, "cli", plan)
        self.move_release(plan=plan.digest)
        self.allow(**APPROVERS)

    def deps(self, store: Store | None = None, **changed: Any) -> ProcessDeps:
        """What the work is handed; every person is known by their id."""
        known = {**PEOPLE, "ana": "ana", "dan": "dan"}
        return super().deps(store, **{"person": lambda _, named: known.get(named, "")} | changed)

    def allow(self, **approvers: tuple[ApproverRule, ...]) -> PolicyValues:
        """Let these people agree from now on."""
        told = {"approvers": approvers, "escalation": ("ana", "ben")}
        values = PolicyValues.model_validate(self.policy.model_dump() | told)
        self.policy = values
        self.lead(values)
        self.move_release(policy=values.digest)
        return values

    def work(self, item: str = "i-1") -> Item:
        """One job on the item."""
        return process_item(self.deps(), self.customer, item)

    @property
    def item(self) -> Item:
        """The item as it is kept."""
        return self.store.items.get(self.customer, "i-1")

    @property
    def asked(self) -> list[Approval]:
        """Every question about the item, in order."""
        return approvals.of_item(self.store, self.customer, "i-1")

    def decide(self, kind: DecisionKind = "approve", by: str = "ana", **told: str) -> Approval:
        """Answer what is open, or the newest question."""
        asked = next((one for one in self.asked if one.status == "open"), self.asked[-1])
        seen = told.get("seen", asked.subject)
        said = Answer(asked.id, kind, "because", seen, edit=told.get("edit", ""))
        check = partial(editing.check, self.store, self.customer)
        current = asking.current(self.deps(), self.customer)
        rules = Rules(rule_on, current, check_edit=check)
        identity = builders.identity(self.customer, by)
        return approvals.decide(self.store, identity, said, rules)

    @property
    def jobs(self) -> list[str]:
        """What the worker was told to do about the item since it came in."""
        waiting = [job for job in self.store.jobs.waiting() if job.kind == "process_item"]
        causes = [job.id.removeprefix("process_item:i-1:") for job in waiting]
        return [cause for cause in causes if cause != "admitted"]
