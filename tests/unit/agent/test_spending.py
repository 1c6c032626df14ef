"""A run spends what it reserved before, and stops where its budget has less left."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from agent import spending
from agent.deps import Deps
from agent.state import State
from pilotage.engines import NOBODY
from policies.budgets import Budget, Spend
from runs.errors import NotAllowed, Unavailable
from runs.records.run import Reservation, Settlement
from tests.unit.pilotage.homes import make_house

STATE = State(customer="acme", run="r-1")


class Work:
    """Work that takes what it is told, by a stopwatch of its own."""

    def __init__(self) -> None:
        self.now = 0.0
        self.done = 0

    def lasting(self, seconds: float) -> Callable[[], str]:
        """Work of so many seconds."""

        def work() -> str:
            self.now += seconds
            self.done += 1
            return "done"

        return work


@pytest.fixture
def work() -> Work:
    """Nothing has been done yet."""
    return Work()


@pytest.fixture
def deps(tmp_path: Path, work: Work) -> Deps:
    """A home whose runs may work for a hundred seconds."""
    house = make_house(tmp_path / "home")
    whole = house.wired.engines("").deps(house.store, NOBODY)
    limited = whole.installation.model_copy(update={"run_budget": Spend(seconds=Decimal(100))})
    return replace(whole, installation=limited, seconds=lambda: work.now)


def budget(deps: Deps) -> Budget:
    """What the run has left, as it is kept."""
    limit = deps.installation.run_budget
    return spending.budget_of(deps.store, deps.customer(STATE), "r-1", limit)


def spend(deps: Deps, work: Callable[[], str], what: str = "dry run") -> str:
    """Do it within the run's budget."""
    return spending.spend(STATE, deps, what, work)


def test_work_is_reserved_before_and_settled_after(deps: Deps, work: Work) -> None:
    """What was set aside is given back, and what it took is counted."""
    left = []

    def look() -> str:
        left.append(budget(deps).left.seconds)
        return work.lasting(12)()

    assert spend(deps, look) == "done"
    assert (left, budget(deps).left.seconds) == ([Decimal(40)], Decimal("88.000"))


def test_the_next_is_reserved_as_long_as_the_longest_before_it(deps: Deps, work: Work) -> None:
    """Of the same work; another begins with a minute."""
    for seconds in (20, 5):
        spend(deps, work.lasting(seconds))
    spend(deps, work.lasting(1), "search")
    kept = deps.store.of_run(deps.customer(STATE), Reservation, "r-1")

    assert [one.amount.seconds for one in kept] == [Decimal(60), Decimal("20.000"), Decimal(60)]


def test_with_less_left_nothing_begins(deps: Deps, work: Work) -> None:
    """The refusal names the budget, and what is left of it."""
    spend(deps, work.lasting(55))

    with pytest.raises(NotAllowed, match=r"dry run: run_budget .* 45.000 of seconds left"):
        spend(deps, work.lasting(1))
    assert (work.done, budget(deps).left.seconds) == (1, Decimal("45.000"))


def test_work_that_ends_in_an_error_stays_reserved(deps: Deps) -> None:
    """It was not free, whatever came of it."""

    def fail() -> str:
        raise Unavailable("a source does not answer")

    with pytest.raises(Unavailable):
        spend(deps, fail)
    assert budget(deps).left.seconds == Decimal(40)
    assert deps.store.of_run(deps.customer(STATE), Settlement, "r-1") == []


def test_what_took_longer_than_reserved_is_counted_whole(deps: Deps, work: Work) -> None:
    """Below nothing, nothing more is reserved."""
    spend(deps, work.lasting(130))

    assert budget(deps).left.seconds == Decimal("-30.000")
    with pytest.raises(NotAllowed):
        spend(deps, work.lasting(0))
