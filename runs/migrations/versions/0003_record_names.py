"""A record that is named by its digest has room for the whole name.

SQLite never asked how long a name is; PostgreSQL refuses what is longer than its column.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

SHORT, LONG = sa.String(80), sa.String(120)


def upgrade() -> None:
    """Make the change."""
    with op.batch_alter_table("records", schema=None) as batch_op:
        batch_op.alter_column("id", existing_type=SHORT, type_=LONG, existing_nullable=False)


def downgrade() -> None:
    """Take the room back; fails where a long name is kept."""
    with op.batch_alter_table("records", schema=None) as batch_op:
        batch_op.alter_column("id", existing_type=LONG, type_=SHORT, existing_nullable=False)
