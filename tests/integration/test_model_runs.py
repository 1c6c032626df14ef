"""A run that asks an endpoint of whatever manner comes to its end, within its budget."""

from decimal import Decimal

import pytest

from policies.budgets import Limits
from runs.records.person import Customer
from runs.records.proposal import Proposal
from runs.records.run import Spend
from tests.asking import Watch, at
from tests.builders import TERMS
from tests.conformance import Endpoint, endpoint
from tests.harbours import Harbour, harbour_in
from tests.proposing import asks
from tests.voyage import Voyage
from tools.model.account import Account, Payer
from tools.model.asked import Model
from tools.model.routed import Routed

WIDE = Spend(calls=10**6, tokens=10**9, cost=Decimal(10**6))
BUDGET = Spend(calls=20, tokens=200_000, cost=Decimal(1))
OF_NO_USE = (
    *("right", "malformed", "wrong_schema", "truncated", "refusal", "empty", "large", "slow"),
    *("busy", "busy_for_7", "broken", "hanging_up", "dying", "wrong_model", "no_usage"),
    *("unknown_tool", "approving", "half_characters"),
)
"""What is `right` elsewhere is the answer to another question."""
LONGEST_S = 60.0
"""Waits of a whole run, on the watch."""


@pytest.fixture(scope="module")
def harbour(tmp_path_factory: pytest.TempPathFactory, database: str) -> Harbour:
    """Voyages at any of their points."""
    return harbour_in(tmp_path_factory.getbasetemp(), database)


def asking(voyage: Voyage, server: Endpoint, watch: Watch, budget: Spend = BUDGET) -> Voyage:
    """The voyage, whose runs ask this endpoint and pay for it."""
    limits = Limits(run=budget, item=WIDE, day=WIDE, customer=WIDE)
    route = at(server, watch, limits={"timeout_s": 0.5, "tries": 2, "output": 2_000})

    def model(customer: Customer, run: str) -> Model:
        payer = Payer(customer, f"run:{run}", run=run)
        purse = Account(voyage.store, payer, lambda: limits, TERMS)
        return Routed([route], purse, watch.seconds)

    # What asks a voyage takes is one model for all of its runs.
    return asks(voyage, model(voyage.customer, voyage.run_id))


@pytest.mark.parametrize("manner", OF_NO_USE)
def test_whatever_the_endpoint_does_the_run_asks_for_its_update_within_its_budget(
    harbour: Harbour, manner: str
) -> None:
    """The step goes on without the model and says so; every request is settled."""
    watch = Watch()
    with endpoint(manner) as server:
        voyage = asking(harbour.at("plan"), server, watch)
        voyage.refuse()
    (kept,) = voyage.store.of_run(voyage.customer, Proposal, voyage.run_id)
    calls = voyage.store.calls.every(voyage.customer, run=voyage.run_id)
    used = voyage.store.calls.used(voyage.customer, f"run:{voyage.run_id}")

    assert voyage.waits_for == "update"
    assert not kept.is_taken
    assert kept.instead
    assert calls
    assert all(one.settled for one in calls)
    assert BUDGET.minus(used).least() >= 0
    assert watch.now <= LONGEST_S


def test_a_run_whose_model_says_nothing_of_use_reaches_its_end(harbour: Harbour) -> None:
    """As without a model, and the chain is whole."""
    watch = Watch()
    with endpoint("broken") as server:
        voyage = asking(harbour.at("plan"), server, watch)
        voyage.refuse()
        voyage.agree()
        voyage.advance()

    assert voyage.terminal.kind == "blocker_escalated"
    voyage.verify()


def test_a_run_that_has_no_budget_left_sends_nothing_and_goes_on(harbour: Harbour) -> None:
    """The record says that it was the budget."""
    with endpoint() as server:
        voyage = asking(harbour.at("plan"), server, Watch(), budget=Spend(calls=0))
        voyage.refuse()
    (kept,) = voyage.store.of_run(voyage.customer, Proposal, voyage.run_id)

    assert server.asked == []
    assert (voyage.waits_for, kept.end) == ("update", "over_budget")
