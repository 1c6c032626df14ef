"""what an exit code means, and which one an error or an end of a run gives."""

from collections.abc import Mapping

from runs.errors import (
    Busy,
    Conflict,
    InvalidInput,
    NotAllowed,
    NotFound,
    PilotageError,
    Unavailable,
)

DONE = 0
BUG = 1
USAGE = 2
WAITING = 3
GATE_NOT_MET = 4
BLOCKED = 5
NOT_ALLOWED = 6
CONFLICT = 7
NOT_VERIFIED = 8
INCONCLUSIVE = 9
TEMPORARY = 75
INTERRUPTED = 130
CUT_OFF = 141
TERMINATED = 143

OF_ERROR: Mapping[type[PilotageError], int] = {
    InvalidInput: USAGE,
    NotFound: USAGE,
    NotAllowed: NOT_ALLOWED,
    Conflict: CONFLICT,
    Unavailable: TEMPORARY,
    Busy: TEMPORARY,
    PilotageError: BUG,
}
"""The one table from an error to the code of the process; the nearest class counts."""

OF_VERDICT: Mapping[str, int] = {
    "fail": GATE_NOT_MET,
    "inconclusive": INCONCLUSIVE,
    "error": INCONCLUSIVE,
}
"""A run that ended on a verdict which is not a pass."""


def of_error(error: PilotageError) -> int:
    """The code of the nearest class in the table."""
    return next(OF_ERROR[kind] for kind in type(error).__mro__ if kind in OF_ERROR)
