"""A worker in this process: what it takes up, what it gives back, when it stops."""

import logging
from pathlib import Path

import pytest

from pilotage.wiring import EVERYBODY, WORKER
from pilotage.worker import working
from runs import leases, snapshots, tables
from runs.errors import Unavailable
from runs.snapshots import Masked, Terms
from tests import builders
from tests.unit.pilotage.homes import House, make_house

PATIENCE_S = 60.0
AS_IT_IS = Terms(lambda value: Masked(value, 0), None)


@pytest.fixture
def house(tmp_path: Path) -> House:
    """A home with a run that nobody has worked on yet."""
    house = make_house(tmp_path / "home")
    text = {"text": "Tickets wait a day", "plan": ""}
    kept = snapshots.keep(
        house.store, house.customer, "dan", kind="trigger", value=text, terms=AS_IT_IS
    )
    house.store.runs.open(house.customer, "dan", builders.trigger(text=kept), builders.run())
    return house


def waits(house: House) -> bool:
    """Whether the run waits for somebody, with no job left."""
    is_waiting = house.store.runs.get(house.customer, "r-1").status == "waiting"
    return is_waiting and house.store.jobs.unfinished() == 0


def holders(house: House) -> set[str]:
    """Everybody who holds anything of the customer's."""
    table = tables.leases
    rows = house.store.ledger.rows(table.select().where(table.c.customer == "acme"))
    return {row["holder"] for row in rows} - {""}


def test_a_run_is_taken_to_its_next_question_and_people_are_told(house: House) -> None:
    """The notice is a file, written once."""
    with working(house.wired) as worker:
        came_so_far = worker.run_until(lambda: waits(house), timeout_s=PATIENCE_S)

    notices = [file.name for file in (house.folder / "notices" / "acme").iterdir()]
    assert came_so_far
    assert len(notices) == 1
    assert notices[0].startswith("r-1.update.")
    assert house.wired.who_works() == ""
    assert holders(house) == set()


def test_a_run_that_a_dead_worker_held_is_taken_up_at_once(house: House) -> None:
    """No worker before this one lives any more: it had to have the home's lease."""
    leases.take(house.store, house.customer, "run:r-1", holder="dead:1:x", ttl_s=3600)

    with working(house.wired) as worker:
        assert worker.run_until(lambda: waits(house), timeout_s=PATIENCE_S)

    assert holders(house) == set()


def test_a_worker_that_was_told_of_nothing_waits_no_longer_than_asked(house: House) -> None:
    """It says that it was not enough."""
    with working(house.wired) as worker:
        assert not worker.run_until(lambda: False, timeout_s=0.0)


def test_a_second_worker_is_refused_while_the_first_one_works(house: House) -> None:
    """By name."""
    with (
        working(house.wired) as first,
        pytest.raises(Unavailable, match=first.name),
        working(house.wired),
    ):
        pass


def test_a_worker_that_lost_its_lease_stops(house: House, caplog: pytest.LogCaptureFixture) -> None:
    """Two that work one home would do things twice."""
    table = tables.leases
    lost = {"holder": "other:1:x", "fence": 99}
    with caplog.at_level(logging.WARNING), working(house.wired) as worker:
        with house.store.database.writing() as connection:
            mine = (table.c.customer == EVERYBODY.id) & (table.c.name == WORKER)
            connection.execute(table.update().where(mine).values(**lost))

        with pytest.raises(Unavailable, match="took over"):
            worker.run_until(lambda: False, timeout_s=PATIENCE_S)

    assert "was taken over" in caplog.text
    assert house.wired.who_works() == "other:1:x"
