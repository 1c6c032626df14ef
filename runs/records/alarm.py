"""A breach of the installation's work: when it began, who answers for it, and when it was over."""

from datetime import datetime
from typing import Literal

from runs.records.record import Record

AlarmKind = Literal[
    "no_progress",
    "queue_age",
    "worker_silence",
    "quarantine_growth",
    "repeated_failure",
    "webhook_given_up",
]


class Alarm(Record):
    """One breach, from when it was first seen."""

    id: str
    kind: AlarmKind
    subject: str
    """The workflow, address or part it is about."""
    owner: str
    """The person who is told."""
    says: str
    """Names and figures, nobody's words."""
    remedy: str
    at: datetime


class AlarmEnd(Record):
    """A breach that is over."""

    id: str
    """Of the alarm."""
    at: datetime
