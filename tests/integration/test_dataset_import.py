"""Labelled cases from a file into the record: whole and as they were, or not at all."""

import json
from collections import Counter
from pathlib import Path

import pytest

from pilotage.labelled import Brought, Source, bring, read_cases
from runs.errors import InvalidInput
from runs.records.case import Case, Dataset
from runs.store.store import Store
from tests.builders import identity, make_customer, make_store
from workflow.dataset.cases import read
from workflow.dataset.splits import SHARES, split
from workflow.samples.support_triage.generator import cases as sample_cases

SHARED = Path(__file__).resolve().parents[2].parent / "shared" / "data"
BROUGHT = Brought("tickets", "desk", "salt", SHARES, "one text has one label here")
GOOD = '{"id": "1", "input": {"text": "a"}, "expected": {"label": "x"}}\n'

BAD = {
    "broken.jsonl": (GOOD.encode() + b'{"id": "2", \n', "line 2: is not JSON"),
    "type.jsonl": (GOOD.encode() + GOOD.replace('"x"', "3").encode(), "line 2: "),
    "twice.jsonl": (GOOD.encode() * 2, "line 2: field 'id': '1' stands in line 1 too"),
    "empty.jsonl": (b"", "holds no cases"),
    "utf16.csv": ("text,label\na,b\n".encode("utf-16"), "line 1: the byte order mark is that"),
    "nomark.csv": ("text,label\na,b\n".encode("utf-16-le"), "--encoding utf-16-le"),
    "column.csv": (b"text,topic\na,b\n", "line 1: the columns ['label'] are missing"),
    "bytes.csv": (b"text,label\n\xff,b\n", "line 2: byte 0xff"),
}


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """An empty record."""
    return make_store(tmp_path)


def brought_in(store: Store, file: Path, brought: Brought = BROUGHT) -> Dataset:
    """Bring a file in, as the expert would who accepts what it lacks."""
    customer = store.customer("acme") if store.customers() else make_customer(store)
    expert = identity(customer, "ana", roles=("domain_expert",))
    return bring(store, expert, read_cases(Source(file, {})), brought)


@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_is_refused_with_its_line_and_nothing_is_imported(
    store: Store, tmp_path: Path, name: str
) -> None:
    """Whatever is wrong with it."""
    content, problem = BAD[name]
    (tmp_path / name).write_bytes(content)

    with pytest.raises(InvalidInput) as refused:
        brought_in(store, tmp_path / name)
    assert name in str(refused.value)
    assert problem in str(refused.value)
    assert store.cases.datasets(store.customer("acme")) == []


def test_a_line_of_two_hundred_megabytes_is_refused(store: Store, tmp_path: Path) -> None:
    """It is not read to its end."""
    path = tmp_path / "long.jsonl"
    with path.open("wb") as file:
        file.write(GOOD.encode() + b'{"id": "')
        file.seek(200_000_000)
        file.write(b'"}\n')

    with pytest.raises(InvalidInput, match="line 2: longer than 1,000,000 characters"):
        brought_in(store, path)


def test_a_table_with_a_byte_order_mark_is_imported(store: Store, tmp_path: Path) -> None:
    """Semicolons and all."""
    path = tmp_path / "cases.csv"
    path.write_text("text;label;amount\nmoney; back;x;\n", encoding="utf-8-sig")
    with pytest.raises(InvalidInput, match="line 2: has 4 cells where the header has 3"):
        brought_in(store, path)
    path.write_text('text;label;amount\n"money; back";x;\n', encoding="utf-8-sig")
    dataset = brought_in(store, path)
    (case,) = store.cases.read(store.customer("acme"), dataset.digest)

    assert (case.input, case.expected) == ({"text": "money; back", "amount": None}, {"label": "x"})


def test_what_was_imported_is_what_was_read(store: Store, tmp_path: Path) -> None:
    """The sample's cases, with everything they say; twice is once."""
    path = tmp_path / "sample.jsonl"
    rows = sample_cases(3, families=120)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    first, again = brought_in(store, path), brought_in(store, path)
    customer = store.customer("acme")
    kept = store.cases.read(customer, first.digest)

    assert first.digest == again.digest
    assert sorted(kept, key=_id) == sorted(split(read(path), "salt"), key=_id)
    assert Counter(case.split for case in kept) == first.counts
    assert first.gaps == ()


def _id(case: Case) -> str:
    return case.id


def test_a_real_pack_becomes_a_dataset_a_version_learns_from(store: Store, tmp_path: Path) -> None:
    """8,995 questions to a bank, whose gaps the expert accepts."""
    pack = SHARED / "triage_banking77.train.jsonl"
    if not pack.is_file():
        pytest.skip(f"{pack.name} is not in ../shared/data")
    dataset = brought_in(store, pack)
    customer = store.customer("acme")
    splits = {
        name: {case.family for case in store.cases.read(customer, dataset.digest, name)}
        for name in SHARES
    }

    assert sum(dataset.counts.values()) == 8_995
    assert dataset.gaps == ("labelled_by", "severity", "families", "routes", "second_labels")
    assert not splits["learn"] & (splits["dev"] | splits["holdout"])
