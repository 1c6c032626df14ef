"""What a commit is worth: on SQLite it is on the disk before anybody is told."""

from pathlib import Path

from runs.store.database import Database
from tests import databases

FULL, NORMAL, OFF = 2, 1, 0


def synchronous(file: Path) -> object:
    """How much a new connection to a record waits for the disk."""
    database = Database(f"sqlite:///{file}")
    with database.reading() as connection:
        found = connection.exec_driver_sql("PRAGMA synchronous").scalar()
    database.close()
    return found


def test_a_commit_waits_for_the_disk(tmp_path: Path) -> None:
    """A machine that dies takes nothing with it that was told."""
    with databases.unhurried():
        found = synchronous(tmp_path / "record.db")

    assert found == FULL


def test_a_change_that_lags_waits_for_no_disk_and_the_next_does_again(tmp_path: Path) -> None:
    """On one and the same connection."""
    with databases.unhurried():
        database = Database(f"sqlite:///{tmp_path}/record.db")
        found = []
        for lags in (False, True, False):
            with database.writing(lags=lags) as connection:
                found.append(connection.exec_driver_sql("PRAGMA synchronous").scalar())
        database.close()

    assert found == [FULL, NORMAL, FULL]


def test_the_tests_themselves_wait_for_no_disk(tmp_path: Path) -> None:
    """Only a machine that dies would show the difference."""
    assert synchronous(tmp_path / "record.db") == OFF
