"""That a person holds the items of a workflow back, or lets them go on."""

from datetime import datetime

from runs.records.record import Digest, Record


class Pause(Record):
    """One person's word about the items of a workflow; the newest one counts."""

    id: str
    """The workflow and a number that grows."""
    workflow: str
    is_paused: bool
    by: str
    reason: Digest
    """Snapshot of what was written."""
    at: datetime


class Rerun(Record):
    """That an item is worked on once more: who wanted it, why, and how it had ended before."""

    id: str
    """The item and the number of the attempt."""
    item: str
    attempt: int
    """2 for the first one that is made again."""
    by: str
    reason: Digest
    """Snapshot of what was written."""
    status: str
    """How it had ended."""
    rule: str
    snapshot: str
    """What the version had seen; empty where it had not come so far."""
    output: str
    """What it had answered; empty where it had not come so far."""
    policy: Digest
    at: datetime
