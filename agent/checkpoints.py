"""Where a run stands: langgraph's own checkpointer for SQLite and for PostgreSQL."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from runs.errors import Unavailable
from runs.store import address

if TYPE_CHECKING:
    from langgraph.checkpoint.base import BaseCheckpointSaver
    from langgraph.checkpoint.postgres import PostgresSaver

SCHEMA = "pilotage_checkpoints"
"""Where they stand on PostgreSQL."""

BRANCH = "branch:to:"
"""What langgraph calls the channel that leads to a node; pinned, and tested in tests/hazards."""
FIRST = "review_context"
"""Where a thread stands that has its input and no step yet."""

Checkpoints = Callable[[], AbstractContextManager["BaseCheckpointSaver[Any]"]]
"""Opens the checkpoints for as long as a run is advanced."""


class Place(NamedTuple):
    """Where a thread stands."""

    node: str
    """What comes next; empty where nothing does."""
    state: Mapping[str, Any]
    """What travels between the nodes."""


class Tables(NamedTuple):
    """How far the checkpoints' tables have come."""

    found: int
    """-1 when there are none."""
    expected: int


@contextmanager
def opened(url: str) -> Iterator["BaseCheckpointSaver[Any]"]:
    """The checkpoints a URL names; Unavailable when their server does not answer."""
    if address.kind(url) == "postgresql":
        with _on_server(url) as saver:
            yield saver
        return
    from langgraph.checkpoint.sqlite import SqliteSaver

    with SqliteSaver.from_conn_string(address.file(url)) as saver:
        yield saver


def migrate(url: str) -> None:
    """Bring the tables on a server up to date; doing it again changes nothing."""
    import psycopg

    with psycopg.connect(address.server(url), autocommit=True) as connection:
        there = "SELECT 1 FROM pg_namespace WHERE nspname = %s"
        if connection.execute(there, [SCHEMA]).fetchone() is None:
            connection.execute(f"CREATE SCHEMA {SCHEMA}")
    if tables(url).found < tables(url).expected:
        with _on_server(url) as saver:
            saver.setup()


def tables(url: str) -> Tables:
    """How far the tables on a server have come, and how far this program needs them."""
    import psycopg
    from langgraph.checkpoint.postgres import PostgresSaver

    expected = len(PostgresSaver.MIGRATIONS) - 1
    with psycopg.connect(address.server(url), autocommit=True) as connection:
        there = "SELECT to_regclass(%s)"
        name = f"{SCHEMA}.checkpoint_migrations"
        if connection.execute(there, [name]).fetchone() == (None,):
            return Tables(-1, expected)
        row = connection.execute(f"SELECT max(v) FROM {SCHEMA}.checkpoint_migrations").fetchone()
    return Tables(-1 if row is None or row[0] is None else row[0], expected)


def find_place(saver: "BaseCheckpointSaver[Any]", thread: str) -> Place | None:
    """Where a thread stands, whatever graph it is met by; None where it has not begun."""
    found = saver.get_tuple({"configurable": {"thread_id": thread}})
    if found is None:
        return None
    kept = found.checkpoint
    for channel in kept["channel_values"]:
        node = channel.removeprefix(BRANCH)
        seen = kept["versions_seen"].get(node, {}).get(channel)
        if node != channel and kept["channel_versions"][channel] != seen:
            return Place(node, kept["channel_values"])
    is_begun = "__start__" in kept["channel_values"]
    return Place(FIRST if is_begun else "", kept["channel_values"])


def count_of(saver: "BaseCheckpointSaver[Any]", thread: str) -> int:
    """How many checkpoints a thread has."""
    return sum(1 for _ in saver.list({"configurable": {"thread_id": thread}}))


@contextmanager
def _on_server(url: str) -> Iterator["PostgresSaver"]:
    import psycopg
    from langgraph.checkpoint.postgres import PostgresSaver

    try:
        with PostgresSaver.from_conn_string(address.server(url, schema=SCHEMA)) as saver:
            yield saver
    except psycopg.OperationalError as error:
        says = str(error).partition("\n")[0]
        raise Unavailable(
            f"{address.shown(url)} does not answer ({says}); start it, or correct "
            "PILOTAGE_DATABASE_URL"
        ) from error
