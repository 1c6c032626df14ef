"""One moment drawn at random: kill, freeze or race processes there, and count what came of it.

The other side is a process of its own that counts effects by key. Approve, reject and resume come
from processes of their own, each with nothing but the disk; whoever is left brings the run, or its
items, to the end. What is drawn follows from the seed and the trial's number alone.
"""

import json
import os
import random
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal, NamedTuple

from runs.records.record import digest_of
from tests import databases
from tests.databases import Server
from tests.faults.children import child, ended, fork, told
from tests.faults.deeds import (
    ENDS,
    LAST_S,
    approve_and_go_on,
    expire,
    go_on,
    is_anybody,
    is_gone,
    look_over,
    say,
    take_back,
    work,
)
from tests.faults.ends import decisions_in
from tests.faults.homes import TOLD, Homes
from tests.faults.outside import EFFECTS, Outside, specs
from tests.faults.scenario import (
    Play,
    ask_for,
    has_stage,
    note,
    open_play,
    play_out,
    waits_for,
)
from tests.faults.seams import Start, Strike
from tests.faults.tally import faults_of

Kind = Literal["seam", "moment", "race", "frozen", "worker"]
KINDS: tuple[Kind, ...] = ("seam", "seam", "moment", "race", "race", "frozen", "worker")
"""How often each is drawn. `worker` is a seam struck in a whole worker, with its queue."""
OF_ITEMS = ("reserve for an item", "do over http", "do over http, half", "settle for an item")
SEAMS_FROM: dict[Start, tuple[str, ...]] = {
    "update": (
        "decision",
        "wake, job taken",
        "wake, graph resumed",
        "reserve for the run",
        "do over http",
        "do over http, half",
        "settle for the run",
        "checkpoint",
        "checkpoint of writes",
    ),
    "asked": ("decision", "wake, item taken", "wake, answer read", *OF_ITEMS, "item ended"),
    "items": OF_ITEMS,
}
"""The seams on the way of each start, each met at least once between the question and the end."""
OFTEN = {"checkpoint": 2, "checkpoint of writes": 3}
"""Seams that the way to the update meets more than once."""
ASKED = 3
"""Items whose action waits for a yes: each meets its seams once, and two people decide on it."""
ONE_BY_ONE = 12
"""Effects of the sample: two an item."""
STARTS: tuple[Start, ...] = ("update", "asked", "items")
"""Drawn alike; the last one by a whole worker only."""
RESULT, FAILED = "result.json", "failed.txt"
TAKEN_BACK = 3
"""Of so many races about actions, in one the version is taken back."""
FROZEN_S = 3.0
"""So long somebody tries to go on beside a frozen process, which may hold the database's lock."""


class Drawn(NamedTuple):
    """What a trial does."""

    number: int
    kind: Kind
    start: Start
    seam: str
    side: Literal["before", "after"]
    call: int
    share: float
    """Of the time a process takes that is left alone: when it is killed, or frozen."""


class Outcome(NamedTuple):
    """What came of a trial."""

    database: str
    drawn: Drawn
    killed: int
    """Processes that were killed or frozen in the middle."""
    duplicated: list[str]
    lost: list[str]
    unapproved: list[str]
    other: list[str]
    asked_again: int
    """Requests for an effect that was done already; they changed nothing."""
    seconds: float

    @property
    def is_good(self) -> bool:
        """Nothing that may never be."""
        return not (self.duplicated or self.lost or self.unapproved or self.other)


def draw(seed: str, number: int) -> Drawn:
    """What the trial of this number does; the same for the same seed."""
    chance = random.Random(f"{seed}:{number}")
    kind = chance.choice(KINDS)
    start = chance.choice(STARTS if kind == "worker" else STARTS[:2])
    seam = chance.choice(SEAMS_FROM[start])
    return Drawn(
        number=number,
        kind=kind,
        start=start,
        seam=seam,
        side=chance.choice(("before", "after")),
        call=chance.randint(1, _most_calls(start, seam)),
        share=round(chance.random(), 4),
    )


def _most_calls(start: Start, seam: str) -> int:
    """How often the way of a start meets a seam."""
    if start == "asked":
        return ASKED * (2 if seam == "decision" else 1)
    return ONE_BY_ONE if start == "items" else OFTEN.get(seam, 1)


class Ground:
    """Homes to start from on one database, and trials on copies of them."""

    def __init__(self, folder: Path, outside: Outside, server: Server | None) -> None:
        self._homes = Homes(folder, server)
        self._outside = outside
        self._server = server
        self._states: dict[Start, dict[str, Any]] = {}
        self._pace_s: dict[Start, float] = {}
        """What approving and going on to the end takes a process that is left alone."""

    @property
    def database(self) -> str:
        """What its homes stand on."""
        return databases.SQLITE if self._server is None else databases.POSTGRESQL

    def prepare_once(self) -> None:
        """Have homes to start from."""
        if not self._states:
            self.prepare()

    def prepare(self) -> None:
        """Play one run to its items, to their questions and on to its update, and measure."""
        homes = self._homes
        self._outside.restore({})
        homes.make(specs(self._outside.url), EFFECTS)
        homes.play("items", has_stage(1))
        self._states["items"] = self._outside.state()
        home = self._copy("items")
        homes.work(home, lambda: ask_for(open_play(home), ASKED))
        homes.keep(home, "asked")
        self._states["asked"] = self._outside.state()
        self._outside.restore(self._states["items"])
        homes.play("update", waits_for("update"))
        self._states["update"] = self._outside.state()
        for start in ("asked", "update"):
            self._pace_s[start] = self._pace(start)

    def _pace(self, start: Start) -> float:
        home = self._copy(start)
        self._homes.work(home, lambda: approve_and_go_on(home, start))
        home, began = self._copy(start), time.monotonic()
        self._homes.work(home, lambda: approve_and_go_on(home, start))
        return time.monotonic() - began

    def trial(self, drawn: Drawn) -> Outcome:
        """Do what was drawn; then let one process bring everything to its end, and look."""
        began = time.monotonic()
        home = self._copy(drawn.start)
        after_s = drawn.share * self._pace_s.get(drawn.start, 0.0)
        killed = TRIALS[drawn.kind](home, drawn, after_s)
        fork(lambda: expire(home, is_anybody), home)
        ended_well = fork(lambda: _end(home, drawn), home) == 0
        found = _read(home, self._states[drawn.start], self._outside.state())
        if not ended_well:
            found["other"] = [f"did not come to its end: {told([home], TOLD)}"]
        seconds = round(time.monotonic() - began, 3)
        return Outcome(self.database, drawn, killed, **found, seconds=seconds)

    def _copy(self, start: Start) -> Path:
        home = self._homes.copy(start)
        self._outside.restore(self._states[start])
        return home


def _seam(home: Path, drawn: Drawn, _: float) -> int:
    """Somebody approves and goes on, and dies beside the seam."""
    strike = Strike(drawn.seam, drawn.start, drawn.side, drawn.call)
    return _noted(home, fork(lambda: approve_and_go_on(home, drawn.start, strike), home))


def _moment(home: Path, drawn: Drawn, after_s: float) -> int:
    """The same, killed by somebody else after a time."""
    doomed = child(lambda: approve_and_go_on(home, drawn.start), home)
    return _stop(home, doomed, after_s, signal.SIGKILL)


def _worker(home: Path, drawn: Drawn, _: float) -> int:
    """A worker, with people beside it, dies beside the seam."""
    strike = Strike(drawn.seam, drawn.start, drawn.side, drawn.call)
    return _noted(home, fork(lambda: work(home, strike), home))


def _race(home: Path, drawn: Drawn, after_s: float) -> int:
    """Two say yes and no in one person's name, two go on; one of the four is killed.

    Now and then the no is one to the version: it is taken back while its actions are agreed to.
    """
    is_taken_back = drawn.start == "asked" and drawn.number % TAKEN_BACK == 0
    works: tuple[Callable[[], None], ...] = (
        lambda: say(open_play(home), "approve"),
        lambda: (
            take_back(open_play(home), min(drawn.call, ASKED) * 2)
            if is_taken_back
            else say(open_play(home), "reject")
        ),
        lambda: go_on(open_play(home), drawn.start),
        lambda: go_on(open_play(home), drawn.start),
    )
    first = drawn.number % 2 * 2
    children = [child(work, home) for work in (*works[first:], *works[:first])]
    number = drawn.call % len(children)
    doomed = children[number - 1 if drawn.side == "before" else -number]
    killed = _stop(home, doomed, after_s, signal.SIGKILL)
    fork(lambda: expire(home, is_gone), home)
    for one in children:
        if one != doomed:
            _noted(home, ended(one))
    return killed


def _frozen(home: Path, drawn: Drawn, after_s: float) -> int:
    """Whoever acts is frozen, its lease runs out, another goes on; then it wakes up."""
    frozen = child(lambda: approve_and_go_on(home, drawn.start), home)
    is_stopped = _stop(home, frozen, after_s, signal.SIGSTOP)
    if is_stopped:
        ended(child(lambda: expire(home, is_anybody), home), FROZEN_S)
        ended(child(lambda: _end(home, drawn), home), FROZEN_S)
        os.kill(frozen, signal.SIGCONT)
        # Whoever was stopped meanwhile holds nothing for longer than it lives.
        fork(lambda: expire(home, is_gone), home)
        ended(frozen)
    return is_stopped


TRIALS: dict[Kind, Callable[[Path, Drawn, float], int]] = {
    "seam": _seam,
    "moment": _moment,
    "worker": _worker,
    "race": _race,
    "frozen": _frozen,
}


def _stop(home: Path, doomed: int, after_s: float, how: signal.Signals) -> int:
    """Send the signal after a time; 1 when it still found the process at work."""
    until = time.monotonic() + after_s
    while time.monotonic() < until:
        gone, status = os.waitpid(doomed, os.WNOHANG)
        if gone:
            return _noted(home, os.waitstatus_to_exitcode(status))
        time.sleep(0.001)
    os.kill(doomed, how)
    return 1 if how == signal.SIGSTOP else _noted(home, ended(doomed))


def _noted(home: Path, code: int) -> int:
    """1 for a process that was killed; one that failed by itself is written down."""
    if code > 0:
        note(home, FAILED, f"a process failed by itself: {told([home], TOLD)}")
    return int(code == -signal.SIGKILL)


def _end(home: Path, drawn: Drawn) -> None:
    """Whoever comes last: people answer what is open, and everything comes to its end."""
    play, is_run = open_play(home), drawn.start == "update"
    before = decisions_in(play)
    if drawn.start == "items":
        play_out(play, ENDS[drawn.start], lambda: _write(play, before, has_ended=False))
    say(play, "approve")
    go_on(play, drawn.start, LAST_S)
    look_over(play)
    _write(play, before, has_ended=is_run)


def _write(play: Play, before: list[Any], *, has_ended: bool) -> None:
    found = faults_of(play, before, has_ended=has_ended)
    (play.wired.home.folder / RESULT).write_text(json.dumps(found))


def _read(home: Path, before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    """What the record says, held against what the other side did."""
    if not (home / RESULT).exists():
        return {"duplicated": [], "lost": [], "unapproved": [], "other": [], "asked_again": 0}
    found: dict[str, Any] = json.loads((home / RESULT).read_text())
    done = {key: one for key, one in after.items() if key not in before}
    keys, agreed = set(found.pop("keys")) - set(before), found.pop("agreed")
    found["duplicated"] += [
        f"{one['done']} times: {k}" for k, one in after.items() if one["done"] > 1
    ]
    found["other"] += [f"on record and not done: {key}" for key in sorted(keys - set(done))]
    found["other"] += [f"done and not on record: {key}" for key in sorted(set(done) - keys)]
    found["unapproved"] += [f"done without a yes: {key}" for key in done if key not in agreed]
    found["unapproved"] += [
        f"done otherwise than agreed: {key}"
        for key, one in done.items()
        if key in agreed and digest_of(one["body"]) != agreed[key]
    ]
    found["asked_again"] = sum(one["asked"] - 1 for one in done.values())
    return found
