"""One connection pool to the record; a transaction never starts as reader and ends as writer.

SQLite has one writer at a time, and so every change sees all others. On PostgreSQL a change takes
its customer's turn first and comes to the same.
"""

import hashlib
import select
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import lru_cache, partial
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import DataError, DBAPIError, DisconnectionError, OperationalError

from runs.clock import RealClock
from runs.errors import InvalidInput, PilotageError, Unavailable
from runs.store import address
from runs.store.compiled import share
from runs.store.disk import SYNC, Disk, Sync

SCHEMA = "pilotage"
"""Where the record stands on PostgreSQL, beside whatever else the database holds."""

LOCKED = "the database is locked by another writer; try again in a moment"
TRY_AGAIN = ("08", "40", "53", "57")
"""Classes of SQLSTATE that say: not now. Connection, rolled back, resources, operator."""
WAITED_TOO_LONG = ("55P03", "40P01", "25P03")
IDLE_S = 60
"""After so long without a word the server ends a transaction: a frozen process holds up nobody."""
LOOK_S = 0.05


_TURN = sa.select(
    sa.func.pg_advisory_xact_lock(sa.bindparam("turn", type_=sa.BigInteger)),
    sa.func.clock_timestamp().label("began_at"),
)
_MESSAGE = sa.select(sa.func.pg_logical_emit_message(sa.true(), "pilotage", ""))
_REAL_TIME = sa.select(sa.func.clock_timestamp())
_LAGGING = sa.select(sa.func.set_config("synchronous_commit", "off", sa.true()))


class Hand(threading.local):
    """A thread's own connection for what it looks at, while it says that it looks often.

    To take one from the pool, and to give it back, costs more than what is looked at.
    """

    is_open = False
    connection: Connection | None = None

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep one from its first use to the end of the outermost block."""
        if self.is_open:
            yield
            return
        self.is_open = True
        try:
            yield
        finally:
            self.is_open = False
            self._give_back()

    @contextmanager
    def lent(self, engine: Engine) -> Iterator[Connection]:
        """The one that is kept; one of its own for this use alone where none is."""
        if not self.is_open:
            with engine.connect() as connection:
                yield connection
            return
        if self.connection is None:
            self.connection = engine.connect()
        try:
            yield self.connection
        except DBAPIError:
            # What failed may be broken: the next look takes another.
            self._give_back()
            raise

    def _give_back(self) -> None:
        kept, self.connection = self.connection, None
        if kept is not None:
            kept.close()


class Database:
    """The record's database; safe to share between threads."""

    def __init__(self, url: str, *, busy_timeout_s: float = 30.0, sync: Sync = SYNC) -> None:
        self.url = url
        self.kind = address.kind(url)
        self.name = address.shown(url)
        """The URL without credentials: what messages say."""
        self._busy_timeout_s = busy_timeout_s
        # SQLite's own waiting is a sleep that grows: threads of one process take turns instead.
        self._turn = threading.Lock()
        self._disk = Disk(sa.make_url(url).database or "", sync)
        self.engine = _engine(url, busy_timeout_s)
        self._at_hand = Hand()
        self._reader = self.engine
        self._looker = self.engine.execution_options(looks=True)
        self._writer = self.engine.execution_options(writes=True)
        if self.is_shared:
            options = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
            self._reader = self.engine.execution_options(**options)
            # Connections of their own: to change one at each use costs more than what it looks at.
            self._looker = _engine_of_server(url, busy_timeout_s, isolation_level="AUTOCOMMIT")

    @property
    def is_shared(self) -> bool:
        """True where several worker processes may work: on PostgreSQL."""
        return self.kind == "postgresql"

    @property
    def is_lost(self) -> bool:
        """True once its disk did not take what was written: only another process may go on."""
        return self._disk.is_lost

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A consistent view that changes nothing; Unavailable when the database does not answer."""
        with self._translating(), self._reader.connect() as connection:
            yield connection

    @contextmanager
    def looking(self) -> Iterator[Connection]:
        """For one statement that reads: a view of its own, without a transaction around it."""
        with self._translating(), self._at_hand.lent(self._looker) as connection:
            yield connection

    @contextmanager
    def at_hand(self) -> Iterator[None]:
        """Until the block ends what this thread looks at goes over one connection, kept for it.

        Each look is still a view of its own: it sees whatever was committed before it.
        """
        with self._at_hand.held():
            yield

    @contextmanager
    def writing(self, *, lags: bool = False) -> Iterator[Connection]:
        """One transaction, all or nothing, and on the disk when the block is left.

        On SQLite it holds the write lock from the start. One that `lags` does not wait for the
        disk: it gets there with the next that does not lag, and never after it. Only a machine that
        stops in between loses it, and all that lagged with it. Raises Unavailable when a lock is
        not to be had within the busy timeout, or database or disk do not answer.
        """
        with (
            self._translating(),
            self._promised(lags=lags) as promise,
            self._in_turn(),
            self._writer.connect() as connection,
            connection.begin(),
        ):
            promise(connection)
            yield connection

    @contextmanager
    def _promised(self, *, lags: bool) -> Iterator[Callable[[Connection], None]]:
        """What a transaction does first, and what is waited for after its turn.

        The next one writes meanwhile, and may wait for the same disk.
        """
        waits: list[bool] = []

        def promise(connection: Connection) -> None:
            if lags and self.is_shared:
                connection.execute(_LAGGING)
            waits.append(not (lags or self.is_shared) and _waits(connection))

        yield promise
        if waits[0]:
            self._disk.wait()

    def wait_for_disk(self) -> None:
        """Return once all that anybody committed before this call is on the disk.

        Raises Unavailable where the disk does not take it.
        """
        if not self.is_shared:
            self._disk.wait()
            self._settle()
            return
        with self.writing() as connection:
            # Whatever writes to the log waits for the disk, with all that stands before it.
            connection.execute(_MESSAGE)

    def _settle(self) -> None:
        """Bring the log into the database: what a disk once refused is written to it anew.

        It may say of the log that it has it though it refused that to a process before this one.
        """
        with self._translating(), self._looker.connect() as connection:
            is_busy = connection.exec_driver_sql("PRAGMA wal_checkpoint(FULL)").one()[0]
        if is_busy:
            raise Unavailable(LOCKED)

    def take_turn(self, connection: Connection, name: str) -> datetime | None:
        """From now to the end of the transaction nobody else has the turn of this name.

        What is read after it is what the one before left. Returns a server's time when it was
        taken; SQLite's writers take turns anyway.
        """
        if not self.is_shared:
            return None
        return connection.execute(_TURN, {"turn": _number(name)}).one().began_at

    @contextmanager
    def alone(self, name: str) -> Iterator[None]:
        """Nobody else on this server does what has this name; nothing to wait for on SQLite."""
        if not self.is_shared:
            yield
            return
        with self._translating(), self.engine.connect() as connection:
            # Outside a transaction: indexes that are built wait for every open one.
            connection = connection.execution_options(isolation_level="AUTOCOMMIT")
            self._wait_for(connection, _number(name))
            try:
                yield
            finally:
                connection.execute(sa.select(sa.func.pg_advisory_unlock(_number(name))))

    def _wait_for(self, connection: Connection, number: int) -> None:
        taken = sa.select(sa.func.pg_try_advisory_lock(number))
        for _ in range(1 + round(self._busy_timeout_s / LOOK_S)):
            if connection.execute(taken).scalar_one():
                return
            connection.execute(sa.select(sa.func.pg_sleep(LOOK_S)))
        raise Unavailable(LOCKED)

    @contextmanager
    def _in_turn(self) -> Iterator[None]:
        if self.is_shared:
            yield
            return
        if not self._turn.acquire(timeout=self._busy_timeout_s):
            raise Unavailable(LOCKED)
        try:
            yield
        finally:
            self._turn.release()

    @contextmanager
    def _translating(self) -> Iterator[None]:
        try:
            yield
        except DBAPIError as error:
            told = self._told(error)
            if told is None:
                raise
            raise told from error

    def _told(self, error: DBAPIError) -> PilotageError | None:
        """What a database's complaint means here; None when it is a mistake of ours."""
        says = str(error.orig).partition("\n")[0]
        if not self.is_shared:
            is_busy = isinstance(error, OperationalError) and ("locked" in says or "busy" in says)
            return Unavailable(LOCKED) if is_busy else None
        if isinstance(error, DataError):
            return InvalidInput(f"the database cannot hold what was sent ({says}); shorten it")
        state = getattr(error.orig, "sqlstate", None) or ""
        if state in WAITED_TOO_LONG:
            return Unavailable(LOCKED)
        is_unmet = not state and isinstance(error, OperationalError)
        if error.connection_invalidated or is_unmet or state.startswith(TRY_AGAIN):
            return Unavailable(
                f"{self.name} does not answer ({says}); start it, or correct PILOTAGE_DATABASE_URL"
            )
        return None

    def scrub(self) -> None:
        """Leave nothing of what was erased in SQLite's files; on PostgreSQL vacuum does that."""
        if self.is_shared:
            return
        with self._in_turn(), self._translating():
            raw = self.engine.raw_connection()
            try:
                # What is erased is overwritten (`secure_delete`); here the log lets go of it too.
                raw.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")
            finally:
                raw.close()

    def close(self) -> None:
        """Give every connection back."""
        self.engine.dispose()
        self._looker.dispose()


def real_time(connection: Connection) -> datetime:
    """On a server its own time: workers may stand on machines whose clocks differ."""
    if connection.dialect.name == "sqlite":
        return RealClock().now()
    return connection.execute(_REAL_TIME).scalar_one()


@lru_cache(maxsize=1_000)
def _number(name: str) -> int:
    """The number by which PostgreSQL knows a turn."""
    seen = hashlib.sha256(f"{SCHEMA}:{name}".encode()).digest()
    return int.from_bytes(seen[:8], "big", signed=True)


def _engine(url: str, busy_timeout_s: float) -> Engine:
    if address.kind(url) == "postgresql":
        return _engine_of_server(url, busy_timeout_s)
    told = {"connect_args": {"timeout": busy_timeout_s}, "pool_size": 8}
    engine = share(sa.create_engine(url, hide_parameters=True, **told))
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _engine_of_server(url: str, busy_timeout_s: float, **more: Any) -> Engine:
    told = {"max_overflow": 30, "hide_parameters": True}
    engine = share(sa.create_engine(address.driver(url), **told, **more))
    said = {
        "search_path": SCHEMA,
        "lock_timeout": f"{busy_timeout_s * 1000:.0f}ms",
        "idle_in_transaction_session_timeout": f"{IDLE_S}s",
    }

    def prepare(raw: object, _: object) -> None:
        cursor = raw.cursor()  # pyright: ignore[reportAttributeAccessIssue] -- driver object
        for name, value in said.items():
            cursor.execute(f"SET {name} = '{value}'")
        cursor.close()
        # The pool rolls back what comes back to it, and a bare SET with it.
        raw.commit()  # pyright: ignore[reportAttributeAccessIssue] -- driver object

    event.listen(engine, "connect", prepare)
    event.listen(engine, "checkout", partial(_refuse_dead, engine))
    return engine


def _refuse_dead(engine: Engine, raw: Any, _: object, __: object) -> None:
    """A connection that was ended, here or there, is replaced before it is used.

    No living one is asked: nobody says anything on a line that is not used, unless to end it.
    """
    try:
        looking = select.poll()
        looking.register(raw.fileno(), select.POLLIN)
        if looking.poll(0):
            raw.execute("SELECT 1")
            raw.rollback()
    except engine.dialect.loaded_dbapi.Error as error:
        raise DisconnectionError from error


def _waits(connection: Connection) -> bool:
    """Whether a commit is to reach the disk at all; who set `OFF` said that it need not."""
    raw: Any = connection.connection.dbapi_connection
    return raw.execute("PRAGMA synchronous").fetchone()[0] != 0


def _prepare_sqlite(raw: object, _: object) -> None:
    # Autocommit mode: SQLAlchemy's own BEGIN (below) decides when a transaction starts.
    raw.isolation_level = None  # pyright: ignore[reportAttributeAccessIssue] -- driver object
    cursor = raw.cursor()  # pyright: ignore[reportAttributeAccessIssue] -- driver object
    # A commit goes to the log in order, and `Disk` waits for it: one wait for many.
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON", "secure_delete=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    options = connection.get_execution_options()
    if options.get("looks", False):
        return
    writes = options.get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
