"""Kill a process at a seam, let the next one go on, and compare how both come out.

Every home is prepared once and copied for each trial. Everything heavy is imported before the first
fork, and this process never starts a thread and never opens a record: its children do.

On a server there are two workers: the one that is killed, and one that works beside whoever goes
on, or beside the killed one as well.
"""

import json
import os
import shutil
import signal
import sys
import time
import traceback
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any, NamedTuple

from pilotage.worker import working
from runs import tables
from tests import databases
from tests.faults import house
from tests.faults.ends import ACTED, End, as_json, decisions_in, end_of, faults_of
from tests.faults.scenario import Until, is_over, note, open_play, play_on, waits_for
from tests.faults.seams import SEAMS, Start, Strike, arm, count
from tools.files.sink import FolderSink
from tools.notify import Outbox

PATIENCE_S = 60
TOLD = 6_000
OUTPUT, RESULT = "output.txt", "result.json"
BESIDE, OVER = "beside.txt", "over.txt"
"""The name of the worker beside, and the sign that it may go."""
STARTS: dict[Start, Until] = {
    "slice": waits_for("stage", times=2),
    "update": waits_for("update"),
}


class Result(NamedTuple):
    """What came of one trial."""

    strike: Strike
    killed: bool
    """False when the process came to its end first: the seam has fewer calls."""
    same_end: bool
    duplicated: list[str]
    lost: list[str]
    other: list[str]
    """Whatever else is wrong, differences of the ends among it."""
    seconds: float

    @property
    def is_good(self) -> bool:
        """Killed, and nobody could tell from the end."""
        return self.killed and self.same_end and not (self.duplicated or self.lost or self.other)


class Forge:
    """Prepared homes, and trials on copies of them."""

    def __init__(self, folder: Path, *, is_beside: bool = False) -> None:
        self._folder = folder
        self._is_beside = is_beside
        """On a server: two workers from the start, and not only after the kill."""
        self._expected: dict[Start, dict[str, Any]] = {}
        self._counts: dict[Start, dict[str, int]] = {}

    def prepare(self) -> None:
        """Make every home to start from."""
        here = self._folder / "making"
        databases.url_of(here)
        _require(_fork(lambda: _make(here), here), here)
        self._keep(here, "opened")
        for start, until in STARTS.items():
            _require(_fork(lambda until=until: play_on(here, until), here), here)
            self._keep(here, start)
        shutil.copytree(here / "fits", self._folder / "opened" / "fits")

    def count(self, start: Start, seam: str) -> int:
        """How often a seam is met from a start by a process that is not killed."""
        self._expect(start)
        return self._counts[start][seam]

    def trial(self, strike: Strike) -> Result:
        """Kill one process at the strike, let the next one go on from what is on the disk."""
        began = time.monotonic()
        start = strike.start
        self._expect(start)
        home = self._copy(start)
        beside = _Beside(home)
        if self._is_beside:
            beside.start()
        ended = _fork(lambda: _play_armed(home, strike), home)
        killed = ended == -signal.SIGKILL
        if killed:
            _fork(lambda: _wait_out_leases(home), home)
            beside.start()
            ended = _fork(lambda: _go_on(home), home)
        has_left = beside.stop()
        if ended or not has_left:
            return _failed(strike, home, "a process that goes on failed", began)
        if not killed:
            return Result(strike, False, True, [], [], [], time.monotonic() - began)
        found = json.loads((home / RESULT).read_text())
        shutil.rmtree(home)
        differs = _differences(self._expected[start], found["end"])
        faults = found["faults"]
        return Result(
            strike,
            killed,
            same_end=not differs,
            duplicated=faults["duplicated"],
            lost=faults["lost"],
            other=faults["other"] + differs,
            seconds=time.monotonic() - began,
        )

    def _expect(self, start: Start) -> None:
        """Play the home to its end once without killing anybody."""
        if start in self._expected:
            return
        home = self._copy(start)
        names = [name for name, seam in SEAMS.items() if start in seam.starts]
        _require(_fork(lambda: _play_counted(home, names), home), home)
        found = json.loads((home / RESULT).read_text())
        wrong = [says for says in found["faults"].values() if says]
        if wrong or found["end"]["terminal"][:2] != ["ended", "stage_reached"]:
            raise AssertionError(f"without a kill it already ends wrong: {found}")
        self._expected[start] = found["end"]
        self._counts[start] = found["counts"]
        shutil.rmtree(home)

    def _keep(self, home: Path, start: Start) -> None:
        shutil.copytree(home, self._folder / start)
        databases.copy(home, self._folder / start)

    def _copy(self, start: Start) -> Path:
        home = self._folder / "trial"
        shutil.rmtree(home, ignore_errors=True)
        shutil.copytree(self._folder / start, home)
        if databases.CHOSEN.server is not None:
            databases.CHOSEN.server.drop(home)
        databases.copy(self._folder / start, home)
        return home


class _Beside:
    """The other worker of a home on a server; there is none on SQLite."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._child = 0

    def start(self) -> None:
        """Let it work from now on, unless it does."""
        if self._child or databases.CHOSEN.server is None:
            return
        self._child = _child(lambda: _work_beside(self._home), self._home)
        until = time.monotonic() + PATIENCE_S
        while not (self._home / BESIDE).exists() and time.monotonic() < until:
            time.sleep(0.005)

    def stop(self) -> bool:
        """Let it go; True when it left well."""
        if not self._child:
            return True
        (self._home / OVER).touch()
        return _ended(self._child) == 0


def _make(home: Path) -> None:
    house.make(home)
    play = open_play(home)
    house.begin(play.wired, play.tokens)
    play.wired.store.database.close()


def _play_armed(home: Path, strike: Strike) -> None:
    _note_acts(home)
    arm(strike)
    play_on(home)


def _play_counted(home: Path, names: list[str]) -> None:
    _note_acts(home)
    counts = count(names)
    play_on(home)
    _write_result(home, [], counts=counts)


def _work_beside(home: Path) -> None:
    _note_acts(home)
    with working(open_play(home).wired) as worker:
        (home / BESIDE).write_text(worker.name)
        worker.run_until((home / OVER).exists)


def _go_on(home: Path) -> None:
    _note_acts(home)
    before = decisions_in(open_play(home))
    play_on(home, is_over)
    _write_result(home, before)


def _write_result(home: Path, before: list[Any], **more: Any) -> None:
    play = open_play(home)
    found = as_json(end_of(play), faults_of(play, before))
    play.wired.store.database.close()
    (home / RESULT).write_text(json.dumps(found | more))


def _note_acts(home: Path) -> None:
    """Let the other side note every act it carries out."""
    for tool in (FolderSink, Outbox):
        _note_acts_of(tool, home)


def _note_acts_of(tool: Any, home: Path) -> None:
    real = tool.act

    @wraps(real)
    def act(self: Any, operation: str, content: Any, key: str) -> Any:
        receipt = real(self, operation, content, key)
        if self.name != "notices":
            note(home, ACTED, key)
        return receipt

    tool.act = act


def _wait_out_leases(home: Path) -> None:
    """What waiting for the dead process's leases to run out would come to, at once."""
    store = house.open_house(home).store
    living = (home / BESIDE).read_text() if (home / BESIDE).exists() else ""
    with store.database.writing() as connection:
        dead = tables.leases.update().where(tables.leases.c.holder != living)
        connection.execute(dead.values(expires_at="2000-01-01T00:00:00.000000Z"))
    store.database.close()


def _differences(expected: dict[str, Any], found: dict[str, Any]) -> list[str]:
    names = [name for name in End._fields if expected[name] != found[name]]
    return [f"{name}: {found[name]} instead of {expected[name]}" for name in names]


def _failed(strike: Strike, home: Path, says: str, began: float) -> Result:
    told = f"{says}: {(home / OUTPUT).read_text()[-TOLD:]}"
    seconds = time.monotonic() - began
    return Result(strike, True, False, [], [], [told], seconds)


def _require(ended: int, home: Path) -> None:
    if ended:
        told = (home / OUTPUT).read_text()[-TOLD:]
        raise AssertionError(f"a home could not be prepared: exit code {ended}: {told}")


def _fork(work: Callable[[], None], folder: Path) -> int:
    """Do `work` in a child; its exit code, negative for the signal that ended it."""
    return _ended(_child(work, folder))


def _child(work: Callable[[], None], folder: Path) -> int:
    folder.mkdir(parents=True, exist_ok=True)
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        _be_child(work, folder / OUTPUT)
    return child


def _ended(child: int) -> int:
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.005)
    os.kill(child, signal.SIGTERM)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def _be_child(work: Callable[[], None], output: Path) -> None:
    """Never returns: what the parent would do on its way out is not the child's to do."""
    code = 1
    try:
        file = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.dup2(file, 1)
        os.dup2(file, 2)
        work()
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
