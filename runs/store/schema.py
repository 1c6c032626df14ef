"""The schema of the record: brought up to date, and compared with what this program expects."""

from importlib.resources import files
from typing import NamedTuple

import sqlalchemy as sa

from runs.clock import Clock, RealClock
from runs.errors import Conflict
from runs.store.database import SCHEMA, Database
from runs.tables import metadata

HEAD = "0013"
"""The revision this program works with; a test compares it with the migrations."""


ORDER = "SELECT x FROM unnest(ARRAY['a', 'B', '_', '-', 'é', 'Z', '.']) AS x ORDER BY x"
"""Tells whether texts are sorted by their bytes, as SQLite does, or by the rules of a language."""


_VERSION = sa.Table(
    "alembic_version",
    sa.MetaData(),
    sa.Column("version_num", sa.String(32), nullable=False),
    sa.PrimaryKeyConstraint("version_num", name="alembic_version_pkc"),
)
"""As Alembic makes it."""


class SchemaState(NamedTuple):
    """Where a database stands."""

    found: str
    """Empty when there is no schema yet."""
    expected: str

    @property
    def is_current(self) -> bool:
        """True when nothing has to be done."""
        return self.found == self.expected


def state(database: Database) -> SchemaState:
    """The revision of a database; reads one row."""
    with database.reading() as connection:
        if not sa.inspect(connection).has_table("alembic_version"):
            return SchemaState("", HEAD)
        found = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
    return SchemaState(found or "", HEAD)


def require(database: Database) -> None:
    """Conflict, with the remedy, unless the database has the expected schema."""
    now = state(database)
    if not now.found:
        raise Conflict(f"{database.name} holds no records yet; run `pilotage init` first")
    if now.found > now.expected:
        raise _newer(database, now)
    if not now.is_current:
        raise Conflict(
            f"{database.name} has schema {now.found}, this program works with {now.expected}; "
            "run `pilotage db migrate` to bring it up to date"
        )


def upgrade(database: Database, clock: Clock | None = None) -> None:
    """Bring a database to the expected schema; doing it again changes nothing.

    `clock` tells the time of the events about rows that it moves; the real one unless handed in.
    Raises Conflict for a database made by a newer program, and for one that sorts texts by a
    language: records are found again, and digests made, in the order of their bytes.
    """
    now = state(database)
    if now.found > now.expected:
        raise _newer(database, now)
    if database.is_shared:
        require_order(database)
    if not now.is_current and not _lay(database):
        climb(database, clock or RealClock())
    database.scrub()


def _lay(database: Database) -> bool:
    """Make all tables at once where there is none; False where some are, which then climb.

    A test holds what this makes against what all revisions make, one after the other.
    """
    if database.is_shared:
        _make_room(database)
    with database.writing() as connection:
        database.take_turn(connection, "room")
        if sa.inspect(connection).get_table_names():
            return False
        metadata.create_all(connection)
        _VERSION.create(connection)
        connection.execute(_VERSION.insert().values(version_num=HEAD))
    return True


def climb(database: Database, clock: Clock) -> None:
    """Bring tables up to date, one revision after the other, from whichever they have.

    From none the last of them are the tables of this program, which `upgrade` makes at once.
    """
    # Heavy, and asked for by nobody whose record is up to date.
    from alembic import command
    from alembic.config import Config

    if database.is_shared:
        _make_room(database)
    config = Config()
    config.set_main_option("script_location", str(files("runs") / "migrations"))
    with database.writing() as connection:
        config.attributes["connection"] = connection
        config.attributes["clock"] = clock
        command.upgrade(config, "head")


def differences(database: Database) -> list[str]:
    """What the database has otherwise than the tables of this program; reads only."""
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    with database.reading() as connection:
        found = compare_metadata(MigrationContext.configure(connection), metadata)
    return [str(one) for one in found]


def server(database: Database) -> str:
    """Which program keeps the database, with its version."""
    with database.reading() as connection:
        version = connection.dialect.server_version_info or ()
    return f"{database.kind} {'.'.join(map(str, version))}"


def require_order(database: Database) -> None:
    """Conflict unless a server's database sorts texts by their bytes, as SQLite does."""
    with database.reading() as connection:
        found = list(connection.exec_driver_sql(ORDER).scalars())
    if found != sorted(found):
        raise Conflict(
            f"{database.name} sorts texts by a language and not by their bytes; make one with "
            "CREATE DATABASE <name> TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C'"
        )


def _make_room(database: Database) -> None:
    with database.writing() as connection:
        database.take_turn(connection, "room")
        there = sa.text("SELECT 1 FROM pg_namespace WHERE nspname = :name")
        # Even `IF NOT EXISTS` asks for a right that whoever only migrates need not have.
        if not connection.execute(there, {"name": SCHEMA}).scalar():
            connection.execute(sa.schema.CreateSchema(SCHEMA))


def _newer(database: Database, now: SchemaState) -> Conflict:
    return Conflict(
        f"{database.name} has schema {now.found}, a newer program's than {now.expected}; "
        "install the Pilotage that made it"
    )
