"""Labelled cases and the datasets made of them."""

from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from runs.records.record import Digest, Record
from runs.records.version import Route

Split = Literal["learn", "dev", "holdout", "retired"]
Severity = Literal["critical", "major", "minor"]


class Case(Record):
    """One labelled example."""

    id: str
    family: str
    """Same thread, customer or template: always in the same split."""
    input: dict[str, Any]
    expected: dict[str, Any]
    routes: tuple[Route, ...] = Field(min_length=1)
    """The routes that are right for this case; `act` is right only with the right label."""
    segment: str = ""
    severity: Severity = "major"
    origin: Literal["real", "synthetic", "incident", "shadow", "edited"]
    labelled_by: str
    second: dict[str, Any] | None = None
    """A second person's label, where there is one."""
    context: dict[str, dict[str, Any]] = Field(default_factory=dict)
    """What each source said when the case was labelled, by source name; empty: read it now."""
    split: Split = "dev"


class Dataset(Record):
    """An immutable set of cases, named by its digest."""

    name: str
    workflow: str
    cases: Digest
    """Digest over the cases in order of id."""
    counts: dict[Split, int]
    families: dict[Split, int]
    salt: str
    """Decides the splits, with the family."""
    gaps: tuple[str, ...]
    """What it lacks: severity, families, second labels, routes."""
    accepted_by: str
    """The expert who accepted the named gaps in writing; empty when there are none."""
    agreement: str
    """Cohen's kappa of the double-labelled cases as decimal text; empty when there are none."""
    imported_at: datetime
    imported_by: str


class Offer(Record):
    """What came of a case that a person's edit offered to a dataset."""

    id: str
    """Of the review that was answered with the edit."""
    item: str
    name: str
    """Of the dataset."""
    is_accepted: bool
    by: str
    reason: str
    """Quotes what they wrote."""
    dataset: str = ""
    """Digest of the dataset that holds it; empty where it was refused."""
    case: str = ""
