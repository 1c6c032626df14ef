"""Every seam, killed many times: `python -m tests.faults [kills a side]` prints a table.

On SQLite; with `server` on PostgreSQL, where a second worker goes on beside the next process; with
`beside` there are two from the start, and who meets a seam first is chance. `serve` in the place of
a number does single trials for the tests, on both: one JSON array a line each way.
"""

import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests import databases
from tests.databases import Server
from tests.faults.seams import SEAMS, Strike
from tests.faults.trial import Forge, Result

KILLS = 12
"""Of one seam, from one start, on one side: the first, the last and some between."""
FORM = "{:<22} {:>6} {:>9} {:>11} {:>6} {:>6}"


def serve(folder: Path, server: Server | None) -> None:
    """Answer each strike with what came of it; a database's homes are prepared when it is asked."""
    forges: dict[str, Forge] = {}
    for line in sys.stdin:
        kind, strike = json.loads(line)
        if kind not in forges:
            forges[kind] = Forge(folder / kind, server if kind == databases.POSTGRESQL else None)
            forges[kind].prepare()
        _say(json.dumps(forges[kind].trial(Strike(*strike))))


def spread(count: int, most: int) -> list[int]:
    """At most so many numbers from 1 to `count`, the first and the last among them."""
    if count <= most:
        return list(range(1, count + 1))
    return sorted({1 + step * (count - 1) // (most - 1) for step in range(most)})


def strikes(forge: Forge, name: str, kills: int) -> Iterator[Strike]:
    """Where a seam is struck: from every start that meets it, on either side."""
    for start in SEAMS[name].starts:
        for side in SEAMS[name].sides:
            for number in spread(forge.count(start, name), kills):
                yield Strike(name, start, side, number)


def tabulate(forge: Forge, kills: int) -> bool:
    """Print a line a seam, and every bad trial below it; True when there is none."""
    _say(FORM.format("seam", "kills", "same end", "duplicated", "lost", "other"))
    good = True
    for name in SEAMS:
        results = [forge.trial(strike) for strike in strikes(forge, name, kills)]
        killed = [result for result in results if result.killed]
        _say(_line(name, killed))
        for result in killed:
            if not result.is_good:
                good = False
                _say(f"  {result}")
        good = good and bool(killed)
    return good


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def _line(name: str, killed: list[Result]) -> str:
    same = sum(result.same_end for result in killed)
    duplicated = sum(len(result.duplicated) for result in killed)
    lost = sum(len(result.lost) for result in killed)
    other = sum(bool(result.other) for result in killed)
    return FORM.format(name, len(killed), same, duplicated, lost, other)


@contextmanager
def _folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="pilotage-faults-") as folder:
        yield Path(folder)


@contextmanager
def _database(has_server: bool) -> Iterator[Server | None]:
    """The server that homes may stand on, if any is asked for."""
    if not has_server:
        yield None
        return
    with databases.running() as server, databases.on(server):
        yield server


def main() -> int:
    """Prepare the homes, then serve or tabulate; 1 when anything is not as it should be."""
    began, asked = time.monotonic(), sys.argv[1:]
    has_server = bool({"server", "beside"} & set(asked))
    kills = next((int(one) for one in asked if one.isdecimal()), KILLS)
    with _folder() as folder, _database(has_server) as server:
        if "serve" in asked:
            serve(folder, server)
            return 0
        forge = Forge(folder, server, is_beside="beside" in asked)
        forge.prepare()
        is_good = tabulate(forge, kills)
    _say(f"{time.monotonic() - began:.0f} s, {os.cpu_count()} processors")
    return 0 if is_good else 1


if __name__ == "__main__":
    sys.exit(main())
