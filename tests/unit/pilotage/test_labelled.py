"""Labelled cases come in whole, and what they lack only a domain expert accepts."""

import json
from pathlib import Path
from typing import Any

import pytest

from pilotage.labelled import Brought, Source, bring, read_cases, split_again
from runs.errors import InvalidInput, NotAllowed
from runs.records.case import Dataset
from runs.records.person import Identity
from runs.store.store import Store
from tests.builders import identity, make_customer, make_store
from workflow.dataset.splits import SHARES

GAPS = ("severity", "families", "routes", "second_labels")


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """An empty record."""
    return make_store(tmp_path)


@pytest.fixture
def expert(store: Store) -> Identity:
    """Somebody who may say which gaps are acceptable."""
    return identity(make_customer(store), "ana", roles=("domain_expert",))


def source(folder: Path, rows: int = 40) -> Source:
    """A file of cases that have a text, a label and who gave it, and nothing else."""
    file = folder / "cases.jsonl"
    words = (chr(97 + n // 26) + chr(97 + n % 26) for n in range(rows))
    lines = [{"text": f"ticket {word}", "label": f"l{n % 2}"} for n, word in enumerate(words)]
    file.write_text("\n".join(json.dumps(line) for line in lines))
    return Source(file, {}, labelled_by="eva")


def brought(**changed: Any) -> Brought:
    """As the expert brings it."""
    told = {"acceptance": "real tickets; severity does not differ", "salt": "s", "shares": SHARES}
    values: dict[str, Any] = {"name": "desk", "workflow": "desk"} | told | changed
    return Brought(**values)


def test_what_an_expert_accepts_is_kept_with_their_name_and_words(
    store: Store, expert: Identity, tmp_path: Path
) -> None:
    """A version may be made of it."""
    kept = bring(store, expert, read_cases(source(tmp_path)), brought())

    assert kept.gaps == GAPS
    assert kept.accepted_by == "ana"
    assert sum(kept.counts.values()) == 40
    assert store.cases.newest(expert.customer, "desk") == kept
    assert "snapshot_kept" in [event.kind for event in store.events(expert.customer)]


def test_without_a_word_on_its_gaps_it_is_kept_and_accepted_by_nobody(
    store: Store, expert: Identity, tmp_path: Path
) -> None:
    """Silence is no acceptance."""
    kept = bring(store, expert, read_cases(source(tmp_path)), brought(acceptance="  "))

    assert (kept.gaps, kept.accepted_by) == (GAPS, "")


def test_nobody_but_an_expert_accepts_gaps(store: Store, expert: Identity, tmp_path: Path) -> None:
    """Nothing is kept of what another accepted."""
    engineer = expert.model_copy(update={"roles": ("delivery_engineer", "owner")})

    with pytest.raises(NotAllowed, match="domain_expert"):
        bring(store, engineer, read_cases(source(tmp_path)), brought())

    assert store.cases.datasets(expert.customer) == []


def test_the_same_cases_again_are_the_same_dataset(
    store: Store, expert: Identity, tmp_path: Path
) -> None:
    """An import may be repeated."""
    twice = [bring(store, expert, read_cases(source(tmp_path)), brought()) for _ in range(2)]

    assert twice[0].digest == twice[1].digest
    assert len(store.cases.datasets(expert.customer)) == 1


def test_a_file_with_one_wrong_line_brings_nothing(tmp_path: Path) -> None:
    """The line is named."""
    wrong = source(tmp_path)
    wrong.file.write_text(wrong.file.read_text() + '\n{"text": "x", "label": 7}')

    with pytest.raises(InvalidInput, match="line 41"):
        read_cases(wrong)


def test_a_dataset_can_be_split_anew(store: Store, expert: Identity, tmp_path: Path) -> None:
    """As a dataset of its own; the old one stays."""
    first = bring(store, expert, read_cases(source(tmp_path)), brought())
    shares = {"learn": 0.8, "dev": 0.1, "holdout": 0.1}

    second = split_again(store, expert, "desk", brought(salt="other", shares=shares))

    assert second.workflow == "desk"
    assert splits(store, expert, second) == {"learn": 32, "dev": 4, "holdout": 4}
    assert splits(store, expert, first) == dict(first.counts)


def splits(store: Store, expert: Identity, dataset: Dataset) -> dict[str, int]:
    """How many cases each split of a dataset has."""
    counts: dict[str, int] = {}
    for case in store.cases.read(expert.customer, dataset.digest):
        counts[case.split] = counts.get(case.split, 0) + 1
    return counts
