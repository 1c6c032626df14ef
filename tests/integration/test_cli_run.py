"""Runs from the command line, worked on in this process."""

import json
from pathlib import Path

import pytest

from pilotage.wiring import EVERYBODY, WORKER
from runs import approvals, leases
from tests.unit.pilotage.homes import House, make_house

HOLES = "workflow: desk\ntitle: Sort the desk's tickets\nowners: {incidents: ben}\n"
HOUSEKEEPING = ("record_kept", "checkpoints_pruned")
"""What follows an end: where the run stood is archived."""
START = ("run", "start", "--title", "Sort tickets", "--text", "Tickets wait a day")


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> House:
    """A home in which one run is brought to its end, command by command."""
    return make_house(tmp_path_factory.mktemp("door") / "home")


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A plan that leaves most of itself open."""
    file = tmp_path_factory.mktemp("plans") / "plan.yaml"
    file.write_text(HOLES)
    return str(file)


def runs(house: House) -> list[str]:
    """Ids of the runs there are, newest first."""
    value = json.loads(house.run("run", "list", "--json", by="dan").stdout)
    return [run["id"] for run in value["runs"]]


@pytest.fixture(scope="module")
def started(house: House, plan: str) -> str:
    """A run that was started and worked on until somebody has to decide."""
    result = house.run(*START, "--plan", plan, by="dan")
    assert result.exit_code == 3, result.output
    return runs(house)[0]


def test_a_run_is_worked_on_until_somebody_must_decide(house: House, started: str) -> None:
    """It says whose turn it is; what it lacks is a question to a person."""
    shown = house.run("run", "show", started, by="dan")

    assert shown.exit_code == 0
    assert "decide the update" in shown.stdout
    assert "dan: The plan says nothing about `goal.business_goal`: what is it?" in shown.stdout


def test_the_same_trigger_again_is_the_same_run(house: House, plan: str, started: str) -> None:
    """And is said to be."""
    again = house.run(*START, "--plan", plan, "--detach", by="dan")

    assert again.stdout.strip() == started
    assert "was opened by this key before" in again.stderr
    assert len(runs(house)) == 1


def test_a_wait_may_be_called_well(house: House, started: str) -> None:
    """For cron jobs that mail otherwise."""
    result = house.run("run", "watch", started, "--waiting-ok", by="dan")

    assert result.exit_code == 0


def test_a_watch_gives_up_when_its_time_is_over(house: House, started: str) -> None:
    """With the code of where the run stands then."""
    result = house.run("run", "watch", started, "--until", "terminal", "--timeout", "0", by="dan")

    assert result.exit_code == 3


def test_a_run_ends_with_its_code_once_the_answer_is_there(house: House, started: str) -> None:
    """A blocker with an owner, and the stream of how it came to that."""
    run = house.store.runs.get(house.customer, started)
    asked = approvals.get(house.store, house.customer, run.waits_for)
    short = asked.subject[7:19]
    house.run("approval", "approve", asked.id, "--digest", short, by="ana")

    watched = house.run("run", "watch", started, "--work", "--json", by="dan")

    lines = [json.loads(line) for line in watched.stdout.splitlines()]
    assert watched.exit_code == 5
    kinds = [line["kind"] for line in lines if "kind" in line]
    after = kinds[kinds.index("run_closed") + 1 :]
    assert (after[-1], set(after[:-1]) <= {"record_kept", "checkpoints_pruned"}) == (
        "priority",
        True,
    )
    assert lines[-1]["end"]["kind"] == "blocker_escalated"


def test_an_ended_run_is_explained_from_the_record(house: House, started: str) -> None:
    """With who decided, what was sent and what proves the end."""
    shown = house.run("run", "explain", started, by="dan").stdout

    assert "ana (" in shown
    assert "send by tool outbox: done" in shown
    assert "blocker escalated" in shown
    assert "proof" in shown
    assert house.run("audit", "verify", by="dan").exit_code == 0


def test_a_plan_that_is_wrong_opens_no_run(house: House, tmp_path: Path) -> None:
    """Code 2, with file, line and key."""
    file = tmp_path / "plan.yaml"
    file.write_text("workflow: Desk!\n")
    before = runs(house)

    result = house.run(*START, "--plan", str(file), by="dan")

    assert result.exit_code == 2
    assert "line 1" in result.stderr
    assert runs(house) == before


@pytest.mark.parametrize(
    ("flags", "code"),
    [
        (("--plan", "no-such-file.yaml"), 2),
        (("--trigger", "feedback"), 2),
        (("--until", "sometime"), 2),
    ],
)
def test_a_start_that_makes_no_sense_opens_no_run(
    house: House, flags: tuple[str, str], code: int
) -> None:
    """Code 2."""
    before = runs(house)

    assert house.run(*START, *flags, by="dan").exit_code == code
    assert runs(house) == before


def test_a_deadline_before_its_gate_is_told_and_stops_nothing(house: House, tmp_path: Path) -> None:
    """When the run starts, and with its holes."""
    file = tmp_path / "plan.yaml"
    file.write_text(f"{HOLES}phases: {{testing: {{deadline: '2026-05-01T00:00:00Z'}}}}\n")
    result = house.run(*START, "--plan", str(file), by="dan")
    shown = house.run("run", "show", runs(house)[0], by="dan")

    assert result.exit_code == 3
    assert "warning: phases.testing.deadline stands before phases.testing.gate" in result.stderr
    assert "warning: phases.testing.deadline stands before" in shown.stdout


def test_the_text_may_come_from_a_file_or_from_stdin(house: House, tmp_path: Path) -> None:
    """The same words are the same trigger."""
    file = tmp_path / "why.txt"
    file.write_text("Tickets wait two days")
    start = ("run", "start", "--title", "Again", "--detach", "--text")

    by_name = house.run(*start, str(file), by="dan")
    by_stdin = house.run(*start, "-", by="dan", stdin="Tickets wait two days")

    assert by_name.exit_code == 0
    assert by_name.stdout == by_stdin.stdout


def test_while_a_worker_runs_a_start_only_writes(house: House) -> None:
    """The worker takes it up; the command says how to follow it."""
    with leases.held(house.store, EVERYBODY, WORKER, holder="elsewhere:1:a", ttl_s=30):
        result = house.run(*START, "--key", "other", by="dan")

    assert result.exit_code == 0
    assert "pilotage run watch" in result.stderr
    assert house.store.runs.get(house.customer, result.stdout.strip()).status == "open"


def test_two_workers_of_one_home_are_one_too_many(house: House) -> None:
    """Code 75, and who has it."""
    with leases.held(house.store, EVERYBODY, WORKER, holder="elsewhere:1:a", ttl_s=30):
        result = house.run("worker")

    assert result.exit_code == 75
    assert "elsewhere:1:a" in result.stderr


def test_a_run_whose_job_failed_is_queued_again_and_goes_on(house: House, plan: str) -> None:
    """It is shown as stopped with the command; a second time there is nothing to try again."""
    opened = house.run(*START, "--plan", plan, "--key", "fails", "--detach", by="dan")
    id = opened.stdout.strip()
    house.store.jobs.mark_failed(house.customer, f"advance_run:{id}:opened", "RuntimeError: a bug")
    stopped = house.run("run", "show", id, by="dan").stdout
    tried = house.run("run", "retry", id, "--json", by="dan")
    again = house.run("run", "retry", id, by="dan")
    went_on = house.run("run", "watch", id, "--work", by="dan")

    assert (
        f"stopped: job failed: RuntimeError: a bug; mend that, then `pilotage run retry {id}`"
        in (stopped)
    )
    assert (tried.exit_code, again.exit_code, went_on.exit_code) == (0, 7, 3)
    assert json.loads(tried.stdout)["job"].startswith(f"advance_run:{id}:retry:")
    assert "was not given up by the worker" in again.stderr
