"""The newest records of a run are found by the time they were kept: nobody sorts all of them."""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

BEFORE, AFTER = "ix_records_customer_kind_run", "ix_records_customer_kind_run_kept_at"


def upgrade() -> None:
    """Put the longer index in the place of the shorter."""
    op.drop_index(BEFORE, table_name="records")
    op.create_index(AFTER, "records", ["customer", "kind", "run", "kept_at"], unique=False)


def downgrade() -> None:
    """Put the shorter one back."""
    op.drop_index(AFTER, table_name="records")
    op.create_index(BEFORE, "records", ["customer", "kind", "run"], unique=False)
