"""One connection pool to the record; a transaction never starts as reader and ends as writer."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import OperationalError

from runs.errors import Unavailable

LOCKED = "the database is locked by another writer; try again in a moment"


class Database:
    """The record's database; safe to share between threads."""

    def __init__(self, url: str, *, busy_timeout_s: float = 30.0) -> None:
        self.url = url
        self._busy_timeout_s = busy_timeout_s
        # SQLite's own waiting is a sleep that grows: threads of one process take turns instead.
        self._turn = threading.Lock()
        self.engine = _engine(url, busy_timeout_s)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A consistent view that changes nothing."""
        with self.engine.connect() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """One transaction that holds the write lock from its first statement; all or nothing.

        Raises Unavailable when the lock is not to be had within the busy timeout.
        """
        with self._in_turn():
            try:
                writer = self.engine.connect().execution_options(writes=True)
                with writer as connection, connection.begin():
                    yield connection
            except OperationalError as error:
                if "locked" in str(error) or "busy" in str(error):
                    raise Unavailable(LOCKED) from error
                raise

    @contextmanager
    def _in_turn(self) -> Iterator[None]:
        if not self.url.startswith("sqlite"):
            yield
            return
        if not self._turn.acquire(timeout=self._busy_timeout_s):
            raise Unavailable(LOCKED)
        try:
            yield
        finally:
            self._turn.release()

    def close(self) -> None:
        """Give every connection back."""
        self.engine.dispose()


def _engine(url: str, busy_timeout_s: float) -> Engine:
    if not url.startswith("sqlite"):
        return sa.create_engine(url, pool_pre_ping=True)
    engine = sa.create_engine(url, connect_args={"timeout": busy_timeout_s}, pool_size=8)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(raw: object, _: object) -> None:
    # Autocommit mode: SQLAlchemy's own BEGIN (below) decides when a transaction starts.
    raw.isolation_level = None  # pyright: ignore[reportAttributeAccessIssue] -- driver object
    cursor = raw.cursor()  # pyright: ignore[reportAttributeAccessIssue] -- driver object
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
