"""A home with one run, whose clock stands still; a test that needs another names its own."""

from pathlib import Path

import pytest

from pilotage.engines import Engines
from runs.clock import StoppedClock
from tests import builders
from tests.unit.pilotage.homes import House, make_house, stopped


@pytest.fixture
def house(tmp_path: Path) -> House:
    """A home with one run."""
    house = make_house(tmp_path / "home")
    house.store.runs.open(house.customer, "dan", builders.trigger(), builders.run())
    return house


@pytest.fixture
def clock(house: House) -> StoppedClock:
    """The record's clock, standing still."""
    return stopped(house)


@pytest.fixture
def engines(house: House, clock: StoppedClock) -> Engines:
    """What a worker of this home would use."""
    assert clock
    return house.wired.engines("w1")
