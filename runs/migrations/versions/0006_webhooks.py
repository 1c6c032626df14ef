"""Addresses of customers are told what happened, and what they were told is written down."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the change."""
    op.create_table(
        "webhooks",
        sa.Column("customer", sa.String(length=64), nullable=False),
        sa.Column("id", sa.String(length=80), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("customer", "id", name=op.f("pk_webhooks")),
    )
    op.create_table(
        "webhook_places",
        sa.Column("customer", sa.String(length=64), nullable=False),
        sa.Column("webhook", sa.String(length=80), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("customer", "webhook", name=op.f("pk_webhook_places")),
    )
    op.create_table(
        "deliveries",
        sa.Column("customer", sa.String(length=64), nullable=False),
        sa.Column("id", sa.String(length=120), nullable=False),
        sa.Column("webhook", sa.String(length=80), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("type", sa.String(length=40), nullable=False),
        sa.Column("subject", sa.String(length=200), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("answer", sa.String(length=200), nullable=False),
        sa.Column("made_at", sa.String(length=40), nullable=False),
        sa.Column("due_at", sa.String(length=40), nullable=False),
        sa.Column("ended_at", sa.String(length=40), nullable=True),
        sa.CheckConstraint(
            "status IN ('waiting', 'delivered', 'dead')", name=op.f("ck_deliveries_status")
        ),
        sa.PrimaryKeyConstraint("customer", "id", name=op.f("pk_deliveries")),
    )
    op.create_index(
        "ix_deliveries_customer_webhook_seq", "deliveries", ["customer", "webhook", "seq"]
    )
    op.create_index(
        "ix_deliveries_customer_status_due_at", "deliveries", ["customer", "status", "due_at"]
    )


def downgrade() -> None:
    """Take the tables away, with every address and what it was told."""
    op.drop_table("deliveries")
    op.drop_table("webhook_places")
    op.drop_table("webhooks")
