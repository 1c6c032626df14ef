"""Something kept for the next run."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from runs.moves import LessonStatus
from runs.records.record import Record

LessonKind = Literal["preference", "rule", "failure", "example", "roi", "lesson"]
Trust = Literal["human", "evaluated", "model", "external"]


class Lesson(Record):
    """One idea, where it came from, and until when it holds."""

    id: str
    kind: LessonKind
    status: LessonStatus
    trust: Trust
    subject: str
    """A key such as `support_triage.rule.amount`: at most one active lesson a kind and subject."""
    when: str = Field(max_length=200)
    """When to use it, and when not."""
    text: str = Field(max_length=600)
    workflow: str
    """Empty when it holds for every workflow of the customer."""
    payload: dict[str, str]
    """Typed by kind: for a rule its condition, route and owner; for a value its name and value."""
    run: str
    evidence: tuple[str, ...]
    """Ids or digests it rests on; never empty."""
    author: str
    """Person id, or `run:<id>`."""
    accepted_by: str
    supersedes: str
    valid_until: datetime | None
    tokens: int
    """Estimated when it was written."""
    written_at: datetime
