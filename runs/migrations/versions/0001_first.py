"""The first tables."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the change."""
    op.create_table(
        "actions",
        sa.Column("customer", sa.String(length=64), nullable=False),
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("item", sa.String(length=80), nullable=False),
        sa.Column("run", sa.String(length=80), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("customer", "key", name=op.f("pk_actions")),
    )
    with op.batch_alter_table("actions", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_actions_customer_item"), ["customer", "item"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_actions_customer_status"), ["customer", "status"], unique=False
        )

    op.create_table(
        "approvals",
        sa.Column("customer", sa.String(length=64), nullable=False),
        sa.Column("id", sa.String(length=80), nullable=False),
        sa.Column("run", sa.String(length=80), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("subject", sa.String(length=71), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("due_at", sa.String(length=40), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("customer", "id", name=op.f("pk_approvals")),
    )
    with op.batch_alter_table("approvals", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_approvals_customer_run"), ["customer", "run"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_approvals_customer_status_due_at_id"),
            ["customer", "status", "due_at", "id"],
            unique=False,
        )

    op.create_table(
        "case_results",
        sa.Column("customer", sa.String(length=64), nullable=False),
        sa.Column("trial", sa.String(length=80), nullable=False),
        sa.Column("case", sa.String(length=120), nullable=False),
        sa.Column("epoch", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("outcome", sa.String(length=20), nullable=False),
        sa.Column("failure", sa.String(length=200), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("customer", "trial", "case", "epoch", name=op.f("pk_case_results")),
    )
    op.create_table(
        "cases",
        sa.Column("customer", sa.String(length=64), nullable=False),
        sa.Column("dataset", sa.String(length=71), nullable=False),
        sa.Column("id", sa.String(length=120), nullable=False),
        sa.Column("family", sa.String(length=200), nullable=False),
        sa.Column("split", sa.String(length=20), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("customer", "dataset", "id", name=op.f("pk_cases")),
    )
    with op.batch_alter_table("cases", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_cases_customer_dataset_split"),
            ["customer", "dataset", "split"],
            unique=False,
        )

    op.create_table(
        "chain_head",
        sa.Column("customer", sa.String(length=64), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("customer", name=op.f("pk_chain_head")),
    )
    op.create_table(
        "customers",
        sa.Column("customer", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("is_demo", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.String(length=40), nullable=False),
        sa.PrimaryKeyConstraint("customer", name=op.f("pk_customers")),
    )
    op.create_table(
        "events",
        sa.Column("customer", sa.String(length=64), nullable=False),
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("table", sa.String(length=40), nullable=False),
        sa.Column("subject", sa.String(length=200), nullable=False),
        sa.Column("state", sa.String(length=71), nullable=False),
        sa.Column("run", sa.String(length=80), nullable=False),
        sa.Column("actor", sa.String(length=100), nullable=False),
        sa.Column("at", sa.String(length=40), nullable=False),
        sa.Column("clock", sa.String(length=10), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("previous", sa.String(length=64), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("customer", "seq", name=op.f("pk_events")),
        sa.UniqueConstraint("seq", name=op.f("uq_events_seq")),
    )
    with op.batch_alter_table("events", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_events_customer_run_seq"), ["customer", "run", "seq"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_events_customer_table_subject_seq"),
            ["customer", "table", "subject", "seq"],
            unique=False,
        )

    op.create_table(
        "items",
        sa.Column("customer", sa.String(length=64), nullable=False),
        sa.Column("id", sa.String(length=80), nullable=False),
        sa.Column("workflow", sa.String(length=80), nullable=False),
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("batch", sa.String(length=120), nullable=False),
        sa.Column("release", sa.String(length=80), nullable=False),
        sa.Column("arm", sa.String(length=20), nullable=False),
        sa.Column("stage", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("owner", sa.String(length=80), nullable=False),
        sa.Column("received_at", sa.String(length=40), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("customer", "id", name=op.f("pk_items")),
        sa.UniqueConstraint(
            "customer", "workflow", "key", name=op.f("uq_items_customer_workflow_key")
        ),
    )
    with op.batch_alter_table("items", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_items_customer_batch"), ["customer", "batch"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_items_customer_release_stage_arm_status"),
            ["customer", "release", "stage", "arm", "status"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_items_customer_workflow_received_at_id"),
            ["customer", "workflow", "received_at", "id"],
            unique=False,
        )

    op.create_table(
        "jobs",
        sa.Column("customer", sa.String(length=64), nullable=False),
        sa.Column("id", sa.String(length=200), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("subject", sa.String(length=120), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("error", sa.String(length=2000), nullable=False),
        sa.Column("made_at", sa.String(length=40), nullable=False),
        sa.Column("enqueued_at", sa.String(length=40), nullable=True),
        sa.Column("ended_at", sa.String(length=40), nullable=True),
        sa.CheckConstraint(
            "status IN ('waiting', 'enqueued', 'done', 'failed')", name=op.f("ck_jobs_status")
        ),
        sa.PrimaryKeyConstraint("customer", "id", name=op.f("pk_jobs")),
    )
    with op.batch_alter_table("jobs", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_jobs_status_made_at"), ["status", "made_at"], unique=False
        )

    op.create_table(
        "leases",
        sa.Column("customer", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("holder", sa.String(length=120), nullable=False),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.Column("expires_at", sa.String(length=40), nullable=False),
        sa.PrimaryKeyConstraint("customer", "name", name=op.f("pk_leases")),
    )
    op.create_table(
        "lesson_vectors",
        sa.Column("customer", sa.String(length=64), nullable=False),
        sa.Column("lesson", sa.String(length=80), nullable=False),
        sa.Column("embedder", sa.String(length=80), nullable=False),
        sa.Column("dimension", sa.Integer(), nullable=False),
        sa.Column("vector", sa.LargeBinary(), nullable=False),
        sa.Column("indexed", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("customer", "lesson", "embedder", name=op.f("pk_lesson_vectors")),
    )
    op.create_table(
        "lessons",
        sa.Column("customer", sa.String(length=64), nullable=False),
        sa.Column("id", sa.String(length=80), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("subject", sa.String(length=200), nullable=False),
        sa.Column("workflow", sa.String(length=80), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("customer", "id", name=op.f("pk_lessons")),
    )
    with op.batch_alter_table("lessons", schema=None) as batch_op:
        batch_op.create_index(
            "ux_lessons_one_active",
            ["customer", "kind", "subject"],
            unique=True,
            sqlite_where=sa.text("status = 'active'"),
            postgresql_where=sa.text("status = 'active'"),
        )

    op.create_table(
        "people",
        sa.Column("customer", sa.String(length=64), nullable=False),
        sa.Column("id", sa.String(length=80), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("email", sa.String(length=200), nullable=False),
        sa.Column("roles", sa.JSON(), nullable=False),
        sa.Column("deputy", sa.String(length=80), nullable=False),
        sa.Column("is_disabled", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.String(length=40), nullable=False),
        sa.PrimaryKeyConstraint("customer", "id", name=op.f("pk_people")),
    )
    op.create_table(
        "policies",
        sa.Column("customer", sa.String(length=64), nullable=False),
        sa.Column("workflow", sa.String(length=80), nullable=False),
        sa.Column("digest", sa.String(length=71), nullable=False),
        sa.Column("set_by", sa.String(length=100), nullable=False),
        sa.Column("set_at", sa.String(length=40), nullable=False),
        sa.PrimaryKeyConstraint("customer", "workflow", name=op.f("pk_policies")),
    )
    op.create_table(
        "records",
        sa.Column("customer", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("id", sa.String(length=80), nullable=False),
        sa.Column("run", sa.String(length=80), nullable=False),
        sa.Column("digest", sa.String(length=71), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.Column("kept_at", sa.String(length=40), nullable=False),
        sa.PrimaryKeyConstraint("customer", "id", name=op.f("pk_records")),
    )
    with op.batch_alter_table("records", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_records_customer_digest"), ["customer", "digest"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_records_customer_kind_run"), ["customer", "kind", "run"], unique=False
        )

    op.create_table(
        "releases",
        sa.Column("customer", sa.String(length=64), nullable=False),
        sa.Column("id", sa.String(length=80), nullable=False),
        sa.Column("run", sa.String(length=80), nullable=False),
        sa.Column("workflow", sa.String(length=80), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("stage", sa.Integer(), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("customer", "id", name=op.f("pk_releases")),
    )
    with op.batch_alter_table("releases", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_releases_customer_run"), ["customer", "run"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_releases_customer_workflow_status"),
            ["customer", "workflow", "status"],
            unique=False,
        )

    op.create_table(
        "reviews",
        sa.Column("customer", sa.String(length=64), nullable=False),
        sa.Column("id", sa.String(length=80), nullable=False),
        sa.Column("item", sa.String(length=80), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("owner", sa.String(length=80), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("due_at", sa.String(length=40), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("customer", "id", name=op.f("pk_reviews")),
        sa.UniqueConstraint("customer", "item", "kind", name=op.f("uq_reviews_customer_item_kind")),
    )
    with op.batch_alter_table("reviews", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_reviews_customer_status_due_at_id"),
            ["customer", "status", "due_at", "id"],
            unique=False,
        )

    op.create_table(
        "runs",
        sa.Column("customer", sa.String(length=64), nullable=False),
        sa.Column("id", sa.String(length=80), nullable=False),
        sa.Column("trigger", sa.String(length=80), nullable=False),
        sa.Column("workflow", sa.String(length=80), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("waits_for", sa.String(length=200), nullable=False),
        sa.Column("requester", sa.String(length=80), nullable=False),
        sa.Column("graph", sa.String(length=71), nullable=False),
        sa.Column("opened_at", sa.String(length=40), nullable=False),
        sa.Column("ended_at", sa.String(length=40), nullable=True),
        sa.Column("terminal", sa.String(length=80), nullable=False),
        sa.Column("continues", sa.String(length=80), nullable=False),
        sa.PrimaryKeyConstraint("customer", "id", name=op.f("pk_runs")),
        sa.UniqueConstraint("customer", "trigger", name=op.f("uq_runs_customer_trigger")),
    )
    with op.batch_alter_table("runs", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_runs_customer_status_opened_at"),
            ["customer", "status", "opened_at"],
            unique=False,
        )

    op.create_table(
        "snapshots",
        sa.Column("customer", sa.String(length=64), nullable=False),
        sa.Column("digest", sa.String(length=71), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("content", sa.Text(), nullable=True),
        sa.Column("masked", sa.Integer(), nullable=False),
        sa.Column("retain_until", sa.String(length=40), nullable=True),
        sa.Column("kept_at", sa.String(length=40), nullable=False),
        sa.Column("erased_at", sa.String(length=40), nullable=True),
        sa.PrimaryKeyConstraint("customer", "digest", name=op.f("pk_snapshots")),
    )
    op.create_table(
        "tokens",
        sa.Column("customer", sa.String(length=64), nullable=False),
        sa.Column("id", sa.String(length=80), nullable=False),
        sa.Column("person", sa.String(length=80), nullable=False),
        sa.Column("secret_hash", sa.String(length=64), nullable=False),
        sa.Column("is_machine", sa.Boolean(), nullable=False),
        sa.Column("scopes", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.String(length=40), nullable=False),
        sa.Column("expires_at", sa.String(length=40), nullable=True),
        sa.Column("revoked_at", sa.String(length=40), nullable=True),
        sa.PrimaryKeyConstraint("customer", "id", name=op.f("pk_tokens")),
        sa.UniqueConstraint("id", name=op.f("uq_tokens_id")),
    )
    op.create_table(
        "triggers",
        sa.Column("customer", sa.String(length=64), nullable=False),
        sa.Column("id", sa.String(length=80), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("title", sa.String(length=300), nullable=False),
        sa.Column("text", sa.String(length=71), nullable=False),
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("opened_by", sa.String(length=80), nullable=False),
        sa.Column("opened_at", sa.String(length=40), nullable=False),
        sa.PrimaryKeyConstraint("customer", "id", name=op.f("pk_triggers")),
        sa.UniqueConstraint("customer", "key", name=op.f("uq_triggers_customer_key")),
    )
    op.create_table(
        "decisions",
        sa.Column("customer", sa.String(length=64), nullable=False),
        sa.Column("id", sa.String(length=80), nullable=False),
        sa.Column("approval", sa.String(length=80), nullable=False),
        sa.Column("person", sa.String(length=80), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["customer", "approval"],
            ["approvals.customer", "approvals.id"],
            name=op.f("fk_decisions_customer_approval"),
        ),
        sa.PrimaryKeyConstraint("customer", "id", name=op.f("pk_decisions")),
        sa.UniqueConstraint(
            "customer", "approval", "person", name=op.f("uq_decisions_customer_approval_person")
        ),
    )


def downgrade() -> None:
    """Take it back."""
    op.drop_table("decisions")
    op.drop_table("triggers")
    op.drop_table("tokens")
    op.drop_table("snapshots")
    with op.batch_alter_table("runs", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_runs_customer_status_opened_at"))

    op.drop_table("runs")
    with op.batch_alter_table("reviews", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_reviews_customer_status_due_at_id"))

    op.drop_table("reviews")
    with op.batch_alter_table("releases", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_releases_customer_workflow_status"))
        batch_op.drop_index(batch_op.f("ix_releases_customer_run"))

    op.drop_table("releases")
    with op.batch_alter_table("records", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_records_customer_kind_run"))
        batch_op.drop_index(batch_op.f("ix_records_customer_digest"))

    op.drop_table("records")
    op.drop_table("policies")
    op.drop_table("people")
    with op.batch_alter_table("lessons", schema=None) as batch_op:
        batch_op.drop_index(
            "ux_lessons_one_active",
            sqlite_where=sa.text("status = 'active'"),
            postgresql_where=sa.text("status = 'active'"),
        )

    op.drop_table("lessons")
    op.drop_table("lesson_vectors")
    op.drop_table("leases")
    with op.batch_alter_table("jobs", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_jobs_status_made_at"))

    op.drop_table("jobs")
    with op.batch_alter_table("items", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_items_customer_workflow_received_at_id"))
        batch_op.drop_index(batch_op.f("ix_items_customer_release_stage_arm_status"))
        batch_op.drop_index(batch_op.f("ix_items_customer_batch"))

    op.drop_table("items")
    with op.batch_alter_table("events", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_events_customer_table_subject_seq"))
        batch_op.drop_index(batch_op.f("ix_events_customer_run_seq"))

    op.drop_table("events")
    op.drop_table("customers")
    op.drop_table("chain_head")
    with op.batch_alter_table("cases", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_cases_customer_dataset_split"))

    op.drop_table("cases")
    op.drop_table("case_results")
    with op.batch_alter_table("approvals", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_approvals_customer_status_due_at_id"))
        batch_op.drop_index(batch_op.f("ix_approvals_customer_run"))

    op.drop_table("approvals")
    with op.batch_alter_table("actions", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_actions_customer_status"))
        batch_op.drop_index(batch_op.f("ix_actions_customer_item"))

    op.drop_table("actions")
