"""The migrations and the tables give the same schema."""

from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from runs.errors import Conflict
from runs.store import schema
from runs.store.database import Database
from runs.tables import metadata


def test_the_migrations_give_the_tables(tmp_path: Path) -> None:
    """Alembic finds no difference."""
    database = Database(f"sqlite:///{tmp_path}/a.db")
    schema.upgrade(database)
    schema.upgrade(database)

    with database.reading() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    assert schema.state(database).is_current


def test_every_table_has_the_customer_in_its_key() -> None:
    """From the first migration."""
    without = [t.name for t in metadata.tables.values() if "customer" not in t.primary_key.columns]

    assert without == []


def test_a_database_without_records_says_how_to_begin(tmp_path: Path) -> None:
    """The remedy is in the message."""
    with pytest.raises(Conflict, match="pilotage init"):
        schema.require(Database(f"sqlite:///{tmp_path}/a.db"))
