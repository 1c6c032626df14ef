"""do the work: runs, items, what falls due."""

import logging
import os
import signal
import sys
import threading
from types import FrameType

import click

from pilotage.cli import exits
from pilotage.cli.call import Call, pass_call

AFTER = {signal.SIGINT: exits.INTERRUPTED, signal.SIGTERM: exits.DONE}
"""Told to stop by whoever runs it, a worker that drained has done what it should."""


@click.command(
    epilog="Examples:\n\n  pilotage worker\n\n  PILOTAGE_CONCURRENCY=8 pilotage --quiet worker"
)
@click.option("-v", "--verbose", is_flag=True, help="Say what is done, by id.")
@pass_call
def worker(call: Call, *, verbose: bool) -> None:
    """Do the jobs of this home until told to stop; one worker a home, on PostgreSQL any number.

    A first Ctrl-C or SIGTERM lets what is running end, for PILOTAGE_DRAIN_S at most, and takes
    nothing new; a second one ends at once. Nothing is lost either way: what was not done is taken
    up by the next worker.
    """
    from pilotage.worker import working

    level = logging.INFO if verbose else logging.WARNING
    logging.basicConfig(level=level, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    told = _Told()
    wired = call.wired
    # Before anything is begun: whoever stops it while it starts finds it listening.
    told.listen()
    with working(wired) as one:
        call.say(f"worker {one.name} works {wired.home.folder}; Ctrl-C stops it")
        call.stay()
        one.run_until(told.is_set)
        call.say("stopping; what is running ends first")
    if one.left:
        call.say(f"{one.left} jobs did not end in time; the next worker takes them up")
        # Their threads would hold this process for as long as they like.
        sys.stderr.flush()
        os._exit(told.code)
    if told.code:
        sys.exit(told.code)


class _Told:
    """Remembers the first signal to stop; the second one is the default again."""

    def __init__(self) -> None:
        self._stop = threading.Event()
        self.code = exits.DONE

    def listen(self) -> None:
        """From now on a signal is a wish to stop."""
        for number in AFTER:
            signal.signal(number, self._stop_by)

    def is_set(self) -> bool:
        """True once somebody wants it to stop."""
        return self._stop.is_set()

    def _stop_by(self, number: int, _: FrameType | None) -> None:
        self.code = AFTER[signal.Signals(number)]
        self._stop.set()
        signal.signal(number, signal.SIG_DFL)
