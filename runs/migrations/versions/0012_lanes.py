"""A job belongs to a lane, and waits until it may be tried again."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the change; what waits already belongs to no lane, and no limit holds it."""
    op.add_column("jobs", sa.Column("lane", sa.String(80), nullable=False, server_default=""))
    op.add_column("jobs", sa.Column("again_at", sa.String(40), nullable=True))
    op.add_column("jobs", sa.Column("outages", sa.Integer(), nullable=False, server_default="0"))


def downgrade() -> None:
    """Take the columns away."""
    with op.batch_alter_table("jobs") as table:
        for name in ("outages", "again_at", "lane"):
            table.drop_column(name)
