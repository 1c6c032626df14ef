"""the audit's events, told apart by `kind`.

A body holds ids, digests, enumerations, whole numbers and decimals as text; never customer text,
never a float. So an erased text leaves the chain whole, and a stranger can check it.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

from runs.clock import ClockKind
from runs.records.record import Record

EventKind = Literal[
    "customer_opened",
    "person_added",
    "person_changed",
    "token_created",
    "token_revoked",
    "token_used",
    "key_added",
    "key_revoked",
    "access_refused",
    "trigger_received",
    "run_opened",
    "run_waiting",
    "run_resumed",
    "run_closed",
    "checkpoints_pruned",
    "record_kept",
    "snapshot_kept",
    "snapshot_erased",
    "policy_changed",
    "approval_opened",
    "decision_recorded",
    "decision_refused",
    "approval_moved",
    "approval_closed",
    "delegation_given",
    "delegation_ended",
    "release_opened",
    "stage_entered",
    "release_held",
    "release_narrowed",
    "release_resumed",
    "release_rolled_back",
    "release_completed",
    "drill_performed",
    "workflow_paused",
    "workflow_resumed",
    "item_rerun",
    "item_admitted",
    "item_processed",
    "item_closed",
    "review_opened",
    "review_claimed",
    "review_released",
    "review_escalated",
    "review_decided",
    "action_reserved",
    "action_settled",
    "model_asked",
    "model_answered",
    "lesson_proposed",
    "lesson_decided",
    "lesson_changed",
    "lesson_erased",
    "webhook_declared",
    "webhook_changed",
    "webhook_resent",
    "lease_taken_over",
    "job_failed",
    "row_rewritten",
]

BodyValue = str | int | bool | None


def checked(body: Mapping[str, BodyValue]) -> dict[str, BodyValue]:
    """The body of an event; TypeError for what no event holds, such as a float."""
    for name, value in body.items():
        if value is not None and not isinstance(value, str | int):
            raise TypeError(f"an event holds no {type(value).__name__}: {name}")
    return dict(body)


class Event(Record):
    """One line of the tamper-evident audit."""

    seq: int
    """Gap-free for the installation, from 1."""
    customer: str
    kind: EventKind
    table: str
    """Table of the record that changed; empty for an event about no record (a refusal)."""
    subject: str
    """Key of the record within its table and customer; of a refusal or a sign-in, the token's."""
    state: str
    """Digest of the record after the change; empty when `table` is."""
    run: str
    actor: str
    """Person id, `token:<id>`, `worker` or `cli`."""
    at: datetime
    clock: ClockKind
    body: dict[str, BodyValue]
    previous: str
    """Hash of the event before; 64 zeros for the first."""
    hash: str
    """SHA-256 over the canonical form of everything above."""
