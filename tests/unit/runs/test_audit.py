"""The audit finds what was done behind its back."""

from pathlib import Path

import pytest
import sqlalchemy as sa

from runs import audit, people
from runs.store.store import Store
from tests.builders import (
    case,
    dataset,
    evidence,
    item,
    make_customer,
    make_store,
    run,
    trigger,
)

pytestmark = pytest.mark.both_databases


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """A record with something of everything."""
    store = make_store(tmp_path)
    customer = make_customer(store)
    store.runs.open(customer, "dan", trigger(), run())
    store.keep(customer, "worker", evidence(), "r-1")
    store.items.admit(customer, "api", item())
    people.create_token(store, customer, "cli", person="ana")
    return store


def test_an_untouched_record_verifies(store: Store) -> None:
    """Nothing is found where nothing was done."""
    report = audit.verify(store.database)

    assert (report.ok, report.problems) == (True, ())
    assert report.events == report.records


@pytest.mark.parametrize(
    ("statement", "says"),
    [
        ("UPDATE events SET actor = 'eve' WHERE seq = 3", "altered"),
        ("UPDATE events SET body = '{}' WHERE seq = 3", "altered"),
        ("DELETE FROM events WHERE seq = 3", "missing"),
        ("DELETE FROM events WHERE seq = (SELECT max(seq) FROM events)", "head says"),
        ("UPDATE items SET status = 'acted'", "changed without an event"),
        ("UPDATE items SET body = '{}'", "changed without an event"),
        ("UPDATE records SET body = '{}'", "changed without an event"),
        ("DELETE FROM items", "is gone"),
        ("UPDATE people SET roles = '[\"owner\"]' WHERE id = 'dan'", "changed without an event"),
        ("INSERT INTO policies VALUES ('acme', 'w', 'd', 'eve', '')", "has no event"),
        ("UPDATE events SET seq = seq + 1000 WHERE seq = 3", "missing"),
        ("UPDATE chain_head SET seq = 1", "head says"),
    ],
)
def test_tampering_is_found(store: Store, statement: str, says: str) -> None:
    """Altered, removed, inserted or reordered: the first problem names it."""
    with store.database.engine.begin() as connection:
        connection.execute(sa.text(statement))

    report = audit.verify(store.database)

    assert not report.ok
    assert any(says in problem.says for problem in report.problems)


def test_two_events_swapped_are_found(store: Store) -> None:
    """Order is part of the chain."""
    with store.database.engine.begin() as connection:
        for old, new in ((3, 9003), (4, 3), (9003, 4)):
            connection.execute(sa.text(f"UPDATE events SET seq = {new} WHERE seq = {old}"))

    assert audit.verify(store.database).problems[0].seq == 3


def test_a_changed_label_is_found(store: Store) -> None:
    """What defines correct is covered as well."""
    customer = store.customer("acme")
    cases = [case(id="c-1"), case(id="c-2", family="f-2")]
    store.cases.keep(customer, "maren", dataset(cases), cases)
    assert audit.verify(store.database).ok
    with store.database.engine.begin() as connection:
        connection.execute(sa.text("UPDATE cases SET body = '{}' WHERE id = 'c-1'"))

    assert "labelled cases" in audit.verify(store.database).problems[0].says
