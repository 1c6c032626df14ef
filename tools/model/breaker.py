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
        self._until = 0.0

    def enter(self) -> None:
        """Let a request pass; Unavailable while the endpoint rests, or another one looks.

        Whoever passed says `well`, `failed` or `abandon` afterwards.
        """
        with self._lock:
            if self._failed < self._limits.failures:
                return
            left = self._until - self._seconds()
            if left > 0:
                error = Unavailable(
                    f"{self._name}: it failed {self._failed} times in a row and is left alone for "
                    f"{left:.0f} s; it is tried again by itself"
                )
                error.after_s = left
                raise error
            # Whoever looks keeps the others away for as long as a look may take.
            self._until = self._seconds() + self._limits.timeout_s

    def well(self) -> None:
        """It answered: whatever it said, it is there."""
        with self._lock:
            self._failed = self._rests = 0

    def failed(self) -> None:
        """It did not; after as many as its limit it rests, longer each time."""
        with self._lock:
            self._failed += 1
            if self._failed >= self._limits.failures:
                rest = self._limits.rest_s * min(2**self._rests, LONGEST)
                self._until = self._seconds() + rest
                self._rests += 1

    def abandon(self) -> None:
        """Nothing was sent, so nothing is known: another one may look."""
        with self._lock:
            self._until = min(self._until, self._seconds())
