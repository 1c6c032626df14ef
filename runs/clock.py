"""what a clock promises; the real one and one that can be turned.

Records, approvals and evidence read the clock they are handed; leases, heartbeats and the queue
always run on real time (`monotonic` and the wall clock of this module's `RealClock`).
"""

from datetime import UTC, datetime, timedelta
from typing import Literal, Protocol

ClockKind = Literal["real", "turned"]


class Clock(Protocol):
    """Says what time it is, and whether that is the real time."""

    @property
    def kind(self) -> ClockKind:
        """`turned` is written on every event made under a turned clock."""
        ...

    def now(self) -> datetime:
        """The time in UTC, aware."""
        ...


class RealClock:
    """The machine's clock."""

    kind: ClockKind = "real"

    def now(self) -> datetime:
        """The time in UTC, aware."""
        return datetime.now(UTC)


class TurnedClock:
    """Real time plus an offset that only grows; every event made under it says `turned`."""

    kind: ClockKind = "turned"

    def __init__(self, offset: timedelta = timedelta(0)) -> None:
        self._offset = offset

    @property
    def offset(self) -> timedelta:
        """How far this clock is ahead of the real one."""
        return self._offset

    def now(self) -> datetime:
        """The time in UTC, aware."""
        return datetime.now(UTC) + self._offset

    def turn(self, by: timedelta) -> None:
        """Move ahead by `by`; a clock is never turned back."""
        if by < timedelta(0):
            raise ValueError(f"a clock is never turned back (by {by})")
        self._offset += by


class StoppedClock:
    """A clock that stands still until it is turned; for tests and rehearsals."""

    kind: ClockKind = "turned"

    def __init__(self, at: datetime) -> None:
        self._at = at

    def now(self) -> datetime:
        """The time it was stopped at."""
        return self._at

    def turn(self, by: timedelta) -> None:
        """Move by `by`, in either direction."""
        self._at += by
