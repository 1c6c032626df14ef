"""What people write on a run's way stands in snapshots alone, and can be taken out of all of it."""

import json

import pytest
import sqlalchemy as sa

from agent.loop import TriggerDraft, start
from runs import audit, erasure, tables, words
from runs.records.run import Briefing, Report
from tests.builders import TERMS
from tests.harbours import Harbour
from tests.tickets import plan_of, written
from tests.voyage import Voyage

CANARIES = ("canary title", "canary text", " says approve", " says reject", "complain")
"""Of triggers, of decisions, and of whoever takes a release back."""


def begin(voyage: Voyage, plan: str, key: str) -> None:
    """Given a priority in somebody's words."""
    draft = TriggerDraft("priority", CANARIES[0], CANARIES[1], key, plan)
    terms = voyage.wired.trigger_terms()
    voyage.run_id = start(voyage.store, voyage.customer, "dan", draft, terms).id


@pytest.fixture(scope="module")
def told(harbour: Harbour) -> Voyage:
    """When one run climbs, is taken back and is reported, and the next is refused."""
    voyage = harbour.at("home")
    begin(voyage, written(plan_of()), "k-1")
    voyage.until("stage")
    voyage.until("signals")
    voyage.withdraw()
    voyage.advance()
    voyage.until("ended")
    begin(voyage, "workflow: other\ntitle: Another desk\n", "k-2")
    voyage.advance()
    voyage.refuse("reject")
    assert voyage.run.status == "ended"
    return voyage


def rows(voyage: Voyage) -> dict[str, list[str]]:
    """Every row of every table but the snapshots, as text."""
    every = {name: table for name, table in tables.metadata.tables.items() if name != "snapshots"}
    return {
        name: [
            json.dumps(row, default=str, ensure_ascii=False)
            for row in voyage.store.ledger.rows(sa.select(table))
        ]
        for name, table in every.items()
    }


def test_no_event_and_no_row_holds_what_somebody_wrote(told: Voyage) -> None:
    """Then it stands in the snapshots, and nowhere else in the record."""
    found = {
        (name, canary)
        for name, texts in rows(told).items()
        for text in texts
        for canary in CANARIES
        if canary in text
    }
    kept = " ".join(
        row["content"] or "" for row in told.store.ledger.rows(sa.select(tables.snapshots))
    )

    assert found == set()
    assert all(canary in kept for canary in CANARIES)


def test_the_next_run_reads_what_was_said_before(told: Voyage) -> None:
    """Then its briefing and its update tell the words, in their place."""
    (briefing,) = told.store.of_run(told.customer, Briefing, told.run_id)
    (report,) = told.store.of_run(told.customer, Report, told.run_id)
    read = words.told(told.store, told.customer, [s.text for s in briefing.statements])

    assert read[0] == CANARIES[0]
    assert words.told(told.store, told.customer, report.title) == CANARIES[0]


def test_erasing_every_run_leaves_no_word_in_the_record(told: Voyage) -> None:
    """Then the ends still stand, proven, and every change is in the chain."""
    olga = told.identity("olga")
    runs = told.store.runs.list(told.customer)
    for run in runs:
        texts = erasure.of_run(told.store, told.customer, run)
        erasure.erase(told.store, olga, texts, reason="asked for", terms=TERMS)

    left = told.store.ledger.rows(
        sa.select(tables.snapshots.c.content).where(tables.snapshots.c.content.is_not(None))
    )
    assert [c for row in left for c in CANARIES if c in row["content"]] == []
    assert audit.verify(told.store.database).ok
    assert {run.status for run in runs} == {"ended"}
