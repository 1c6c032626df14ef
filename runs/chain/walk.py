"""The chain recomputed: every event has the content its hash says, and follows the one before."""

import hashlib
import json
from typing import Any, NamedTuple

from sqlalchemy.engine import Connection

from runs.chain import reading
from runs.chain.reading import Problems
from runs.store.change import FIRST


class Walked(NamedTuple):
    """How far the chain goes."""

    events: int
    """Number of the last event."""
    head: str
    at: str
    """When the last event was made; empty before there is one."""


def walk(connection: Connection, found: Problems) -> Walked:
    """Recompute every event in order; notes what was altered, removed, inserted or moved."""
    last, expected, at = FIRST, 0, ""
    for row in reading.events(connection):
        expected += 1
        says = _wrong(row, expected, last)
        if says:
            found.add(min(row["seq"], expected), says)
            expected = row["seq"]
        last, at = row["hash"], row["at"]
    _check_head(connection, found, (expected, last))
    return Walked(expected, last, at)


def event_hash(event: dict[str, Any]) -> str:
    """The hash of an event's row with its body unpacked."""
    told = {name: value for name, value in event.items() if name != "hash"}
    return hashlib.sha256(packed(told)).hexdigest()


def packed(value: Any) -> bytes:
    """The canonical bytes (RFC 8785) of what has ASCII keys and no floats.

    There Python's own JSON gives the same, many times faster; a test compares both.
    """
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return text.encode("utf-8", "surrogatepass")


def _wrong(row: dict[str, Any], expected: int, last: str) -> str:
    if row["seq"] != expected:
        return f"event {expected} is missing; the chain goes on with {row['seq']}"
    if row["previous"] != last:
        return f"event {row['seq']} does not follow the event before it"
    try:
        event = reading.unpacked(row)
    except ValueError:
        return f"event {row['seq']} has a body that is not JSON"
    if event_hash(event) != row["hash"]:
        return f"event {row['seq']} was altered: its content does not give its hash"
    return ""


def _check_head(connection: Connection, found: Problems, last: tuple[int, str]) -> None:
    head = reading.head(connection)
    if head == (0, "") and last[0]:
        found.add(last[0], "the chain's head is missing")
    elif head != (0, "") and head != last:
        first = min(head[0], last[0]) + (head[0] != last[0])
        found.add(first, f"the chain ends at event {last[0]}, its head says {head[0]}")
