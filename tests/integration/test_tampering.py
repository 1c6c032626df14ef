"""What was done behind the record's back is found, by us and by a stranger on an export."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import sqlalchemy as sa

from runs import audit, tables
from runs.chain import export
from runs.chain.export import Scope
from runs.store.change import about
from tests import stranger
from tests.ledger import Ledger, make_ledger


class Forged(NamedTuple):
    """What a forger did, and the first event that does not hold."""

    by: Callable[[Ledger], None]
    first_bad: int
    """0: a row that no event tells of."""
    says: str


def tells(*statements: str) -> Callable[[Ledger], None]:
    """A forger who writes with SQL."""
    return lambda one: one.tell(*statements)


def cut_off(one: Ledger) -> None:
    """Cut the log off before the anchor, with the rows it told of, and link it again."""
    one.tell(
        "DELETE FROM events WHERE seq > 14",
        "DELETE FROM decisions",
        "DELETE FROM items",
        "DELETE FROM records WHERE id LIKE 'anchor:%'",
    )
    one.relink(14)


def written_anew(one: Ledger) -> None:
    """Another person decided all along, and every hash is right again."""
    one.tell("UPDATE events SET actor = 'eve' WHERE seq = 3")
    one.relink(3)


def swapped_runs(one: Ledger) -> None:
    """The events of two runs change places, and every hash is right again."""
    one.tell("UPDATE events SET seq = -seq WHERE seq BETWEEN 6 AND 9")
    one.tell(*(f"UPDATE events SET seq = {new} WHERE seq = -{old}" for old, new in SWAPPED))
    one.relink(6)


SWAPPED = ((6, 8), (7, 9), (8, 6), (9, 7))
INSERTED = (
    "UPDATE events SET seq = -seq WHERE seq > 5",
    "UPDATE events SET seq = 1 - seq WHERE seq < 0",
    'INSERT INTO events SELECT customer, 6, kind, "table", subject, state, run, actor, at, clock,'
    " body, previous, hash FROM events WHERE seq = 5",
)
FORGERIES = {
    "an event altered": Forged(
        tells("UPDATE events SET actor = 'eve' WHERE seq = 4"), 4, "was altered"
    ),
    "a body altered": Forged(
        tells("UPDATE events SET body = '{}' WHERE seq = 2"), 2, "was altered"
    ),
    "an event deleted": Forged(tells("DELETE FROM events WHERE seq = 3"), 3, "is missing"),
    "the first deleted": Forged(tells("DELETE FROM events WHERE seq = 1"), 1, "is missing"),
    "the last deleted": Forged(
        tells("DELETE FROM events WHERE seq = 18"), 18, "the chain ends at event 17"
    ),
    "an event inserted": Forged(tells(*INSERTED), 6, "does not follow"),
    "two events swapped": Forged(
        tells(
            "UPDATE events SET seq = -3 WHERE seq = 3",
            "UPDATE events SET seq = 3 WHERE seq = 4",
            "UPDATE events SET seq = 4 WHERE seq = -3",
        ),
        3,
        "does not follow",
    ),
    "two runs' events told of each other": Forged(
        tells(
            "UPDATE events SET run = CASE run WHEN 'r-1' THEN 'r-2' ELSE 'r-1' END "
            "WHERE seq BETWEEN 6 AND 9"
        ),
        6,
        "was altered",
    ),
    "two runs' events swapped and linked again": Forged(swapped_runs, 1, "written anew"),
    "cut off before the anchor and linked again": Forged(cut_off, 1, "cut off"),
    "written anew from an event on": Forged(written_anew, 1, "written anew"),
    "a record changed": Forged(
        tells("UPDATE people SET roles = '[\"owner\"]' WHERE id = 'ben'"), 5, "was changed"
    ),
    "a record's content changed": Forged(
        tells("UPDATE records SET body = '{}' WHERE kind = 'evidence'"), 10, "was changed"
    ),
    "a record deleted": Forged(tells("DELETE FROM items"), 18, "is gone"),
    "a record added": Forged(
        tells("INSERT INTO policies VALUES ('acme', 'w', 'd', 'eve', '')"), 0, "has no event"
    ),
    "a label changed": Forged(
        tells("UPDATE cases SET body = '{}' WHERE id = 'c-1'"), 0, "labelled cases"
    ),
    "a decision changed": Forged(
        tells("UPDATE decisions SET person = 'eve' WHERE id = 'a-1.ben'"), 16, "was changed"
    ),
}


def decide_anew(change: Callable[[dict[str, Any]], None]) -> Callable[[Ledger], None]:
    """Ana's decision is another, and every digest and hash is right again."""

    def forge(one: Ledger) -> None:
        table, e = tables.decisions, tables.events
        with one.store.database.engine.begin() as connection:
            query = sa.select(table).where(table.c.id == "a-1.ana")
            row = dict(connection.execute(query).one()._mapping)
            row["body"] = dict(row["body"])
            change(row["body"])
            connection.execute(table.update().where(table.c.id == row["id"]).values(**row))
            state = about(table, row).state
            mine = e.c.table == "decisions", e.c.subject == row["id"]
            connection.execute(e.update().where(*mine).values(state=state))
        one.relink(15)

    return forge


SIGNED = {
    "another answer": (
        decide_anew(lambda body: body.update(kind="reject")),
        "a signature that is not of what it says",
    ),
    "another person's": (
        decide_anew(lambda body: body.update(person="ben")),
        "signed with a key",
    ),
    "another signature": (
        decide_anew(lambda body: body["signature"].update(value="0" * 128)),
        "a signature that is not of what it says",
    ),
    "no signature": (
        decide_anew(lambda body: body.update(signature=None)),
        "has no signature, though ana had a key",
    ),
    "a later signature": (
        decide_anew(lambda body: body["signature"].update(signed_at="2026-03-03T09:00:00Z")),
        "a signature that is not of what it says",
    ),
}


@pytest.mark.parametrize("name", SIGNED)
def test_a_decision_written_anew_fails_its_signature_even_without_an_anchor(
    name: str, ledger: Ledger, tmp_path: Path
) -> None:
    """Every digest and hash is right again; the key is what the forger has not."""
    forge, says = SIGNED[name]
    forge(ledger)

    report = audit.verify(ledger.store.database)
    told = stranger.check(export_of(ledger, tmp_path))

    assert (report.ok, report.found, report.first_bad) == (False, 1, 15)
    assert says in report.problems[0].says
    assert (told.code, told.first_bad) == (1, 15)
    assert says in told.says


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, database: str) -> Ledger:
    """One record for every forger."""
    return make_ledger(tmp_path_factory.mktemp("ledger"))


@pytest.fixture
def ledger(made: Ledger) -> Iterator[Ledger]:
    """The record as it was made; put back behind the forger."""
    kept = made.rows()
    yield made
    made.put_back(kept)


def export_of(ledger: Ledger, folder: Path) -> Path:
    """The export as it is written now."""
    file = folder / "export.ndjson"
    export.write(ledger.store.database, Scope(), file)
    return file


@pytest.mark.both_databases
def test_an_untouched_record_holds_for_us_and_for_a_stranger(
    ledger: Ledger, tmp_path: Path
) -> None:
    """And both say how far the anchor vouches for it."""
    report = audit.verify(ledger.store.database, [ledger.anchor])
    told = stranger.check(export_of(ledger, tmp_path), ledger.anchors(tmp_path))

    assert (report.ok, report.anchored, report.not_anchored) == (True, 16, 2)
    assert (told.code, told.first_bad) == (0, 0)
    assert "2 decisions, 1 signed" in told.says
    assert "anchored up to event 16; not yet anchored: 2 events" in told.says


@pytest.mark.both_databases
@pytest.mark.parametrize("name", FORGERIES)
def test_a_forgery_is_found_by_audit_verify(name: str, ledger: Ledger) -> None:
    """It names the first bad event."""
    forged = FORGERIES[name]
    forged.by(ledger)

    report = audit.verify(ledger.store.database, [ledger.anchor])

    assert not report.ok
    assert report.first_bad == forged.first_bad
    assert any(forged.says in problem.says for problem in report.problems)


@pytest.mark.parametrize("name", FORGERIES)
def test_a_forgery_is_found_by_a_stranger_on_an_export(
    name: str, ledger: Ledger, tmp_path: Path
) -> None:
    """Without our code, and with the same first bad event."""
    forged = FORGERIES[name]
    forged.by(ledger)

    told = stranger.check(export_of(ledger, tmp_path), ledger.anchors(tmp_path))

    assert (told.code, told.first_bad) == (1, forged.first_bad)
    assert forged.says in told.says


def test_only_an_anchor_finds_a_log_that_was_linked_again(ledger: Ledger) -> None:
    """Without one, whoever can write the database can write the past."""
    cut_off(ledger)

    assert audit.verify(ledger.store.database).ok


def test_the_tail_after_the_anchor_can_be_cut_and_is_named_as_not_anchored(
    ledger: Ledger, tmp_path: Path
) -> None:
    """What no anchor covers is told as such, before and after."""
    ledger.tell("DELETE FROM events WHERE seq > 17", "DELETE FROM items")
    ledger.relink(17)

    report = audit.verify(ledger.store.database, [ledger.anchor])
    told = stranger.check(export_of(ledger, tmp_path), ledger.anchors(tmp_path))

    assert (report.ok, report.not_anchored) == (True, 1)
    assert "not yet anchored: 1 events" in told.says
