"""The record on a server: cut connections, full columns, wrong servers; no password is told."""

from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa

from runs import audit, leases
from runs.errors import Conflict, InvalidInput, Unavailable
from runs.store import schema
from runs.store.database import Database
from runs.store.store import Store
from tests import databases
from tests.builders import make_customer, make_store

pytestmark = pytest.mark.on_a_server

SECRET = "hunter2"
SELF = sa.text("SELECT pg_backend_pid()")
CUT = sa.text(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
    "WHERE datname = current_database() AND state = 'idle in transaction'"
)

CUT_OTHERS = sa.text(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
    "WHERE datname = current_database() AND pid <> pg_backend_pid()"
)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """An empty record."""
    return make_store(tmp_path)


@pytest.fixture
def other(store: Store) -> Store:
    """The same record, as another process has it open."""
    return Store(Database(store.database.url, busy_timeout_s=0.2), store.clock)


def test_what_is_done_alone_is_done_by_one(store: Store, other: Store) -> None:
    """Whoever waits too long is told to try again; then it is free."""
    with store.database.alone("x"), pytest.raises(Unavailable), other.database.alone("x"):
        pass

    with other.database.alone("x"):
        assert schema.state(other.database).is_current


def cut_others(store: Store) -> int:
    """End every connection but one's own; how many there were."""
    with store.database.looking() as connection:
        return len(connection.scalars(CUT_OTHERS).all())


def test_a_connection_that_was_cut_while_nobody_used_it_is_replaced(
    store: Store, other: Store
) -> None:
    """Whoever comes next notices nothing: neither who looks nor who writes."""
    customer = make_customer(store)
    with store.database.reading() as one, store.database.looking() as two:
        assert one.scalar(SELF) != two.scalar(SELF)
    cut = cut_others(other)
    while cut_others(other):
        pass

    assert cut == 2
    assert store.customer(customer.id) == customer
    with store.change(customer, "a") as change:
        change.append("job_failed", job="kept")
    assert [event.kind for event in store.events(customer)][-1] == "job_failed"


def test_a_writer_whose_connection_is_cut_leaves_nothing(store: Store, other: Store) -> None:
    """And is told to try again; the next change finds a connection that works."""
    customer = make_customer(store)

    def change_and_be_cut() -> None:
        with store.change(customer, "a") as change:
            change.append("job_failed", job="lost")
            with other.database.writing() as connection:
                connection.execute(CUT)
            change.append("job_failed", job="never")

    with pytest.raises(Unavailable, match="does not answer"):
        change_and_be_cut()
    with store.change(customer, "a") as change:
        change.append("job_failed", job="kept")

    assert [e.body for e in store.events(customer) if e.kind == "job_failed"] == [{"job": "kept"}]
    assert audit.verify(store.database).ok


@pytest.mark.parametrize("name", ["x" * 200, "nul\x00"])
def test_what_a_column_cannot_hold_is_a_refusal(store: Store, name: str) -> None:
    """The sentence says what is wrong, and not the text."""
    customer = make_customer(store)
    with pytest.raises(InvalidInput, match="cannot hold") as told:
        leases.take(store, customer, name, holder="w", ttl_s=60)

    assert "xxx" not in str(told.value)


def test_a_server_that_does_not_answer_is_named_without_its_password() -> None:
    """Whoever reads the message may be anybody."""
    gone = Database(f"postgresql://ana:{SECRET}@localhost:1/none")
    with pytest.raises(Unavailable, match=r"ana:\*\*\*@localhost:1/none does not answer") as told:
        schema.state(gone)

    assert SECRET not in str(told.value)


def test_a_database_that_sorts_by_a_language_is_refused(tmp_path: Path) -> None:
    """Its order is not the one digests are made in."""
    server = databases.CHOSEN.server
    assert server is not None
    form = "template0 ENCODING 'UTF8' LOCALE 'C' LOCALE_PROVIDER icu ICU_LOCALE 'en'"
    try:
        url = server.make(tmp_path / "english", form)
    except psycopg.errors.FeatureNotSupported:
        pytest.skip("this server sorts by no language")

    with pytest.raises(Conflict, match="by a language"):
        schema.upgrade(Database(url))


def test_a_connection_that_was_closed_on_this_side_is_replaced(store: Store) -> None:
    """A driver that closes its end says so, and no change is lost for it."""
    customer = make_customer(store)
    with store.database.reading() as connection:
        raw = connection.connection.dbapi_connection
    assert raw is not None
    raw.close()

    assert store.customer(customer.id) == customer
