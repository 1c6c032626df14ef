"""How many requests of one route are under way in this process, and begin in a minute over all."""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from tools.model.route import Route
from tools.pace import NotYet, Rate

MINUTE = 60.0
REMEMBERED = 1_000
"""So many of the newest requests are known of a route; a rate of more is one of these in less."""
Take = Callable[[Mapping[str, Rate], float], float]
"""Takes the next turn of these names, over every worker, where it comes within so many seconds; how
long it is until then."""


class Pace:
    """Lets requests begin one after the other, as the limits of their route say."""

    def __init__(self, route: Route, *, take: Take, sleep: Callable[[float], None]) -> None:
        self._route, self._limits = route, route.limits
        self._take, self._sleep = take, sleep
        self._places = threading.BoundedSemaphore(self._limits.concurrency)

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
        rates = {f"model.{self._route.name}": rate_of(self._limits.per_minute)}
        wait_s = self._take(rates, self._limits.timeout_s)
        if wait_s > self._limits.timeout_s:
            raise self._full(wait_s)
        if wait_s > 0:
            self._sleep(wait_s)

    def _full(self, left: float) -> NotYet:
        return NotYet(
            f"model route {self._route.name!r}: as many requests are under way, or began, as its "
            "limits allow; it is tried again",
            after_s=left,
        )


def rate_of(per_minute: int) -> Rate:
    """The rate at which no minute holds more than so many."""
    calls = min(per_minute, REMEMBERED)
    return Rate(calls=calls, seconds=MINUTE * calls / per_minute)
