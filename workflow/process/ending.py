"""How an item ends: its status, the reason, and who answers for it."""

from typing import NamedTuple

from runs.moves import ItemStatus
from runs.records.item import ReviewKind


class Ending(NamedTuple):
    """How an item ends, or what it waits for, and who answers for it."""

    status: ItemStatus
    reason: str
    owner: str = ""
    """Role or person id; the policy's review owner when empty."""
    review: ReviewKind | None = None
    found: str = ""
    """Snapshot of what the sources say instead, where it ends because they changed."""
