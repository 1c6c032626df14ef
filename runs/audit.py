"""append to, verify, anchor and export the hash chain.

Appending stands in `runs/store/change.py`, where a change and its event are one transaction; what
is checked, anchored and exported in `runs/chain/`. Everything here only reads, in little memory.
"""

from collections.abc import Sequence
from typing import NamedTuple

from runs.chain import anchors, coverage, reading, signatures, walk
from runs.chain.reading import Problem, Problems
from runs.records.anchor import Written
from runs.store.database import Database


class AuditReport(NamedTuple):
    """What a verification found."""

    ok: bool
    installation: str
    events: int
    records: int
    decisions: int
    signed: int
    """Decisions that carry a signature."""
    head: str
    at: str
    """When the last event was made; the chain was verified up to there."""
    anchored: int
    """The last event that an anchor vouches for; 0 where none was given."""
    not_anchored: int
    """Events after it: only this database vouches for them."""
    first_bad: int
    """The first event concerned; 0 when nothing is wrong, or nothing that an event tells of."""
    found: int
    """How many problems there are."""
    problems: tuple[Problem, ...]
    """The first 20, in order of the chain."""


def verify(database: Database, kept: Sequence[Written] = ()) -> AuditReport:
    """Recompute the chain and compare every covered row, both ways, in little memory.

    Finds events altered, removed, inserted or reordered, rows changed without an event, rows
    without any, events whose row is gone, and signatures that are missing or wrong. A log cut off
    and re-linked as a whole is found only against an anchor kept elsewhere: hand those in as
    `kept`.
    """
    found = Problems()
    with database.reading() as connection:
        walked = walk.walk(connection, found)
        records = coverage.check(connection, found)
        checked = signatures.check(connection, found)
        vouched = anchors.check(connection, found, kept)
        name = reading.installation(connection)
    problems = found.first()
    return AuditReport(
        ok=not found.count,
        installation=name,
        events=walked.events,
        records=records,
        decisions=checked.decisions,
        signed=checked.signed,
        head=walked.head,
        at=walked.at,
        anchored=vouched,
        not_anchored=max(0, walked.events - vouched),
        first_bad=next((one.seq for one in problems if one.seq), 0),
        found=found.count,
        problems=tuple(problems),
    )
