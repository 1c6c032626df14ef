"""How many requests of one route are under way, and begin within a minute, in this process."""

import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from runs.errors import Unavailable
from tools.model.route import Limits

MINUTE = 60.0


class Pace:
    """Lets requests begin one after the other, as the limits of their route say."""

    def __init__(
        self,
        limits: Limits,
        *,
        seconds: Callable[[], float],
        sleep: Callable[[float], None],
    ) -> None:
        self._limits = limits
        self._seconds, self._sleep = seconds, sleep
        self._places = threading.BoundedSemaphore(limits.concurrency)
        self._began: deque[float] = deque()
        self._lock = threading.Lock()

    @contextmanager
    def place(self) -> Iterator[None]:
        """One place for a request; Unavailable when none comes free for as long as one may take."""
        if not self._places.acquire(timeout=self._limits.timeout_s):
            raise self._full(self._limits.timeout_s)
        try:
            self._wait_for_turn()
            yield
        finally:
            self._places.release()

    def _wait_for_turn(self) -> None:
        while (left := self._left()) > 0:
            if left > self._limits.timeout_s:
                raise self._full(left)
            self._sleep(left)

    def _left(self) -> float:
        """How long until one more may begin; 0 once it is counted as begun."""
        if not self._limits.per_minute:
            return 0.0
        with self._lock:
            now = self._seconds()
            while self._began and now - self._began[0] >= MINUTE:
                self._began.popleft()
            if len(self._began) < self._limits.per_minute:
                self._began.append(now)
                return 0.0
            return self._began[0] + MINUTE - now

    def _full(self, left: float) -> Unavailable:
        error = Unavailable("as many requests are under way as its limits allow; it is tried again")
        error.after_s = left
        return error
