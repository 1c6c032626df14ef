"""when to stop trying and escalate.

Stops are spec 3.3 (budgets), 3.6 (the fourth rewrite of the same words) and its rule that what
cannot be explained is not fixed. A stop names its kind; whoever asked escalates it to an owner.
"""

from typing import Literal, NamedTuple

from pydantic import Field

from runs.records.record import Record

REWRITES_MAX = 3
"""Accepted rewrites of the words (ranks 4 and 5) for one kind of failure; the next recurrence
closes these ranks for it."""
WORDS = (4, 5)
"""Ranks of fixes that change words: examples and prompts."""
FIXES = (1, 2, 3, 4, 5, 6, 7)
"""Ranks of fixes, smallest first; rank 8 is to escalate and is always open."""

StopKind = Literal["fixes", "trials", "looks", "time"]


class Limits(Record):
    """How long the loop may go on trying."""

    accepted_fixes: int = Field(default=10, ge=0)
    trials: int = Field(default=200, ge=0)
    """Changes tried, accepted or not."""
    seconds: int = Field(default=3_600, ge=0)


class Stop(NamedTuple):
    """Why trying ends."""

    kind: StopKind
    reason: str


def may_fix(
    limits: Limits, *, tried: int, accepted: int, looks_left: int, elapsed_s: float
) -> Stop | None:
    """None while another fix may be tried; otherwise why not.

    `tried`: changes tried, accepted or not. `looks_left`: looks at the holdout, the one kept for
    the gate included.
    """
    if accepted >= limits.accepted_fixes:
        return Stop("fixes", f"{accepted} fixes were accepted and the gate is still not passed")
    if tried >= limits.trials:
        return Stop("trials", f"{tried} changes were tried, the limit is {limits.trials}")
    if looks_left < 1:
        return Stop("looks", "no look at the holdout is left to prove a fix")
    if elapsed_s >= limits.seconds:
        return Stop("time", f"{elapsed_s:.0f} s have passed, the limit is {limits.seconds} s")
    return None


def open_ranks(*, rewrites: int, is_explained: bool, reopened_by: str = "") -> tuple[int, ...]:
    """The ranks of fixes that may be tried for one kind of failure, smallest first.

    `rewrites`: accepted fixes of ranks 4 and 5 for this kind. After the third they are closed,
    until the owner of the behaviour reopens them in writing (`reopened_by`, a person id). A failure
    without a full trace has no rank: it is instrumented first.
    """
    if not is_explained:
        return ()
    if rewrites < REWRITES_MAX or reopened_by:
        return FIXES
    return tuple(rank for rank in FIXES if rank not in WORDS)
