"""People's words stand in snapshots, where they can be erased.

Titles of triggers and reasons of decisions move into snapshots; the rows name them by digest. Each
row that changes gets its event, so that the chain still tells every row. Immutable records that
copied such words stay as they are: their content is their name.
"""

import json
import secrets
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from alembic import context, op

from runs.clock import Clock
from runs.records.record import canonical, digest_of
from runs.store.change import INSTALLATION, about, event_hash, text_of

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

UPDATE = "Update to the customer: "
"""How the question about an update began, before the title it was about."""

metadata = sa.MetaData()


def _key(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.String, primary_key=True)


def _texts(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.String) for name in names]


# The tables as they are after this revision: `state` is a digest over all their columns.
TRIGGERS = sa.Table(
    "triggers",
    metadata,
    _key("customer"),
    _key("id"),
    *_texts("kind", "title", "text", "key", "opened_by", "opened_at"),
)
DECISIONS = sa.Table(
    "decisions",
    metadata,
    _key("customer"),
    _key("id"),
    *_texts("approval", "person"),
    sa.Column("body", sa.JSON),
)
APPROVALS = sa.Table(
    "approvals",
    metadata,
    _key("customer"),
    _key("id"),
    *_texts("run", "kind", "subject", "status", "due_at"),
    sa.Column("body", sa.JSON),
)
SNAPSHOTS = sa.Table(
    "snapshots",
    metadata,
    _key("customer"),
    _key("digest"),
    *_texts("kind", "content"),
    sa.Column("masked", sa.Integer),
    *_texts("retain_until", "kept_at", "erased_at"),
)
RUNS = sa.Table("runs", metadata, _key("customer"), _key("id"), *_texts("trigger"))
HEAD = sa.Table(
    "chain_head", metadata, _key("customer"), sa.Column("seq", sa.Integer), *_texts("hash")
)
EVENTS = sa.Table(
    "events",
    metadata,
    _key("customer"),
    sa.Column("seq", sa.Integer, primary_key=True),
    *_texts("kind", "table", "subject", "state", "run", "actor", "at", "clock"),
    *_texts("body", "previous", "hash"),
)


def upgrade() -> None:
    """Make the change."""
    moving = _Moving(op.get_bind(), context.config.attributes["clock"])
    moving.titles()
    moving.reasons()
    with op.batch_alter_table("triggers", schema=None) as batch_op:
        batch_op.alter_column(
            "title", existing_type=sa.String(300), type_=sa.String(71), existing_nullable=False
        )
    op.create_index(
        "ix_snapshots_due",
        "snapshots",
        ["customer", "retain_until"],
        unique=False,
        sqlite_where=sa.text("erased_at IS NULL"),
        postgresql_where=sa.text("erased_at IS NULL"),
    )


class _Moving:
    """Words out of rows and into snapshots, on one connection."""

    def __init__(self, connection: sa.Connection, clock: Clock) -> None:
        self._connection = connection
        self._clock = clock

    def titles(self) -> None:
        """A trigger's title, and the question that repeats it."""
        runs = {(row.customer, row.trigger): row.id for row in self._all(RUNS)}
        for row in self._all(TRIGGERS):
            run = runs.get((row.customer, row.id), "")
            name = self._keep(row.customer, row.title, run)
            self._rewrite(TRIGGERS, row, {"title": name}, run)
            for asked in self._all(APPROVALS, APPROVALS.c.run == run):
                if run and asked.body["title"] == UPDATE + row.title:
                    body = {**asked.body, "title": f"{UPDATE}«{name}»"}
                    self._rewrite(APPROVALS, asked, {"body": body}, run)

    def reasons(self) -> None:
        """What people said with their decisions."""
        runs = {(row.customer, row.id): row.run for row in self._all(APPROVALS)}
        for row in self._all(DECISIONS):
            if row.body["reason"]:
                run = runs.get((row.customer, row.approval), "")
                name = self._keep(row.customer, row.body["reason"], run)
                self._rewrite(DECISIONS, row, {"body": {**row.body, "reason": name}}, run)

    def _all(self, table: sa.Table, *where: Any) -> Iterator[Any]:
        query = sa.select(table).where(*where).order_by(table.c.customer, table.c.id)
        return iter(self._connection.execute(query).all())

    def _keep(self, customer: str, text: str, run: str) -> str:
        """Rows hold words that were masked when they were written; here they are not again."""
        value = {"salt": secrets.token_hex(8), "text": text}
        row = {
            "customer": customer,
            "digest": digest_of(value),
            "kind": "words",
            "content": canonical(value).decode(),
            "masked": 0,
            "retain_until": None,
            "kept_at": text_of(self._clock.now()),
            "erased_at": None,
        }
        self._connection.execute(SNAPSHOTS.insert().values(**row))
        self._append(SNAPSHOTS, row, run, kind="snapshot_kept", body={"masked": 0})
        return row["digest"]

    def _rewrite(self, table: sa.Table, row: Any, values: dict[str, Any], run: str) -> None:
        mine = sa.and_(table.c.customer == row.customer, table.c.id == row.id)
        self._connection.execute(table.update().where(mine).values(**values))
        after = {**row._mapping, **values}
        self._append(table, after, run, kind="row_rewritten", body={"revision": revision})

    def _append(
        self, table: sa.Table, row: dict[str, Any], run: str, *, kind: str, body: dict[str, Any]
    ) -> None:
        taken = self._connection.execute(
            HEAD.update()
            .where(HEAD.c.customer == INSTALLATION)
            .values(seq=HEAD.c.seq + 1)
            .returning(HEAD.c.seq, HEAD.c.hash)
        ).one()
        what = about(table, row)
        event = {
            "seq": taken.seq,
            "customer": row["customer"],
            "kind": kind,
            "table": what.table,
            "subject": what.subject,
            "state": what.state,
            "run": run,
            "actor": "migration",
            "at": self._clock.now().isoformat().replace("+00:00", "Z"),
            "clock": self._clock.kind,
            "body": body,
            "previous": taken.hash,
        }
        event["hash"] = event_hash(event)
        stored = {**event, "body": json.dumps(body, sort_keys=True, separators=(",", ":"))}
        self._connection.execute(EVENTS.insert().values(**stored))
        here = HEAD.update().where(HEAD.c.customer == INSTALLATION)
        self._connection.execute(here.values(hash=event["hash"]))


def downgrade() -> None:
    """Bring the earlier columns back; what was moved stays where it can be erased."""
    op.drop_index("ix_snapshots_due", table_name="snapshots")
    with op.batch_alter_table("triggers", schema=None) as batch_op:
        batch_op.alter_column(
            "title", existing_type=sa.String(71), type_=sa.String(300), existing_nullable=False
        )
