"""The schema of the record: brought up to date, and compared with what this program expects."""

from importlib.resources import files
from typing import NamedTuple

import sqlalchemy as sa

from runs.errors import Conflict
from runs.store.database import Database

HEAD = "0001"
"""The revision this program works with; a test compares it with the migrations."""


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
        raise Conflict(f"{database.url} holds no records yet; run `pilotage init` first")
    if not now.is_current:
        raise Conflict(
            f"{database.url} has schema {now.found}, this program works with {now.expected}; "
            "run `pilotage init` to bring it up to date"
        )


def upgrade(database: Database) -> None:
    """Bring a database to the expected schema; doing it again changes nothing."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(files("runs") / "migrations"))
    with database.writing() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
