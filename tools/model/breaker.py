"""An endpoint that failed again and again is left alone for a while; then one request looks."""

import threading
from collections.abc import Callable

from runs.errors import Unavailable
from tools.model.route import Limits

LONGEST = 8
"""A rest grows to so many times the first, while nothing that looks is answered."""


class Breaker:
    """What is known of one endpoint, over every request that this process sends there."""

    def __init__(self, name: str, limits: Limits, seconds: Callable[[], float]) -> None:
        self._name, self._limits, self._seconds = name, limits, seconds
        self._lock = threading.Lock()
        self._failed = 0
        self._rests = 0
        self._look = 0
        self._until = 0.0

    def enter(self) -> int:
        """Let a request pass; Unavailable while the endpoint rests, or another one looks.

        Returns the number of the look that it takes; 0 where nobody has to look. Whoever passed
        says `well`, or `failed` or `abandon` with this number, afterwards.
        """
        with self._lock:
            if self._failed < self._limits.failures:
                return 0
            left = self._until - self._seconds()
            if left > 0:
                error = Unavailable(
                    f"{self._name}: it failed {self._failed} times in a row and is left alone for "
                    f"{left:.0f} s; it is tried again by itself"
                )
                error.after_s = left
                raise error
            # Whoever looks may wait for its turn as long as it may then take.
            self._until = self._seconds() + 2 * self._limits.timeout_s
            self._look += 1
            return self._look

    def well(self) -> None:
        """It answered: whatever it said, it is there."""
        with self._lock:
            self._failed = self._rests = 0

    def failed(self, look: int) -> None:
        """It did not; after as many as its limit it rests, longer each time that one looked."""
        with self._lock:
            is_resting = self._failed >= self._limits.failures
            self._failed += 1
            if self._failed >= self._limits.failures and (not is_resting or self._looks(look)):
                rest = self._limits.rest_s * min(2**self._rests, LONGEST)
                self._until = self._seconds() + rest
                self._rests += 1
                # The look is over.
                self._look += 1

    def abandon(self, look: int) -> None:
        """Nothing was sent, so nothing is known: where it was to look, another one may."""
        with self._lock:
            if self._looks(look):
                self._until = self._seconds()

    def _looks(self, look: int) -> bool:
        """Whether nobody looked after it."""
        return look > 0 and look == self._look
