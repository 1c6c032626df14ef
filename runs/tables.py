"""the tables.

`customer` is in the key of every table. Rows whose change is an event carry what the event's
`state` is the digest of; leases, jobs, deliveries and their places, workers, the chain's head, the
search index, turns and who is asked by what is open do not.
"""

from sqlalchemy import (
    JSON,
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
from sqlalchemy import text as sql

from runs.columns import metadata, named, text, texts, whose

customers = Table(
    "customers",
    metadata,
    whose(),
    text("name"),
    Column("is_demo", Boolean, nullable=False),
    text("created_at", 40),
)

people = Table(
    "people",
    metadata,
    whose(),
    named(),
    text("name"),
    text("email"),
    Column("roles", JSON, nullable=False),
    text("deputy", 80),
    Column("is_disabled", Boolean, nullable=False),
    text("created_at", 40),
)

tokens = Table(
    "tokens",
    metadata,
    whose(),
    named(),
    text("person", 80),
    text("secret_hash", 64),
    Column("is_machine", Boolean, nullable=False),
    Column("scopes", JSON, nullable=False),
    text("created_at", 40),
    text("expires_at", 40, null=True),
    text("revoked_at", 40, null=True),
    UniqueConstraint("id"),
)

keys = Table(
    "keys",
    metadata,
    whose(),
    named(),
    *texts(person=80, public=64, added_at=40),
    text("revoked_at", 40, null=True),
    Index(None, "customer", "person"),
)

snapshots = Table(
    "snapshots",
    metadata,
    whose(),
    named("digest", 71),
    text("kind", 40),
    Column("content", Text, nullable=True),
    Column("masked", Integer, nullable=False),
    text("retain_until", 40, null=True),
    text("kept_at", 40),
    text("erased_at", 40, null=True),
    Index(
        "ix_snapshots_due",
        "customer",
        "retain_until",
        sqlite_where=sql("erased_at IS NULL"),
        postgresql_where=sql("erased_at IS NULL"),
    ),
)

records = Table(
    "records",
    metadata,
    whose(),
    text("kind", 40),
    named(length=120),
    text("run", 80),
    text("digest", 71),
    Column("body", JSON, nullable=False),
    text("kept_at", 40),
    Index(None, "customer", "kind", "run", "kept_at"),
    Index(None, "customer", "digest"),
)

events = Table(
    "events",
    metadata,
    whose(),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    text("kind", 40),
    Column("table", String(40), nullable=False),
    *texts(subject=200, state=71, run=80, actor=100, at=40, clock=10),
    Column("body", Text, nullable=False),
    text("previous", 64),
    text("hash", 64),
    UniqueConstraint("seq"),
    Index(None, "customer", "table", "subject", "seq"),
    Index(None, "customer", "run", "seq"),
)

chain_head = Table(
    "chain_head",
    metadata,
    whose(),
    Column("seq", Integer, nullable=False),
    text("hash", 64),
)

triggers = Table(
    "triggers",
    metadata,
    whose(),
    named(),
    *texts(kind=40, title=71, text=71, key=200, opened_by=80, opened_at=40),
    UniqueConstraint("customer", "key"),
)

runs = Table(
    "runs",
    metadata,
    whose(),
    named(),
    *texts(trigger=80, workflow=80, status=20, waits_for=200, requester=80, graph=71, opened_at=40),
    text("ended_at", 40, null=True),
    text("terminal", 80),
    text("continues", 80),
    UniqueConstraint("customer", "trigger"),
    Index(None, "customer", "status", "opened_at"),
)

policies = Table(
    "policies",
    metadata,
    whose(),
    named("workflow"),
    *texts(digest=71, set_by=100, set_at=40),
)

cases = Table(
    "cases",
    metadata,
    whose(),
    named("dataset", 71),
    named("id", 120),
    text("family", 200),
    text("split", 20),
    Column("body", JSON, nullable=False),
    Index(None, "customer", "dataset", "split"),
)

case_results = Table(
    "case_results",
    metadata,
    whose(),
    named("trial"),
    named("case", 120),
    Column("epoch", Integer, primary_key=True, autoincrement=False),
    text("outcome", 20),
    text("failure", 200),
    Column("body", JSON, nullable=False),
)

approvals = Table(
    "approvals",
    metadata,
    whose(),
    named(),
    *texts(run=80, kind=20, subject=71, status=20, due_at=40),
    Column("body", JSON, nullable=False),
    Index(None, "customer", "status", "due_at", "id"),
    Index(None, "customer", "run"),
)

askings = Table(
    "askings",
    metadata,
    whose(),
    named("approval"),
    named("person"),
    text("about", 120),
    text("due_at", 40),
    text("fresh_until", 40, null=True),
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
    whose(),
    named(),
    text("approval", 80),
    text("person", 80),
    Column("body", JSON, nullable=False),
    UniqueConstraint("customer", "approval", "person"),
    ForeignKeyConstraint(["customer", "approval"], ["approvals.customer", "approvals.id"]),
)

releases = Table(
    "releases",
    metadata,
    whose(),
    named(),
    *texts(run=80, workflow=80, status=20),
    Column("stage", Integer, nullable=False),
    Column("body", JSON, nullable=False),
    Index(None, "customer", "workflow", "status"),
    Index(None, "customer", "run"),
)

items = Table(
    "items",
    metadata,
    whose(),
    named(),
    *texts(workflow=80, key=200, batch=120, release=80, arm=20),
    Column("stage", Integer, nullable=False),
    *texts(status=20, owner=80, received_at=40),
    Column("body", JSON, nullable=False),
    UniqueConstraint("customer", "workflow", "key"),
    Index(None, "customer", "workflow", "received_at", "id"),
    Index(
        "ix_items_queued",
        "customer",
        "workflow",
        sqlite_where=sql("status = 'queued'"),
        postgresql_where=sql("status = 'queued'"),
    ),
    Index(None, "customer", "release", "stage", "arm", "status"),
    Index(None, "customer", "batch"),
)

actions = Table(
    "actions",
    metadata,
    whose(),
    named("key", 200),
    *texts(item=80, run=80, status=20),
    Column("fence", Integer, nullable=False),
    Column("body", JSON, nullable=False),
    Index(None, "customer", "item"),
    Index(None, "customer", "status"),
)

reviews = Table(
    "reviews",
    metadata,
    whose(),
    named(),
    *texts(item=80, kind=20, owner=80, status=20, due_at=40),
    Column("body", JSON, nullable=False),
    UniqueConstraint("customer", "item", "kind"),
    Index(None, "customer", "status", "due_at", "id"),
)

lessons = Table(
    "lessons",
    metadata,
    whose(),
    named(),
    *texts(kind=20, status=20, subject=200, workflow=80),
    Column("body", JSON, nullable=False),
    Index(
        "ux_lessons_one_active",
        "customer",
        "kind",
        "subject",
        unique=True,
        sqlite_where=sql("status = 'active'"),
        postgresql_where=sql("status = 'active'"),
    ),
)

lesson_vectors = Table(
    "lesson_vectors",
    metadata,
    whose(),
    named("lesson"),
    named("embedder"),
    Column("dimension", Integer, nullable=False),
    Column("vector", LargeBinary, nullable=False),
    Column("indexed", Boolean, nullable=False),
)

jobs = Table(
    "jobs",
    metadata,
    whose(),
    named(length=200),
    *texts(kind=40, subject=120, status=20),
    Column("priority", Integer, nullable=False),
    Column("attempts", Integer, nullable=False),
    text("error", 2000),
    text("made_at", 40),
    text("enqueued_at", 40, null=True),
    text("ended_at", 40, null=True),
    Column("lane", String(80), nullable=False, server_default=""),
    text("again_at", 40, null=True),
    Column("outages", Integer, nullable=False, server_default="0"),
    CheckConstraint("status IN ('waiting', 'enqueued', 'done', 'failed')", name="status"),
    Index(None, "status", "made_at"),
)

webhooks = Table(
    "webhooks",
    metadata,
    whose(),
    named(),
    Column("body", JSON, nullable=False),
)

webhook_places = Table(
    "webhook_places",
    metadata,
    whose(),
    named("webhook"),
    Column("seq", Integer, nullable=False),
)
"""Up to which event each address has its deliveries written down."""

deliveries = Table(
    "deliveries",
    metadata,
    whose(),
    named(length=120),
    text("webhook", 80),
    Column("seq", Integer, nullable=False),
    text("type", 40),
    text("subject", 200),
    Column("body", JSON, nullable=False),
    text("status", 20),
    Column("tries", Integer, nullable=False),
    *texts(answer=200, made_at=40, due_at=40),
    text("ended_at", 40, null=True),
    CheckConstraint("status IN ('waiting', 'delivered', 'dead')", name="status"),
    Index(None, "customer", "webhook", "seq"),
    Index(None, "customer", "status", "due_at"),
)

leases = Table(
    "leases",
    metadata,
    whose(),
    named("name", 120),
    text("holder", 120),
    Column("fence", Integer, nullable=False),
    text("expires_at", 40),
)

turns = Table(
    "turns",
    metadata,
    whose(),
    named("name", 120),
    Column("taken", JSON, nullable=False),
)
"""When each endpoint with a rate was asked last, and will be: real time, in milliseconds."""
