"""What a customer brings between runs, and which run took it up."""

from datetime import datetime
from decimal import Decimal
from typing import Literal

from pydantic import Field

from runs.records.record import Digest, Record
from runs.records.version import Route

IntakeKind = Literal["priority", "request", "feedback", "failure", "usage", "roi"]


class Observed(Record):
    """One figure that somebody observed."""

    name: str = Field(min_length=1, max_length=80)
    value: Decimal
    unit: str = Field(max_length=20)
    """Such as `h` or `EUR`; empty for a count."""


class Right(Record):
    """What is right for one live item, said by a domain expert."""

    item: str
    label: str = Field(min_length=1)
    route: Route = "act"


class Intake(Record):
    """Something a customer brought: why to act, or what was seen."""

    id: str
    """Made from the key."""
    kind: IntakeKind
    title: Digest
    """Snapshot of one line, masked."""
    text: Digest
    """Snapshot of the whole text, masked."""
    workflow: str
    """Empty where it is about no workflow."""
    items: tuple[str, ...]
    """Live items it names."""
    figures: tuple[Observed, ...]
    right: tuple[Right, ...]
    key: str
    """The sender's key: the same thing twice is one record."""
    by: str
    at: datetime


class Uptake(Record):
    """A run took an intake record up; no second one does."""

    id: str
    """Of the intake record."""
    run: str
    title: Digest
    text: Digest
    """Its words, so that what is erased of the run takes them along."""
