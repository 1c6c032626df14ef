"""What customers bring is kept once a key, and taken up by one run."""

from decimal import Decimal
from pathlib import Path

import pytest

from agent.loop import TriggerDraft, start
from runs import intake, snapshots, tables
from runs.errors import Conflict, InvalidInput, NotFound
from runs.intake import Brought
from runs.records.intake import Observed
from runs.records.person import Customer
from runs.store.store import Store
from tests import builders
from tests.builders import TERMS, make_customer, make_store

TOLD = Brought("feedback", "Refunds come late", "Half of them.", "mail-1", workflow="desk")


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """An empty record."""
    return make_store(tmp_path)


@pytest.fixture
def customer(store: Store) -> Customer:
    """Whose record it is."""
    return make_customer(store)


def test_the_same_key_and_body_is_the_same_record(store: Store, customer: Customer) -> None:
    """And is kept once; the words are told from where they stand."""
    first = intake.bring(store, customer, "ana", TOLD, TERMS)
    again = intake.bring(store, customer, "ben", TOLD, TERMS)

    assert again == first
    assert first.by == "ana"
    assert intake.said(store, customer, first) == {
        "title": "Refunds come late",
        "text": "Half of them.",
    }
    assert len(intake.everything(store, customer)) == 1


@pytest.mark.parametrize(
    "other",
    [
        TOLD._replace(text="All of them."),
        TOLD._replace(title="Another"),
        TOLD._replace(kind="priority"),
        TOLD._replace(workflow="parcels"),
        TOLD._replace(figures=(Observed(name="late", value=Decimal("12"), unit="h"),)),
    ],
)
def test_the_same_key_with_another_body_is_a_conflict(
    store: Store, customer: Customer, other: Brought
) -> None:
    """Nothing is changed by it."""
    intake.bring(store, customer, "ana", TOLD, TERMS)
    with pytest.raises(Conflict, match="with another content"):
        intake.bring(store, customer, "ana", other, TERMS)

    assert len(intake.everything(store, customer)) == 1


@pytest.mark.parametrize(
    ("wrong", "error", "says"),
    [
        (TOLD._replace(text=" "), InvalidInput, "text is empty"),
        (TOLD._replace(title=""), InvalidInput, "title is empty"),
        (TOLD._replace(workflow=""), InvalidInput, "name it with --workflow"),
        (TOLD._replace(items=("i-9",)), NotFound, "there is no item 'i-9'"),
        (TOLD._replace(items=("i-1",), workflow="parcels"), InvalidInput, "of workflow desk"),
    ],
)
def test_what_is_missing_or_unknown_is_refused(
    store: Store, customer: Customer, wrong: Brought, error: type[Exception], says: str
) -> None:
    """With the field and the remedy; nothing is kept."""
    store.items.admit(customer, "dan", builders.item())
    with pytest.raises(error, match=says):
        intake.bring(store, customer, "ana", wrong, TERMS)

    assert intake.everything(store, customer) == []


def test_one_run_takes_a_record_up(store: Store, customer: Customer) -> None:
    """It names the run, and the run finds it; a second start is the same run."""
    record = intake.bring(store, customer, "ana", TOLD, TERMS)
    draft = TriggerDraft("feedback", "", "", "", intake=record.id)
    run = start(store, customer, "dan", draft, TERMS)
    again = start(store, customer, "dan", draft, TERMS)

    assert again.id == run.id
    assert run.workflow == "desk"
    assert intake.get(store, customer, record.id[:5]).run == run.id
    assert intake.find_of_run(store, customer, run) == record
    assert intake.open_ones(store, customer) == []


def test_a_run_on_words_makes_its_record_too(store: Store, customer: Customer) -> None:
    """The same key brought before is that record; another body under it opens no run."""
    record = intake.bring(store, customer, "ana", TOLD, TERMS)
    draft = TriggerDraft("feedback", TOLD.title, TOLD.text, "mail-1", workflow="desk")
    with pytest.raises(Conflict, match="with another content"):
        start(store, customer, "dan", draft._replace(text="All of them."), TERMS)
    before = store.runs.list(customer)
    run = start(store, customer, "dan", draft, TERMS)

    assert before == []
    assert intake.find_of_run(store, customer, run) == record


@pytest.mark.parametrize(
    ("kind", "trigger", "says"),
    [
        ("usage", "request", "is an observation"),
        ("feedback", "priority", "leave --trigger away"),
    ],
)
def test_a_record_of_another_kind_begins_no_run(
    store: Store, customer: Customer, kind, trigger, says: str
) -> None:
    """An observation is read by runs, and a complaint is no priority."""
    record = intake.bring(store, customer, "ana", TOLD._replace(kind=kind), TERMS)
    with pytest.raises(InvalidInput, match=says):
        start(store, customer, "dan", TriggerDraft(trigger, "", "", "", intake=record.id), TERMS)

    assert store.runs.list(customer) == []


def test_what_was_erased_is_compared_with_nothing(store: Store, customer: Customer) -> None:
    """The same words again under the key are refused, not kept anew."""
    record = intake.bring(store, customer, "ana", TOLD, TERMS)
    snapshots.erase(store, customer, "ana", record.text)
    with pytest.raises(Conflict, match="was erased"):
        intake.bring(store, customer, "ana", TOLD, TERMS)

    assert "[erased" in intake.said(store, customer, record)["text"]


def observe(store: Store, customer: Customer, count: int) -> None:
    """Figures that somebody observes all day, as rows."""
    told = {"kind": "usage", "workflow": "desk"}
    one = intake.bring(store, customer, "ana", TOLD._replace(key="u", **told), TERMS)
    base = {"customer": customer.id, "kind": "intake", "run": "", "digest": one.digest}
    rows = [
        {**base, "id": f"intake:in-u{n}", "body": one.as_json(), "kept_at": f"2026-04-{n:05d}"}
        for n in range(count)
    ]
    with store.database.writing() as connection:
        connection.execute(tables.records.insert(), rows)


def test_a_report_is_not_lost_among_figures_that_were_observed_since(
    store: Store, customer: Customer
) -> None:
    """Whatever number there is of them: it is found by its id, and waits for its run."""
    report = intake.bring(store, customer, "ana", TOLD, TERMS)
    observe(store, customer, 10_001)

    assert intake.get(store, customer, report.id).intake == report
    assert intake.open_ones(store, customer) == [report]
    assert len(intake.observations(store, customer, 50)) == 50
