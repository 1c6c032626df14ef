"""a dataset with more cases in it: what is there stays, and a family stays in its split."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from runs.records.case import Case, Dataset, Split
from runs.records.record import digest_of

FIRST: Split = "dev"
"""Where a family goes that is not in the dataset yet: never among what is held out or learnt."""


class Widened(NamedTuple):
    """A dataset, and all its cases by id."""

    dataset: Dataset
    cases: list[Case]


def widen(
    dataset: Dataset, present: Sequence[Case], added: Sequence[Case], *, by: str, at: datetime
) -> Widened:
    """The dataset with these cases too, each in the split of its family; pure.

    Nothing that is there moves, so that what was held out stays held out. The same cases again are
    the dataset as it is.
    """
    known = {case.id for case in present}
    splits: dict[str, Split] = {case.family: case.split for case in present}
    fresh = [
        case.model_copy(update={"split": splits.get(case.family, FIRST)})
        for case in added
        if case.id not in known
    ]
    if not fresh:
        return Widened(dataset, sorted(present, key=lambda case: case.id))
    cases = sorted([*present, *fresh], key=lambda case: case.id)
    families = {case.family: case.split for case in cases}
    told = {
        "cases": digest_of([case.as_json() for case in cases]),
        "counts": dict(sorted(Counter(case.split for case in cases).items())),
        "families": dict(sorted(Counter(families.values()).items())),
        "imported_at": at,
        "imported_by": by,
    }
    return Widened(dataset.model_copy(update=told), cases)
