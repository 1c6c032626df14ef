"""One priority, played to its end by whoever is asked; played again, it goes on from the disk."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pilotage.wiring import Wired
from pilotage.worker import Worker, working
from rollout.sent import Sent
from rollout.signals import measure
from runs import approvals, snapshots
from runs.approvals import Answer, Rules
from runs.errors import Conflict, Unavailable
from runs.records.item import Review
from runs.records.person import Customer, Identity
from runs.records.run import Run
from runs.store.filtered import ItemFilter
from runs.store.items import move_item
from runs.store.reviews import decide_review
from tests.faults.children import leave
from tests.faults.house import (
    CUSTOMER,
    REQUESTER,
    TOKENS,
    WORKFLOW,
    begin,
    open_house,
    right_for,
    ticket,
)

DECIDED = "decided.txt"
"""What people were told is recorded: approval and person, one a line. The people keep it."""

Until = Callable[["Play", Run], bool]


@dataclass(frozen=True)
class Play:
    """A home, its customer and its people; nothing is remembered that is not on the disk."""

    wired: Wired
    customer: Customer
    tokens: dict[str, str]
    rules: Rules

    def identity(self, person: str) -> Identity:
        """A person, by their own token."""
        return self.wired.identify(self.tokens[person])


def open_play(folder: Path) -> Play:
    """Whoever comes next finds everything in the home."""
    wired = open_house(folder)
    customer = wired.store.customer(CUSTOMER)
    tokens = json.loads((folder / TOKENS).read_text())
    return Play(wired, customer, tokens, wired.decision_rules(customer))


def is_over(play: Play, run: Run) -> bool:
    """The run has ended, and nothing is left to do."""
    return run.status == "ended" and not play.wired.store.jobs.unfinished()


def waits_for(kind: str, times: int = 1) -> Until:
    """The run asks for the `times`-th approval of this kind."""

    def until(play: Play, run: Run) -> bool:
        asked = approvals.list_approvals(play.wired.store, play.customer, status="", run=run.id)
        is_there = sum(one.kind == kind for one in asked) == times
        return is_there and f".{kind}." in run.waits_for

    return until


def has_stage(number: int) -> Until:
    """The run waits for signals of this stage, and nothing was sent to it yet."""

    def until(play: Play, run: Run) -> bool:
        what, _, id = run.waits_for.partition(":")
        return (
            what == "signals" and play.wired.store.releases.get(play.customer, id).stage == number
        )

    return until


def has_sample(play: Play, run: Run) -> bool:
    """Every item of the stage's sample came to its end, and was looked at where it has to be."""
    what, _, id = run.waits_for.partition(":")
    if what != "signals":
        return run.waits_for != ""
    store, customer = play.wired.store, play.customer
    release = store.releases.get(customer, id)
    if _at_work(play, id):
        return False
    seen = measure(store, customer, release=release, now=store.clock.now())
    return seen.settled >= seen.sample and not _waiting(play, release.id)


def _at_work(play: Play, release: str) -> bool:
    """Whether an item of the release waits for a worker, or for a yes to its action."""
    wanted = [ItemFilter(release=release, status=status) for status in ("queued", "asked")]
    return any(play.wired.store.items.list(play.customer, one, limit=1) for one in wanted)


def ask_for(play: Play, count: int) -> None:
    """Send tickets, a worker beside, until so many of them wait for a yes and none for a worker."""
    store, customer = play.wired.store, play.customer
    [release] = [one for one in store.releases.list(customer, WORKFLOW) if one.status == "open"]
    queued, asked = (ItemFilter(release=release.id, status=one) for one in ("queued", "asked"))
    with working(play.wired) as worker:
        while (missing := count - len(store.items.list(customer, asked))) > 0:
            _send(play, missing)
            worker.run_until(lambda: not store.items.list(customer, queued, limit=1))
    store.database.close()


def play_on(play: Play, until: Until = is_over) -> None:
    """Do whatever the run waits for, as people and systems would, with a worker beside it."""
    with working(play.wired) as worker:
        _play(play, until, worker)
    play.wired.store.database.close()


def play_out(play: Play, until: Until, then: Callable[[], None]) -> None:
    """The same, and `then` at its end while the worker still works: nobody stops it in order."""
    with working(play.wired) as worker:
        _play(play, until, worker)
        then()
        leave(0)


def _play(play: Play, until: Until, worker: Worker) -> None:
    run = begin(play.wired, play.tokens)
    while not until(play, run := play.wired.store.runs.get(play.customer, run.id)):
        _turn(play, run, worker)


def _turn(play: Play, run: Run, worker: Worker) -> None:
    if not worker.has_lease:
        raise Unavailable("another worker took over")
    if failed := play.wired.store.jobs.failed():
        raise AssertionError(f"a job failed: {failed[0]}")
    if not _do_something(play, run):
        time.sleep(play.wired.settings.poll_s)


def _do_something(play: Play, run: Run) -> bool:
    what, _, id = run.waits_for.partition(":")
    if what == "signals":
        return _decide(play) or _watch(play, id)
    return bool(run.waits_for) and _decide(play)


def _decide(play: Play) -> bool:
    """Each named person approves what is open, and notes that it was recorded."""
    store, acted = play.wired.store, False
    for asked in approvals.list_approvals(store, play.customer):
        answered = {one.person for one in approvals.decisions_of(store, play.customer, asked.id)}
        for person in (need.people[0] for need in asked.needs if need.people):
            if person not in answered:
                answer = Answer(asked.id, "approve", "", asked.subject)
                approvals.decide(store, play.identity(person), answer, play.rules)
                note(play.wired.home.folder, DECIDED, f"{asked.id} {person}")
                acted = True
    return acted


def note(folder: Path, file: str, line: str) -> None:
    """Write a line beside the record, where no transaction takes it back."""
    with (folder / file).open("a", encoding="utf-8") as notes:
        notes.write(line + "\n")


def _watch(play: Play, release_id: str) -> bool:
    """Answer what waits for a person; send what the stage's sample still lacks."""
    store, customer = play.wired.store, play.customer
    release = store.releases.get(customer, release_id)
    if _at_work(play, release.id):
        return False
    mine = _waiting(play, release.id)
    for review in mine:
        _answer(play, review)
    seen = measure(store, customer, release=release, now=store.clock.now())
    if mine or seen.settled >= seen.sample:
        return bool(mine)
    _send(play, seen.sample - seen.settled)
    return True


def _waiting(play: Play, release: str) -> list[Review]:
    """What of a release waits for a person."""
    reviews = play.wired.store.reviews.list(play.customer, status="open", limit=1_000)
    return [one for one in reviews if _is_of(play, one, release)]


def _is_of(play: Play, review: Review, release: str) -> bool:
    return play.wired.store.items.get(play.customer, review.item).release == release


def _send(play: Play, count: int) -> None:
    """The next tickets by number; a number that was taken in is never sent again."""
    store, customer = play.wired.store, play.customer
    taken = store.items.list(customer, ItemFilter(workflow=WORKFLOW), limit=1_000)
    first = sum(not item.key.startswith("shadow:") for item in taken)
    sent = [Sent(f"t-{number}", ticket(number)) for number in range(first, first + count)]
    play.wired.admit(play.identity(REQUESTER), WORKFLOW, sent, batch=f"from-{first}")


def _answer(play: Play, review: Review) -> None:
    store, customer = play.wired.store, play.customer
    item = store.items.get(customer, review.item)
    text = snapshots.read(store, customer, item.input)["text"]
    told = {"status": "decided", "answer": "approve", "label": right_for(text)}
    told |= {"routes": ("act",), "decided_by": "ben", "decided_at": store.clock.now()}
    try:
        with store.change(customer, "ben") as change:
            decide_review(change, review.model_copy(update=told))
            if item.status in ("in_review", "quarantined", "drafted"):
                move_item(change, item.model_copy(update={"status": "closed"}))
    except Conflict:
        return
