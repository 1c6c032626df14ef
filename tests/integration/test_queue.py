"""The queue on a real DBOS: what was written down is done, whoever dies in between."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy.exc import DatabaseError

from runs.errors import InvalidInput, Unavailable
from runs.queue import ATTEMPTS, JobContext, Queue, QueueSettings
from runs.records.person import Customer
from runs.store import jobs
from runs.store.change import Change
from runs.store.jobs import Lane
from runs.store.store import Store
from tests import databases
from tests.builders import make_customer, make_store
from tools.tool import NotSent

CHILD = """
import os, signal, sys, time
from pathlib import Path
from runs.queue import JobContext, Queue, QueueSettings
from runs.store.database import Database
from runs.store.store import Store
from tests.builders import NOW
from runs.clock import StoppedClock

folder, kills_at, record, queued = Path(sys.argv[1]), *sys.argv[2:]
store = Store(Database(record), StoppedClock(NOW))

def work(context):
    with (folder / "begun").open("a") as begun:
        begun.write("x")
    if kills_at == "before done":
        os.kill(os.getpid(), signal.SIGKILL)

queue = Queue(store, QueueSettings(queued, executor=f"w{os.getpid()}"))
if kills_at == "claimed":
    store.jobs.claim(store.jobs.waiting(), {})
    os.kill(os.getpid(), signal.SIGKILL)
queue.start({"process_item": work})
end = time.monotonic() + 30
while store.jobs.unfinished() and time.monotonic() < end:
    time.sleep(0.02)
queue.stop()
"""


pytestmark = pytest.mark.both_databases


def queue_of(folder: Path) -> str:
    """Where the queue stands: on a server beside the record, else in a file of its own."""
    url = databases.url_of(folder)
    return url if url.startswith("postgresql") else f"sqlite:///{folder}/queue.db"


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """An empty record."""
    return make_store(tmp_path)


def write_job(store: Store, customer: Customer, subject: str = "i-1") -> str:
    """Write a job as a change would."""
    with store.change(customer, "test") as change:
        change.append("job_failed", job="cause")
        return jobs.add(change, "process_item", subject, cause="test")


def work_off(
    store: Store,
    folder: Path,
    work: Callable[[JobContext], None],
    *,
    is_done: Callable[[], bool] | None = None,
) -> None:
    """Run the queue in this process until nothing is left to do, or until `is_done`."""
    name = f"w{time.monotonic_ns()}"
    settings = QueueSettings(queue_of(folder), executor=name, poll_s=0.01)
    work_with(Queue(store, settings, draw=lambda: 0.0), store, work, is_done=is_done)


def work_with(
    queue: Queue,
    store: Store,
    work: Callable[[JobContext], None],
    *,
    is_done: Callable[[], bool] | None = None,
) -> None:
    """The same with a queue of one's own."""
    queue.start({"process_item": work})
    is_done = is_done or (lambda: not store.jobs.unfinished())
    end = time.monotonic() + 30
    while not is_done() and time.monotonic() < end:
        time.sleep(0.01)
    queue.stop()


def test_every_job_is_done_once(store: Store, tmp_path: Path) -> None:
    """Fifty jobs, each with its own cause."""
    customer = make_customer(store)
    for n in range(50):
        write_job(store, customer, f"i-{n}")
    done: list[str] = []
    work_off(store, tmp_path, lambda context: done.append(context.subject))

    assert sorted(done) == sorted(f"i-{n}" for n in range(50))


def test_no_job_begins_before_the_record_says_that_it_was_handed_over(
    store: Store, tmp_path: Path
) -> None:
    """One that ends at once, or is put back at once, finds its row as it left it."""
    customer = make_customer(store)
    for n in range(50):
        write_job(store, customer, f"i-{n}")
    handed_over: list[bool] = []

    def look(context: JobContext) -> None:
        enqueued = {job.subject for job in store.jobs.enqueued()}
        handed_over.append(context.subject in enqueued)

    work_off(store, tmp_path, look)

    assert handed_over == [True] * 50


def test_a_pump_that_meets_any_error_goes_on(store: Store, tmp_path: Path) -> None:
    """A worker that lives and hands nothing over any more would be seen by nobody."""
    write_job(store, make_customer(store))
    failures = [OSError("no space is left"), DatabaseError("", {}, Exception("gone"))]

    def fails_at_first() -> dict[Lane, int]:
        if failures:
            raise failures.pop()
        return {}

    settings = QueueSettings(queue_of(tmp_path), executor="w-1", poll_s=0.01)
    done: list[str] = []
    queue = Queue(store, settings, most=fails_at_first)
    work_with(queue, store, lambda context: done.append(context.subject))

    assert done == ["i-1"]


def test_a_job_that_fails_is_recorded_with_its_error(store: Store, tmp_path: Path) -> None:
    """Where its owner will see it."""

    def fail(_: JobContext) -> None:
        raise InvalidInput("amount 'x' is no number")

    write_job(store, make_customer(store))
    work_off(store, tmp_path, fail)

    assert store.jobs.failed()[0]["error"] == "InvalidInput: amount 'x' is no number"


def test_a_job_that_meets_a_mistake_in_the_code_is_recorded_as_failed(
    store: Store, tmp_path: Path
) -> None:
    """It is seen as failed; it does not stay in work for ever."""

    def fail(_: JobContext) -> None:
        raise ZeroDivisionError("a mistake")

    write_job(store, make_customer(store))
    work_off(store, tmp_path, fail)

    assert store.jobs.unfinished() == 0
    assert store.jobs.failed()[0]["error"] == "ZeroDivisionError: a mistake"


def test_what_the_queue_gave_up_is_recorded_as_failed(store: Store, tmp_path: Path) -> None:
    """Its row still says that it was handed over: the next worker says that it was given up."""
    write_job(store, make_customer(store))
    tried: list[str] = []
    work_off(
        store.guarded(refuse),
        tmp_path,
        lambda context: tried.append(context.subject),
        is_done=lambda: bool(tried),
    )
    work_off(store, tmp_path, lambda _: None)

    assert store.jobs.failed()[0]["error"] == "Unavailable: the queue ended it as ERROR"


def test_what_does_not_end_in_time_is_left_to_the_next_worker(store: Store, tmp_path: Path) -> None:
    """Stopping is bounded: the job stays unfinished, and the next process does it."""
    write_job(store, make_customer(store))
    began, goes_on = threading.Event(), threading.Event()

    def slow(_: JobContext) -> None:
        began.set()
        goes_on.wait(60)

    settings = QueueSettings(queue_of(tmp_path), executor="slow", poll_s=0.01, drain_s=1)
    queue = Queue(store, settings)
    queue.start({"process_item": slow})
    began.wait(60)
    queue.stop()
    left, unfinished = queue.left, store.jobs.unfinished()
    goes_on.set()

    assert (left, unfinished) == ({"process_item:i-1:test"}, 1)


def refuse(_: Change) -> None:
    """As when the record's disk is full."""
    raise OSError("no space is left")


def test_only_unavailable_is_retried(store: Store, tmp_path: Path) -> None:
    """A system outside that answers the second time has its job done."""
    asked: list[int] = []

    def flaky(_: JobContext) -> None:
        asked.append(1)
        if len(asked) == 1:
            raise Unavailable("no answer")

    write_job(store, make_customer(store))
    work_off(store, tmp_path, flaky)

    assert (len(asked), store.jobs.failed()) == (2, [])


class Watched:
    """Work that counts how many of it are under way at once."""

    def __init__(self, at_once: int) -> None:
        self._full = threading.Barrier(at_once)
        self._lock = threading.Lock()
        self._now = 0
        self.most = 0
        self.done: list[str] = []

    def __call__(self, context: JobContext) -> None:
        """Begin, wait until as many have as may, and end."""
        with self._lock:
            self._now += 1
            self.most = max(self.most, self._now)
        self._full.wait(30)
        with self._lock:
            self._now -= 1
            self.done.append(context.subject)


def test_no_more_of_a_workflow_are_under_way_than_its_values_allow(
    store: Store, tmp_path: Path
) -> None:
    """Four could be, two may; every one of them has its turn."""
    customer, work = make_customer(store), Watched(at_once=2)
    with store.change(customer, "test") as change:
        for n in range(8):
            jobs.add(change, "process_item", f"i-{n}", cause="test", lane="desk")
    name = f"w{time.monotonic_ns()}"
    settings = QueueSettings(queue_of(tmp_path), executor=name, poll_s=0.01)
    queue = Queue(store, settings, most=lambda: {("acme", "desk"): 2})
    work_with(queue, store, work)

    assert (work.most, len(work.done)) == (2, 8)


def test_what_waits_for_its_turn_never_fails(store: Store, tmp_path: Path) -> None:
    """However often it has to; nothing was asked, and so nothing is given up."""
    asked: list[int] = []

    def not_yet(_: JobContext) -> None:
        asked.append(1)
        if len(asked) <= 2 * ATTEMPTS:
            error = Unavailable("its turn comes later")
            error.is_outage = False
            raise error

    write_job(store, make_customer(store))
    work_off(store, tmp_path, not_yet)

    assert (len(asked), store.jobs.failed()) == (2 * ATTEMPTS + 1, [])


def test_what_does_not_answer_is_given_up_after_so_many_tries(store: Store, tmp_path: Path) -> None:
    """And says what it was, for whoever gives its item to a person."""
    asked: list[int] = []

    def silent(_: JobContext) -> None:
        asked.append(1)
        raise NotSent("the desk cannot be reached")

    write_job(store, make_customer(store))
    work_off(store, tmp_path, silent)

    [failed] = store.jobs.failed()
    assert (len(asked), failed["outages"]) == (ATTEMPTS, ATTEMPTS - 1)
    assert failed["error"] == "Unavailable: the desk cannot be reached"


def test_the_more_urgent_is_done_first(store: Store, tmp_path: Path) -> None:
    """Also among what was handed over already."""
    customer, done = make_customer(store), list[str]()
    with store.change(customer, "test") as change:
        for subject, priority in (("late", -3), ("usual", 0), ("soon", 5)):
            jobs.add(change, "process_item", subject, cause="test", priority=priority)
    name = f"w{time.monotonic_ns()}"
    told = {"executor": name, "poll_s": 0.01, "concurrency": 1}
    queue = Queue(store, QueueSettings(queue_of(tmp_path), **told))
    work_with(queue, store, lambda context: done.append(context.subject))

    assert done == ["soon", "usual", "late"]


def test_what_the_queue_forgot_is_handed_over_again(store: Store, tmp_path: Path) -> None:
    """The record is the truth: a lost queue file loses no work."""
    customer = make_customer(store)
    write_job(store, customer)
    store.jobs.claim(store.jobs.waiting(), {})
    done: list[str] = []
    work_off(store, tmp_path, lambda context: done.append(context.subject))

    assert done == ["i-1"]


@pytest.mark.parametrize(("kills_at", "begun"), [("before done", ("xx",)), ("claimed", ("x",))])
def test_a_killed_worker_s_job_is_ended_by_the_next(
    store: Store, tmp_path: Path, kills_at: str, begun: tuple[str, ...]
) -> None:
    """It is begun again across kill -9, and never once it has ended: once is its work's matter."""
    write_job(store, make_customer(store))
    first = run_child(tmp_path, kills_at)
    second = run_child(tmp_path, "never")

    assert (first, second) == (-signal.SIGKILL, 0)
    assert store.jobs.unfinished() == 0
    assert (tmp_path / "begun").read_text() in begun


def run_child(folder: Path, kills_at: str) -> int:
    """Run a worker of its own; returns its exit code."""
    root = Path(__file__).parents[2]
    path = os.pathsep.join([str(root), os.environ.get("PYTHONPATH", "")])
    told = [str(folder), kills_at, databases.url_of(folder), queue_of(folder)]
    command = [sys.executable, "-c", CHILD, *told]
    environment = {**os.environ, "PYTHONPATH": path}
    return subprocess.run(command, env=environment, cwd=root, timeout=60, check=False).returncode
