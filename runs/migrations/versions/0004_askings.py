"""Who is asked by what is open can be looked up: nobody reads ten thousand questions for it."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

APPROVALS = sa.table(
    "approvals",
    sa.column("customer", sa.String),
    sa.column("id", sa.String),
    sa.column("run", sa.String),
    sa.column("status", sa.String),
    sa.column("due_at", sa.String),
    sa.column("body", sa.JSON),
)


def upgrade() -> None:
    """Make the table, and write down who is asked now."""
    askings = op.create_table(
        "askings",
        sa.Column("customer", sa.String(length=64), nullable=False),
        sa.Column("approval", sa.String(length=80), nullable=False),
        sa.Column("person", sa.String(length=80), nullable=False),
        sa.Column("about", sa.String(length=120), nullable=False),
        sa.Column("due_at", sa.String(length=40), nullable=False),
        sa.PrimaryKeyConstraint("customer", "approval", "person", name=op.f("pk_askings")),
    )
    with op.batch_alter_table("askings", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_askings_customer_about"), ["customer", "about"])
        batch_op.create_index(
            batch_op.f("ix_askings_customer_person_due_at_approval"),
            ["customer", "person", "due_at", "approval"],
        )
    connection = op.get_bind()
    for row in connection.execute(sa.select(APPROVALS).where(APPROVALS.c.status == "open")).all():
        rows = _rows(row)
        if rows:
            connection.execute(askings.insert(), rows)


def downgrade() -> None:
    """Take it back; it is made from the approvals."""
    op.drop_table("askings")


def _rows(row: sa.Row[tuple[str]]) -> list[dict[str, str]]:
    covers = row.body["covers"]
    about = row.run or covers.get("item") or covers.get("workflow", "")
    people = {person for need in row.body["needs"] for person in need["people"]}
    common = {"customer": row.customer, "approval": row.id, "about": about, "due_at": row.due_at}
    return [{**common, "person": person} for person in sorted(people)]
