"""What a commit is worth: on SQLite it is on the disk before anybody is told."""

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import sqlalchemy as sa

from runs.errors import Unavailable
from runs.store.database import Database
from runs.store.disk import Disk, Sync
from tests import databases


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
    """Nobody is promised what is not there; the next change tries again."""

    def fail(_: int) -> None:
        raise OSError(28, "No space left on device")

    with (
        record(tmp_path, fail) as database,
        pytest.raises(Unavailable, match="No space left"),
    ):
        write(database, 1)


def test_the_tests_themselves_wait_for_no_disk(tmp_path: Path) -> None:
    """Only a machine that dies would show the difference."""
    waits = Waits()
    database = Database(f"sqlite:///{tmp_path}/record.db", sync=waits)
    with database.writing() as connection:
        connection.exec_driver_sql("CREATE TABLE seen (number INTEGER)")
    database.close()

    assert waits.sizes == []
