"""Homes to start from: each is prepared once in a child, kept, and copied for every trial."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests import databases
from tests.databases import Server
from tests.faults import house
from tests.faults.children import fork, load_as, note_loaded, told
from tests.faults.known import know_loop, know_rules
from tests.faults.scenario import Until, open_play, play_on

TOLD = 6_000
"""So much of what a child printed is told of it."""


class Homes:
    """Homes below one folder, on SQLite or on a server."""

    def __init__(self, folder: Path, server: Server | None) -> None:
        self.folder = folder
        self._server = server

    @property
    def making(self) -> Path:
        """The home that is played from one start to the next."""
        return self.folder / "making"

    def choose(self) -> None:
        """Let whatever is opened from now on stand on the database of these homes."""
        databases.CHOSEN.server = self._server

    def make(self, *more: Any) -> None:
        """Make the first home, with the run of its one priority opened."""
        self.choose()
        databases.url_of(self.making)
        require(fork(lambda: _make(self.making, *more), self.making), self.making)

    def play(self, start: str, until: Until) -> None:
        """Play the home on and keep it, with what that needs loaded for every later child."""
        here = self.making
        require(fork(lambda: _play(here, until), here), here)
        load_as(here)
        know_rules(here)
        know_loop()
        self.keep(here, start)

    def work(self, home: Path, work: Callable[[], None]) -> None:
        """Let a child do something to a home, and load what it came to need."""
        require(fork(lambda: _noting(home, work), home), home)
        load_as(home)

    def keep(self, home: Path, start: str) -> None:
        """Keep a home as it stands; nobody may be in it."""
        shutil.copytree(home, self.folder / start)
        databases.copy(home, self.folder / start)

    def copy(self, start: str) -> Path:
        """The home of a trial, as the one that was kept."""
        self.choose()
        home = self.folder / "trial"
        shutil.rmtree(home, ignore_errors=True)
        shutil.copytree(self.folder / start, home)
        if self._server is not None:
            self._server.drop(home)
        databases.copy(self.folder / start, home)
        return home


def require(code: int, home: Path) -> None:
    """AssertionError, with what it printed, for a child that failed."""
    if code:
        raise AssertionError(f"a home could not be prepared: {code}: {told([home], TOLD)}")


def _make(home: Path, *more: Any) -> None:
    house.make(home, *more)
    play = open_play(home)
    house.begin(play.wired, play.tokens)
    play.wired.store.database.close()


def _play(home: Path, until: Until) -> None:
    play_on(open_play(home), until)
    note_loaded(home)


def _noting(home: Path, work: Callable[[], None]) -> None:
    work()
    note_loaded(home)
