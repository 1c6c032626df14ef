"""People may register the public half of a key with which they sign their decisions."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the change."""
    op.create_table(
        "keys",
        sa.Column("customer", sa.String(length=64), nullable=False),
        sa.Column("id", sa.String(length=80), nullable=False),
        sa.Column("person", sa.String(length=80), nullable=False),
        sa.Column("public", sa.String(length=64), nullable=False),
        sa.Column("added_at", sa.String(length=40), nullable=False),
        sa.Column("revoked_at", sa.String(length=40), nullable=True),
        sa.PrimaryKeyConstraint("customer", "id", name=op.f("pk_keys")),
    )
    op.create_index("ix_keys_customer_person", "keys", ["customer", "person"], unique=False)


def downgrade() -> None:
    """Take the table away, with every key in it; signatures on decisions stay."""
    op.drop_index("ix_keys_customer_person", table_name="keys")
    op.drop_table("keys")
