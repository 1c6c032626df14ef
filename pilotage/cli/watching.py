"""following one run: its events as they come, until it waits, ends or takes too long."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Literal, NamedTuple

from pilotage.cli.call import Call
from pilotage.cli.output import print_json, short
from pilotage.cli.progress import Steps, steps
from pilotage.cli.turn import failed_job, has_work
from runs.events import Event
from runs.records.run import Run

TOLD = ("choice", "plan", "plan_draft", "version", "evidence", "verdict", "fix_trial", "report")
"""Records whose keeping is a step of the run; what else is kept is told by what uses it."""
LOOK_S = 0.2
"""A watch asks no more often than this."""

Wait = Callable[[Callable[[], bool], float | None], bool]


class Watch(NamedTuple):
    """How long a run is followed, and by whom it is worked on."""

    until: Literal["waiting", "terminal"]
    timeout_s: float | None
    work: bool
    as_json: bool
    from_start: bool = False
    """Tell what happened before as well."""


def follow(call: Call, run: Run, wanted: Watch) -> Run:
    """Show the run's events until it waits, ends or the time is over; the run as it then is."""
    store, customer = call.store, call.customer
    since = 0 if wanted.from_start else _last(call, run)

    def look() -> Run:
        nonlocal since
        for event in store.events(customer, run.id, since=since):
            since = event.seq
            _show(event, step, as_json=wanted.as_json)
        return store.runs.get(customer, run.id)

    with steps(call, f"run {run.id}") as step, _working(call, run, wanted) as wait:
        wait(lambda: _is_over(call, look(), wanted.until), wanted.timeout_s)
    return store.runs.get(customer, run.id)


def _last(call: Call, run: Run) -> int:
    events = call.store.events(call.customer, run.id, limit=100_000)
    return events[-1].seq if events else 0


def _is_over(call: Call, run: Run, until: str) -> bool:
    """Ended; or waiting, or given up, with no job left that would take it on."""
    if run.status == "ended":
        return True
    if has_work(call.store, run):
        return False
    has_stopped = run.status == "waiting" or failed_job(call.store, run) is not None
    return has_stopped and until == "waiting"


@contextmanager
def _working(call: Call, run: Run, wanted: Watch) -> Iterator[Wait]:
    """A worker in this process where one is wanted and none is running."""
    present = call.wired.who_works()
    if not wanted.work or present:
        if not present:
            call.say("no worker is running; start `pilotage worker`, or add --work")
        yield _wait
        return
    from pilotage.worker import working

    with working(call.wired) as worker:
        if run.status == "open" and not has_work(call.store, run):
            call.store.runs.wake(call.customer, run.id, f"asked:{time.time_ns()}")
        yield lambda is_done, timeout_s: worker.run_until(is_done, timeout_s=timeout_s)


def _wait(is_done: Callable[[], bool], timeout_s: float | None) -> bool:
    until = None if timeout_s is None else time.monotonic() + timeout_s
    while not is_done():
        if until is not None and time.monotonic() >= until:
            return False
        time.sleep(LOOK_S)
    return True


def _show(event: Event, step: Steps, *, as_json: bool) -> None:
    if as_json:
        print_json("event", event.model_dump(mode="json"), on_one_line=True)
    elif event.kind == "record_kept" and event.body.get("record") in TOLD:
        step(f"{str(event.body['record']).replace('_', ' ')} {event.subject.partition(':')[2]}")
    elif event.kind not in ("record_kept", "snapshot_kept"):
        told = ", ".join(f"{name} {short(str(value))}" for name, value in event.body.items())
        step(f"{event.kind.replace('_', ' ')}" + (f" ({told})" if told else ""))
