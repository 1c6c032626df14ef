"""A dataset with more cases in it: nothing that is there moves."""

import pytest

from runs.records.case import Case, Split
from tests import builders
from tests.builders import NOW
from workflow.dataset.widening import widen

SPLITS: tuple[Split, ...] = ("learn", "dev", "holdout", "retired")


def cases() -> list[Case]:
    """One of each split."""
    return [builders.case(id=f"c-{one}", family=f"f-{one}", split=one) for one in SPLITS]


@pytest.mark.parametrize("split", SPLITS)
def test_a_case_is_in_the_split_of_its_family_whatever_it_says(split: Split) -> None:
    """And the others are as they were."""
    present = cases()
    added = builders.case(id="more", family=f"f-{split}", split="learn")
    made = widen(builders.dataset(present), present, [added], by="eva", at=NOW)

    found = {case.id: case for case in made.cases}
    assert found.pop("more").split == split
    assert list(found.values()) == sorted(present, key=lambda case: case.id)


def test_a_family_of_its_own_is_neither_learnt_nor_held_out() -> None:
    """The counts tell it."""
    present = cases()
    added = builders.case(id="more", family="f-more", split="holdout")
    made = widen(builders.dataset(present), present, [added], by="eva", at=NOW)

    assert made.dataset.counts == {"learn": 1, "dev": 2, "holdout": 1, "retired": 1}
    assert (made.dataset.imported_by, made.dataset.salt) == ("eva", "s")


def test_the_same_cases_again_are_the_dataset_there_is() -> None:
    """Whoever died behind keeping it, and tries again, keeps nothing twice."""
    present = cases()
    dataset = builders.dataset(present)

    assert widen(dataset, present, present[:2], by="eva", at=NOW).dataset == dataset
