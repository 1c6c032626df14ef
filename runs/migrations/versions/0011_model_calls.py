"""Requests to models are reserved, settled and kept, and what is used of each budget is counted."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0008"
branch_labels = None
depends_on = None

INDEXED = ("run", "item", "asked_at", "status")


def upgrade() -> None:
    """Make the change."""
    op.create_table(
        "model_calls",
        sa.Column("customer", sa.String(length=64), nullable=False),
        sa.Column("id", sa.String(length=120), nullable=False),
        sa.Column("run", sa.String(length=80), nullable=False),
        sa.Column("item", sa.String(length=80), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("asked_at", sa.String(length=40), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("customer", "id", name=op.f("pk_model_calls")),
    )
    for name in INDEXED:
        op.create_index(f"ix_model_calls_customer_{name}", "model_calls", ["customer", name])
    op.create_table(
        "allowances",
        sa.Column("customer", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("asked", sa.Integer(), nullable=False),
        sa.Column("calls", sa.Integer(), nullable=False),
        sa.Column("tokens", sa.BigInteger(), nullable=False),
        sa.Column("billionths", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("customer", "name", name=op.f("pk_allowances")),
    )


def downgrade() -> None:
    """Take the tables away, with every request and what was spent."""
    op.drop_table("allowances")
    op.drop_table("model_calls")
