"""The scheduled operations reviews, from the command line and from cron."""

import json
import os
import subprocess
import sys
from datetime import timedelta

import pytest

from runs import leases
from runs.clock import TurnedClock
from tests.harbours import Harbour, harbour_in
from tests.unit.pilotage.homes import House
from tests.voyage import Voyage

PATIENCE_S = 180
DUE = ("ops", "review", "--due", "--quiet")
LONG_AGO = timedelta(days=-12)


@pytest.fixture(scope="module")
def harbour(tmp_path_factory: pytest.TempPathFactory, database: str) -> Harbour:
    """Voyages at any of their points."""
    return harbour_in(tmp_path_factory.getbasetemp(), database)


def sailed(harbour: Harbour, ago: timedelta) -> Voyage:
    """A version in use since some time, in a home on the real clock."""
    home = harbour.at("home")
    voyage = Voyage(home.folder, home.tokens, TurnedClock(ago))
    voyage.start()
    return voyage.until("ended")


@pytest.fixture
def overdue(harbour: Harbour) -> Voyage:
    """Its first ops review was due five days ago."""
    return sailed(harbour, LONG_AGO)


def door(voyage: Voyage) -> House:
    """The commands of this home."""
    return House(voyage.folder, dict(voyage.tokens), voyage.wired)


def process(voyage: Voyage) -> subprocess.Popen[str]:
    """Cron's command, as a process of its own."""
    told = {"PILOTAGE_HOME": str(voyage.folder), "PILOTAGE_TOKEN": voyage.tokens["dan"]}
    return subprocess.Popen(
        [sys.executable, "-m", "pilotage", *DUE],
        env={**os.environ, **told},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_where_nothing_is_due_cron_hears_nothing(harbour: Harbour) -> None:
    """Code 0 and silence; said aloud it is one line; the calendar knows the next one."""
    house = door(sailed(harbour, timedelta(0)))
    silent = house.run(*DUE, by="dan")
    aloud = house.run("ops", "review", "--due", by="dan")
    told = json.loads(house.run("ops", "calendar", "--json", by="dan").stdout)

    assert (silent.exit_code, silent.output) == (0, "")
    assert (aloud.exit_code, aloud.stdout.strip()) == (0, "no operations review is due")
    assert [(one["workflow"], one["state"]) for one in told["reviews"]] == [("desk", "planned")]
    assert told["reviews"][0]["outcome"] == "stage_reached"


def test_two_at_once_make_one_review(overdue: Voyage) -> None:
    """One works on it until somebody has to decide; the other ends with 75 and says why."""
    both = [process(overdue), process(overdue)]
    ended = [(one.communicate(timeout=PATIENCE_S), one.returncode) for one in both]

    codes = sorted(code for _, code in ended)
    (said,) = [err for (_, err), code in ended if code == 75]
    assert codes == [3, 75], ended
    assert "another `ops review` of desk is under way" in said
    assert len(overdue.store.runs.list(overdue.customer)) == 2


def test_a_review_that_is_due_is_made_once_and_ends_with_its_outcome(overdue: Voyage) -> None:
    """It waits for its update; asked again it is the same run, and then nothing is due."""
    house = door(overdue)
    first = house.run(*DUE, by="dan")
    waiting = house.run(*DUE, "--waiting-ok", "--json", by="dan")
    run = overdue.store.runs.list(overdue.customer)[0]
    now = Voyage(overdue.folder, overdue.tokens, TurnedClock(), run_id=run.id)
    now.agree()
    ended = house.run("ops", "review", "--workflow", "desk", "--json", by="dan")
    after = house.run(*DUE, by="dan")

    (told,) = json.loads(ended.stdout)["reviews"]
    assert (first.exit_code, waiting.exit_code, waiting.stdout) == (3, 0, "")
    assert told["run"]["id"] == run.id
    assert (ended.exit_code, told["end"]["kind"]) == (5, "blocker_escalated")
    assert "items came in since" in told["end"]["reason"]
    assert (after.exit_code, after.output) == (0, "")


def test_while_another_makes_it_a_review_ends_with_75(overdue: Voyage) -> None:
    """The lease is one a workflow and command."""
    held = ("ops review:desk", "elsewhere")
    with leases.held(overdue.store, overdue.customer, held[0], holder=held[1], ttl_s=30):
        result = door(overdue).run(*DUE, by="dan")

    assert result.exit_code == 75
    assert len(overdue.store.runs.list(overdue.customer)) == 1


def test_a_missed_review_is_told_by_the_doctor_and_the_calendar(overdue: Voyage) -> None:
    """With its owner and the command; and it can be taken into a calendar."""
    house = door(overdue)
    doctor = house.run("doctor", by="dan")
    shown = house.run("ops", "calendar", by="dan")
    ics = house.run("ops", "calendar", "--ics", "-", by="dan").stdout

    assert doctor.exit_code == 8
    assert "scheduled review missed: desk was due" in doctor.stdout
    assert "missed" in shown.stdout
    assert ics.startswith("BEGIN:VCALENDAR\r\n") or ics.startswith("BEGIN:VCALENDAR\n")
    assert "SUMMARY:Operations review of desk" in ics
    assert "INTERVAL=7" in ics


@pytest.mark.parametrize("flags", [(), ("--workflow", "nowhere")])
def test_a_review_of_nothing_is_a_mistake(harbour: Harbour, flags: tuple[str, ...]) -> None:
    """Code 2, with what to name."""
    house = door(harbour.at("home"))

    assert house.run("ops", "review", *flags, by="dan").exit_code == 2
