"""following one run: its events as they come, until it waits, ends or takes too long."""

import time
from collections.abc import Callable
from typing import Literal, NamedTuple

from pilotage.cli.call import Call
from pilotage.cli.output import print_json, short
from pilotage.cli.progress import Steps, steps
from pilotage.cli.turn import failed_job, has_work
from runs.events import Event
from runs.records.run import Run

TOLD = (
    "choice",
    "plan",
    "plan_draft",
    "version",
    "evidence",
    "verdict",
    "fix_trial",
    "refusal",
    "report",
    "proposal",
)
"""Records whose keeping is a step of the run; what else is kept is told by what uses it."""
UNTOLD = (
    "record_kept",
    "snapshot_kept",
    "checkpoints_pruned",
    "model_asked",
    "model_answered",
)
"""Events that are no steps; of requests to models a trial makes hundreds."""
LOOK_S = 0.2
"""A watch asks no more often than this."""


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
    patience = Patience(wanted.timeout_s)

    def is_over() -> bool:
        nonlocal since
        for event in store.events(customer, run.id, since=since):
            since = event.seq
            _show(event, step, as_json=wanted.as_json)
        return _is_over(call, store.runs.get(customer, run.id), wanted.until)

    with steps(call, f"run {run.id}") as step:
        if wanted.work:
            _wake(call, run)
            _wait(lambda: is_over() or not call.wired.who_works(), patience)
            _work(call, is_over, patience)
        else:
            if not call.wired.who_works():
                call.say("no worker is running; start `pilotage worker`, or add --work")
            _wait(is_over, patience)
    return store.runs.get(customer, run.id)


class Patience:
    """How much longer somebody waits."""

    def __init__(self, seconds: float | None) -> None:
        self._until = None if seconds is None else time.monotonic() + seconds

    @property
    def left_s(self) -> float | None:
        """Seconds, never below zero; None without an end."""
        return None if self._until is None else max(0.0, self._until - time.monotonic())


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


def _wake(call: Call, run: Run) -> None:
    """Have a run looked at again that nobody would take up any more."""
    if run.status == "open" and not has_work(call.store, run):
        call.store.runs.wake(call.customer, run.id, f"asked:{time.time_ns()}")


def _wait(is_done: Callable[[], bool], patience: Patience) -> None:
    while not is_done() and patience.left_s != 0:
        time.sleep(LOOK_S)


def _work(call: Call, is_over: Callable[[], bool], patience: Patience) -> None:
    """Work in this process until it is over; the engines are loaded only if it is not yet."""
    if is_over() or patience.left_s == 0:
        return
    from pilotage.worker import working

    with working(call.wired) as worker:
        try:
            worker.run_until(is_over, timeout_s=patience.left_s)
        except KeyboardInterrupt:
            call.say("stopping; what is running ends first; Ctrl-C again ends at once")
            raise


def _show(event: Event, step: Steps, *, as_json: bool) -> None:
    if as_json:
        print_json("event", event.model_dump(mode="json"), on_one_line=True)
    elif says := step_of(event):
        step(says)


def step_of(event: Event) -> str:
    """An event for people; empty where it is no step of the run."""
    if event.kind == "record_kept" and event.body.get("record") in TOLD:
        return f"{str(event.body['record']).replace('_', ' ')} {event.subject.partition(':')[2]}"
    if event.kind in UNTOLD:
        return ""
    told = ", ".join(f"{name} {short(str(value))}" for name, value in event.body.items())
    return event.kind.replace("_", " ") + (f" ({told})" if told else "")
