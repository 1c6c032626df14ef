"""the tables.

`customer` is in the key of every table. Rows whose change is an event carry what the event's
`state` is the digest of; leases, jobs, deliveries and their places, workers, the chain's head, the
search index, allowances, turns and who is asked by what is open do not.
"""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from runs.columns import customer as _customer
from runs.columns import metadata
from runs.columns import name as _id
from runs.columns import short as _text
from runs.columns import shorts as _texts
from runs.columns import some as _some

customers = Table(
    "customers",
    metadata,
    _customer(),
    _text("name"),
    Column("is_demo", Boolean, nullable=False),
    _text("created_at", 40),
)

people = Table(
    "people",
    metadata,
    _customer(),
    _id(),
    _text("name"),
    _text("email"),
    Column("roles", JSON, nullable=False),
    _text("deputy", 80),
    Column("is_disabled", Boolean, nullable=False),
    _text("created_at", 40),
)

tokens = Table(
    "tokens",
    metadata,
    _customer(),
    _id(),
    _text("person", 80),
    _text("secret_hash", 64),
    Column("is_machine", Boolean, nullable=False),
    Column("scopes", JSON, nullable=False),
    _text("created_at", 40),
    _text("expires_at", 40, null=True),
    _text("revoked_at", 40, null=True),
    UniqueConstraint("id"),
)

keys = Table(
    "keys",
    metadata,
    _customer(),
    _id(),
    *_texts(person=80, public=64, added_at=40),
    _text("revoked_at", 40, null=True),
    Index(None, "customer", "person"),
)

snapshots = Table(
    "snapshots",
    metadata,
    _customer(),
    _id("digest", 71),
    _text("kind", 40),
    Column("content", Text, nullable=True),
    Column("masked", Integer, nullable=False),
    _text("retain_until", 40, null=True),
    _text("kept_at", 40),
    _text("erased_at", 40, null=True),
    _some("ix_snapshots_due", "customer", "retain_until", where="erased_at IS NULL"),
)

records = Table(
    "records",
    metadata,
    _customer(),
    _text("kind", 40),
    _id(length=120),
    _text("run", 80),
    _text("digest", 71),
    Column("body", JSON, nullable=False),
    _text("kept_at", 40),
    Index(None, "customer", "kind", "run", "kept_at"),
    Index(None, "customer", "digest"),
)

events = Table(
    "events",
    metadata,
    _customer(),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    _text("kind", 40),
    Column("table", String(40), nullable=False),
    *_texts(subject=200, state=71, run=80, actor=100, at=40, clock=10),
    Column("body", Text, nullable=False),
    _text("previous", 64),
    _text("hash", 64),
    UniqueConstraint("seq"),
    Index(None, "customer", "table", "subject", "seq"),
    Index(None, "customer", "run", "seq"),
)

chain_head = Table(
    "chain_head",
    metadata,
    _customer(),
    Column("seq", Integer, nullable=False),
    _text("hash", 64),
)

triggers = Table(
    "triggers",
    metadata,
    _customer(),
    _id(),
    *_texts(kind=40, title=71, text=71, key=200, opened_by=80, opened_at=40),
    UniqueConstraint("customer", "key"),
)

runs = Table(
    "runs",
    metadata,
    _customer(),
    _id(),
    *_texts(
        trigger=80, workflow=80, status=20, waits_for=200, requester=80, graph=71, opened_at=40
    ),
    _text("ended_at", 40, null=True),
    _text("terminal", 80),
    _text("continues", 80),
    UniqueConstraint("customer", "trigger"),
    Index(None, "customer", "status", "opened_at"),
)

policies = Table(
    "policies",
    metadata,
    _customer(),
    _id("workflow"),
    *_texts(digest=71, set_by=100, set_at=40),
)

cases = Table(
    "cases",
    metadata,
    _customer(),
    _id("dataset", 71),
    _id("id", 120),
    _text("family", 200),
    _text("split", 20),
    Column("body", JSON, nullable=False),
    Index(None, "customer", "dataset", "split"),
)

case_results = Table(
    "case_results",
    metadata,
    _customer(),
    _id("trial"),
    _id("case", 120),
    Column("epoch", Integer, primary_key=True, autoincrement=False),
    _text("outcome", 20),
    _text("failure", 200),
    Column("body", JSON, nullable=False),
)

approvals = Table(
    "approvals",
    metadata,
    _customer(),
    _id(),
    *_texts(run=80, kind=20, subject=71, status=20, due_at=40),
    Column("body", JSON, nullable=False),
    Index(None, "customer", "status", "due_at", "id"),
    Index(None, "customer", "run"),
)

askings = Table(
    "askings",
    metadata,
    _customer(),
    _id("approval"),
    _id("person"),
    _text("about", 120),
    _text("due_at", 40),
    _text("fresh_until", 40, null=True),
    Column("is_told", Boolean, nullable=False),
    Index(None, "customer", "person", "due_at", "approval"),
    Index(None, "customer", "about"),
    Index(None, "customer", "fresh_until"),
    Index(None, "customer", "is_told"),
)
"""Who is asked by what is open: made from the approvals, so that nobody reads them all."""

decisions = Table(
    "decisions",
    metadata,
    _customer(),
    _id(),
    _text("approval", 80),
    _text("person", 80),
    Column("body", JSON, nullable=False),
    UniqueConstraint("customer", "approval", "person"),
    ForeignKeyConstraint(["customer", "approval"], ["approvals.customer", "approvals.id"]),
)

releases = Table(
    "releases",
    metadata,
    _customer(),
    _id(),
    *_texts(run=80, workflow=80, status=20),
    Column("stage", Integer, nullable=False),
    Column("body", JSON, nullable=False),
    Index(None, "customer", "workflow", "status"),
    Index(None, "customer", "run"),
)

items = Table(
    "items",
    metadata,
    _customer(),
    _id(),
    *_texts(workflow=80, key=200, batch=120, release=80, arm=20),
    Column("stage", Integer, nullable=False),
    *_texts(status=20, owner=80, received_at=40),
    Column("body", JSON, nullable=False),
    UniqueConstraint("customer", "workflow", "key"),
    Index(None, "customer", "workflow", "received_at", "id"),
    _some("ix_items_queued", "customer", "workflow", where="status = 'queued'"),
    Index(None, "customer", "release", "stage", "arm", "status"),
    Index(None, "customer", "batch"),
)

actions = Table(
    "actions",
    metadata,
    _customer(),
    _id("key", 200),
    *_texts(item=80, run=80, status=20),
    Column("fence", Integer, nullable=False),
    Column("body", JSON, nullable=False),
    Index(None, "customer", "item"),
    Index(None, "customer", "status"),
)

reviews = Table(
    "reviews",
    metadata,
    _customer(),
    _id(),
    *_texts(item=80, kind=20, owner=80, status=20, due_at=40),
    Column("body", JSON, nullable=False),
    UniqueConstraint("customer", "item", "kind"),
    Index(None, "customer", "status", "due_at", "id"),
)

model_calls = Table(
    "model_calls",
    metadata,
    _customer(),
    _id(length=120),
    *_texts(run=80, item=80, status=20, asked_at=40),
    Column("body", JSON, nullable=False),
    *(Index(None, "customer", one) for one in ("run", "item", "asked_at", "status")),
)

allowances = Table(
    "allowances",
    metadata,
    _customer(),
    _id("name", 120),
    Column("asked", Integer, nullable=False),
    Column("calls", Integer, nullable=False),
    Column("tokens", BigInteger, nullable=False),
    Column("billionths", BigInteger, nullable=False),
)
"""What is reserved and was spent of each budget of models: made from the calls, kept in step."""

lessons = Table(
    "lessons",
    metadata,
    _customer(),
    _id(),
    *_texts(kind=20, status=20, subject=200, workflow=80),
    Column("body", JSON, nullable=False),
    _some(
        "ux_lessons_one_active",
        "customer",
        "kind",
        "subject",
        where="status = 'active'",
        is_unique=True,
    ),
)

lesson_vectors = Table(
    "lesson_vectors",
    metadata,
    _customer(),
    _id("lesson"),
    _id("embedder"),
    Column("dimension", Integer, nullable=False),
    Column("vector", LargeBinary, nullable=False),
    Column("indexed", Boolean, nullable=False),
)

jobs = Table(
    "jobs",
    metadata,
    _customer(),
    _id(length=200),
    *_texts(kind=40, subject=120, status=20),
    Column("priority", Integer, nullable=False),
    Column("attempts", Integer, nullable=False),
    _text("error", 2000),
    _text("made_at", 40),
    _text("enqueued_at", 40, null=True),
    _text("ended_at", 40, null=True),
    Column("lane", String(80), nullable=False, server_default=""),
    _text("again_at", 40, null=True),
    Column("outages", Integer, nullable=False, server_default="0"),
    CheckConstraint("status IN ('waiting', 'enqueued', 'done', 'failed')", name="status"),
    Index(None, "status", "made_at"),
)

webhooks = Table(
    "webhooks",
    metadata,
    _customer(),
    _id(),
    Column("body", JSON, nullable=False),
)

webhook_places = Table(
    "webhook_places",
    metadata,
    _customer(),
    _id("webhook"),
    Column("seq", Integer, nullable=False),
)
"""Up to which event each address has its deliveries written down."""

deliveries = Table(
    "deliveries",
    metadata,
    _customer(),
    _id(length=120),
    _text("webhook", 80),
    Column("seq", Integer, nullable=False),
    _text("type", 40),
    _text("subject", 200),
    Column("body", JSON, nullable=False),
    _text("status", 20),
    Column("tries", Integer, nullable=False),
    *_texts(answer=200, made_at=40, due_at=40),
    _text("ended_at", 40, null=True),
    CheckConstraint("status IN ('waiting', 'delivered', 'dead')", name="status"),
    Index(None, "customer", "webhook", "seq"),
    Index(None, "customer", "status", "due_at"),
)

leases = Table(
    "leases",
    metadata,
    _customer(),
    _id("name", 120),
    _text("holder", 120),
    Column("fence", Integer, nullable=False),
    _text("expires_at", 40),
)

turns = Table(
    "turns",
    metadata,
    _customer(),
    _id("name", 120),
    Column("taken", JSON, nullable=False),
)
"""When each endpoint with a rate was asked last, and will be: real time, in milliseconds."""
