"""A day's items through one worker with the clock turned: what grows with every item, and what not.

    python -m bench.day [--database sqlite|postgresql] [--items N] [--json]

The items of a day come hour by hour; after each hour the home's clock is turned to the next. Of the
worker's process the memory and the open files are read after each hour, their slope over the last
twelve; of the databases their size. Ends with 1 where a slope is beyond its tolerance.
"""

import json
import tempfile
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple

import click
import psycopg

from pilotage.home import SharedClock
from tests import databases
from tests.databases import Server
from tests.faults.crew import crew, until
from tests.line import Line, lay

HOURS = 24
MEMORY_BYTES = 2_048
"""Tolerance: so much more memory for each further item, measured over the last half."""
FILES = 0.01
"""Tolerance: so many more open files for each further item."""


class Hour(NamedTuple):
    """What was read at the end of an hour."""

    items: int
    memory: int
    """Resident bytes of the worker."""
    files: int
    stored: int
    """Bytes of the databases."""


def slope(points: list[tuple[float, float]]) -> float:
    """The least-squares slope; 0 for a single point."""
    n = len(points)
    mean_x, mean_y = (sum(axis) / n for axis in zip(*points, strict=True))
    spread = sum((x - mean_x) ** 2 for x, _ in points)
    return sum((x - mean_x) * (y - mean_y) for x, y in points) / spread if spread else 0.0


def measure(database: str, items: int) -> dict[str, Any]:
    """One day."""
    with ExitStack() as stack:
        server = None
        if database == databases.POSTGRESQL:
            server = stack.enter_context(databases.running(is_hasty=False))
            stack.enter_context(databases.on(server))
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="pilotage-day-")))
        line = lay(folder / "home")
        before = _stored(line, server)
        hours = _hours(line, server, items)
        ended = sum(n for status, n in line.counted().items() if status == "acted")
        return _told(database, before, hours) | {"ended": ended}


def is_good(told: dict[str, Any]) -> bool:
    """Whether nothing grows that should not, and every item ended."""
    grows = told["memory_slope"] > MEMORY_BYTES or told["files_slope"] > FILES
    return not grows and told["ended"] == told["items"]


def _hours(line: Line, server: Server | None, items: int) -> list[Hour]:
    hours, sent = [], 0
    with crew(line) as made:
        worker = made.start()
        until(lambda: bool(line.wired.workers()), "no worker begins")
        for hour in range(1, HOURS + 1):
            wanted = items * hour // HOURS
            line.send(wanted - sent, first=sent)
            sent = wanted
            until(lambda: not line.wired.store.jobs.unfinished(), "some jobs never end")
            hours.append(_look(line, server, worker.pid, sent))
            _turn(line)
        made.end(worker)
    return hours


def _turn(line: Line) -> None:
    """To the next hour, for every process of the home."""
    SharedClock(line.wired.home.clock_file).turn(timedelta(hours=1))


def _look(line: Line, server: Server | None, pid: int, items: int) -> Hour:
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    resident = next(row.split()[1] for row in status.splitlines() if row.startswith("VmRSS"))
    files = len(list(Path(f"/proc/{pid}/fd").iterdir()))
    return Hour(items, int(resident) * 1024, files, _stored(line, server))


def _stored(line: Line, server: Server | None) -> int:
    if server is not None:
        url = databases.url_of(line.folder)
        with psycopg.connect(url) as connection:
            found = connection.execute("SELECT pg_database_size(current_database())").fetchone()
        return 0 if found is None else found[0]
    line.wired.store.database.scrub()
    files = line.folder.glob("*.db*")
    return sum(file.stat().st_size for file in files if not file.name.startswith("checkpoints"))


def _told(database: str, before: int, hours: list[Hour]) -> dict[str, Any]:
    half = hours[HOURS // 2 :]
    return {
        "database": database,
        "items": hours[-1].items,
        "memory_mb": [round(one.memory / 2**20, 1) for one in hours],
        "open_files": [one.files for one in hours],
        "memory_slope": round(slope([(one.items, one.memory) for one in half]), 1),
        "files_slope": round(slope([(one.items, one.files) for one in half]), 4),
        "stored_an_item": round((hours[-1].stored - before) / hours[-1].items),
        "tolerances": {"memory_slope": MEMORY_BYTES, "files_slope": FILES},
    }


@click.command(help=__doc__)
@click.option("--database", type=click.Choice(databases.BOTH), default=databases.SQLITE)
@click.option("--items", default=2_400, show_default=True, help="Of the whole day.")
@click.option("--json", "is_json", is_flag=True, help="One object for programs.")
def main(*, database: str, items: int, is_json: bool) -> None:
    """Push a day through, and fail where something grows beyond its tolerance."""
    told = measure(database, items)
    if is_json:
        click.echo(json.dumps(told, indent=2))
    else:
        memory, files = told["memory_mb"], told["open_files"]
        click.echo(f"{database}: {told['items']} items in {HOURS} turned hours")
        click.echo(
            f"  memory {memory[0]:g} to {memory[-1]:g} MB, {told['memory_slope']:g} B an item"
        )
        click.echo(f"  open files {files[0]} to {files[-1]}, {told['files_slope']:g} an item")
        click.echo(f"  the databases grow by {told['stored_an_item']} bytes an item")
    raise SystemExit(0 if is_good(told) else 1)


if __name__ == "__main__":
    main()
