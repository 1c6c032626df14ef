"""How a home stands when its run has ended: what must be the same wherever a process died."""

import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from pilotage.cli.turn import has_work
from rollout.admission import DRILL
from runs import approvals
from runs.audit import verify
from runs.records.approval import Approval, Decision
from runs.records.evidence import Verdict
from runs.records.item import Action
from runs.records.run import Run, Terminal
from runs.store.filtered import ItemFilter
from tests.faults.house import WORKFLOW
from tests.faults.scenario import DECIDED, Play

ACTED = "acted.txt"
"""Every act the other side carried out, one key a line, written beside the record."""

AT_WORK_S = 60.0
"""So long a job that is on the run is waited for."""


class End(NamedTuple):
    """What must not depend on where a process died."""

    terminal: list[str]
    approvals: list[str]
    """Every question asked, by what it asked and how it closed."""
    decisions: list[str]
    verdicts: list[str]
    releases: list[str]
    items: dict[str, int]
    """How many items ended how; people's own items depend on a drawn salt and are left out."""
    actions: dict[str, int]


class Faults(NamedTuple):
    """What is wrong with an end whatever it is compared with."""

    duplicated: list[str]
    """Effects or questions there are more than once."""
    lost: list[str]
    """Decisions that were recorded and are not there, or moved nothing."""
    other: list[str]


def end_of(play: Play) -> End:
    """How the home's only run ended."""
    store, customer = play.wired.store, play.customer
    run = the_run(play)
    terminal = store.find(customer, Terminal, run.terminal) if run.terminal else None
    asked = asked_in(play)
    items = [i for i in store.items.list(customer, limit=10_000) if i.workflow == WORKFLOW]
    served = (item for item in items if item.arm != "incumbent")
    verdicts = store.of_run(customer, Verdict, run.id)
    releases = store.releases.of_run(customer, run.id)
    return End(
        terminal=[run.status, terminal.kind, terminal.owner] if terminal else [run.status],
        approvals=[f"{one.kind}: {one.title}: {one.status}" for one in asked],
        decisions=[f"{one.role}: {one.person} {one.kind}" for one in _decided(play, asked)],
        verdicts=sorted(f"{one.gate}: {one.outcome}" for one in verdicts),
        releases=[f"{r.status} at {r.stage} with {r.weight_bp}" for r in releases],
        items=dict(Counter(f"{i.arm} {i.stage} {i.status} {i.route}" for i in served)),
        actions=dict(Counter(f"{one.operation} {one.status}" for one in actions_of(play))),
    )


def faults_of(play: Play, before: list[Decision]) -> Faults:
    """Everything that may never be; `before` were the decisions when this process began."""
    return Faults(list(_duplicated(play)), list(_lost(play, before)), list(_other(play)))


def asked_in(play: Play) -> list[Approval]:
    """Every question there is: of the run, and of its items."""
    found = approvals.list_approvals(play.wired.store, play.customer, status="", limit=10_000)
    return sorted(found, key=lambda one: (one.opened_at, one.id))


def decisions_in(play: Play) -> list[Decision]:
    """Every decision on record."""
    return list(_decided(play, asked_in(play)))


def the_run(play: Play) -> Run:
    """The home's only run."""
    [run] = play.wired.store.runs.list(play.customer)
    return run


def actions_of(play: Play) -> list[Action]:
    """Every action of the run and of its items."""
    store, customer = play.wired.store, play.customer
    own = store.actions.of_run(customer, the_run(play).id)
    return own + store.items.actions(customer, ItemFilter(workflow=WORKFLOW))


def _decided(play: Play, asked: list[Approval]) -> Iterator[Decision]:
    for one in asked:
        yield from approvals.decisions_of(play.wired.store, play.customer, one.id)


def _duplicated(play: Play) -> Iterator[str]:
    asked = Counter((one.kind, one.subject) for one in asked_in(play))
    yield from (f"asked twice: {kind}" for (kind, _), times in asked.items() if times > 1)
    acted = Counter(lines_of(play.wired.home.folder / ACTED))
    yield from (f"acted {times} times: {key}" for key, times in acted.items() if times > 1)
    keys = Counter((one.item or one.run, one.operation) for one in actions_of(play))
    yield from (f"{times} actions of {key}" for key, times in keys.items() if times > 1)


def missing(play: Play, before: list[Decision]) -> Iterator[str]:
    """Decisions that are changed or gone: those of before, and those that people were told of."""
    now = {decision.id: decision for decision in decisions_in(play)}
    yield from (f"changed or gone: {one.id}" for one in before if now.get(one.id) != one)
    for line in lines_of(play.wired.home.folder / DECIDED):
        if line.replace(" ", ".") not in now:
            yield f"told as recorded and gone: {line}"


def _lost(play: Play, before: list[Decision]) -> Iterator[str]:
    yield from missing(play, before)
    waiting = [one for one in asked_in(play) if one.status == "open"]
    # Another worker may have opened one just now, and say only then that its run waits for it.
    until = time.monotonic() + AT_WORK_S
    while waiting and has_work(play.wired.store, the_run(play)) and time.monotonic() < until:
        time.sleep(0.01)
    run = the_run(play)
    yield from (f"still open: {one.id}" for one in waiting if one.id != run.waits_for)


def _other(play: Play) -> Iterator[str]:
    store, home = play.wired.store, play.wired.home
    report = verify(store.database)
    if not report.ok:
        yield f"audit: {report.problems}"
    yield from (f"job failed: {job['id']}: {job['error']}" for job in store.jobs.failed())
    if store.jobs.unfinished() and the_run(play).status == "ended":
        yield f"{store.jobs.unfinished()} jobs are left"
    yield from (f"no receipt: {one.key}" for one in actions_of(play) if not one.receipt)
    keys = sorted(one.key for one in actions_of(play))
    files = [*home.outbox(play.customer.id).glob("*"), *(home.folder / "queues").glob("[!.]*")]
    if keys != sorted(file.stem for file in files):
        yield f"{len(keys)} actions on record, {len(files)} files outside"
    drills = store.releases.list(play.customer, WORKFLOW + DRILL)
    yield from (f"drill {one.id} is {one.status}" for one in drills if one.status == "open")


def lines_of(file: Path) -> list[str]:
    """The lines of a note beside the record."""
    return file.read_text(encoding="utf-8").splitlines() if file.exists() else []


def as_json(end: End, faults: Faults) -> dict[str, Any]:
    """Both, as a child hands them to its parent."""
    return {"end": end._asdict(), "faults": faults._asdict()}
