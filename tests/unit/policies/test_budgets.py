"""Nothing is spent that was not reserved."""

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policies.budgets import Budget, Looks, Spend
from runs.errors import InvalidInput, NotAllowed

LIMIT = Spend(calls=10, cost=Decimal("1.00"), seconds=Decimal(60))
SPENDS = st.builds(
    Spend,
    calls=st.integers(0, 6),
    cost=st.decimals(0, 1, places=2),
    seconds=st.decimals(0, 40, places=1),
)


def test_a_reservation_counts_before_it_is_spent() -> None:
    """Two may not both take what is left for one."""
    half = Budget(LIMIT).reserve(Spend(calls=6))

    with pytest.raises(NotAllowed, match="4 of calls"):
        half.reserve(Spend(calls=5))
    assert half.reserve(Spend(calls=4)).left.calls == 0


@pytest.mark.parametrize("name", ["calls", "cost", "seconds"])
def test_each_limit_stops_alone(name: str) -> None:
    """What is left of the others does not help."""
    over = getattr(LIMIT, name) + 1

    with pytest.raises(NotAllowed, match=name):
        Budget(LIMIT).reserve(Spend.model_validate({name: over}))


def test_settling_gives_back_what_was_not_used() -> None:
    """And keeps what was, even above the reservation."""
    asked = Spend(calls=5, cost=Decimal("0.50"))
    budget = Budget(LIMIT).reserve(asked)

    assert budget.settle(asked, Spend(calls=2)).left == Spend(
        calls=8, cost=Decimal("1.00"), seconds=Decimal(60)
    )
    assert budget.settle(asked, Spend(calls=12)).left.calls == -2


def test_an_overspent_budget_reserves_nothing_more() -> None:
    """What cost more than was reserved is counted against the rest."""
    asked = Spend(calls=10)
    over = Budget(LIMIT).reserve(asked).settle(asked, Spend(calls=12))

    with pytest.raises(NotAllowed):
        over.reserve(Spend(seconds=Decimal(1)))


def test_a_reservation_is_settled_once() -> None:
    """Settling it again would give back what another reserved."""
    asked = Spend(calls=3)
    settled = Budget(LIMIT).reserve(asked).settle(asked, asked)

    with pytest.raises(InvalidInput, match="once"):
        settled.settle(asked, asked)


@pytest.mark.parametrize("amount", [Spend(calls=-1), Spend(cost=Decimal("-0.01"))])
def test_less_than_nothing_is_no_spend(amount: Spend) -> None:
    """It would raise the limit."""
    with pytest.raises(InvalidInput, match="below zero"):
        Budget(LIMIT).reserve(amount)
    with pytest.raises(InvalidInput, match="below zero"):
        Budget(LIMIT).settle(Spend(), amount)


@settings(deadline=None)
@given(st.lists(SPENDS, max_size=20))
def test_however_it_is_reserved_the_limit_holds(amounts: list[Spend]) -> None:
    """A refused reservation changes nothing; spending as reserved never exceeds the limit."""
    budget = Budget(LIMIT)
    for amount in amounts:
        try:
            budget = budget.reserve(amount).settle(amount, amount)
        except NotAllowed:
            assert budget.left.minus(amount).least() < 0

    assert budget.left.least() >= 0


def test_looks_run_out_and_do_not_come_back() -> None:
    """Five, each reserved before it is taken."""
    looks = Looks()
    for used in range(1, 6):
        looks = looks.reserve()
        assert looks.used == used

    assert not looks.may_look()
    with pytest.raises(NotAllowed, match="domain expert"):
        looks.reserve()


def test_a_single_look_is_a_budget() -> None:
    """And is used up by one."""
    assert not Looks(total=1).reserve().may_look()


def test_looks_can_be_kept_for_the_gate() -> None:
    """A fix may not take the last one."""
    looks = Looks(total=5, used=4)

    assert looks.may_look()
    assert not looks.may_look(keep=1)
    with pytest.raises(NotAllowed, match="1 are kept"):
        looks.reserve(keep=1)


@pytest.mark.parametrize(("total", "used"), [(0, 0), (5, 6), (5, -1)])
def test_looks_that_cannot_have_been_used_are_refused(total: int, used: int) -> None:
    """A wrong count would be a look too many."""
    with pytest.raises(InvalidInput, match="looks"):
        Looks(total=total, used=used)
