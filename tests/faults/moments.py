"""One moment drawn at random: kill, freeze or race processes there, and count what came of it.

The other side is a process of its own that counts effects by key. Approve, reject and resume come
from processes of their own, each with nothing but the disk; whoever is left brings the run, or its
items, to the end. What is drawn follows from the seed and the trial's number alone.
"""

import json
import os
import random
import shutil
import signal
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Literal, NamedTuple

from agent import checkpoints
from agent.graph import build
from agent.loop import Loop
from runs import approvals, tables
from runs.approvals import Answer
from runs.errors import Conflict, NotAllowed, Unavailable
from runs.records.approval import DecisionKind
from tests import databases
from tests.databases import Server
from tests.faults import house
from tests.faults.children import child, ended, fork, load_as, note_loaded, told
from tests.faults.ends import decisions_in, the_run
from tests.faults.known import know_rules
from tests.faults.outside import Outside, specs
from tests.faults.scenario import (
    DECIDED,
    Play,
    Until,
    has_sample,
    has_stage,
    is_over,
    note,
    open_play,
    play_on,
    play_out,
    waits_for,
)
from tests.faults.seams import Start, Strike, arm
from tests.faults.tally import faults_of

Kind = Literal["seam", "moment", "race", "frozen", "worker"]
KINDS: tuple[Kind, ...] = ("seam", "seam", "moment", "race", "race", "frozen", "worker")
"""How often each is drawn. `worker` is a seam struck in a whole worker, with its queue."""
APPROVED = (
    "decision",
    "wake, job taken",
    "wake, graph resumed",
    "reserve for the run",
    "do over http",
    "do over http, half",
    "settle for the run",
    "checkpoint",
    "checkpoint of writes",
)
"""The seams of an approved action, each met at least once between the question and the end."""
OFTEN = {"checkpoint": 2, "checkpoint of writes": 3}
"""Seams that are met more than once on that way."""
OF_ITEMS = ("reserve for an item", "do over http", "do over http, half", "settle for an item")
ONE_BY_ONE = 6
"""Items of the sample: each meets its seams once."""
RESULT, FAILED, TOLD = "result.json", "failed.txt", 4_000
RACING_S, LAST_S = 20.0, 240.0
"""So long one of several tries to bring the run to its end, and whoever comes last."""
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
    is_of_items = kind == "worker" and chance.random() < 0.5
    seam = chance.choice(OF_ITEMS if is_of_items else APPROVED)
    return Drawn(
        number=number,
        kind=kind,
        start="items" if is_of_items else "update",
        seam=seam,
        side=chance.choice(("before", "after")),
        call=chance.randint(1, ONE_BY_ONE if is_of_items else OFTEN.get(seam, 1)),
        share=round(chance.random(), 4),
    )


class Ground:
    """Homes to start from on one database, and trials on copies of them."""

    def __init__(self, folder: Path, outside: Outside, server: Server | None) -> None:
        self._folder = folder
        self._outside = outside
        self._server = server
        self._states: dict[Start, dict[str, Any]] = {}
        self._pace_s = 0.0
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
        """Play one run to its items and on to its update, and load whatever that needs."""
        databases.CHOSEN.server = self._server
        here = self._folder / "making"
        databases.url_of(here)
        tools = specs(self._outside.url)
        self._outside.restore({})
        _require(fork(lambda: _make(here, tools), here), here)
        starts: dict[Start, Until] = {"items": has_stage(1), "update": waits_for("update")}
        for start, until in starts.items():
            _require(fork(lambda until=until: _prepare(here, until), here), here)
            load_as(here)
            know_rules(here)
            self._keep(here, start)
        home, began = self._copy("update"), time.monotonic()
        _require(fork(lambda: _approve_and_resume(home), home), home)
        self._pace_s = time.monotonic() - began

    def trial(self, drawn: Drawn) -> Outcome:
        """Do what was drawn; then let one process bring everything to its end, and look."""
        began = time.monotonic()
        databases.CHOSEN.server = self._server
        home = self._copy(drawn.start)
        killed = TRIALS[drawn.kind](home, drawn, drawn.share * self._pace_s)
        fork(lambda: _free(home), home)
        ended_well = fork(lambda: _end(home, drawn), home) == 0
        found = _read(home, self._states[drawn.start], self._outside.state())
        if not ended_well:
            found["other"] = [f"did not come to its end: {told([home], TOLD)}"]
        seconds = round(time.monotonic() - began, 3)
        return Outcome(self.database, drawn, killed, **found, seconds=seconds)

    def _keep(self, home: Path, start: Start) -> None:
        shutil.copytree(home, self._folder / start)
        databases.copy(home, self._folder / start)
        self._states[start] = self._outside.state()

    def _copy(self, start: Start) -> Path:
        home = self._folder / "trial"
        shutil.rmtree(home, ignore_errors=True)
        shutil.copytree(self._folder / start, home)
        if databases.CHOSEN.server is not None:
            databases.CHOSEN.server.drop(home)
        databases.copy(self._folder / start, home)
        self._outside.restore(self._states[start])
        return home


def _seam(home: Path, drawn: Drawn, _: float) -> int:
    """Somebody approves and resumes, and dies beside the seam."""
    strike = Strike(drawn.seam, drawn.start, drawn.side, drawn.call)
    return _noted(home, fork(lambda: _approve_and_resume(home, strike), home))


def _moment(home: Path, drawn: Drawn, after_s: float) -> int:
    """The same, killed by somebody else after a time."""
    doomed = child(lambda: _approve_and_resume(home), home)
    return _stop(home, doomed, after_s, signal.SIGKILL)


def _worker(home: Path, drawn: Drawn, _: float) -> int:
    """A worker, with people beside it, dies beside the seam."""
    strike = Strike(drawn.seam, drawn.start, drawn.side, drawn.call)
    return _noted(home, fork(lambda: _work(home, drawn, strike), home))


def _race(home: Path, drawn: Drawn, after_s: float) -> int:
    """Two say yes and no in one person's name, two resume; one of the four is killed."""
    works: tuple[Callable[[], None], ...] = (
        lambda: _decide(home, "approve"),
        lambda: _decide(home, "reject"),
        lambda: _resume(home),
        lambda: _resume(home),
    )
    first = drawn.number % 2 * 2
    children = [child(work, home) for work in (*works[first:], *works[:first])]
    doomed = children[drawn.call - 1 if drawn.side == "before" else -drawn.call]
    killed = _stop(home, doomed, after_s, signal.SIGKILL)
    fork(lambda: _free_dead(home), home)
    for one in children:
        if one != doomed:
            _noted(home, ended(one))
    return killed


def _frozen(home: Path, drawn: Drawn, after_s: float) -> int:
    """Whoever acts is frozen, its lease runs out, another goes on; then it wakes up."""
    frozen = child(lambda: _approve_and_resume(home), home)
    is_stopped = _stop(home, frozen, after_s, signal.SIGSTOP)
    if is_stopped:
        ended(child(lambda: _free(home), home), FROZEN_S)
        ended(child(lambda: _end(home, drawn), home), FROZEN_S)
        os.kill(frozen, signal.SIGCONT)
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


def _make(home: Path, tools: Any) -> None:
    house.make(home, tools)
    play = open_play(home)
    house.begin(play.wired, play.tokens)
    play.wired.store.database.close()


def _prepare(home: Path, until: Until) -> None:
    play_on(open_play(home), until)
    note_loaded(home)


def _approve_and_resume(home: Path, strike: Strike | None = None) -> None:
    if strike is not None:
        arm(strike)
    play = open_play(home)
    _say(play, "approve")
    _go_on(play)


def _work(home: Path, drawn: Drawn, strike: Strike) -> None:
    arm(strike)
    play_out(open_play(home), has_sample if drawn.start == "items" else is_over, lambda: None)


def _decide(home: Path, kind: DecisionKind) -> None:
    _say(open_play(home), kind)


def _resume(home: Path) -> None:
    _go_on(open_play(home))


def _say(play: Play, kind: DecisionKind) -> None:
    """Answer what the run asks for in the name of everybody who must agree, if it still asks."""
    for asked in approvals.list_approvals(play.wired.store, play.customer, run=the_run(play).id):
        for person in (need.people[0] for need in asked.needs):
            answer = Answer(
                asked.id, kind, "as I was asked" if kind != "approve" else "", asked.subject
            )
            try:
                approvals.decide(play.wired.store, play.identity(person), answer, play.rules)
            except (Conflict, NotAllowed):
                continue
            note(play.wired.home.folder, DECIDED, f"{asked.id} {person}")


def _go_on(play: Play, patience_s: float = RACING_S) -> None:
    """Advance the run, as a worker would, until it ended; others may be on it as well."""
    holder = str(os.getpid())
    engines = play.wired.engines(holder, lambda: True)
    loop = Loop(
        play.wired.store,
        lambda store, lease: build(engines.deps(store, lease)),
        partial(checkpoints.opened, play.wired.checkpoints),
        rules=play.wired.installation.digest,
    )
    run, until = the_run(play), time.monotonic() + patience_s
    while time.monotonic() < until:
        try:
            if loop.advance(play.customer, run.id, holder).status == "ended":
                return
        except (Unavailable, Conflict):
            # Another is on it, or took it over: whoever is left looks again.
            time.sleep(0.01)
        else:
            time.sleep(0.005)


def _end(home: Path, drawn: Drawn) -> None:
    """Whoever comes last: people answer what is open, and everything comes to its end."""
    play = open_play(home)
    before = decisions_in(play)
    if drawn.start == "items":
        play_out(play, has_sample, lambda: _write(play, before, has_ended=False))
    _say(play, "approve")
    _go_on(play, LAST_S)
    _write(play, before, has_ended=True)


def _write(play: Play, before: list[Any], *, has_ended: bool) -> None:
    found = faults_of(play, before, has_ended=has_ended)
    (play.wired.home.folder / RESULT).write_text(json.dumps(found))


def _read(home: Path, before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    """What the record says, held against what the other side did."""
    if not (home / RESULT).exists():
        return {"duplicated": [], "lost": [], "unapproved": [], "other": [], "asked_again": 0}
    found: dict[str, Any] = json.loads((home / RESULT).read_text())
    done = {key: one for key, one in after.items() if key not in before}
    keys, begun = set(found.pop("keys")) - set(before), set(found.pop("approved"))
    found["duplicated"] += [
        f"{one['done']} times: {k}" for k, one in after.items() if one["done"] > 1
    ]
    found["other"] += [f"on record and not done: {key}" for key in sorted(keys - set(done))]
    found["other"] += [f"done and not on record: {key}" for key in sorted(set(done) - keys)]
    mails = [key for key, one in done.items() if one["path"] == "/mails"]
    found["unapproved"] += [f"done without a yes: {key}" for key in mails if key not in begun]
    found["asked_again"] = sum(one["asked"] - 1 for one in done.values())
    return found


def _free(home: Path) -> None:
    """What waiting for every lease to run out would come to, at once."""
    _expire(home, lambda holder: True)


def _free_dead(home: Path) -> None:
    """The same, of holders whose process is gone; a holder's name is its process."""
    _expire(home, lambda holder: holder.isdecimal() and not Path(f"/proc/{holder}").exists())


def _expire(home: Path, is_dead: Callable[[str], bool]) -> None:
    store, leases = house.open_house(home).store, tables.leases
    with store.database.writing() as connection:
        for row in connection.execute(leases.select()).all():
            if row.holder and is_dead(row.holder):
                gone = leases.update().where(leases.c.name == row.name)
                connection.execute(gone.values(expires_at="2000-01-01T00:00:00.000000Z"))
    store.database.close()


def _require(code: int, home: Path) -> None:
    if code:
        raise AssertionError(f"a home could not be prepared: {code}: {told([home], TOLD)}")
