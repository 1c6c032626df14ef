"""The migrations and the tables give the same schema, on both databases."""

from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from runs.clock import RealClock
from runs.errors import Conflict
from runs.store import schema
from runs.store.database import Database
from runs.tables import metadata
from tests import databases

pytestmark = pytest.mark.both_databases


@pytest.fixture
def empty(tmp_path: Path) -> Database:
    """A database without a table."""
    return Database(databases.empty_url_of(tmp_path))


def shape(database: Database) -> dict[str, object]:
    """Columns, keys and indexes of every table, as the database itself tells them."""
    seen = sa.inspect(database.engine)
    return {
        name: (
            [(one["name"], str(one["type"]), one["nullable"]) for one in seen.get_columns(name)],
            seen.get_pk_constraint(name)["constrained_columns"],
            sorted(one["name"] or "" for one in seen.get_indexes(name)),
            sorted(one["name"] or "" for one in seen.get_unique_constraints(name)),
            sorted(one["name"] or "" for one in seen.get_foreign_keys(name)),
            sorted(one["name"] or "" for one in seen.get_check_constraints(name)),
        )
        for name in seen.get_table_names()
    }


def test_the_migrations_give_the_tables(empty: Database) -> None:
    """Alembic finds no difference, and a second time nothing changes."""
    schema.climb(empty, RealClock())
    schema.climb(empty, RealClock())

    with empty.reading() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    assert schema.state(empty).is_current


def test_the_migrations_and_the_tables_have_the_same_shape(empty: Database, tmp_path: Path) -> None:
    """What Alembic does not compare is the same as well: keys, checks, names, the revision."""
    schema.climb(empty, RealClock())
    made = Database(databases.empty_url_of(tmp_path, "made"))
    schema.upgrade(made)
    before = shape(made)
    schema.upgrade(made)

    assert shape(empty) == before == shape(made)
    assert schema.state(empty) == schema.state(made)


def test_a_difference_is_told(empty: Database) -> None:
    """By its name."""
    schema.upgrade(empty)
    with empty.writing() as connection:
        connection.execute(sa.text("DROP INDEX ix_jobs_status_made_at"))

    assert ["ix_jobs_status_made_at" in one for one in schema.differences(empty)] == [True]


def test_every_table_has_the_customer_in_its_key() -> None:
    """From the first migration."""
    without = [t.name for t in metadata.tables.values() if "customer" not in t.primary_key.columns]

    assert without == []


def test_a_database_without_records_says_how_to_begin(empty: Database) -> None:
    """The remedy is in the message."""
    with pytest.raises(Conflict, match="pilotage init"):
        schema.require(empty)


@pytest.mark.parametrize("act", [schema.require, schema.upgrade])
def test_a_newer_program_s_database_is_left_alone(empty: Database, act) -> None:
    """An older program would read it wrongly."""
    schema.upgrade(empty)
    with empty.writing() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))

    with pytest.raises(Conflict, match=r"9999, a newer program's"):
        act(empty)
