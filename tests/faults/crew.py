"""Workers as processes of their own, one of them killed in the middle of many items.

Whoever plays it counts the effects at a receiver that does again whatever it is asked again.
"""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import sqlalchemy as sa

from pilotage.wiring import EVERYBODY
from runs import tables
from runs.queue import SYSTEM
from tests.line import Line
from tests.receiver import Received

ROOT = Path(__file__).parents[2]
PATIENCE_S = 600.0
LONG_AGO = "2000-01-01T00:00:00.000000Z"


class Silence(Exception):
    """Something that was waited for never came."""


class Recovery(NamedTuple):
    """How long it took after the kill."""

    items: int
    done_before: int
    """Items that had ended when the worker was killed."""
    in_hand: int
    """Items that the killed worker was at."""
    taken_up_s: float
    """Until the last of those had ended."""
    all_s: float
    """Until every item had ended."""


class Crew:
    """Workers of one home, ended with the block that made them."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self._log = (line.folder / "workers.txt").open("ab")
        self._all: list[subprocess.Popen[bytes]] = []

    def start(self) -> subprocess.Popen[bytes]:
        """One more `pilotage worker`."""
        path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
        told = {**os.environ, **self._line.environment, "PYTHONPATH": path}
        command = [sys.executable, "-m", "pilotage", "--quiet", "worker"]
        worker = subprocess.Popen(command, env=told, cwd=ROOT, stderr=self._log)
        self._all.append(worker)
        return worker

    def end(self, worker: subprocess.Popen[bytes]) -> int:
        """Ask it to stop; the code it ends with."""
        worker.send_signal(signal.SIGTERM)
        return worker.wait(PATIENCE_S)

    def close(self) -> None:
        """Leave nobody behind."""
        for worker in self._all:
            worker.kill()
            worker.wait()
        self._log.close()


@contextmanager
def crew(line: Line) -> Iterator[Crew]:
    """Workers for as long as the block lasts."""
    made = Crew(line)
    try:
        yield made
    finally:
        made.close()


def until(is_so: Callable[[], bool], what: str, patience_s: float = PATIENCE_S) -> None:
    """Wait for it; Silence when it never comes."""
    end = time.monotonic() + patience_s
    while not is_so():
        if time.monotonic() > end:
            raise Silence(what)
        time.sleep(0.02)


def kill_one(line: Line, received: Received, count: int, *, is_patient: bool) -> Recovery:
    """Send so many items, and kill one worker with -9 when a third of them was done.

    On a server another one goes on; on SQLite one is started again. Without patience the sign of
    life of the dead runs out at once instead of after ten seconds.
    """
    is_shared = line.wired.is_shared
    with crew(line) as made:
        workers = [made.start() for _ in range(1 + is_shared)]
        until(lambda: len(line.wired.workers()) == len(workers), "no worker begins")
        line.send(count)
        until(lambda: len(received.effects) >= count // 3, "nothing is done")
        dead = workers[0]
        dead.kill()
        dead.wait()
        killed, before = time.monotonic(), _ended(line)
        left = _in_hand(line, dead.pid)
        if not is_patient:
            fall_silent(line, dead.pid)
        if not is_shared:
            workers.append(_begin_again(made, line))
        until(lambda: not left & _unfinished(line), "what the dead had in hand is left")
        taken_up = time.monotonic() - killed
        until(lambda: _ended(line) == count, "some items never end")
        until(lambda: line.wired.store.jobs.unfinished() == 0, "some jobs never end")
        took = time.monotonic() - killed
        made.end(workers[-1])
    return Recovery(count, before, len(left), round(taken_up, 2), round(took, 2))


def fall_silent(line: Line, pid: int) -> None:
    """What ten seconds without a sign of life of one process come to, at once."""
    table = tables.leases
    his = (table.c.customer == EVERYBODY.id) & table.c.holder.like(f"{_begins(pid)}%")
    with line.wired.store.database.writing() as connection:
        connection.execute(table.update().where(his).values(expires_at=LONG_AGO))


def _begin_again(made: Crew, line: Line) -> subprocess.Popen[bytes]:
    """Start a worker as whoever watches over it would: again, until the home is free."""
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        worker = made.start()
        if _comes_to_live(worker, line):
            return worker
    raise Silence("the home is never free")


def _comes_to_live(worker: subprocess.Popen[bytes], line: Line) -> bool:
    def lives() -> bool:
        return any(name.startswith(_begins(worker.pid)) for name in line.wired.workers())

    until(lambda: lives() or worker.poll() is not None, "no worker begins")
    return worker.poll() is None


def _begins(pid: int) -> str:
    return f"{socket.gethostname()}:{pid}:"


def _ended(line: Line) -> int:
    return sum(n for status, n in line.counted().items() if status != "queued")


def _in_hand(line: Line, pid: int) -> set[str]:
    """The items whose job the queue says this process is at."""
    schema = f'"{SYSTEM}".' if line.wired.is_shared else ""
    query = sa.text(
        f"SELECT workflow_uuid FROM {schema}workflow_status "
        "WHERE status = 'PENDING' AND executor_id LIKE :begins"
    )
    engine = sa.create_engine(line.wired.queue.replace("postgresql://", "postgresql+psycopg://"))
    with engine.connect() as connection:
        ids = connection.execute(query, {"begins": f"{_begins(pid)}%"}).scalars().all()
    engine.dispose()
    return {id.split(":")[1] for id in ids} & _unfinished(line)


def _unfinished(line: Line) -> set[str]:
    table = tables.items
    query = sa.select(table.c.id).where(
        table.c.customer == line.customer.id, table.c.status == "queued"
    )
    return {row["id"] for row in line.wired.store.ledger.rows(query)}
