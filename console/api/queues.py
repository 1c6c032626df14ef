"""How the queue of a workflow stands, for whoever sends to it."""

from console.api.door import At, Id, Who, may
from workflow import queued
from workflow.queued import Queued


def read_queue(door: At, who: Who, workflow: Id) -> Queued:
    """What waits and why, what workers have, and how much more may come."""
    return queued.find(door.store, may(door, who, "read").customer, workflow)
