"""Kill a process at a seam, let the next one go on, and compare how both come out.

Every home is prepared once and copied for each trial. What a child came to need is imported here
before the next fork, and this process never starts a thread and never opens a record.

On a server there are two workers: the one that is killed, and one that works beside whoever goes
on, or beside the killed one as well.
"""

import json
import shutil
import signal
import time
from functools import wraps
from pathlib import Path
from typing import Any, NamedTuple

from pilotage.worker import working
from runs import tables
from tests import databases
from tests.databases import Server
from tests.faults import house
from tests.faults.children import PATIENCE_S, child, ended, fork, told
from tests.faults.ends import ACTED, End, as_json, decisions_in, end_of, faults_of
from tests.faults.homes import TOLD, Homes, require
from tests.faults.scenario import (
    Play,
    Until,
    has_sample,
    has_stage,
    is_over,
    note,
    open_play,
    play_out,
    waits_for,
)
from tests.faults.seams import SEAMS, Start, Strike, arm, count
from tools.files.sink import FolderSink
from tools.notify import Outbox

RESULT = "result.json"
BESIDE, OVER = "beside.txt", "over.txt"
"""The name of the worker beside, and the sign that it may go."""
STARTS: dict[Start, Until] = {
    "slice": waits_for("stage", times=2),
    "items": has_stage(1),
    "update": waits_for("update"),
}
ENDS: dict[Start, Until] = {
    "opened": is_over,
    "slice": has_stage(1),
    "items": has_sample,
    "update": is_over,
}
"""How far a trial is played; one goes the whole way."""
SAME: dict[Start, tuple[str, ...]] = {"items": ("decisions", "items", "actions")}
"""What of the end must be the same; everything, but that the run may look again at any moment."""


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

    def __init__(self, folder: Path, server: Server | None, *, is_beside: bool = False) -> None:
        self._homes = Homes(folder, server)
        self._is_beside = is_beside
        """On a server: two workers from the start, and not only after the kill."""
        self._expected: dict[Start, dict[str, Any]] = {}
        self._counts: dict[Start, dict[str, int]] = {}

    def prepare(self) -> None:
        """Make every home to start from, and load whatever a play needs."""
        homes = self._homes
        homes.make()
        homes.keep(homes.making, "opened")
        for start, until in STARTS.items():
            homes.play(start, until)
        shutil.copytree(homes.making / "fits", homes.folder / "opened" / "fits")

    def count(self, start: Start, seam: str) -> int:
        """How often a seam is met from a start by a process that is not killed."""
        self._expect(start)
        return self._counts[start][seam]

    def trial(self, strike: Strike) -> Result:
        """Kill one process at the strike, let the next one go on from what is on the disk."""
        began = time.monotonic()
        start = strike.start
        self._expect(start)
        home = self._homes.copy(start)
        beside = _Beside(home)
        if self._is_beside:
            beside.start()
        ended = fork(lambda: _play_armed(home, strike), home)
        killed = ended == -signal.SIGKILL
        if killed:
            fork(lambda: _wait_out_leases(home), home)
            beside.start()
            ended = fork(lambda: _go_on(home, start), home)
        has_left = beside.stop()
        if ended or not has_left:
            return _failed(strike, home, "a process that goes on failed", began)
        if not killed:
            return Result(strike, False, True, [], [], [], time.monotonic() - began)
        found = json.loads((home / RESULT).read_text())
        shutil.rmtree(home)
        names = SAME.get(start, End._fields)
        differs = _differences(self._expected[start], found["end"], names)
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
        home = self._homes.copy(start)
        names = [name for name, seam in SEAMS.items() if start in seam.starts]
        require(fork(lambda: _play_counted(home, names, ENDS[start]), home), home)
        found = json.loads((home / RESULT).read_text())
        wrong = [says for says in found["faults"].values() if says]
        terminal = found["end"]["terminal"]
        if wrong or (ENDS[start] is is_over) != (terminal[:2] == ["ended", "stage_reached"]):
            raise AssertionError(f"without a kill it already ends wrong: {found}")
        self._expected[start] = found["end"]
        self._counts[start] = found["counts"]
        shutil.rmtree(home)


class _Beside:
    """The other worker of a home on a server; there is none on SQLite."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._child = 0

    def start(self) -> None:
        """Let it work from now on, unless it does."""
        if self._child or databases.CHOSEN.server is None:
            return
        self._child = child(lambda: _work_beside(self._home), self._home)
        until = time.monotonic() + PATIENCE_S
        while not (self._home / BESIDE).exists() and time.monotonic() < until:
            time.sleep(0.005)

    def stop(self) -> bool:
        """Let it go; True when it left well."""
        if not self._child:
            return True
        (self._home / OVER).touch()
        return ended(self._child) == 0


def _play_armed(home: Path, strike: Strike) -> None:
    _note_acts(home)
    arm(strike)
    play_out(open_play(home), ENDS[strike.start], lambda: None)


def _play_counted(home: Path, names: list[str], until: Until) -> None:
    _note_acts(home)
    counts = count(names)
    _play_out(home, until, counts=counts)


def _work_beside(home: Path) -> None:
    _note_acts(home)
    with working(open_play(home).wired) as worker:
        (home / BESIDE).write_text(worker.name)
        worker.run_until((home / OVER).exists)


def _go_on(home: Path, start: Start) -> None:
    _note_acts(home)
    _play_out(home, ENDS[start])


def _play_out(home: Path, until: Until, **more: Any) -> None:
    play = open_play(home)
    before = decisions_in(play)
    play_out(play, until, lambda: _write_result(play, before, more))


def _write_result(play: Play, before: list[Any], more: dict[str, Any]) -> None:
    found = as_json(end_of(play), faults_of(play, before))
    (play.wired.home.folder / RESULT).write_text(json.dumps(found | more))


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


def _differences(
    expected: dict[str, Any], found: dict[str, Any], names: tuple[str, ...]
) -> list[str]:
    differ = [name for name in names if expected[name] != found[name]]
    return [f"{name}: {found[name]} instead of {expected[name]}" for name in differ]


def _failed(strike: Strike, home: Path, says: str, began: float) -> Result:
    seconds = time.monotonic() - began
    return Result(strike, True, False, [], [], [f"{says}: {told([home], TOLD)}"], seconds)
