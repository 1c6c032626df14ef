"""An export is whole, the same each time, for one customer's eyes, and tells nobody's words."""

import json
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from runs import snapshots, tables, words
from runs.chain import export, walk
from runs.chain.export import Scope
from runs.errors import InvalidInput
from runs.records.record import canonical
from tests import stranger
from tests.builders import TERMS, item, make_customer
from tests.ledger import Ledger, make_ledger


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory, database: str) -> Ledger:
    """A record of two customers, one of whose texts was erased."""
    ledger = make_ledger(tmp_path_factory.mktemp("ledger"))
    store, acme = ledger.store, ledger.store.customer("acme")
    for number in (1, 2):
        value = {"said": f"canary-{number}"}
        name = snapshots.keep(store, acme, "api", kind="input", value=value, terms=TERMS)
        if number == 2:
            snapshots.erase(store, acme, "olga", name)
    with store.change(acme, "ana") as change:
        words.say(change, "canary-3", TERMS)
    other = make_customer(store, "globex")
    store.items.admit(other, "api", item(id="i-globex"))
    return ledger


def lines(file: Path) -> list[dict[str, Any]]:
    """What an export holds."""
    return [json.loads(one) for one in file.read_text(encoding="utf-8").splitlines()]


def made(ledger: Ledger, folder: Path, scope: Scope, name: str = "export.ndjson") -> Path:
    """The export as it is written now."""
    export.write(ledger.store.database, scope, folder / name)
    return folder / name


def test_the_same_record_gives_the_same_bytes(ledger: Ledger, tmp_path: Path) -> None:
    """And leaves nothing beside the file."""
    first = made(ledger, tmp_path, Scope(), "a").read_bytes()
    again = made(ledger, tmp_path, Scope(), "b").read_bytes()

    assert first == again
    assert sorted(one.name for one in tmp_path.iterdir()) == ["a", "b"]


def test_nothing_that_somebody_wrote_is_in_it(ledger: Ledger, tmp_path: Path) -> None:
    """Neither kept nor erased; nor a secret, a name or an address."""
    text = made(ledger, tmp_path, Scope()).read_text(encoding="utf-8")
    (token,) = ledger.store.ledger.rows(sa.select(tables.tokens))

    assert "canary-" not in text
    assert "example.com" not in text
    assert "Ana Example" not in text
    assert token["id"] in text
    assert token["secret_hash"] not in text


def test_another_customers_events_are_links_and_the_chain_still_holds(
    ledger: Ledger, tmp_path: Path
) -> None:
    """Number and hashes alone; none of their rows, and the stranger says what is taken as told."""
    file = made(ledger, tmp_path, Scope("acme"))
    told = stranger.check(file, ledger.anchors(tmp_path))
    links = [one for one in lines(file) if one["line"] == "link"]

    assert "globex" not in file.read_text(encoding="utf-8")
    assert {frozenset(one) for one in links} == {frozenset({"line", "seq", "previous", "hash"})}
    assert told.code == 0, told.says
    assert f"{len(links)} of others taken as told" in told.says


def test_a_run_is_exported_with_what_it_touched_and_checks_alone(
    ledger: Ledger, tmp_path: Path
) -> None:
    """From its first event on; the rows of another run are not in it."""
    file = made(ledger, tmp_path, Scope("acme", "r-1"))
    told = stranger.check(file, ledger.anchors(tmp_path))
    rows = {(one["table"], one["id"]) for one in lines(file) if one["line"] == "row"}

    assert told.code == 0, told.says
    assert "2 decisions, 1 signed" in told.says
    assert {("runs", "r-1"), ("approvals", "a-1"), ("records", "evidence:r-1.dry.1")} <= rows
    assert ("runs", "r-2") not in rows
    assert lines(file)[0]["first"] == 6


def test_a_run_changed_without_an_event_is_found_in_its_export(
    ledger: Ledger, tmp_path: Path
) -> None:
    """By the digest of the row, as of any other."""
    kept = ledger.rows()
    ledger.tell("UPDATE runs SET status = 'ended' WHERE id = 'r-1'")
    told = stranger.check(made(ledger, tmp_path, Scope("acme", "r-1")))
    ledger.put_back(kept)

    assert (told.code, told.first_bad) == (1, 7)
    assert "runs r-1 was changed without an event" in told.says


@pytest.mark.parametrize("cut", [1, 5, -1])
def test_a_line_taken_out_of_an_export_is_found(cut: int, ledger: Ledger, tmp_path: Path) -> None:
    """The manifest counts the lines and has their digest."""
    file = made(ledger, tmp_path, Scope())
    kept = file.read_text(encoding="utf-8").splitlines(keepends=True)
    del kept[cut]
    file.write_text("".join(kept), encoding="utf-8")

    assert stranger.check(file).code == 1


def test_an_export_of_no_run_is_refused_and_leaves_what_was_there(
    ledger: Ledger, tmp_path: Path
) -> None:
    """Whole or not at all."""
    file = made(ledger, tmp_path, Scope())
    before = file.read_bytes()

    with pytest.raises(InvalidInput, match="no event is of it"):
        export.write(ledger.store.database, Scope("acme", "r-9"), file)
    with pytest.raises(InvalidInput, match="name a file in a folder there is"):
        export.write(ledger.store.database, Scope(), tmp_path / "none" / "x")
    assert file.read_bytes() == before
    assert [one.name for one in tmp_path.iterdir()] == ["export.ndjson"]


def test_an_export_holds_a_few_hundred_rows_at_a_time(tmp_path: Path) -> None:
    """Its memory does not grow with the record."""
    ledger = make_ledger(tmp_path)
    peaks = []
    for begin in (0, 3_000):
        _grow(ledger, begin, begin + (500 if not begin else 3_000))
        tracemalloc.start()
        made(ledger, tmp_path, Scope())
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()

    assert peaks[1] < 2 * peaks[0]


def _grow(ledger: Ledger, since: int, until: int) -> None:
    store = ledger.store
    with store.change(store.customer("acme"), "api") as change:
        for number in range(since, until):
            snapshots.keep_in(change, kind="input", value={"number": number}, terms=TERMS)


@given(
    st.dictionaries(
        st.from_regex(r"[a-z_]{1,12}", fullmatch=True),
        st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(),
    )
)
def test_the_fast_form_of_an_event_is_the_canonical_one(body: dict[str, Any]) -> None:
    """Whatever its body holds: RFC 8785 and Python's JSON give the same bytes."""
    assert walk.packed({"body": body, "seq": 1}) == canonical({"body": body, "seq": 1})
