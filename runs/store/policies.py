"""Which policy values lead for a workflow now, and which led before."""

import json
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from runs import tables
from runs.errors import NotFound
from runs.events import BodyValue
from runs.records.person import Customer
from runs.records.version import PolicyValues
from runs.store.change import Change, Ledger
from runs.store.releases import SERVING

_P, _E = tables.policies, tables.events
_SINCE = sa.select(sa.func.max(_E.c.seq)).where(
    _E.c.customer == _P.c.customer, _E.c.table == _P.name, _E.c.subject == _P.c.workflow
)
_LED = sa.select(_P.c.digest, _SINCE.scalar_subquery().label("since")).where(
    _P.c.customer == sa.bindparam("at_customer"), _P.c.workflow == sa.bindparam("at_workflow")
)


_A, _R = tables.approvals, tables.releases
_AT = sa.bindparam("at_customer")
_ASKED = sa.exists().where(
    _A.c.customer == _AT,
    _A.c.run == "",
    _A.c.kind == "policy",
    _A.c.status.in_(("open", "approved")),
)
_ELSEWHERE = sa.exists().where(
    _R.c.customer == _AT,
    _R.c.workflow == _P.c.workflow,
    _R.c.status.in_(SERVING),
    _R.c.body["policy"].as_string() != _P.c.digest,
)
_SETTLED = sa.select(sa.literal(1).label("is_settled")).where(
    _P.c.customer == _AT,
    _P.c.workflow == sa.bindparam("at_workflow"),
    _P.c.digest == sa.bindparam("at_digest"),
    ~_ASKED,
    ~_ELSEWHERE,
)


class Led(NamedTuple):
    """Which values lead, and since when: led again later, they are told apart."""

    digest: str
    since: int
    """The event with which they began to."""


class Lead(NamedTuple):
    """That other values began to lead."""

    seq: int
    """The event that says so."""
    actor: str
    policy: str
    before: str
    """Empty where none led before."""
    approval: str
    """Whose yes it was; empty where nobody had to be asked."""


class Policies:
    """One row a workflow: the digest of the values that lead."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def lead(self, customer: Customer, actor: str, policy: PolicyValues) -> bool:
        """Let these kept values lead from now on; False when they already do."""
        with self._ledger.change(customer, actor) as change:
            return lead_in(change, policy.workflow, policy.digest)

    def workflows(self, customer: Customer) -> list[str]:
        """Every workflow for which values lead."""
        table = tables.policies
        query = sa.select(table.c.workflow).where(table.c.customer == customer.id)
        return [row["workflow"] for row in self._ledger.rows(query)]

    def everywhere(self) -> list[tuple[str, str, str]]:
        """Customer, workflow and the digest of the values that lead, of every workflow there is."""
        at = tables.policies.c
        rows = self._ledger.rows(sa.select(at.customer, at.workflow, at.digest))
        return [(row["customer"], row["workflow"], row["digest"]) for row in rows]

    def leads(self, customer: Customer, workflow: str) -> list[Lead]:
        """Every time that other values began to lead for the workflow, in order."""
        at = tables.events.c
        query = sa.select(at.seq, at.actor, at.body).where(
            at.customer == customer.id, at.table == tables.policies.name, at.subject == workflow
        )
        rows = self._ledger.rows(query.where(at.kind == "policy_changed").order_by(at.seq))
        return [_lead(row["seq"], row["actor"], json.loads(row["body"])) for row in rows]

    def find_led(self, customer: Customer, workflow: str) -> Led | None:
        """The values that lead and since when, or None before the first."""
        with self._ledger.database.looking() as connection:
            return _read(connection, customer, workflow, _LED)

    def find_leading(self, customer: Customer, workflow: str) -> str | None:
        """Digest of the values that lead, or None before the first."""
        row = self._ledger.row(tables.policies, customer, workflow=workflow)
        return None if row is None else row["digest"]

    def is_settled(self, customer: Customer, workflow: str, digest: str) -> bool:
        """Whether these values lead, and nothing may be left to do about it.

        True only where nobody is asked, or agreed, about other values of any workflow, and every
        release that serves items goes by these.
        """
        told = {"at_customer": customer.id, "at_workflow": workflow, "at_digest": digest}
        return bool(self._ledger.rows(_SETTLED, told))

    def leading(self, customer: Customer, workflow: str) -> str:
        """Digest of the values that lead; NotFound before the first."""
        digest = self.find_leading(customer, workflow)
        if digest is None:
            raise NotFound(
                f"no policy leads for workflow {workflow!r} yet; let a release enter its "
                "first stage, which writes them"
            )
        return digest


def led_in(change: Change, workflow: str) -> Led | None:
    """The values that lead, and go on to until the change ends; None before the first."""
    return _read(change.connection, change.customer, workflow, _LED.with_for_update(of=_P))


def lead_in(change: Change, workflow: str, digest: str, *, approval: str = "") -> bool:
    """Let kept values lead inside a change; False when they already do.

    `approval`: whose yes it was, where people had to agree.
    """
    key, present = {"workflow": workflow}, led_in(change, workflow)
    if present is not None and present.digest == digest:
        return False
    values = {"digest": digest, "set_by": change.actor, "set_at": change.now()}
    told: dict[str, BodyValue] = {"policy": digest}
    if approval:
        told["approval"] = approval
    if present is None:
        change.insert(tables.policies, {**key, **values}, "policy_changed", **told)
    else:
        told["before"] = present.digest
        change.update(tables.policies, key, values, "policy_changed", **told)
    return True


def _lead(seq: int, actor: str, body: dict[str, str]) -> Lead:
    return Lead(seq, actor, body["policy"], body.get("before", ""), body.get("approval", ""))


def _read(connection: Connection, customer: Customer, workflow: str, query: Any) -> Led | None:
    told = {"at_customer": customer.id, "at_workflow": workflow}
    row = connection.execute(query, told).one_or_none()
    return None if row is None else Led(row.digest, row.since)
