"""the record of a dataset: immutable, named by its digest."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from runs.errors import InvalidInput
from runs.records.case import Case, Dataset, Split
from runs.records.record import digest_of
from workflow.dataset.quality import check


class Import(NamedTuple):
    """Who brought the cases, when, for what, and who accepted what they lack."""

    name: str
    workflow: str
    salt: str
    imported_at: datetime
    """UTC."""
    imported_by: str
    accepted_by: str = ""
    """Person id of the domain expert."""
    acceptance: str = ""
    """What the expert wrote when accepting the gaps."""


def describe(cases: Sequence[Case], brought: Import) -> Dataset:
    """The dataset these cases are; InvalidInput for an acceptance without its reason."""
    findings = check(cases)
    if findings.gaps and brought.accepted_by and not brought.acceptance.strip():
        raise InvalidInput(
            f"dataset {brought.name!r}: {brought.accepted_by} accepts the gaps "
            f"{list(findings.gaps)} without a word; say in writing why they are acceptable"
        )
    families: dict[str, Split] = {case.family: case.split for case in cases}
    return Dataset(
        name=brought.name,
        workflow=brought.workflow,
        cases=digest_of([case.as_json() for case in sorted(cases, key=lambda case: case.id)]),
        counts=_counts(case.split for case in cases),
        families=_counts(families.values()),
        salt=brought.salt,
        gaps=findings.gaps,
        accepted_by=brought.accepted_by if findings.gaps else "",
        agreement=findings.agreement,
        imported_at=brought.imported_at,
        imported_by=brought.imported_by,
    )


def _counts(splits: Iterable[Split]) -> dict[Split, int]:
    return dict(sorted(Counter(splits).items()))
