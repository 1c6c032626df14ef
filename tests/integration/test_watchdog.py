"""Whether the work goes on: told once a breach to its owner, told when it is over, never silent."""

from datetime import timedelta
from pathlib import Path

import pytest

from pilotage import watchdog
from pilotage.web import Web
from pilotage.wiring import EVERYBODY, WORKER
from runs import leases
from runs.clock import StoppedClock
from tests.integration import api_home
from tests.unit.pilotage.homes import House, make_house, stopped


@pytest.fixture
def house(tmp_path: Path) -> House:
    """A home whose clock stands still; an item waits for a worker."""
    house = api_home.desk_house(tmp_path / "home")
    stopped(house)
    with api_home.asking(house) as client:
        api_home.send(client)
    return house


def turn(house: House, **by: float) -> None:
    """Let time pass."""
    clock = house.wired.clock
    assert isinstance(clock, StoppedClock)
    clock.turn(timedelta(**by))


def notices(house: House) -> list[str]:
    """What people were told, by title."""
    folder = house.folder / "notices" / "acme"
    found = [file.read_text(encoding="utf-8") for file in sorted(folder.glob("*.txt"))]
    return sorted(text.split("Title: ")[1].split("\n")[0] for text in found)


def look(house: House) -> None:
    """Two looks, as any two processes may look."""
    watchdog.look(house.wired, house.customer)
    watchdog.look(house.wired, house.customer)


def test_a_worker_that_fell_silent_is_told_of_by_whoever_serves(house: House) -> None:
    """Once; and while one lives it looks itself."""
    web = Web(house.wired)
    web.watch_once()
    turn(house, minutes=6)
    web.watch_once()
    web.watch_once()
    told = notices(house)
    leases.take(house.store, EVERYBODY, WORKER, holder="w", ttl_s=3_600)
    turn(house, hours=9)
    web.watch_once()

    assert told == notices(house) == ["worker: worker silence"]


def test_an_old_queue_is_told_to_its_owner_and_told_when_it_is_over(house: House) -> None:
    """The owner of the workflow; a new breach is another alarm."""
    leases.take(house.store, EVERYBODY, WORKER, holder="w", ttl_s=3_600)
    turn(house, minutes=61)
    look(house)
    doctor = [one.says for one in watchdog.breaches(house.wired, house.customer)]
    began = notices(house)
    for item in house.store.items.list(house.customer):
        api_home.work(house, item.id)
    look(house)

    assert "desk: queue age" in began
    assert "desk: its oldest item waits in the queue for 61 minutes" in doctor
    assert "desk: queue age is over" in notices(house)
    assert [one.kind for one in watchdog.open_now(house.wired, house.customer)] == ["no_progress"]


def test_the_doctor_shows_what_owners_are_told_of(house: House, tmp_path: Path) -> None:
    """With who answers for it and what to do; and says when all goes on."""
    late = house.run("doctor").stdout
    well = make_house(tmp_path / "other").run("doctor").stdout

    assert "no worker lives; ben answers for it; start `pilotage worker`" in late
    assert "acme: the work goes on" in well


def test_an_alarm_that_was_kept_and_not_told_is_told_by_the_next_look(house: House) -> None:
    """Whoever died in between."""
    turn(house, minutes=6)
    watchdog.look(house.wired, house.customer)
    for file in (house.folder / "notices" / "acme").glob("*.txt"):
        file.unlink()
    watchdog.look(house.wired, house.customer)

    assert notices(house) == ["worker: worker silence"]
    assert house.run("audit", "verify").exit_code == 0
