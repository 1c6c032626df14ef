"""The chain's end is told outside in time, and owners are told when it is not."""

import json
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pilotage import anchoring
from pilotage.worker import working
from runs import audit, people
from runs.chain import anchors
from runs.clock import StoppedClock
from runs.errors import InvalidInput, Unavailable
from runs.store.database import Database
from runs.store.store import Store
from tests import builders
from tests.builders import NOW
from tests.unit.pilotage.homes import House, make_house, stopped


@pytest.fixture
def house(tmp_path: Path) -> House:
    """A home whose chain's end is told to a file every day."""
    return make_house(tmp_path / "home")


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """The file of the place outside."""
    return tmp_path / "anchors.ndjson"


@pytest.fixture
def clock(house: House, outside: Path) -> StoppedClock:
    """The clock of the home, which stands still."""
    clock = stopped(house)
    # What made the home ran on real time.
    clock.turn(datetime.now(UTC) - NOW)
    told = replace(house.wired.settings, anchors=(f"file:{outside}",))
    house.wired = replace(house.wired, settings=told)
    return clock


def told(outside: Path) -> list[int]:
    """The events the file vouches for."""
    lines = outside.read_text().splitlines() if outside.exists() else []
    return [json.loads(one)["seq"] for one in lines]


def happen(house: House, id: str = "t-1") -> None:
    """Let something happen that no anchor vouches for."""
    run = builders.run(id=f"r-{id}", trigger=id)
    house.store.runs.open(house.customer, "dan", builders.trigger(id=id, key=id), run)


def test_an_anchor_is_written_when_it_is_due_and_not_again_for_itself(
    house: House, outside: Path, clock: StoppedClock
) -> None:
    """The event that tells of an anchor waits for none."""
    anchoring.follow(house.wired)
    first = told(outside)
    clock.turn(timedelta(hours=30))
    anchoring.follow(house.wired)
    assert (len(first), told(outside)) == (1, first)
    happen(house)
    anchoring.follow(house.wired)

    kept = anchors.read(outside.read_text().splitlines(), "anchors")
    report = audit.verify(house.store.database, kept)
    assert len(told(outside)) == 2
    assert (report.ok, report.not_anchored) == (True, 1)


def test_an_anchor_vouches_for_nothing_that_the_disk_has_not(
    house: House, outside: Path, clock: StoppedClock
) -> None:
    """Whoever loses what lagged has no place outside that says otherwise."""
    assert clock
    happen(house)

    def fail(_: int) -> None:
        raise OSError(5, "Input/output error")

    store = Store(Database(house.wired.store.database.url, sync=fail), house.wired.store.clock)
    house.wired = replace(house.wired, store=store)
    anchoring.follow(house.wired)

    assert told(outside) == []


def test_an_end_that_is_lost_while_the_disk_is_waited_for_is_not_vouched_for(
    house: House, outside: Path, clock: StoppedClock
) -> None:
    """A server that stops then loses what it had not written; the next look tells what is left."""
    assert clock
    happen(house)
    url = house.wired.store.database.url

    def lose(_: int) -> None:
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as raw:
            raw.execute("DELETE FROM events WHERE seq = (SELECT max(seq) FROM events)")
            raw.commit()

    store = Store(Database(url, sync=lose), house.wired.store.clock)
    house.wired = replace(house.wired, store=store)
    with pytest.raises(Unavailable, match=r"is not there any more.*pilotage audit anchor"):
        anchoring.write(house.wired, anchoring.places(house.wired.settings)[0], "worker")

    assert told(outside) == []


def test_between_two_anchors_the_hours_pass(
    house: House, outside: Path, clock: StoppedClock
) -> None:
    """What happens meanwhile is not yet anchored."""
    anchoring.follow(house.wired)
    happen(house)
    clock.turn(timedelta(hours=23))
    anchoring.follow(house.wired)
    assert len(told(outside)) == 1
    clock.turn(timedelta(hours=1))
    anchoring.follow(house.wired)

    assert len(told(outside)) == 2


def test_owners_are_told_once_a_day_while_an_anchor_is_late(
    house: House, outside: Path, clock: StoppedClock
) -> None:
    """A place that does not answer is tried at every look, and told of when it is too long."""
    outside.mkdir()
    anchoring.follow(house.wired)
    notices = house.wired.home.folder / "notices" / "acme"
    assert list(notices.glob("*")) == []
    clock.turn(timedelta(hours=49))
    anchoring.follow(house.wired)
    anchoring.follow(house.wired)

    (notice,) = notices.glob("anchor*")
    assert "To: olga\nTitle: an anchor is late" in notice.read_text()
    assert "pilotage audit anchor" in notice.read_text()
    assert [one.is_late(clock.now()) for one in anchoring.standings(house.wired)] == [True]


def test_an_owner_who_leaves_while_an_anchor_is_late_stops_no_look(
    house: House, outside: Path, clock: StoppedClock
) -> None:
    """What was told today stands; whoever owns the installation now hears of it tomorrow."""
    outside.mkdir()
    clock.turn(timedelta(hours=49))
    anchoring.follow(house.wired)
    house.run("user", "role", "gil", "--add", "owner")
    people.disable_person(house.store, house.customer, "gil", "olga")

    anchoring.follow(house.wired)
    clock.turn(timedelta(days=1))
    anchoring.follow(house.wired)

    notices = (house.wired.home.folder / "notices" / "acme").glob("anchor*")
    assert sorted(one.read_text().split("\n")[0] for one in notices) == ["To: gil", "To: olga"]


def test_what_could_be_written_at_last_is_late_no_more(
    house: House, outside: Path, clock: StoppedClock
) -> None:
    """Nobody is told of what has just been mended."""
    clock.turn(timedelta(hours=49))
    anchoring.follow(house.wired)

    assert len(told(outside)) == 1
    assert not (house.wired.home.folder / "notices" / "acme").exists()


def test_a_record_that_was_set_back_is_not_anchored_again(
    house: House, outside: Path, clock: StoppedClock
) -> None:
    """The file goes on vouching for what was; the owners hear of it as late."""
    outside.write_text(
        json.dumps(
            {
                "schema": "pilotage/anchor/1",
                "installation": anchors.find_head(house.store).installation,  # pyright: ignore[reportOptionalMemberAccess] -- the home has events
                "seq": 10_000,
                "hash": "a" * 64,
                "events": 10_000,
                "at": "2026-03-01T09:00:00Z",
            }
        )
        + "\n"
    )
    anchoring.follow(house.wired)

    assert told(outside) == [10_000]
    assert anchoring.standings(house.wired)[0].newest is None


def test_a_worker_writes_what_is_due(house: House, outside: Path) -> None:
    """At each of its looks, the last of which comes when it stops."""
    named = replace(house.wired.settings, anchors=(f"file:{outside}",))
    with working(replace(house.wired, settings=named)):
        pass

    assert len(told(outside)) == 1


def test_a_worker_does_not_start_with_a_place_that_is_none(house: House) -> None:
    """Otherwise nobody would hear of it before the anchor is late."""
    named = replace(house.wired.settings, anchors=("elsewhere",))

    with pytest.raises(InvalidInput, match="is no place for an anchor"):
        working(replace(house.wired, settings=named)).__enter__()


def test_the_newest_anchor_of_a_place_is_found_behind_any_number_of_other_places(
    house: House, outside: Path, clock: StoppedClock
) -> None:
    """A place that did not answer for long is not told of as one that never did."""
    happen(house)
    anchoring.follow(house.wired)
    (place,) = anchoring.places(house.wired.settings)
    head = anchors.find_head(house.store)
    assert head is not None
    for number in range(60):
        clock.turn(timedelta(seconds=1))
        anchors.keep_written(house.store, "worker", anchors.make(house.store, f"x{number}", head))

    found = anchors.newest(house.store, place.name)
    assert found is not None
    assert [found.seq] == told(outside)
    assert anchors.newest(house.store, "never") is None
