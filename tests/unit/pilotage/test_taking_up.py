"""What a worker takes up when it starts: nothing that is left is left for ever."""

from pathlib import Path
from typing import Any

import pytest

from agent.loop import code_digest
from pilotage.taking_up import from_the_dead, wake_left
from runs import leases
from runs.records.run import Pin
from tests import builders
from tests.unit.pilotage.homes import House, make_house

OTHER = "sha256:" + "f" * 64


@pytest.fixture
def house(tmp_path: Path) -> House:
    """A home with a run of the loop as it is."""
    house = make_house(tmp_path / "home")
    run = builders.run(graph=code_digest())
    house.store.runs.open(house.customer, "dan", builders.trigger(), run)
    return house


def pin(house: House, **changed: Any) -> None:
    """Pin the run to this loop and these rules, or to others."""
    told: dict[str, Any] = {"id": "r-1.pin.1", "run": "r-1", "number": 1, "thread": "r-1"}
    told |= {"source": code_digest(), "rules": house.wired.installation.digest}
    told |= {"nodes": {}, "ways": (), "meets": "begins", "why": "began in this loop"}
    house.store.keep(house.customer, "run:r-1", Pin.model_validate(told | changed), "r-1")


def notices(house: House) -> list[str]:
    """What people were told."""
    folder = house.wired.home.folder / "notices"
    return [file.read_text() for file in folder.rglob("*") if file.is_file()]


def test_a_run_of_this_loop_is_left_alone(house: House) -> None:
    """Pinned or not."""
    before = wake_left(house.wired, house.customer)
    pin(house)

    assert before == wake_left(house.wired, house.customer) == []


@pytest.mark.parametrize("part", ["source", "rules"])
def test_a_run_of_another_loop_or_other_rules_is_woken_once(house: House, part: str) -> None:
    """However often a worker starts."""
    pin(house, **{part: OTHER})
    woken = [wake_left(house.wired, house.customer) for _ in range(2)]
    waiting = [job for job in house.store.jobs.waiting() if ":meets:" in job.id]

    assert woken == [["r-1"], ["r-1"]]
    assert len(waiting) == 1


def test_an_ended_run_is_woken_until_its_checkpoints_are_gone(house: House) -> None:
    """Whoever died between its end and its archive is made good for."""
    terminal = builders.terminal()
    house.store.keep(house.customer, "worker", terminal, "r-1")
    people = house.store.customer("acme")
    house.store.runs.close(people, "worker", terminal)
    before = wake_left(house.wired, house.customer)
    for _ in range(2):
        house.store.runs.prune(house.customer, "r-1", 7)
    told = [one.kind for one in house.store.events(house.customer, "r-1")]

    assert (before, wake_left(house.wired, house.customer)) == (["r-1"], [])
    assert told.count("checkpoints_pruned") == 1


def test_what_a_dead_worker_held_is_freed_and_the_owner_of_its_run_told(house: House) -> None:
    """Once; what lives keeps what it has."""
    held = {"run:r-1": "dead", "item:i-1": "dead:look", "item:i-2": "w1", "item:i-3": "w1:look"}
    for name, holder in held.items():
        leases.take(house.store, house.customer, name, holder=holder, ttl_s=60)
    freed = [sorted(from_the_dead(house.wired, house.customer, {"w1"})) for _ in range(2)]

    assert freed == [["item:i-1", "run:r-1"], []]
    assert [lease.name for lease in leases.live(house.store, house.customer, "item")] == [
        "item:i-2",
        "item:i-3",
    ]
    assert [text.splitlines()[0] for text in notices(house)] == ["To: dan"]
