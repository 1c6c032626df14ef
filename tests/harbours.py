"""The harbours of a process: what voyages have in common is sailed once on each database."""

from functools import cache
from pathlib import Path

from tests.voyage import Harbour


@cache
def harbour_in(base: Path, kind: str) -> Harbour:
    """The one harbour of this process on a kind of database, under the session's folder."""
    folder = base / f"harbour-{kind}"
    folder.mkdir()
    return Harbour(folder)
