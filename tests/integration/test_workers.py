"""Several workers on one server: a thing is done once, and a dead one's work is taken up."""

import os
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from pilotage.wiring import EVERYBODY, LEAD
from pilotage.worker import working
from runs import approvals, audit, leases, snapshots, tables
from runs.records.person import Customer
from runs.store import jobs
from runs.store.store import Store
from tests import builders, databases
from tests.builders import TERMS, make_customer, make_store
from tests.unit.pilotage.homes import House, make_house

ROOT = Path(__file__).parents[2]
PATIENCE_S = 60.0
LONG_AGO = "2000-01-01T00:00:00.000000Z"
COUNT = 60

# Does jobs of one record until none is left, and notes each beside it.
MANY = """
import sys, time
from pathlib import Path
from runs import leases
from runs.clock import RealClock
from runs.queue import Queue, QueueSettings
from runs.records.person import Customer
from runs.store.database import Database
from runs.store.store import Store

folder, url, name = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
store = Store(Database(url), RealClock())

end = time.monotonic() + 60

def work(context):
    # Nobody is through before both have begun, however the machine shares itself out.
    (folder / (name + ".took")).touch()
    while not all((folder / (n + ".took")).exists() for n in "ab") and time.monotonic() < end:
        time.sleep(0.01)
    with (folder / name).open("a") as noted:
        noted.write(context.subject + "\\n")

queue = Queue(store, QueueSettings(url, name, poll_s=0.01, concurrency=2), alive=lambda: {"a", "b"})
queue.start({"process_item": work})
(folder / (name + ".ready")).touch()
while (store.jobs.unfinished() or not (folder / "all").exists()) and time.monotonic() < end:
    time.sleep(0.02)
queue.stop()
"""

# A worker that is stopped, by a signal, while it has a run.
STRUCK = """
import os, signal, sys
import agent.loop
from pilotage import settings
from pilotage.wiring import wire
from pilotage.worker import working

real = agent.loop._go_on

struck = []

def go_on(*given):
    if not struck:
        struck.append(given)
        os.kill(os.getpid(), getattr(signal, sys.argv[1]))
    real(*given)

agent.loop._go_on = go_on
with working(wire(settings.read(os.environ))) as worker:
    worker.run_until(lambda: False, timeout_s=60)
"""

pytestmark = pytest.mark.on_a_server


@pytest.fixture
def house(tmp_path: Path) -> House:
    """A home with a run that nobody has worked on yet."""
    house = make_house(tmp_path / "home")
    text = {"text": "Tickets wait a day", "plan": ""}
    kept = snapshots.keep(
        house.store, house.customer, "dan", kind="trigger", value=text, terms=TERMS
    )
    house.store.runs.open(house.customer, "dan", builders.trigger(text=kept), builders.run())
    return house


def child(script: str, *told: str, **environment: str) -> subprocess.Popen[str]:
    """A Python of its own that runs a script."""
    path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    environment = {**os.environ, "PYTHONPATH": path, **environment}
    command = [sys.executable, "-c", script, *told]
    return subprocess.Popen(command, env=environment, cwd=ROOT, text=True, stderr=subprocess.PIPE)


def struck(house: House, how: str) -> subprocess.Popen[str]:
    """A worker that was stopped while it has the run."""
    told = {"PILOTAGE_HOME": str(house.folder), "PILOTAGE_TICK_S": "0.05"}
    worker = child(STRUCK, how, **told, **databases.environment(house.folder))
    os.waitid(os.P_PID, worker.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)
    return worker


def fall_silent(house: House, living: str = "") -> None:
    """What ten seconds without a sign of life come to, at once; one worker lives."""
    with house.store.database.writing() as connection:
        table = tables.leases
        others = (table.c.customer == EVERYBODY.id) & (table.c.holder != living)
        connection.execute(table.update().where(others).values(expires_at=LONG_AGO))


def waits(house: House) -> bool:
    """Whether the run waits for somebody, with no job left."""
    is_waiting = house.store.runs.get(house.customer, "r-1").status == "waiting"
    return is_waiting and house.store.jobs.unfinished() == 0


def write_jobs(store: Store, customer: Customer) -> list[str]:
    """Write many jobs, as changes would; returns their subjects."""
    subjects = [f"i-{number:03}" for number in range(COUNT)]
    with store.change(customer, "test") as change:
        for subject in subjects:
            jobs.add(change, "process_item", subject, cause="test")
    return subjects


def test_every_job_is_done_once_by_one_of_two_workers(tmp_path: Path) -> None:
    """Both do some."""
    store = make_store(tmp_path)
    customer = make_customer(store)
    url = databases.url_of(tmp_path)
    workers = [child(MANY, str(tmp_path), url, name) for name in ("a", "b")]
    while not all((tmp_path / f"{name}.ready").exists() for name in ("a", "b")):
        assert all(worker.poll() is None for worker in workers)
    subjects = write_jobs(store, customer)
    (tmp_path / "all").touch()
    ended = [worker.communicate(timeout=PATIENCE_S)[1] for worker in workers]

    done = [(tmp_path / name).read_text().split() for name in ("a", "b")]
    assert [worker.returncode for worker in workers] == [0, 0], ended
    assert Counter(done[0] + done[1]) == Counter(subjects)
    assert all(done)
    assert audit.verify(store.database).ok


def test_two_workers_live_and_one_of_them_leads(house: House) -> None:
    """On a server nobody is refused; who leads looks at what falls due."""
    with working(house.wired) as first:
        leading = leases.live(house.store, EVERYBODY, LEAD)
        assert [lease.holder for lease in leading] == [first.name]
        assert first.leads
        assert house.wired.workers() == [first.name]

    assert house.wired.workers() == leases.live(house.store, EVERYBODY, LEAD) == []


def test_what_a_killed_worker_had_is_taken_up_when_it_is_silent(house: House) -> None:
    """Its run and its job, by the one that lives."""
    killed = struck(house, "SIGKILL")
    killed.communicate(timeout=PATIENCE_S)
    assert killed.returncode == -signal.SIGKILL
    with working(house.wired) as second:
        came_early = second.run_until(lambda: waits(house), timeout_s=1.0)
        fall_silent(house, second.name)
        came = second.run_until(lambda: waits(house), timeout_s=PATIENCE_S)
        living = house.wired.workers()

    assert (came_early, came, living) == (False, True, [second.name])
    assert house.store.jobs.failed() == []
    assert audit.verify(house.store.database).ok


def test_a_worker_that_wakes_too_late_writes_nothing_and_stops(house: House) -> None:
    """Its run was taken up meanwhile: there is one question, and no failed job."""
    frozen = struck(house, "SIGSTOP")
    fall_silent(house)
    with working(house.wired) as second:
        assert second.run_until(lambda: waits(house), timeout_s=PATIENCE_S)
        before = house.store.events(house.customer, "r-1")
        os.kill(frozen.pid, signal.SIGCONT)
        _, said = frozen.communicate(timeout=PATIENCE_S)

    assert frozen.returncode != 0
    assert "another worker took over" in said
    assert house.store.events(house.customer, "r-1") == before
    assert house.store.jobs.failed() == []
    assert len(approvals.list_approvals(house.store, house.customer, run="r-1")) == 1
    assert audit.verify(house.store.database).ok
