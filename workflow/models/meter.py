"""What one question may take at one route: reserved before each request, counted after it."""

from decimal import Decimal

from policies.budgets import NOTHING, Budget, OverBudget
from runs.records.model import Allowance
from runs.records.run import Spend
from tools.model.asked import Attempt, Outcome, Purse

ENDLESS = Decimal(10**9)
"""Seconds are no part of an allowance."""


class Meter:
    """A purse around the one that pays: never more than the allowance, and what was taken.

    `before`: what was taken of the allowance already.
    """

    def __init__(self, allowed: Allowance, before: Spend = NOTHING) -> None:
        most = allowed.model_dump() | {"seconds": ENDLESS}
        self.budget = Budget(Spend.model_validate(most), spent=before)
        self._before = before
        self.is_estimate = False
        self.model = ""
        """As the endpoint named it last."""
        self._inner: Purse | None = None
        self._most: dict[str, Spend] = {}

    def around(self, inner: Purse) -> Purse:
        """The same meter, around the purse that pays."""
        self._inner = inner
        return self

    @property
    def spent(self) -> Spend:
        """What was taken since; of what is not settled, what was set aside."""
        return self.budget.spent.plus(self.budget.reserved).minus(self._before)

    def reserve(self, attempt: Attempt) -> str:
        """Set aside what the request takes at most, of the allowance and of whoever pays.

        Raises OverBudget, and nothing is sent, when either has less left.
        """
        try:
            after = self.budget.reserve(attempt.most)
        except OverBudget as error:
            raise OverBudget(f"the route's budget an item: {error}") from None
        assert self._inner is not None
        id = self._inner.reserve(attempt)
        self.budget, self._most[id] = after, attempt.most
        return id

    def settle(self, id: str, outcome: Outcome) -> None:
        """Count what it took, in the place of what was set aside."""
        assert self._inner is not None
        self._inner.settle(id, outcome)
        self.budget = self.budget.settle(self._most.pop(id), outcome.spent)
        self.is_estimate |= outcome.usage is not None and outcome.usage.kind == "estimate"
        self.model = outcome.model or self.model
