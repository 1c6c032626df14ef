"""one advance at a time for each run; a wake-up that comes meanwhile is taken at its end."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from runs.errors import Unavailable


class Turns:
    """Who is on, and whether somebody knocked meanwhile.

    A wake-up that finds the run busy asks nothing more than one further look, which whoever is busy
    takes: an advance reads the record, so nothing else has to be handed over.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._again: dict[str, bool] = {}

    def take(self, run: str, advance: Callable[[], object]) -> None:
        """Advance now, and again for everybody who came meanwhile; at once if the run is busy."""
        with self._lock:
            if run in self._again:
                self._again[run] = True
                return
            self._again[run] = False
        try:
            advance()
            while not self._is_done(run):
                advance()
        except BaseException:
            with self._lock:
                del self._again[run]
            raise

    @contextmanager
    def alone(self, name: str) -> Iterator[None]:
        """Nobody else of this process does what has this name; Unavailable while somebody does."""
        with self._lock:
            if name in self._again:
                raise Unavailable(f"{name} is in hand already; it is tried again")
            self._again[name] = False
        try:
            yield
        finally:
            with self._lock:
                del self._again[name]

    def _is_done(self, run: str) -> bool:
        with self._lock:
            if self._again[run]:
                self._again[run] = False
                return False
            del self._again[run]
            return True
