"""what a run and an item may spend, reserved before it is spent.

Everything here is a value: reserving returns what is left to reserve, or raises OverBudget and
changes nothing. Money is Decimal in the installation's currency, time in seconds.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from runs.errors import InvalidInput, NotAllowed
from runs.records.run import Spend

NOTHING = Spend()


class OverBudget(NotAllowed):
    """A budget has less left than is asked of it; nothing was begun."""


def a_day() -> Spend:
    """What the models of an installation may take on one day, as shipped."""
    return Spend(calls=20_000, tokens=40_000_000, cost=Decimal(200))


def is_a_day(amount: Spend) -> bool:
    """Whether it is as shipped."""
    return amount == a_day()


def a_month() -> Spend:
    """What the models of one customer may take in one month, as shipped."""
    return Spend(calls=200_000, tokens=400_000_000, cost=Decimal(2_000))


def is_a_month(amount: Spend) -> bool:
    """Whether it is as shipped."""
    return amount == a_month()


@dataclass(frozen=True)
class Limits:
    """What models may take; each holds beside the others."""

    run: Spend
    """One run of the loop."""
    item: Spend
    """One live item."""
    day: Spend
    """The whole installation on one day, UTC."""
    customer: Spend
    """One customer in one month, UTC."""

    def of(self, *, run: str, item: str, at: datetime) -> tuple[tuple[str, Spend], ...]:
        """The budgets that a request at this time is reserved from, by name."""
        payers = (("run", run, self.run), ("item", item, self.item))
        named = [(f"{kind}:{id}", limit) for kind, id, limit in payers if id]
        month, day = at.strftime("%Y-%m"), at.strftime("%Y-%m-%d")
        return (*named, (f"customer:{month}", self.customer), (f"day:{day}", self.day))


def check(name: str, limit: Spend, *, used: Spend, amount: Spend) -> None:
    """Raise OverBudget, naming the budget, what is left and what is asked, unless it has so much.

    Seconds are no matter of a request: they are the work's that asks.
    """
    timeless = {"seconds": Decimal(0)}
    budget = Budget(limit.model_copy(update=timeless), spent=used.model_copy(update=timeless))
    if short := budget.lacks(amount.model_copy(update=timeless)):
        key = f"{name.partition(':')[0]}_budget"
        raise OverBudget(
            f"models, {name}: {short}; raise {key} in policies/installation.yaml, or stop here"
        )


@dataclass(frozen=True)
class Budget:
    """What may be spent; what is reserved or spent never exceeds the limit by a reservation."""

    limit: Spend
    reserved: Spend = NOTHING
    spent: Spend = NOTHING

    @property
    def left(self) -> Spend:
        """What can still be reserved; below zero where more was spent than reserved."""
        return self.limit.minus(self.reserved).minus(self.spent)

    def reserve(self, amount: Spend) -> "Budget":
        """Set the amount aside; OverBudget when it is more than is left."""
        if short := self.lacks(amount):
            raise OverBudget(f"{short}; raise the limit or stop here")
        return replace(self, reserved=self.reserved.plus(amount))

    def lacks(self, amount: Spend) -> str:
        """What is left and what is asked, of each part of which more is asked; else empty."""
        _check_amount(amount)
        short = [name for name, value in self.left.minus(amount) if value < 0]
        left, asked = (
            ", ".join(f"{getattr(of, name)} of {name}" for name in short)
            for of in (self.left, amount)
        )
        return f"the budget has {left} left and {asked} is asked" if short else ""

    def settle(self, reserved: Spend, actual: Spend) -> "Budget":
        """Give a reservation back and count what was spent, even where that is more."""
        _check_amount(reserved)
        _check_amount(actual)
        after = self.reserved.minus(reserved)
        if after.least() < 0:
            raise InvalidInput("more is settled than was reserved; settle each reservation once")
        return Budget(self.limit, after, self.spent.plus(actual))


@dataclass(frozen=True)
class Looks:
    """Looks at the holdout; each is reserved before it is taken and none comes back."""

    total: int = 5
    used: int = 0

    def __post_init__(self) -> None:
        if self.total < 1 or not 0 <= self.used <= self.total:
            raise InvalidInput(
                f"{self.used} of {self.total} looks cannot have been used; count them again"
            )

    @property
    def left(self) -> int:
        """How many may still be taken."""
        return self.total - self.used

    def may_look(self, keep: int = 0) -> bool:
        """True when a look may be taken and `keep` are left afterwards, as for the gate."""
        return self.left > keep

    def reserve(self, keep: int = 0) -> "Looks":
        """One look less; NotAllowed when only the `keep` are left."""
        if not self.may_look(keep):
            raise NotAllowed(
                f"{self.left} of {self.total} looks at the holdout are left and {keep} are kept; "
                "ask the domain expert to refill the holdout with cases nobody has seen"
            )
        return replace(self, used=self.used + 1)


def _check_amount(amount: Spend) -> None:
    if amount.least() < 0:
        raise InvalidInput("an amount below zero is not a spend; give what it costs at most")
