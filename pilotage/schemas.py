"""What the three engines keep in a database: brought up to date together, and looked over."""

import time
from typing import NamedTuple

from pilotage.settings import Settings
from runs.clock import Clock
from runs.errors import Conflict
from runs.store import schema
from runs.store.database import Database

NONE = "none"


class Part(NamedTuple):
    """One engine's tables."""

    name: str
    found: str
    """Their revision; `none` when there are none."""
    expected: str
    """Empty where only the engine itself knows."""
    differences: tuple[str, ...] = ()

    @property
    def is_current(self) -> bool:
        """True when this program can work with them."""
        is_expected = self.found == self.expected if self.expected else self.found != NONE
        return is_expected and not self.differences


class Look(NamedTuple):
    """How a database stands."""

    database: str
    """Its URL, without credentials."""
    server: str
    latency_ms: float
    """Of the fastest of three reads of one row."""
    parts: tuple[Part, ...]

    @property
    def is_current(self) -> bool:
        """True when nothing has to be done."""
        return all(part.is_current for part in self.parts)


def migrate(settings: Settings, clock: Clock | None = None) -> None:
    """Bring every engine's tables up to date, one process at a time; again changes nothing.

    The record comes last: a database that has it has the others. On SQLite the queue and the
    checkpoints stand in files of their own, which the worker makes.
    """
    database = Database(settings.database_url)
    try:
        with database.alone("schema"):
            if database.is_shared:
                # Heavy, and asked for by nobody whose record is a file.
                from agent import checkpoints
                from runs import queue

                schema.require_order(database)
                queue.migrate(settings.database_url)
                checkpoints.migrate(settings.database_url)
            schema.upgrade(database, clock)
    finally:
        database.close()


def look(settings: Settings) -> Look:
    """How the database stands; Unavailable when it does not answer. Reads only."""
    database = Database(settings.database_url)
    try:
        server = schema.server(database)
        state = schema.state(database)
        differences = schema.differences(database) if state.is_current else []
        record = Part("record", state.found or NONE, state.expected, tuple(differences))
        parts = (record, *_of_server(settings, database))
        return Look(database.name, server, _latency_ms(database), parts)
    finally:
        database.close()


def require(settings: Settings, database: Database) -> None:
    """Conflict, with the remedy, unless queue and checkpoints on a server can be worked with."""
    for part in _of_server(settings, database):
        if not part.is_current:
            raise Conflict(
                f"{database.name}: the tables of the {part.name} are at {part.found}, this program "
                f"works with {part.expected or 'some'}; run `pilotage db migrate`"
            )


def _of_server(settings: Settings, database: Database) -> tuple[Part, ...]:
    if not database.is_shared:
        return ()
    from agent import checkpoints
    from runs import queue

    kept, jobs = checkpoints.tables(settings.database_url), queue.revision(database)
    found = NONE if kept.found < 0 else str(kept.found)
    return (
        Part("checkpoints", found, str(kept.expected)),
        Part("queue", str(jobs or NONE), ""),
    )


def _latency_ms(database: Database) -> float:
    return min(_one_read_ms(database) for _ in range(3))


def _one_read_ms(database: Database) -> float:
    with database.reading() as connection:
        began = time.perf_counter()
        connection.exec_driver_sql("SELECT 1").scalar()
        return round((time.perf_counter() - began) * 1000, 3)
