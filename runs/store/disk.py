"""When what was committed to SQLite is on the disk: one wait for everybody who committed meanwhile.

SQLite's own waiting stands inside its commit, so that one writer after the other waits for a disk
that would take what all of them wrote at once. Here a commit only writes to the log; whoever was
promised more waits afterwards, together.
"""

import os
import threading
from collections.abc import Callable
from pathlib import Path

from runs.errors import Unavailable

Sync = Callable[[int], None]
"""Waits until the disk has what was written to an open file."""
SYNC: Sync = getattr(os, "fdatasync", os.fsync)


class Disk:
    """The log beside one SQLite file; safe to share between threads."""

    def __init__(self, file: str, sync: Sync = SYNC) -> None:
        self._log = Path(f"{file}-wal")
        self._sync = sync
        self.asked = 0
        """How often somebody waited so far."""
        self._covered = 0
        """The last of them whose wait is over."""
        self._lost = ""
        """What the disk said when it once did not take what was written."""
        self._count = threading.Lock()
        self._turn = threading.Lock()

    @property
    def is_lost(self) -> bool:
        """Whether it once did not take what was written."""
        return self._lost != ""

    def wait(self) -> None:
        """Return once all that was committed before this call is on the disk.

        Raises Unavailable when the disk does not take it, and from then on: what it did not take it
        may say later that it has, and only a process that begins anew reads what is there.
        """
        with self._count:
            self.asked += 1
            number = self.asked
        with self._turn:
            if self._covered >= number:
                return
            covers = self.asked
            self._write()
            self._covered = covers

    def _write(self) -> None:
        try:
            file = os.open(self._log, os.O_RDONLY)
        except FileNotFoundError:
            # Its last reader put everything into the database, and waited for that.
            return
        except OSError as error:
            raise Unavailable(
                f"the log beside the database cannot be opened ({error}); it is tried again"
            ) from error
        try:
            self._take(file)
        finally:
            os.close(file)

    def _take(self, file: int) -> None:
        try:
            if not self._lost:
                self._sync(file)
                return
        except OSError as error:
            self._lost = str(error)
        raise Unavailable(
            f"the disk did not take what was written ({self._lost}); make room on it or replace "
            "it, and start this process again"
        )
