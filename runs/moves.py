"""the legal moves of a run, an approval, a stage, an item and an action.

Data, not code: `LEGAL[kind][status]` is the set of statuses that may follow. A status with an empty
set is an end. `runs/store.py` puts the origins of a move into the WHERE of its one UPDATE.
"""

from collections.abc import Mapping
from typing import Literal

Kind = Literal["run", "approval", "release", "item", "action", "review", "lesson", "call"]

RunStatus = Literal["open", "waiting", "ended"]
ApprovalStatus = Literal[
    "open", "approved", "changes_asked", "rejected", "expired", "superseded", "withdrawn"
]
ReleaseStatus = Literal["open", "held", "rolled_back", "complete"]
ItemStatus = Literal[
    "queued",
    "asked",
    "quarantined",
    "drafted",
    "acted",
    "in_review",
    "refused",
    "handed_over",
    "stopped",
    "closed",
]
ActionStatus = Literal["reserved", "done", "failed", "unknown", "stopped"]
ReviewStatus = Literal["open", "decided", "withdrawn"]
LessonStatus = Literal["proposed", "active", "superseded", "retired", "rejected", "erased"]

LEGAL: Mapping[Kind, Mapping[str, frozenset[str]]] = {
    "run": {
        "open": frozenset({"open", "waiting", "ended"}),
        "waiting": frozenset({"open", "waiting", "ended"}),
        "ended": frozenset(),
    },
    "approval": {
        # Handed over or escalated it stays open.
        "open": frozenset(
            {"open", "approved", "changes_asked", "rejected", "expired", "superseded", "withdrawn"}
        ),
        # What one person approved in an emergency is withdrawn unless the others confirm it.
        "approved": frozenset({"superseded", "withdrawn"}),
        "changes_asked": frozenset(),
        "rejected": frozenset(),
        "expired": frozenset(),
        "superseded": frozenset(),
        "withdrawn": frozenset(),
    },
    "release": {
        "open": frozenset({"open", "held", "rolled_back", "complete"}),
        "held": frozenset({"open", "rolled_back"}),
        "complete": frozenset({"rolled_back"}),
        "rolled_back": frozenset(),
    },
    "item": {
        # `stopped`: its version was rolled back before the item acted.
        "queued": frozenset(
            {
                "asked",
                "quarantined",
                "drafted",
                "acted",
                "in_review",
                "refused",
                "handed_over",
                "stopped",
                "closed",
            }
        ),
        # What it would do waits for a yes to exactly that; changed meanwhile, it is asked again.
        "asked": frozenset(
            {
                "asked",
                "quarantined",
                "drafted",
                "acted",
                "in_review",
                "refused",
                "stopped",
                "closed",
            }
        ),
        # What waits for a person may wait for another person.
        # Operations may have it worked on once more.
        "in_review": frozenset({"in_review", "acted", "closed", "refused", "queued"}),
        "drafted": frozenset({"drafted", "closed"}),
        "stopped": frozenset({"stopped", "in_review", "closed", "queued"}),
        "quarantined": frozenset({"quarantined", "queued", "closed"}),
        "handed_over": frozenset({"closed"}),
        "acted": frozenset({"closed"}),
        "refused": frozenset({"closed"}),
        "closed": frozenset(),
    },
    "action": {
        "reserved": frozenset({"done", "failed", "unknown", "stopped"}),
        "unknown": frozenset({"done", "failed"}),
        "done": frozenset(),
        "failed": frozenset(),
        "stopped": frozenset(),
    },
    "review": {
        # Claimed, let go or escalated it stays open.
        "open": frozenset({"open", "decided", "withdrawn"}),
        "decided": frozenset(),
        # Worked on once more, its item waits for a person again.
        "withdrawn": frozenset({"open"}),
    },
    "lesson": {
        "proposed": frozenset({"active", "rejected", "erased"}),
        "active": frozenset({"superseded", "retired", "erased"}),
        "superseded": frozenset({"erased"}),
        "retired": frozenset({"active", "erased"}),
        "rejected": frozenset({"erased"}),
        "erased": frozenset(),
    },
    "call": {
        "reserved": frozenset({"settled"}),
        "settled": frozenset(),
    },
}


def origins(kind: Kind, status: str) -> frozenset[str]:
    """The statuses from which `kind` may come to `status`; empty when nothing may."""
    return frozenset(origin for origin, onward in LEGAL[kind].items() if status in onward)


def is_end(kind: Kind, status: str) -> bool:
    """True when nothing may follow `status`."""
    return not LEGAL[kind][status]
