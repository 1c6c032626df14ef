"""What a commit is worth: on SQLite it is on the disk before anybody is told."""

import os
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import sqlalchemy as sa

from runs.errors import Unavailable
from runs.store.database import Database
from runs.store.disk import Disk, Sync
from tests import databases

END_OF_LOG = sa.text("SELECT pg_current_wal_insert_lsn()::text")
IS_FLUSHED = sa.text("SELECT pg_current_wal_flush_lsn() >= CAST(:at AS pg_lsn)")


@dataclass
class Waits:
    """A disk that notes when it was waited for, and does something else meanwhile."""

    meanwhile: Callable[[int], object] = lambda _: None
    sizes: list[int] = field(default_factory=list)
    """Of the log, each time."""

    def __call__(self, file: int) -> None:
        """Wait for it."""
        self.sizes.append(os.fstat(file).st_size)
        self.meanwhile(len(self.sizes))


@contextmanager
def record(folder: Path, waits: Sync) -> Iterator[Database]:
    """A database with one table, opened as the product opens it."""
    with databases.unhurried():
        database = Database(f"sqlite:///{folder}/record.db", sync=waits)
        with database.writing(lags=True) as connection:
            connection.exec_driver_sql("CREATE TABLE seen (number INTEGER)")
        yield database
        database.close()


@contextmanager
def record_again(folder: Path, waits: Sync) -> Iterator[Database]:
    """The same record, opened by another process."""
    with databases.unhurried():
        database = Database(f"sqlite:///{folder}/record.db", sync=waits)
        yield database
        database.close()


def write(database: Database, number: int, *, lags: bool = False) -> None:
    """One change."""
    with database.writing(lags=lags) as connection:
        connection.execute(sa.text("INSERT INTO seen VALUES (:number)"), {"number": number})


def test_a_commit_waits_for_the_disk_with_all_that_lagged(tmp_path: Path) -> None:
    """A machine that dies takes nothing with it that was told."""
    waits = Waits()
    with record(tmp_path, waits) as database:
        write(database, 1, lags=True)
        before = waits.sizes.copy()
        write(database, 2)
        log = (tmp_path / "record.db-wal").stat().st_size

    assert (before, waits.sizes) == ([], [log])


def test_the_next_one_writes_while_one_waits_for_the_disk(tmp_path: Path) -> None:
    """Whoever waits has left the turn: it may be taken in the middle of the wait."""
    waits = Waits()
    with record(tmp_path, waits) as database:
        waits.meanwhile = lambda _: write(database, 2, lags=True)
        write(database, 1)
        with database.reading() as connection:
            found = connection.exec_driver_sql("SELECT number FROM seen").scalars().all()

    assert found == [1, 2]


def test_all_who_come_during_one_wait_share_the_next(tmp_path: Path) -> None:
    """Eight ask, and the disk is waited for twice."""
    (tmp_path / "x-wal").touch()
    waits = Waits()
    disk = Disk(f"{tmp_path}/x", waits)
    others = [threading.Thread(target=disk.wait) for _ in range(7)]

    def let_others_come(number: int) -> None:
        for other in others if number == 1 else ():
            other.start()
        while disk.asked < 8:
            pass

    waits.meanwhile = let_others_come
    disk.wait()
    for other in others:
        other.join()

    assert len(waits.sizes) == 2


def test_a_disk_that_takes_nothing_is_told(tmp_path: Path) -> None:
    """Nobody is promised what is not there, though the disk says later that it has it."""
    failures = [OSError(28, "No space left on device")]

    def fail(_: int) -> None:
        if failures:
            raise failures.pop()

    with record(tmp_path, fail) as database:
        for number in range(2):
            with pytest.raises(Unavailable, match=r"No space left.*start this process again"):
                write(database, number)
        is_lost = database.is_lost
    again = Waits()
    with record_again(tmp_path, again) as database:
        write(database, 2)

        is_well = not database.is_lost

    assert (len(again.sizes), is_lost, is_well) == (1, True, True)


@pytest.mark.both_databases
def test_what_is_waited_for_holds_what_others_left_to_lag(tmp_path: Path) -> None:
    """On a server its log has been written up to there; elsewhere the disk is asked."""
    waits, url = Waits(), sa.make_url(databases.url_of(tmp_path))
    is_server = url.drivername.startswith("postgresql")
    if is_server:
        url = url.update_query_dict({"options": "-csynchronous_commit=on"})
    with databases.unhurried():
        database = Database(url.render_as_string(hide_password=False), sync=waits)
        with database.writing(lags=True) as connection:
            connection.execute(sa.text("CREATE TABLE seen (number INTEGER)"))
            ends_at = connection.scalar(END_OF_LOG) if is_server else ""
        database.wait_for_disk()
        with database.reading() as connection:
            is_there = not is_server or connection.scalar(IS_FLUSHED, {"at": ends_at})
        database.close()

    assert (is_there, len(waits.sizes)) == (True, 0 if is_server else 1)


def test_what_was_waited_for_stands_in_the_database_itself(tmp_path: Path) -> None:
    """A log that another process was refused counts for nothing: it is written once more."""
    with record(tmp_path, Waits()) as database:
        write(database, 1)
        database.wait_for_disk()
        alone = tmp_path / "alone.db"
        alone.write_bytes((tmp_path / "record.db").read_bytes())

    with closing(sqlite3.connect(alone)) as raw:
        assert raw.execute("SELECT number FROM seen").fetchall() == [(1,)]


def test_a_reader_of_long_ago_keeps_the_disk_from_having_it_all(tmp_path: Path) -> None:
    """Whoever waits is told to try again, and is promised nothing."""
    with databases.unhurried():
        database = Database(f"sqlite:///{tmp_path}/record.db", sync=Waits(), busy_timeout_s=0.1)
        with database.writing() as connection:
            connection.exec_driver_sql("CREATE TABLE seen (number INTEGER)")
        with database.reading() as connection:
            connection.exec_driver_sql("SELECT * FROM seen").all()
            write(database, 1)
            with pytest.raises(Unavailable, match="try again"):
                database.wait_for_disk()
        database.wait_for_disk()
        database.close()


def test_the_tests_themselves_wait_for_no_disk(tmp_path: Path) -> None:
    """Only a machine that dies would show the difference."""
    waits = Waits()
    database = Database(f"sqlite:///{tmp_path}/record.db", sync=waits)
    with database.writing() as connection:
        connection.exec_driver_sql("CREATE TABLE seen (number INTEGER)")
    database.close()

    assert waits.sizes == []
