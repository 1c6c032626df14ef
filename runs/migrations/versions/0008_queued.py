"""What waits in a workflow's queue is counted without reading what has ended."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the change."""
    op.create_index(
        "ix_items_queued",
        "items",
        ["customer", "workflow"],
        unique=False,
        sqlite_where=sa.text("status = 'queued'"),
        postgresql_where=sa.text("status = 'queued'"),
    )


def downgrade() -> None:
    """Take the index away."""
    op.drop_index("ix_items_queued", table_name="items")
