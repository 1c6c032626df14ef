"""Items a second through the five parts, beside a bare DBOS workflow of three steps.

    python -m bench.items [--database sqlite|postgresql] [--items N] [--workers 1,2,4] [--json]

Both sides stand on the same kind of database and work off what was sent before, in processes of
their own, with the same polling interval and worker concurrency, turn about and more than once. The
route fills a template, and what acts does nothing: each item is taken in, snapshotted, decided,
routed and done under a key, with its receipt. PostgreSQL waits for its disk here, as it ships. Ends
with 1 while the ratio is not met.
"""

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import click
import psycopg

from pilotage.settings import Settings
from pilotage.wiring import Wired, wire
from pilotage.worker import Worker, working
from runs.records.person import Customer
from runs.records.version import Level, Risk
from tests import databases, line
from tests.databases import Server
from tools.tool import ASKED, Reading, Schema, Tool

GOAL = 0.6
POLL_S, CONCURRENCY = 0.05, 4
ROUNDS = 2
LOOK_S = 0.05
ROOT = Path(__file__).parents[1]


@dataclass(frozen=True)
class Nothing:
    """A system outside that is asked and does nothing."""

    name: str = line.QUEUES
    level: Level = "update"
    risks: tuple[Risk, ...] = ()
    reversible: bool = True
    is_real: bool = False
    remembers_keys: bool = True

    @property
    def schema(self) -> Mapping[str, Schema]:
        """What may be asked of it."""
        return {"assign": ASKED}

    def read(self, key: str) -> Reading | None:
        """No record."""

    def act(self, operation: str, content: Mapping[str, Any], key: str) -> dict[str, Any]:
        """A receipt."""
        return {"key": key, "operation": operation, "fields": len(content)}

    def find_receipt(self, key: str) -> dict[str, Any] | None:
        """Nothing was done."""


class Quick(Wired):
    """A home whose queues do nothing."""

    def tools(self, customer: Customer) -> Mapping[str, Tool]:
        """What acts at once."""
        return {line.QUEUES: Nothing()}


class Took(NamedTuple):
    """What one side took."""

    items: int
    seconds: float
    cpu_s: float

    @property
    def rate(self) -> float:
        """Items a second."""
        return self.items / self.seconds

    @property
    def cpu_ms(self) -> float:
        """Processor time of one item, in milliseconds."""
        return 1000 * self.cpu_s / self.items


class Side:
    """A process of its own, told on stdin when to go on."""

    def __init__(self, *command: str, **environment: str) -> None:
        told = {**os.environ, "PYTHONPATH": str(ROOT), **environment}
        self._process = subprocess.Popen(
            [sys.executable, *command],
            env=told,
            cwd=ROOT,
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )

    def tell(self, word: str) -> None:
        """Let it go on."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{word}\n")
        self._process.stdin.flush()

    def hear(self) -> str:
        """Its next line."""
        assert self._process.stdout is not None
        said = self._process.stdout.readline()
        if not said:
            raise RuntimeError(f"a side ended with {self._process.wait()}")
        return said.strip()

    def close(self) -> None:
        """Wait for its end."""
        self._process.communicate()


def play_bare(url: str, count: int, *, is_own: bool = False) -> Took:
    """The bare workflow."""
    own = ["--own"] if is_own else []
    side = Side("-m", "bench.plain.stepping", url, str(POLL_S), str(CONCURRENCY), *own)
    side.hear()
    side.tell(str(count))
    side.hear()
    side.tell("go")
    took = Took(**json.loads(side.hear()))
    side.close()
    return took


def play_ours(folder: Path, count: int, workers: int = 1) -> Took:
    """Our pipeline, by so many workers; their rate together from when all of them are at work."""
    made = line.lay(folder, is_demo=False)
    made.send(count)
    sides = [
        Side("-m", "bench.items", "--work", str(folder), **made.environment) for _ in range(workers)
    ]
    for side in sides:
        side.hear()
    for side in sides:
        side.tell(str(count))
    told = [Took(**json.loads(side.hear())) for side in sides]
    for side in sides:
        side.close()
    made.wired.store.database.close()
    took = told[0]
    return took._replace(cpu_s=sum(one.cpu_s for one in told))


def work_off(folder: Path) -> None:
    """One worker: waits to be told how many were sent, works until none is left."""
    chosen: Settings = replace(
        line.settings_of(folder, **_told()), poll_s=POLL_S, concurrency=CONCURRENCY
    )
    wired = Quick(**vars(wire(chosen)))
    _say("ready")
    count = int(sys.stdin.readline())
    with working(wired) as worker:
        left = wired.store.jobs.unfinished
        _wait(worker, lambda: left() <= count * 0.9)
        began, cpu, there = time.monotonic(), time.process_time(), left()
        _wait(worker, lambda: not left())
        took = Took(there, time.monotonic() - began, time.process_time() - cpu)
    _say(json.dumps(took._asdict()))


def _wait(worker: Worker, is_done: Callable[[], bool]) -> None:
    """As often as the bare side looks, which is not how often the queue does."""
    while worker.has_lease and not is_done():
        time.sleep(LOOK_S)


def _told() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name.startswith("PILOTAGE_")}


def _say(said: str) -> None:
    sys.stdout.write(said + "\n")
    sys.stdout.flush()


class Waits:
    """What the sessions of a server wait for, looked at again and again."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._seen: Counter[str] = Counter()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    @contextmanager
    def counting(self) -> Iterator[None]:
        """For as long as the block lasts."""
        self._thread.start()
        try:
            yield
        finally:
            self._ended.set()
            self._thread.join()

    def shares(self) -> dict[str, float]:
        """The share of each among the sessions that are within a transaction."""
        total = sum(self._seen.values()) or 1
        return {name: round(n / total, 3) for name, n in self._seen.most_common(6)}

    def _look(self) -> None:
        query = (
            "SELECT coalesce(wait_event_type || ':' || wait_event, 'running') FROM "
            "pg_stat_activity WHERE state IN ('active', 'idle in transaction') "
            "AND pid <> pg_backend_pid() AND datname <> 'postgres'"
        )
        with psycopg.connect(self._url, autocommit=True) as connection:
            while not self._ended.wait(0.02):
                self._seen.update(row[0] for row in connection.execute(query).fetchall())


def measure_sqlite(folder: Path, count: int) -> dict[str, Any]:
    """Turn about; bare on the queue's own engine, and once as DBOS ships."""
    folder.mkdir()
    bare, ours = [], []
    for number in range(ROUNDS):
        bare.append(play_bare(f"sqlite:///{folder}/bare-{number}.db", count))
        ours.append(play_ours(folder / f"home-{number}", count))
    own = play_bare(f"sqlite:///{folder}/own.db", max(40, count // 4), is_own=True)
    return _compared("sqlite", bare, ours) | {"bare_as_it_ships": round(own.rate, 1)}


def measure_server(server: Server, folder: Path, count: int, workers: list[int]) -> dict[str, Any]:
    """Turn about with one worker, then ours alone with more of them."""
    folder.mkdir()
    bare, ours = [], []
    for number in range(ROUNDS):
        url = databases.empty_url_of(folder, f"bare-{number}")
        bare.append(play_bare(url, count))
        ours.append(play_ours(folder / f"home-{number}", count))
    told = _compared("postgresql", bare, ours)
    told["workers"] = [_with_workers(server, folder, count, n) for n in workers]
    return told


def _with_workers(server: Server, folder: Path, count: int, workers: int) -> dict[str, Any]:
    waits = Waits(server.url)
    with waits.counting():
        took = play_ours(folder / f"by-{workers}", count * workers, workers)
    return {"workers": workers, **_figures(took), "waits": waits.shares()}


def _compared(database: str, bare: list[Took], ours: list[Took]) -> dict[str, Any]:
    ratios = [one.rate / other.rate for one, other in zip(ours, bare, strict=True)]
    return {
        "database": database,
        "poll_s": POLL_S,
        "concurrency": CONCURRENCY,
        "bare": [_figures(one) for one in bare],
        "ours": [_figures(one) for one in ours],
        "ratios": [round(one, 3) for one in ratios],
        "ratio": round(median(ratios), 3),
        "goal": GOAL,
    }


def _figures(took: Took) -> dict[str, float]:
    return {"rate": round(took.rate, 1), "cpu_ms": round(took.cpu_ms, 1), "items": took.items}


def lines(told: dict[str, Any]) -> Iterator[str]:
    """One database, as people read it."""
    setting = f"poll {told['poll_s']:g} s, {told['concurrency']} at a time on both sides"
    yield f"{told['database']} ({setting})"
    for name in ("bare", "ours"):
        rates = ", ".join(f"{one['rate']:g}" for one in told[name])
        cpu = median(one["cpu_ms"] for one in told[name])
        yield f"  {name:<5} {rates} items/s; {cpu:.1f} ms of processor an item"
    kept = "met" if told["ratio"] >= told["goal"] else "not met"
    yield f"  ratio {told['ratio']:g} (goal {told['goal']:g}, {kept}); each round {told['ratios']}"
    if "bare_as_it_ships" in told:
        yield f"  bare with the engine DBOS makes itself: {told['bare_as_it_ships']:g} items/s"
    for one in told.get("workers", []):
        waits = ", ".join(f"{name} {share:.0%}" for name, share in one["waits"].items())
        yield f"  {one['workers']} workers: {one['rate']:g} items/s; within transactions: {waits}"


@click.command(help=__doc__)
@click.option("--database", type=click.Choice(databases.BOTH), help="One of them; both if not.")
@click.option("--items", default=300, show_default=True, help="How many a round and worker.")
@click.option("--workers", default="1,2,4", show_default=True, help="On PostgreSQL.")
@click.option("--json", "is_json", is_flag=True, help="One object for programs.")
@click.option("--work", type=click.Path(path_type=Path), hidden=True)
def main(*, database: str, items: int, workers: str, is_json: bool, work: Path | None) -> None:
    """Measure both sides in one run, and fail while the goal is not met."""
    if work is not None:
        work_off(work)
        return
    told = []
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="pilotage-items-")))
        if database in (None, databases.SQLITE):
            told.append(measure_sqlite(folder / "sqlite", items))
        if database in (None, databases.POSTGRESQL):
            server = stack.enter_context(databases.running(is_hasty=False))
            stack.enter_context(databases.on(server))
            numbers = [int(one) for one in workers.split(",") if one]
            told.append(measure_server(server, folder / "postgresql", items, numbers))
    if is_json:
        click.echo(json.dumps({"measured": told}, indent=2))
    else:
        for one in told:
            click.echo("\n".join(lines(one)))
    raise SystemExit(0 if all(one["ratio"] >= GOAL for one in told) else 1)


if __name__ == "__main__":
    main()
