"""How many requests of one route are under way in this process, and begin in a minute over all."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tools.model.route import Limits
from tools.pace import NotYet, Rate

MINUTE = 60.0
REMEMBERED = 1_000
"""So many of the newest requests are known of a route; a rate of more is one of these in less."""
Take = Callable[[Rate, float], float]
"""Takes the next turn of a rate, over every worker, where it comes within so many seconds; how long
it is until then."""


class Pace:
    """Lets requests begin one after the other, as the limits of their route say."""

    def __init__(
        self, name: str, limits: Limits, *, take: Take, sleep: Callable[[float], None]
    ) -> None:
        self._name, self._limits = name, limits
        self._take, self._sleep = take, sleep
        self._places = threading.BoundedSemaphore(limits.concurrency)

    @contextmanager
    def place(self) -> Iterator[None]:
        """One place for a request; NotYet when none comes free for as long as one may take."""
        if not self._places.acquire(timeout=self._limits.timeout_s):
            raise self._full(self._limits.timeout_s)
        try:
            self._wait_for_turn()
            yield
        finally:
            self._places.release()

    def _wait_for_turn(self) -> None:
        if not self._limits.per_minute:
            return
        wait_s = self._take(rate_of(self._limits.per_minute), self._limits.timeout_s)
        if wait_s > self._limits.timeout_s:
            raise self._full(wait_s)
        if wait_s > 0:
            self._sleep(wait_s)

    def _full(self, left: float) -> NotYet:
        return NotYet(
            f"{self._name}: as many requests are under way, or began, as its limits allow; "
            "it is tried again",
            after_s=left,
        )


def rate_of(per_minute: int) -> Rate:
    """The rate at which no minute holds more than so many."""
    calls = min(per_minute, REMEMBERED)
    return Rate(calls=calls, seconds=MINUTE * calls / per_minute)
