"""Which policy values lead for a workflow now, and which led before."""

from runs import tables
from runs.errors import NotFound
from runs.records.person import Customer
from runs.records.version import PolicyValues
from runs.store.change import Ledger


class Policies:
    """One row a workflow: the digest of the values that lead."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def lead(self, customer: Customer, actor: str, policy: PolicyValues) -> bool:
        """Let these kept values lead from now on; False when they already do."""
        key, digest = {"workflow": policy.workflow}, policy.digest
        with self._ledger.change(customer, actor) as change:
            present = change.find(tables.policies, **key)
            if present is not None and present["digest"] == digest:
                return False
            values = {"digest": digest, "set_by": actor, "set_at": change.now()}
            if present is None:
                change.insert(tables.policies, {**key, **values}, "policy_changed", policy=digest)
            else:
                before = present["digest"]
                change.update(
                    tables.policies, key, values, "policy_changed", policy=digest, before=before
                )
        return True

    def find_leading(self, customer: Customer, workflow: str) -> str | None:
        """Digest of the values that lead, or None before the first."""
        row = self._ledger.row(tables.policies, customer, workflow=workflow)
        return None if row is None else row["digest"]

    def leading(self, customer: Customer, workflow: str) -> str:
        """Digest of the values that lead; NotFound before the first."""
        digest = self.find_leading(customer, workflow)
        if digest is None:
            raise NotFound(f"no policy leads for workflow {workflow!r} yet")
        return digest
