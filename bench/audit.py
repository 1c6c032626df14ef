"""How fast a long record is verified, exported and checked by a stranger, and in how much memory.

    python -m bench.audit [--events N] [--json]

A record of N events is made in a folder that is thrown away: texts, with a question and a signed
decision in every thousand. Each piece of work runs in a process of its own, so that its peak is its
own; `idle` opens the record and does nothing. Peaks are Linux's `VmHWM`.
"""

import json
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import click

from runs import audit, keys, people, signing, snapshots, tables
from runs.chain import export
from runs.chain.export import Scope
from runs.clock import RealClock
from runs.keys import Said
from runs.records.approval import Decision
from runs.records.person import Customer, Identity, Person
from runs.records.record import digest_of
from runs.snapshots import Masked, Terms
from runs.store import schema
from runs.store.change import Change
from runs.store.database import Database
from runs.store.store import Store

AT = datetime(2026, 1, 5, tzinfo=UTC)
AT_ONCE = 1_000
TERMS = Terms(lambda value: Masked(value, 0), None)
PAGE = Path(__file__).parent.parent / "docs" / "verify.md"
PROGRAM = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PEAK = re.compile(r"VmHWM:\s+(\d+) kB")
WORK = ("idle", "verify", "export", "stranger")


class Measured(NamedTuple):
    """One piece of work on one record."""

    work: str
    events: int
    seconds: float
    """On the wall: a machine with other work to do makes them many."""
    cpu_s: float
    """Of a processor."""
    peak_mib: float

    @property
    def per_second(self) -> int:
        """Events in a second of a processor."""
        return 0 if self.work == "idle" else round(self.events / max(self.cpu_s, 0.001))


def open_store(folder: Path) -> Store:
    """The record of a folder."""
    return Store(Database(f"sqlite:///{folder}/pilotage.db"), RealClock())


def make(folder: Path, events: int) -> None:
    """Make a record of so many events."""
    schema.upgrade(Database(f"sqlite:///{folder}/pilotage.db"))
    store = open_store(folder)
    customer = people.add_customer(store, "acme", "Acme")
    ana = Person(
        id="ana",
        name="Ana",
        email="",
        roles=("owner",),
        deputy="",
        is_disabled=False,
        created_at=AT,
    )
    people.add_person(store, customer, "cli", ana)
    private, who = signing.make_key(), _identity(customer)
    keys.add(store, who, signing.public_of(private))
    for begin in range(3, events, AT_ONCE):
        with store.change(customer, "worker") as change:
            _decide(change, who, private, begin)
            for number in range(begin + 2, min(begin + AT_ONCE, events)):
                value = {"number": number, "text": f"where is parcel {number}, please?"}
                snapshots.keep_in(change, kind="input", value=value, terms=TERMS)


def _identity(customer: Customer) -> Identity:
    return Identity(
        customer=customer,
        person="ana",
        roles=("owner",),
        proved_by="token",
        token="t",
        is_machine=False,
        scopes=(),
    )


def _decide(change: Change, who: Identity, private: bytes, number: int) -> None:
    """A signed decision on a question of its own, as rows with their events."""
    id, subject = f"a-{number}", digest_of(number)
    asked = {"id": id, "run": "", "kind": "plan", "subject": subject, "status": "open"}
    row = {**asked, "due_at": change.now(), "body": asked}
    change.insert(tables.approvals, row, "approval_opened", subject=subject)
    said = Said(id, subject, "approve", None)
    decision = Decision(
        id=f"{id}.ana",
        approval=id,
        person="ana",
        role="owner",
        kind="approve",
        reason="",
        seen=subject,
        proved_by="token",
        token="t",
        solo=False,
        decided_at=change.clock.now(),
        signature=keys.sign(private, who, said, change.clock.now()),
    )
    kept = {"id": decision.id, "approval": id, "person": "ana", "body": decision.as_json()}
    change.insert(tables.decisions, kept, "decision_recorded", approval=id)


def work_on(folder: Path, what: str) -> Measured:
    """Do one piece of work in this process."""
    store = open_store(folder)
    count = audit_events(store)
    began, used = time.perf_counter(), time.process_time()
    done: dict[str, Callable[[], Any]] = {
        "idle": lambda: None,
        "verify": lambda: audit.verify(store.database),
        "export": lambda: export.write(store.database, Scope(), folder / "export.ndjson"),
    }
    found = done[what]()
    if what == "verify" and not found.ok:
        raise click.ClickException(f"the record does not verify: {found.problems}")
    seconds, cpu_s = time.perf_counter() - began, time.process_time() - used
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return Measured(what, count, seconds, cpu_s, int(PEAK.findall(status)[0]) / 1024)


def audit_events(store: Store) -> int:
    """How many events the record has."""
    (row,) = store.ledger.rows(tables.chain_head.select())
    return row["seq"]


def measure(events: int) -> list[Measured]:
    """Make a record and measure each piece of work on it, each in a process of its own."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make(folder, events)
        return [_apart(folder, what, events) for what in WORK]


def _apart(folder: Path, what: str, events: int) -> Measured:
    if what != "stranger":
        command = [sys.executable, "-m", "bench.audit", "--folder", str(folder), "--only", what]
        ran = subprocess.run(command, capture_output=True, check=True, text=True)
        return Measured(**json.loads(ran.stdout))
    program = folder / "verify.py"
    (text,) = PROGRAM.findall(PAGE.read_text(encoding="utf-8"))
    told = "print(Path('/proc/self/status').read_text())"
    ended = f"    code = main(*sys.argv[1:])\n    {told}\n    sys.exit(code)\n"
    program.write_text(text.replace("    sys.exit(main(*sys.argv[1:]))\n", ended))
    began, used = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [sys.executable, "-I", "-S", str(program), str(folder / "export.ndjson")]
    ran = subprocess.run(command, capture_output=True, check=True, text=True)
    seconds, now = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu_s = now.ru_utime + now.ru_stime - used.ru_utime - used.ru_stime
    return Measured(what, events, seconds, cpu_s, int(PEAK.findall(ran.stdout)[0]) / 1024)


@click.command()
@click.option("--events", default=100_000, show_default=True)
@click.option("--folder", type=click.Path(path_type=Path), help="Work on the record that is there.")
@click.option("--only", type=click.Choice(WORK[:3]), help="One piece of work, with --folder.")
@click.option("--json", "as_json", is_flag=True)
def main(events: int, folder: Path | None, only: str | None, *, as_json: bool) -> None:
    """Print seconds, events a second and peak memory of each piece of work."""
    if folder is not None:
        click.echo(json.dumps(work_on(folder, only or "verify")._asdict()))
        return
    found = measure(events)
    if as_json:
        click.echo(json.dumps([one._asdict() for one in found]))
        return
    click.echo(f"{'work':<10}{'events':>9}{'seconds':>9}{'cpu s':>8}{'a cpu s':>9}{'MiB':>6}")
    for one in found:
        click.echo(
            f"{one.work:<10}{one.events:>9}{one.seconds:>9.1f}{one.cpu_s:>8.1f}"
            f"{one.per_second:>9}{one.peak_mib:>6.0f}"
        )


if __name__ == "__main__":
    main()
