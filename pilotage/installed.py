"""the rules of the installation as they stand in its home, and what of them is read anew."""

import threading
from typing import NamedTuple

from pilotage.home import Home, read
from policies import rules
from policies.budgets import Limits
from policies.rules import Installation
from runs.errors import InvalidInput


class _Seen(NamedTuple):
    """Budgets, and the file that says them as it was then."""

    stamp: tuple[int, int, int]
    limits: Limits


class ModelLimits:
    """The budgets of models: read once, and again before the next question once the file changed.

    InvalidInput, naming file and remedy, while the rules are gone, wrong or cannot be read: nothing
    is asked then, whatever was allowed before.
    """

    def __init__(self, home: Home) -> None:
        self._home = home
        self._seen: _Seen | None = None
        self._lock = threading.Lock()

    def __call__(self) -> Limits:
        """What models may take now."""
        with self._lock:
            stamp = _stamp(self._home)
            if self._seen is None or self._seen.stamp != stamp:
                self._seen = _Seen(stamp, read_rules(self._home).model_limits)
            return self._seen.limits


def read_rules(home: Home) -> Installation:
    """What the rules file says; InvalidInput, naming file and remedy, where there is nothing."""
    file = home.rules_file
    if not file.exists():
        raise InvalidInput(f"{file} is missing; `pilotage init` puts the shipped rules there")
    return rules.read_installation(read(file), str(file))


def _stamp(home: Home) -> tuple[int, int, int]:
    """Another one once the file was written, or another put in its place."""
    try:
        found = home.rules_file.stat()
    except OSError:
        # Whoever reads it then says what is the matter.
        return 0, 0, 0
    return found.st_mtime_ns, found.st_size, found.st_ino
