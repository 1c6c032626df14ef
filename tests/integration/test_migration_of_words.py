"""A record made before people's words stood in snapshots is brought up to date without loss."""

from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.config import Config

from runs import approvals, audit, snapshots, tables, words
from runs.records.approval import Approval
from runs.records.person import Customer
from runs.store import schema
from runs.store.change import text_of
from runs.store.store import Store
from tests.builders import DIGEST, approval, make_customer, make_store, run, trigger
from tests.builders import NOW as AT

pytestmark = pytest.mark.both_databases

TITLE = "Ana's tickets at Gr\u00fcn & Co"
REASON = "Mr Gr\u00fcn is ill until May"


def back_to_first(store: Store) -> None:
    """Take the schema back to how it was first."""
    config = Config()
    config.set_main_option("script_location", str(files("runs") / "migrations"))
    with store.database.writing() as connection:
        config.attributes["connection"] = connection
        config.attributes["clock"] = store.clock
        command.downgrade(config, "0001")


def decision(asked: str, person: str, reason: str) -> dict[str, Any]:
    """A decision's row as it was first: with the words in it."""
    body = {
        "id": f"{asked}.{person}",
        "approval": asked,
        "person": person,
        "role": "product_owner",
        "kind": "reject" if reason else "approve",
        "reason": reason,
        "seen": DIGEST,
        "proved_by": "token",
        "token": "t1",
        "solo": False,
        "decided_at": "2026-03-02T09:00:00Z",
    }
    return {"id": body["id"], "approval": asked, "person": person, "body": body}


def question(asked: Approval) -> dict[str, Any]:
    """A question's row as it was first."""
    body = asked.as_json()
    row = {name: body[name] for name in ("id", "run", "kind", "subject", "status")}
    return {**row, "due_at": text_of(asked.due_at), "body": body}


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """A record of the first schema with a trigger, two questions and their answers."""
    store = make_store(tmp_path)
    customer = make_customer(store)
    back_to_first(store)
    with store.change(customer, "dan", "r-1") as change:
        old = trigger().as_json() | {"title": TITLE}
        change.insert(tables.triggers, old, "trigger_received")
        change.insert(tables.runs, run().as_json(), "run_opened")
    with store.change(customer, "run:r-1", "r-1") as change:
        for asked in (
            approval(),
            approval(id="a-2", kind="update", title=f"Update to the customer: {TITLE}"),
        ):
            told = {"approval_kind": asked.kind, "subject": asked.subject}
            change.insert(tables.approvals, question(asked), "approval_opened", **told)
    with store.change(customer, "ana", "r-1") as change:
        for row in (decision("a-1", "ana", REASON), decision("a-2", "ben", "")):
            change.insert(tables.decisions, row, "decision_recorded")
    return store


@pytest.fixture
def customer(store: Store) -> Customer:
    """Whose record it is, brought up to date."""
    schema.upgrade(store.database, store.clock)
    return store.customer("acme")


def test_every_word_is_there_and_stands_in_a_snapshot(store: Store, customer: Customer) -> None:
    """Titles, reasons and what repeated them; nothing said stays nothing."""
    found = store.runs.trigger(customer, "t-1")
    [said] = approvals.decisions_of(store, customer, "a-1")
    [silent] = approvals.decisions_of(store, customer, "a-2")
    asked = approvals.get(store, customer, "a-2")

    assert words.words(store, customer, found.title) == TITLE
    assert words.words(store, customer, said.reason) == REASON
    assert silent.reason == ""
    assert TITLE not in asked.title
    assert words.told(store, customer, asked.title) == f"Update to the customer: {TITLE}"
    assert said.decided_at == AT


def test_the_chain_tells_every_row_that_was_moved(store: Store, customer: Customer) -> None:
    """Each with its event; no word of it in any."""
    report = audit.verify(store.database)
    events = store.events(customer, limit=1_000)
    moved = [e for e in events if e.kind == "row_rewritten"]

    assert report.ok, report.problems
    assert [(e.table, e.subject) for e in moved] == [
        ("triggers", "t-1"),
        ("approvals", "a-2"),
        ("decisions", "a-1.ana"),
    ]
    assert {e.actor for e in moved} == {"migration"}
    assert not any(word in str(e.as_json()) for e in events for word in (TITLE, REASON))


def test_what_was_moved_can_be_erased(store: Store, customer: Customer) -> None:
    """And is gone everywhere it was told."""
    found = store.runs.trigger(customer, "t-1")
    snapshots.erase(store, customer, "olga", found.title)

    asked = approvals.get(store, customer, "a-2")
    assert "[erased" in words.told(store, customer, asked.title)
    assert audit.verify(store.database).ok


def test_bringing_it_up_to_date_again_changes_nothing(store: Store, customer: Customer) -> None:
    """Nothing is moved twice, and the tables are those of this program."""
    before = len(store.events(customer, limit=1_000))

    schema.upgrade(store.database, store.clock)

    assert len(store.events(customer, limit=1_000)) == before
    assert schema.differences(store.database) == []
