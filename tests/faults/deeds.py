"""What one process of a trial does with nothing but the disk: say yes or no, go on, end it."""

import os
import time
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

from agent import checkpoints
from agent.loop import Loop
from agent.seat import seat
from pilotage.engines import Engines
from pilotage.jobs import Jobs
from rollout.release import way_back
from rollout.release.cause import Asked
from runs import approvals, tables
from runs.approvals import Answer
from runs.errors import Conflict, NotAllowed, Unavailable
from runs.queue import JobContext
from runs.records.approval import Decision, DecisionKind
from runs.records.item import Item
from runs.store.filtered import ItemFilter
from runs.store.items import UNFINISHED
from tests.faults import house
from tests.faults.ends import asked_in, the_run
from tests.faults.house import WORKFLOW
from tests.faults.scenario import (
    DECIDED,
    Play,
    Until,
    has_sample,
    is_over,
    note,
    open_play,
    play_out,
)
from tests.faults.seams import Start, Strike, arm

RACING_S, LAST_S = 20.0, 240.0
"""So long one of several tries to bring the run to its end, and whoever comes last."""
DECIDING_S = 2.0
"""So long a decision of another is waited for."""


def approve_and_go_on(home: Path, start: Start, strike: Strike | None = None) -> None:
    """Say yes for everybody, then go on to the end; die at the strike."""
    if strike is not None:
        arm(strike)
    play = open_play(home)
    say(play, "approve")
    go_on(play, start)


def work(home: Path, strike: Strike) -> None:
    """Be a whole worker, with people beside it, and die at the strike."""
    arm(strike)
    play_out(open_play(home), ENDS[strike.start], lambda: None)


def is_done(play: Play, _: Any = None) -> bool:
    """No item waits for a worker, or for a yes to its action."""
    return not _left(play)


def _left(play: Play) -> list[Item]:
    store, customer = play.wired.store, play.customer
    wanted = [ItemFilter(workflow=WORKFLOW, status=status) for status in UNFINISHED]
    return [item for one in wanted for item in store.items.list(customer, one, limit=1_000)]


ENDS: dict[Start, Until] = {
    "items": has_sample,
    "asked": is_done,
    "update": is_over,
}
"""How far whoever goes on has to come."""


def say(play: Play, kind: DecisionKind) -> None:
    """Answer whatever is asked in the name of everybody who must agree, as long as it is asked."""
    for asked in approvals.list_approvals(play.wired.store, play.customer):
        for person in (need.people[0] for need in asked.needs):
            answer = Answer(
                asked.id, kind, "as I was asked" if kind != "approve" else "", asked.subject
            )
            try:
                approvals.decide(play.wired.store, play.identity(person), answer, play.rules)
            except (Conflict, NotAllowed):
                continue
            note(play.wired.home.folder, DECIDED, f"{asked.id} {person}")


def take_back(play: Play, after: int) -> None:
    """Take the version back as soon as so many decisions about its actions are on record.

    Or as soon as nobody decides any more: whoever did may be dead.
    """
    store, customer = play.wired.store, play.customer
    [release] = [one for one in store.releases.list(customer, WORKFLOW) if one.status == "open"]
    until = time.monotonic() + DECIDING_S
    while len(_decided(play)) < after and time.monotonic() < until:
        time.sleep(0.005)
    because = Asked(play.identity("ben"), "customers complain", play.wired.words())
    way_back.roll_back(store, customer, release=release, cause=because)


def _decided(play: Play) -> list[Decision]:
    asked = {one.id for one in asked_in(play) if one.kind == "action"}
    return approvals.decisions_on(play.wired.store, play.customer, asked)


def go_on(play: Play, start: Start, patience_s: float = RACING_S) -> None:
    """Advance the run, or the items, as a worker would; others may be on them as well."""
    engines = play.wired.engines(str(os.getpid()), lambda: True)
    until = time.monotonic() + patience_s
    step = _run_step(play, engines) if start == "update" else _items_step(play, engines)
    while time.monotonic() < until:
        try:
            if step():
                return
        except (Unavailable, Conflict):
            # Another is on it, or took it over: whoever is left looks again.
            time.sleep(0.01)
        else:
            time.sleep(0.005)


def look_over(play: Play) -> None:
    """What a worker's look does once a crash is long ago: settle what was begun and left."""
    engines = play.wired.engines(str(os.getpid()), lambda: True)
    engines.reconcile_actions(play.customer, timedelta(0))


def _run_step(play: Play, engines: Engines) -> Callable[[], bool]:
    """One advance of the run; True when it has ended."""
    loop = Loop(
        play.wired.store,
        lambda store, lease: seat(engines.deps(store, lease)),
        partial(checkpoints.opened, play.wired.checkpoints),
        rules=play.wired.installation.digest,
    )
    run = the_run(play).id
    return lambda: loop.advance(play.customer, run, engines.holder).status == "ended"


def _items_step(play: Play, engines: Engines) -> Callable[[], bool]:
    """One job on each item that waits; True when none does.

    The first time whatever its questions say, as a job that comes too early would.
    """
    work = Jobs(engines).by_kind()["process_item"]
    woken = set[str]()

    def step() -> bool:
        left = _left(play)
        for item in left:
            if item.id not in woken or not _is_open(play, item):
                woken.add(item.id)
                work(JobContext(play.customer, item.id, lambda _: None))
        return not left

    return step


def _is_open(play: Play, item: Item) -> bool:
    found = approvals.of_item(play.wired.store, play.customer, item.id)
    return any(one.status == "open" for one in found)


def expire(home: Path, is_dead: Callable[[str], bool]) -> None:
    """What waiting for the leases of these holders to run out would come to, at once."""
    store, leases = house.open_house(home).store, tables.leases
    with store.database.writing() as connection:
        for row in connection.execute(leases.select()).all():
            if row.holder and is_dead(row.holder):
                gone = leases.update().where(leases.c.name == row.name)
                connection.execute(gone.values(expires_at="2000-01-01T00:00:00.000000Z"))
    store.database.close()


def is_anybody(holder: str) -> bool:
    """Every holder."""
    return holder != ""


def is_gone(holder: str) -> bool:
    """Whose process is gone; a holder's name is its process."""
    return holder.isdecimal() and not Path(f"/proc/{holder}").exists()
