"""what the servers of a tools file offer now, held against their pins, kept to tell a change by."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from pilotage.home import replace
from runs.errors import InvalidInput
from tools.mcp.line import Line
from tools.mcp.pins import Definition, differences, pinned


class Offer(NamedTuple):
    """One tool of a server that the tools file names."""

    place: str
    """`read`, `look_up` or `operations.NAME` in the tools file."""
    tool: str
    """As the server names it."""
    pin: str
    """What the tools file says; empty where it says nothing."""
    digest: str
    """Of what the server says now; empty where it offers no such tool."""
    definition: Definition | None
    changes: tuple[str, ...] = ()
    """What is different from what was pinned, where that is kept."""

    @property
    def state(self) -> str:
        """`pinned`, `changed`, `unpinned` or `gone`."""
        if not self.digest:
            return "gone"
        if not self.pin:
            return "unpinned"
        return "pinned" if self.pin == self.digest else "changed"


class Seen:
    """Definitions that somebody looked at, one file each, by digest."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def find(self, digest: str) -> Definition | None:
        """The definition of a digest; None where nobody looked at it, or its file was changed."""
        try:
            found = json.loads(self._file(digest).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        try:
            return found if isinstance(found, Mapping) and pinned(found) == digest else None
        except InvalidInput:
            return None

    def keep(self, definition: Definition) -> str:
        """Keep it; returns its digest."""
        digest = pinned(definition)
        file = self._file(digest)
        if self.find(digest) is None:
            file.parent.mkdir(parents=True, exist_ok=True)
            replace(file, json.dumps(definition, indent=1, sort_keys=True) + "\n")
        return digest

    def _file(self, digest: str) -> Path:
        return self._folder / f"{digest.partition(':')[2]}.json"


def look(line: Line, seen: Seen) -> list[Offer]:
    """What a server offers now of what is declared; asks none of its tools, and keeps what it saw.

    Raises Unavailable when it does not answer, NotAllowed when it lets nobody in.
    """
    offered = line.server.offers()
    told = []
    for place, called in line.server.mcp.calls():
        now = offered.get(called.tool)
        digest = "" if now is None else seen.keep(now)
        before = seen.find(called.pin) if called.pin and called.pin != digest else None
        changes = tuple(differences(before, now)) if before and now else ()
        told.append(Offer(place, called.tool, called.pin, digest, now, changes))
    return told
