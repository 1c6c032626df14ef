"""The harbours of a process: what voyages have in common is sailed once on each database."""

from functools import cache
from pathlib import Path

from runs.errors import NotFound
from tests import databases
from tests.voyage import Voyage, set_out


class Harbour:
    """One voyage, kept at each of its points, so that a test begins where it is about."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._kept: dict[str, Voyage] = {}
        self._lent = 0

    def at(self, point: str) -> Voyage:
        """A voyage of one's own at a point: `home`, or what the run waits for, `/`-separated."""
        self._lent += 1
        return self._at(point).copy(self._folder / f"lent-{self._lent}")

    def _at(self, point: str) -> Voyage:
        if point not in self._kept:
            self._kept[point] = self._reach(point)
        return self._kept[point]

    def _reach(self, point: str) -> Voyage:
        folder = self._folder / f"at-{len(self._kept)}-{point.replace('/', '-')}"
        databases.hold(folder)
        if point == "home":
            return set_out(folder)
        before, _, wanted = point.rpartition("/")
        if not before and wanted != "plan":
            raise NotFound(f"no way leads to {point!r}")
        voyage = self._at(before or "home").copy(folder)
        if not before:
            voyage.start()
        return voyage.until(wanted)


@cache
def harbour_in(base: Path, kind: str) -> Harbour:
    """The one harbour of this process on a kind of database, under the session's folder."""
    folder = base / f"harbour-{kind}"
    folder.mkdir()
    return Harbour(folder)
