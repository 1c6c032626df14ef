"""A support desk with real files, a real record and people: what the item tests start from."""

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from sqlalchemy.engine import Connection

from policies.budgets import Spend
from policies.privacy import compile_mask
from policies.routing import Router
from runs import snapshots
from runs.clock import StoppedClock
from runs.errors import Unavailable
from runs.records.item import Item, Output
from runs.records.pause import Rerun
from runs.records.person import Customer
from runs.records.record import digest_of
from runs.records.release import Release, StageKind, StageSpec
from runs.records.version import (
    Effect,
    FieldSpec,
    LearntRoute,
    PolicyValues,
    Rule,
    Source,
    Version,
)
from runs.store.database import Database
from runs.store.items import requeue_item
from runs.store.reviews import withdraw_open
from runs.store.store import Store, keep
from tests import builders
from tools.files.records import FileRecords
from tools.files.sink import FolderSink
from tools.tool import Reading, Schema, Tool
from workflow.process.item import process_item
from workflow.process.parts import ProcessDeps

NOW = datetime.now(UTC).replace(microsecond=0)
"""The files are written now; so is the desk's stopped clock."""
PEOPLE = {"ops": "ben", "ben": "ben", "finance": "fay", "disputes": "dora"}
ASSIGN: Mapping[str, Schema] = {
    "assign": {"type": "object", "required": ["item", "label"]},
    "tag": {"type": "object", "required": ["item", "label"]},
}
ASSIGNING = Effect(name="assign", tool="desk", operation="assign", level="update")
TAGGING = Effect(name="tag", tool="desk", operation="tag", level="update")
CONFIDENCE = {"unsure": 0.5, "sure": 0.95}
TICKET: dict[str, Any] = {
    "ticket": "T-1",
    "account": "A-1",
    "text": "sure: where is my refund? write to eve@example.com",
    "amount": "120.50",
}


class Killed(BaseException):
    """The process is gone; nothing that catches errors catches this."""


class MortalDatabase(Database):
    """The real database, in a process that dies before or after its n-th commit and stays dead."""

    def __init__(self, url: str, *, dies_at: int = 0, is_before: bool = False) -> None:
        super().__init__(url)
        self.commits = 0
        self.dies_at = dies_at
        self.is_before = is_before
        self.is_dead = False
        self.thread = threading.get_ident()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A view, as long as the process lives."""
        self.live()
        with super().reading() as connection:
            yield connection

    @contextmanager
    def looking(self) -> Iterator[Connection]:
        """A look, as long as the process lives."""
        self.live()
        with super().looking() as connection:
            yield connection

    @contextmanager
    def writing(self, *, lags: bool = False) -> Iterator[Connection]:
        """A transaction; the process may die on either side of its commit."""
        self.live()
        with super().writing(lags=lags) as connection:
            yield connection
            self.commits += self._is_own
            self.die_if(is_now=self._is_own and self.is_before)
        self.die_if(is_now=self._is_own and not self.is_before)

    @property
    def _is_own(self) -> bool:
        """Whether this is the thread that works; another renews its leases when it likes."""
        return threading.get_ident() == self.thread

    def live(self) -> None:
        """Raise Killed once the process is dead; what renews its leases is only not answered."""
        if self.is_dead and not self._is_own:
            raise Unavailable("the process is gone")
        if self.is_dead:
            raise Killed

    def die_if(self, *, is_now: bool) -> None:
        """Die when this was the commit to die at."""
        self.is_dead = self.is_dead or (is_now and self.commits == self.dies_at)
        self.live()


@dataclass
class MortalTool:
    """A tool in a process that dies just before or just after it acted, once."""

    inner: Tool
    dies: str = ""
    """`before`, `after` or never."""
    acts: int = 0
    remembers_keys: bool = True
    level: Any = field(init=False)
    name: str = field(init=False)
    risks: Any = ()
    reversible: bool = True
    is_real: bool = False
    schema: Mapping[str, Schema] = field(init=False)

    def __post_init__(self) -> None:
        self.name, self.level, self.schema = self.inner.name, self.inner.level, self.inner.schema

    def read(self, key: str) -> Reading | None:
        """What the inner tool reads."""
        return self.inner.read(key)

    def act(self, operation: str, content: Mapping[str, Any], key: str) -> dict[str, Any]:
        """The inner tool's act, and the death on one side of it."""
        dies, self.dies = self.dies, ""
        if dies == "before":
            raise Killed
        self.acts += 1
        receipt = self.inner.act(operation, content, key)
        if dies == "after":
            raise Killed
        return receipt

    def find_receipt(self, key: str) -> dict[str, Any] | None:
        """What the inner tool finds, if it can tell."""
        return self.inner.find_receipt(key) if self.remembers_keys else None


def answer(asked: Version, item: Mapping[str, Any], _: Any) -> Output:
    """A model from a script: what stands before the colon says how sure it is."""
    text = str(item["text"])
    how = text.partition(":")[0]
    return Output(
        label=asked.labels[0] if "refund" in text else asked.labels[1],
        confidence=CONFIDENCE.get(how, 0.9),
        scope=0.05 if how == "strange" else 0.8,
        runner_up="parcel",
        route_used="baseline",
        fields={},
    )


def answering_while(something: Callable[[], object]) -> Callable[..., Output]:
    """The same script, while something happens elsewhere: what was read is read by then."""

    def said(*asked: Any) -> Output:
        found = answer(*asked)
        something()
        return found

    return said


def version(**changed: Any) -> Version:
    """A version that assigns tickets by label."""
    values: dict[str, Any] = {
        "workflow": "desk",
        "plan": builders.DIGEST,
        "contract": (
            FieldSpec(name="ticket", type="text", required=True, max_chars=40),
            FieldSpec(name="account", type="text", required=True),
            FieldSpec(name="text", type="text", required=True, max_chars=500),
            FieldSpec(name="amount", type="number", low=Decimal(0), high=Decimal(10_000)),
        ),
        "sources": (
            Source(
                name="crm",
                tool="crm",
                key_field="account",
                fields=("tier", "dispute", "phone"),
                max_age_hours=24,
                reread_before_act=True,
            ),
        ),
        "rules": (
            Rule(
                id="amount",
                when="has(item.amount) && item.amount > values.amount_limit",
                route="review",
                owner="finance",
                why="large amounts are decided by a person",
            ),
            Rule(
                id="dispute",
                when="context.crm.dispute",
                route="refuse",
                owner="disputes",
                why="accounts in dispute are left alone",
            ),
        ),
        "bounds": {},
        "routes": (LearntRoute(text_field="text", dataset=builders.DIGEST),),
        "effects": (ASSIGNING,),
        "labels": ("refund", "parcel"),
        "mask": (),
        "retention_days": 30,
    }
    return Version.model_validate(values | changed)


def policy(**changed: Any) -> PolicyValues:
    """The values operations own."""
    values: dict[str, Any] = {
        "workflow": "desk",
        "values": {"act_threshold": "0.7", "scope_floor": "0.2", "amount_limit": "200"},
        "gates": {},
        "approvers": {},
        "review_owner": "ops",
        "review_due_hours": 8,
        "audit_share": 0.1,
        "approval_due_hours": 24,
        "evidence_hours": {"source": 24},
        "escalation": ("ops",),
    }
    return PolicyValues.model_validate(values | changed)


def release(version: Version, policy: PolicyValues, **changed: Any) -> Release:
    """A release that stands on its first slice."""
    kinds: dict[StageKind, int] = {"sandbox": 0, "slice": 500, "full": 10_000}
    values: dict[str, Any] = {
        "id": "rel-1",
        "run": "r-1",
        "workflow": "desk",
        "version": version.digest,
        "policy": policy.digest,
        "plan": builders.DIGEST,
        "incumbent": "human",
        "stages": tuple(
            StageSpec(name=kind, kind=kind, weight_bp=weight, sample=10)
            for kind, weight in kinds.items()
        ),
        "stage": 1,
        "weight_bp": 500,
        "salt": "salt",
        "status": "open",
        "entered_at": NOW,
        "opened_at": NOW,
    }
    return Release.model_validate(values | changed)


class Desk:
    """Everything an item's work touches, in one folder."""

    def __init__(self, folder: Path, **changed: Any) -> None:
        self.folder = folder
        self.clock = StoppedClock(NOW)
        self.store = builders.make_store(folder, self.clock)
        self.customer: Customer = builders.make_customer(self.store)
        self.write_account()
        self.sink = FolderSink(
            "desk", folder / "queues", clock=self.clock, schema=ASSIGN, is_real=False
        )
        self.desk_tool = MortalTool(self.sink)
        self.version = version(**changed)
        self.policy = policy()
        self.store.keep(self.customer, "cli", self.version)
        self.lead(self.policy)
        self.release = release(self.version, self.policy)
        self.store.releases.open(self.customer, "cli", self.release)

    def write_account(self, **changed: Any) -> None:
        """Put the account's record into the customer's system."""
        account = {"id": "A-1", "tier": "plus", "dispute": False, "phone": "030 1234567"} | changed
        (self.folder / "crm.json").write_text(json.dumps([account]), encoding="utf-8")

    def lead(self, policy: PolicyValues) -> None:
        """Let these values lead from now on."""
        self.store.keep(self.customer, "cli", policy)
        self.store.policies.lead(self.customer, "cli", policy)

    def admit(self, ticket: Any = None, **changed: Any) -> Item:
        """Take a ticket in on the slice."""
        terms = snapshots.Terms(compile_mask((), ("email",)), 30)
        value = TICKET if ticket is None else ticket
        digest = snapshots.keep(
            self.store, self.customer, "cli", kind="input", value=value, terms=terms
        )
        values = {
            "version": self.version.digest,
            "policy": self.policy.digest,
            "input": digest,
            "stage": 1,
            "received_at": NOW,
        }
        item = builders.item(**values | changed)
        return self.store.items.admit(self.customer, "cli", item)

    def move_release(self, **changed: Any) -> None:
        """Change the release as a person would."""
        before = self.store.releases.get(self.customer, "rel-1")
        self.store.releases.change(
            self.customer,
            "ben",
            before=before,
            after=before.model_copy(update=changed),
            event=("release_narrowed", {}),
        )

    def deps(self, store: Store | None = None, **changed: Any) -> ProcessDeps:
        """What the work is handed."""
        values: dict[str, Any] = {
            "store": store or self.store,
            "tools": {
                "crm": FileRecords("crm", self.folder / "crm.json", "id", clock=self.clock),
                "desk": self.desk_tool,
            },
            "answer": answer,
            "router": lambda v, p: Router(v.rules, review_owner=p.review_owner),
            "terms": lambda v: snapshots.Terms(compile_mask(("phone",), ("email",)), 30),
            "person": lambda _, named: PEOPLE.get(named, ""),
            "budget": Spend(seconds=Decimal(120)),
            "seconds": lambda: 0.0,
            "holder": "worker-1",
        }
        return ProcessDeps(**values | changed)

    def mortal_store(self, dies_at: int, *, is_before: bool) -> Store:
        """The same record, seen from a process that dies at its n-th commit."""
        database = MortalDatabase(self.store.database.url, dies_at=dies_at, is_before=is_before)
        return Store(database, self.clock)

    def again(self, id: str = "i-1") -> Item:
        """Have an item that waits for a person worked on once more."""
        item = self.store.items.get(self.customer, id)
        number = len(self.store.pauses.reruns(self.customer, id)) + 2
        told = {name: getattr(item, name) for name in ("status", "rule", "snapshot", "output")}
        why = {"by": "ben", "reason": self.policy.digest, "policy": item.policy}
        made = Rerun(
            id=f"{id}.{number:06d}",
            item=id,
            attempt=number,
            at=self.clock.now(),
            **told,
            **why,
        )
        with self.store.change(self.customer, "ben") as change:
            withdraw_open(change, id)
            keep(change, made)
            return requeue_item(change, item, number)

    @property
    def queued(self) -> list[str]:
        """The files the desk received."""
        folder = self.folder / "queues"
        return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def fingerprint(content: Mapping[str, Any]) -> str:
    """The part of an action's key that is made of its content."""
    return digest_of(dict(content)).partition(":")[2][:16]


def process(desk: Desk, item: str = "i-1", **changed: Any) -> Item:
    """Work on the item once, from the beginning."""
    return process_item(desk.deps(**changed), desk.customer, item)


def ended(desk: Desk, item: str = "i-1") -> tuple[str, str, str, list[str]]:
    """Status, rule, owner and the kinds of open reviews, as they are kept."""
    kept = desk.store.items.get(desk.customer, item)
    reviews = desk.store.reviews.of_item(desk.customer, item)
    assert all(review.owner == kept.owner and review.status == "open" for review in reviews)
    return kept.status, kept.rule, kept.owner, [review.kind for review in reviews]
