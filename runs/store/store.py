"""The door to the record: immutable records, events, and a part for each thing that changes."""

from collections.abc import Collection
from contextlib import AbstractContextManager, suppress
from datetime import datetime
from functools import lru_cache
from typing import Any, TypeVar

import sqlalchemy as sa

from runs import tables
from runs.clock import Clock
from runs.errors import Conflict, NotFound
from runs.events import BodyValue, Event, EventKind
from runs.plan import PlanDraft, PlanRecord
from runs.records.alarm import Alarm, AlarmEnd
from runs.records.anchor import Anchor
from runs.records.call import Ruled
from runs.records.case import Dataset, Offer
from runs.records.delegation import Delegation, DelegationEnd, SamePerson
from runs.records.evidence import Evidence, FailureGroup, FixTrial, Reopening, Verdict
from runs.records.intake import Intake, Uptake
from runs.records.model import Calibration, ModelAnswer
from runs.records.pause import Pause, Rerun
from runs.records.person import Customer
from runs.records.proposal import Proposal
from runs.records.record import Record
from runs.records.release import Move, Signal
from runs.records.run import (
    Archive,
    Briefing,
    Cancellation,
    Choice,
    Clearing,
    OpsReview,
    Pin,
    Refusal,
    Report,
    Reservation,
    Settlement,
    Terminal,
)
from runs.records.version import PolicyEdit, PolicyValues, Version
from runs.store.actions import Actions
from runs.store.calls import Calls
from runs.store.cases import Cases
from runs.store.change import Change, Guard, Ledger, event_of, text_of, unguarded
from runs.store.database import Database
from runs.store.items import Items
from runs.store.jobs import Jobs
from runs.store.lessons import Lessons
from runs.store.pauses import Pauses
from runs.store.policies import Policies
from runs.store.releases import Releases
from runs.store.reviews import Reviews
from runs.store.rows import find_row
from runs.store.runs import Runs
from runs.store.turns import Turns
from runs.store.webhooks import Webhooks

R = TypeVar("R", bound=Record)

KINDS: dict[type[Record], str] = {
    Intake: "intake",
    Uptake: "uptake",
    OpsReview: "ops_review",
    Cancellation: "cancellation",
    Clearing: "clearing",
    Briefing: "briefing",
    Choice: "choice",
    PlanRecord: "plan",
    PlanDraft: "plan_draft",
    Version: "version",
    PolicyValues: "policy",
    PolicyEdit: "policy_edit",
    Delegation: "delegation",
    DelegationEnd: "delegation_end",
    SamePerson: "same_person",
    Dataset: "dataset",
    Offer: "offer",
    Evidence: "evidence",
    Verdict: "verdict",
    FailureGroup: "failure_group",
    FixTrial: "fix_trial",
    Reopening: "reopening",
    Move: "move",
    Signal: "signal",
    Report: "report",
    Refusal: "refusal",
    Reservation: "reservation",
    Settlement: "settlement",
    Terminal: "terminal",
    Pin: "pin",
    Archive: "archive",
    Anchor: "anchor",
    Alarm: "alarm",
    AlarmEnd: "alarm_end",
    Pause: "pause",
    Rerun: "rerun",
    ModelAnswer: "model_answer",
    Calibration: "calibration",
    Proposal: "proposal",
    Ruled: "ruled",
}


_CUSTOMER = sa.select(tables.customers).where(
    tables.customers.c.customer == sa.bindparam("at_customer")
)

BY_CONTENT = (Version, PolicyValues, PlanRecord)
"""Named by what they hold: what was read once under a name is never anything else."""
KNOWN = 64
"""So many of them are kept at hand; each is read for every item."""


class Known:
    """Records that were read, by name; the oldest is let go when there are too many."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, str], Record] = {}
        self.customers: dict[str, Customer] = {}
        """By id; what is said of a customer never changes."""

    def find(self, customer: Customer, key: str) -> Record | None:
        """What was read under this key, or None."""
        return self._found.get((customer.id, key))

    def keep(self, customer: Customer, key: str, record: Record) -> None:
        """Have it at hand from now on."""
        while len(self._found) >= KNOWN:
            with suppress(RuntimeError, KeyError, StopIteration):
                # Another thread may do the same at this moment: then it is done.
                self._found.pop(next(iter(self._found)))
        self._found[(customer.id, key)] = record


class Store:
    """Records in and out. Every write is one transaction with its events."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        guard: Guard = unguarded,
        known: Known | None = None,
    ) -> None:
        ledger = Ledger(database, clock, guard)
        self._known = Known() if known is None else known
        self.ledger = ledger
        self.database = database
        self.clock = clock
        self.runs = Runs(ledger)
        self.releases = Releases(ledger)
        self.items = Items(ledger)
        self.actions = Actions(ledger)
        self.reviews = Reviews(ledger)
        self.lessons = Lessons(ledger)
        self.cases = Cases(ledger)
        self.calls = Calls(ledger)
        self.jobs = Jobs(ledger)
        self.turns = Turns(ledger)
        self.policies = Policies(ledger)
        self.pauses = Pauses(ledger)
        self.webhooks = Webhooks(ledger)

    def guarded(self, guard: Guard) -> "Store":
        """The same record, every change of which must first pass `guard`."""
        return Store(self.database, self.clock, guard, self._known)

    def customer(self, id: str) -> Customer:
        """The capability to read and write one customer's records; NotFound when there is none."""
        if (known := self._known.customers.get(id)) is not None:
            return known
        with self.database.looking() as connection:
            row = connection.execute(_CUSTOMER, {"at_customer": id}).one_or_none()
        if row is None:
            raise NotFound(f"there is no customer {id!r}; `pilotage init` makes the first one")
        found = Customer(id=row.customer, name=row.name, is_demo=row.is_demo)
        self._known.customers[id] = found
        return found

    def customers(self) -> list[Customer]:
        """Every customer of the installation, by id."""
        query = sa.select(tables.customers).order_by(tables.customers.c.customer)
        with self.database.reading() as connection:
            rows = connection.execute(query).all()
        return [Customer(id=r.customer, name=r.name, is_demo=r.is_demo) for r in rows]

    def change(
        self, customer: Customer, actor: str, run: str = "", *, lags: bool = False
    ) -> AbstractContextManager[Change]:
        """One write transaction in which `actor` changes this customer's records.

        `lags`: it reaches the disk with the next that does not; for what is done again without it.
        """
        return self.ledger.change(customer, actor, run, lags=lags)

    def keep(self, customer: Customer, actor: str, record: Record, run: str = "") -> str:
        """Keep an immutable record, once; returns its id, or its digest where it has none."""
        with self.change(customer, actor, run) as change:
            return keep(change, record)

    def find(self, customer: Customer, kind: type[R], id: str) -> R | None:
        """The record of this kind and id (or digest), or None."""
        key = record_key(kind, id)
        known = self._known.find(customer, key)
        if isinstance(known, kind):
            return known
        with self.database.looking() as connection:
            row = find_row(connection, tables.records, customer, {"id": key})
        if row is None:
            return None
        found = kind.model_validate(row["body"])
        if kind in BY_CONTENT:
            self._known.keep(customer, key, found)
        return found

    def get(self, customer: Customer, kind: type[R], id: str) -> R:
        """The record of this kind and id; NotFound when there is none."""
        record = self.find(customer, kind, id)
        if record is None:
            raise NotFound(
                f"there is no {KINDS[kind]} {id!r}; `pilotage run explain RUN` names what there is"
            )
        return record

    def named(self, customer: Customer, kind: type[R], id: str, *, shown: str) -> R:
        """The record of this digest, or of a beginning that is unique; NotFound otherwise."""
        key = record_key(kind, f"sha256:{id.removeprefix('sha256:')}")
        row = self.ledger.named(tables.records, customer, key, shown=shown)
        return kind.model_validate(row["body"])

    def of_run(
        self, customer: Customer, kind: type[R], run: str, *, since: datetime | None = None
    ) -> list[R]:
        """Every record of this kind that the run left behind, oldest first; from a time on."""
        told = {"at_run": run} | ({} if since is None else {"since": text_of(since)})
        return self._read_all(customer, kind, told)

    def has_digest(self, customer: Customer, digest: str) -> bool:
        """True when a record or snapshot of this digest is kept."""
        with self.database.reading() as connection:
            for table in (tables.records, tables.snapshots):
                query = sa.select(sa.literal(1)).where(
                    table.c.customer == customer.id, table.c.digest == digest
                )
                if connection.execute(query.limit(1)).first():
                    return True
        return False

    def events(
        self,
        customer: Customer,
        run: str = "",
        *,
        since: int = 0,
        limit: int | None = 500,
        kinds: Collection[EventKind] = (),
    ) -> list[Event]:
        """The customer's events after `since`, in order; of one run, of some kinds where named.

        Without a limit, all of them: name a run and kinds then.
        """
        table = tables.events
        query = sa.select(table).where(table.c.customer == customer.id, table.c.seq > since)
        if run:
            query = query.where(table.c.run == run)
        if kinds:
            query = query.where(table.c.kind.in_(sorted(kinds)))
        with self.database.reading() as connection:
            rows = connection.execute(query.order_by(table.c.seq).limit(limit)).all()
        return [event_of(row._mapping) for row in rows]

    def _read_all(
        self, customer: Customer, kind: type[R], told: dict[str, Any], *, newest_first: bool = False
    ) -> list[R]:
        query = _records_statement(frozenset(told), newest_first=newest_first)
        named = {"at_customer": customer.id, "at_kind": KINDS[kind]}
        return [kind.model_validate(row["body"]) for row in self.ledger.rows(query, named | told)]

    def list(
        self,
        customer: Customer,
        kind: type[R],
        limit: int | None = 50,
        *,
        run: str = "",
        of: Collection[str] = (),
    ) -> list[R]:
        """The newest records of this kind, newest first; of one run where one is named.

        `of`: only those whose own `kind` is one of these, such as the evidence of a dry run.
        """
        told: dict[str, Any] = {"at_run": run} if run else {}
        told |= {} if limit is None else {"most": limit}
        told |= {"of": sorted(of)} if of else {}
        return self._read_all(customer, kind, told, newest_first=True)


@lru_cache(maxsize=64)
def _records_statement(told: frozenset[str], *, newest_first: bool) -> Any:
    """Records of one kind, narrowed by what is told."""
    at = tables.records.c
    narrowed = {
        "at_run": at.run == sa.bindparam("at_run"),
        "since": at.kept_at >= sa.bindparam("since"),
        "of": at.body["kind"].as_string().in_(sa.bindparam("of", expanding=True)),
    }
    query = sa.select(at.body).where(
        at.customer == sa.bindparam("at_customer"),
        at.kind == sa.bindparam("at_kind"),
        *(narrowed[name] for name in sorted(told & set(narrowed))),
    )
    query = query.order_by(at.kept_at.desc() if newest_first else at.kept_at, at.id)
    return query.limit(sa.bindparam("most")) if "most" in told else query


def keep(
    change: Change, record: Record, event: EventKind = "record_kept", **body: BodyValue
) -> str:
    """Keep an immutable record inside a change; Conflict when the id holds other content.

    `event`: what the audit calls it, where it has a name of its own.
    """
    kind, id = KINDS[type(record)], record_id(record)
    row = {
        "kind": kind,
        "id": record_key(type(record), id),
        "run": change.run,
        "digest": record.digest,
        "body": record.as_json(),
        "kept_at": change.now(),
    }
    if not change.insert(tables.records, row, event, record=kind, **body):
        present = change.find(tables.records, id=row["id"])
        if present is None or present["digest"] != record.digest:
            raise Conflict(
                f"{kind} {id} is already kept with other content; records never change: keep "
                "it under an id of its own"
            )
    return id


def record_id(record: Record) -> str:
    """The record's own id where it has one, its digest otherwise."""
    return getattr(record, "id", "") or record.digest


def record_key(kind: type[Record], id: str) -> str:
    """The row's key: kinds do not share ids."""
    return f"{KINDS[kind]}:{id}"
