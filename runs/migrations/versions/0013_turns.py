"""When each endpoint with a rate was asked last is written down, for every worker to see."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the change."""
    op.create_table(
        "turns",
        sa.Column("customer", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("taken", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("customer", "name", name=op.f("pk_turns")),
    )


def downgrade() -> None:
    """Take the table away."""
    op.drop_table("turns")
