"""Commands as processes of their own: what they load, how signals and pipes end them."""

import contextlib
import os
import pty
import signal
import subprocess
import sys
import time
import tomllib
from pathlib import Path

import pytest

from pilotage.cli.main import main
from pilotage.wiring import EVERYBODY, WORKER
from runs import approvals, leases, snapshots
from tests import builders
from tests.builders import TERMS
from tests.unit.pilotage.homes import House, make_house

HEAVY = {"langgraph", "chromadb", "openai", "sklearn", "dbos", "scipy", "langchain_core"}
QUICK = [("run", "list"), ("approval", "list"), ("approval", "show", "a-1"), ("item", "list")]
PATIENCE_S = 60
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def house(tmp_path: Path) -> House:
    """A home with one open question."""
    house = make_house(tmp_path / "home")
    store, customer = house.store, house.customer
    text = {"text": "Tickets wait a day", "plan": ""}
    kept = snapshots.keep(store, customer, "dan", kind="trigger", value=text, terms=TERMS)
    store.runs.open(customer, "dan", builders.trigger(text=kept), builders.run())
    due = house.wired.clock.now().replace(year=2100)
    approvals.open_approval(store, customer, "run:r-1", builders.approval(due_at=due))
    store.runs.wait(customer, "r-1", "a-1")
    for job in store.jobs.waiting():
        store.jobs.mark_done(customer, job.id)
    return house


def environment(house: House, by: str = "ana") -> dict[str, str]:
    """What a command of somebody is started with; children of a test stay offline."""
    told = {"PILOTAGE_HOME": str(house.folder), "PILOTAGE_TOKEN": house.tokens[by]}
    return {**os.environ, **told, "PYTHONUNBUFFERED": "1"}


def start(house: House, *arguments: str, by: str = "ana") -> subprocess.Popen[str]:
    """A command as a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "pilotage", *arguments],
        env=environment(house, by),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def wait_for(process: subprocess.Popen[str], words: str) -> str:
    """The lines of stderr up to the one with these words."""
    assert process.stderr is not None
    seen = ""
    while words not in seen:
        line = process.stderr.readline()
        assert line, seen
        seen += line
    return seen


def end(process: subprocess.Popen[str]) -> tuple[int, str]:
    """The code a process ends with, and what it said at last."""
    _, said = process.communicate(timeout=PATIENCE_S)
    return process.returncode, said


@pytest.mark.parametrize("command", QUICK, ids=" ".join)
def test_a_command_that_only_reads_loads_no_engine(house: House, command: tuple[str, ...]) -> None:
    """Whoever looks at what waits does not pay for the graph."""
    child = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "pilotage", *command],
        env=environment(house),
        capture_output=True,
        check=True,
        text=True,
        timeout=PATIENCE_S,
    )
    rows = [row for row in child.stderr.splitlines() if row.startswith("import time:")]
    loaded = {row.rpartition("|")[2].strip().partition(".")[0] for row in rows}

    assert loaded & HEAVY == set()
    assert "sqlalchemy" in loaded


def test_a_pipe_full_of_yes_decides_nothing(house: House) -> None:
    """Code 2; the digest must be named."""
    with subprocess.Popen(["yes"], stdout=subprocess.PIPE) as yes:
        child = subprocess.run(
            [sys.executable, "-m", "pilotage", "approval", "approve", "a-1"],
            env=environment(house),
            stdin=yes.stdout,
            capture_output=True,
            check=False,
            text=True,
            timeout=PATIENCE_S,
        )
        yes.kill()

    assert child.returncode == 2
    assert "--digest" in child.stderr
    assert approvals.decisions_of(house.store, house.customer, "a-1") == []


def on_terminal(
    house: House, *arguments: str, typed: str = "", term: str = "dumb"
) -> tuple[int, str]:
    """A command on a terminal at which somebody types; its code, and what the terminal showed."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "pilotage", *arguments],
        env=environment(house) | {"TERM": term, "COLUMNS": "200", "NO_COLOR": "1"},
        stdin=theirs,
        stdout=subprocess.DEVNULL,
        stderr=theirs,
    )
    os.close(theirs)
    os.write(ours, typed.encode() + b"\n")
    shown = b""
    with contextlib.suppress(OSError):
        while part := os.read(ours, 4096):
            shown += part
    os.close(ours)
    return process.wait(PATIENCE_S), shown.decode()


@pytest.mark.parametrize(("typed", "code"), [("", 0), ("00000000", 7), ("abc", 2)])
def test_on_a_terminal_the_digest_is_typed_after_the_consequence(
    house: House, typed: str, code: int
) -> None:
    """Only the digest of what was asked is an answer."""
    subject = approvals.get(house.store, house.customer, "a-1").subject
    typed = typed or subject[7:15]

    ended, shown = on_terminal(house, "approval", "approve", "a-1", typed=typed)

    decided = approvals.decisions_of(house.store, house.customer, "a-1")
    assert ended == code
    assert "If you approve: a version is built." in shown
    assert f"Type {subject[7:15]} to approve" in shown
    assert [one.person for one in decided] == (["ana"] if code == 0 else [])


@pytest.mark.parametrize(("term", "drawn"), [("xterm", "2/2"), ("dumb", "import cases.jsonl: ")])
def test_progress_is_drawn_on_a_terminal_that_can_and_told_on_one_that_cannot(
    house: House, tmp_path: Path, term: str, drawn: str
) -> None:
    """An import of labelled cases shows how far it is."""
    file = tmp_path / "cases.jsonl"
    words = (chr(97 + n // 26) + chr(97 + n % 26) for n in range(60))
    file.write_text("\n".join(f'{{"text": "where {word}", "label": "a"}}' for word in words))

    ended, shown = on_terminal(
        house, "data", "import", str(file), "--name", "desk", "--workflow", "desk", term=term
    )

    assert ended == 0
    assert drawn in shown
    assert "import cases.jsonl: splitting and keeping 60 cases" in shown


@pytest.mark.parametrize("flag", ["-h", "--help"])
def test_help_is_there_at_every_depth(house: House, flag: str) -> None:
    """Under both of its names."""
    for words in [(), ("run",), ("run", "start"), ("approval", "approve")]:
        result = house.run(*words, flag)

        assert result.exit_code == 0
        assert "Examples:" in result.stdout


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 0)], ids=["SIGINT", "SIGTERM"]
)
def test_a_worker_that_is_told_to_stop_gives_its_lease_back(
    house: House, number: signal.Signals, code: int
) -> None:
    """Asked to stop by whoever runs it, it ends well; the next one can start at once."""
    worker = start(house, "worker")
    wait_for(worker, "Ctrl-C stops it")
    held = house.wired.who_works()

    worker.send_signal(number)

    ended, said = end(worker)
    assert ended == code
    assert "what is running ends first" in said
    assert f":{worker.pid}:" in held
    assert house.wired.who_works() == ""


def test_a_second_worker_says_who_holds_the_home(house: House) -> None:
    """Code 75."""
    with leases.held(house.store, EVERYBODY, WORKER, holder="elsewhere:7:x", ttl_s=60):
        ended, said = end(start(house, "worker"))

    assert ended == 75
    assert "elsewhere:7:x works this home" in said


def test_an_interrupted_watch_says_how_to_go_on(house: House) -> None:
    """Code 130; what was done is kept."""
    watch = start(house, "run", "watch", "r-1", "--until", "terminal")
    wait_for(watch, "no worker is running")

    watch.send_signal(signal.SIGINT)

    ended, said = end(watch)
    assert ended == 130
    assert "go on with: pilotage run watch r-1" in said
    assert "Traceback" not in said


def test_a_worker_advances_a_run_when_the_decision_falls(house: House) -> None:
    """Whoever decided does not have to wake it."""
    worker = start(house, "worker", "-v")
    wait_for(worker, "Ctrl-C stops it")
    asked = approvals.get(house.store, house.customer, "a-1").subject[7:19]
    house.run("approval", "reject", "a-1", "--digest", asked, "--reason", "no", by="ana")

    until = time.monotonic() + PATIENCE_S
    while run_waits_for(house) in ("", "a-1") and time.monotonic() < until:
        time.sleep(0.05)
    worker.send_signal(signal.SIGTERM)

    assert end(worker)[0] == 0
    assert run_waits_for(house).startswith("r-1.update.")


def run_waits_for(house: House) -> str:
    """What the run waits for now."""
    return house.store.runs.get(house.customer, "r-1").waits_for


def test_a_broken_pipe_is_no_bug(house: House) -> None:
    """A reader that has seen enough leaves no report behind."""
    command = f"{sys.executable} -m pilotage audit verify --json | head -n 1"

    child = subprocess.run(
        ["sh", "-c", command], env=environment(house), capture_output=True, check=False, text=True
    )

    assert child.stdout == "{\n"
    assert "should not have happened" not in child.stderr
    assert not (house.folder / "errors").exists()


def test_the_entry_point_of_the_project_is_the_door() -> None:
    """What is installed as `pilotage` is what `python -m pilotage` runs."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))

    assert project["project"]["scripts"] == {"pilotage": f"{main.__module__}:{main.__name__}"}
