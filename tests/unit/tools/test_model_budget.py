"""Whatever happens, in whatever order, models never take more than a budget holds."""

import itertools
import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policies.budgets import Limits, OverBudget
from runs.errors import Conflict, NotFound, PilotageError
from runs.records.model_call import CallEnd
from runs.records.person import Customer
from runs.records.run import Spend
from runs.store.store import Store
from tests.asking import Watch, means, question
from tests.builders import TERMS, make_customer, make_store
from tests.conformance import ANSWER, completion
from tools.model.account import Account, Payer
from tools.model.asked import Attempt, Outcome
from tools.model.endpoint import Endpoint
from tools.model.reply import Lost, Reply
from tools.model.route import Route
from tools.model.routed import Routed

WIDE = Spend(calls=10**6, tokens=10**12, cost=Decimal(10**6))
NARROW = Spend(calls=12, tokens=9_000, cost=Decimal("0.02"))
ROUTE = Route.model_validate(
    {
        "name": "here",
        "base_url": "https://api.example.org/v1",
        "model": "m",
        "price": {"input": 1, "output": 4},
        "limits": {"context": 50_000, "output": 500, "tries": 3, "failures": 100},
    }
)
NUMBERS = itertools.count(1)


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory, database: str) -> tuple[Store, Customer]:
    """A record and its customer; every test asks for a run of its own."""
    store = make_store(tmp_path_factory.mktemp("budget"))
    return store, make_customer(store)


def limits(**narrow: Spend) -> Limits:
    """Budgets that nothing reaches, but those that are named."""
    return Limits(**{"run": WIDE, "item": WIDE, "day": WIDE, "customer": WIDE} | narrow)


def account(desk: tuple[Store, Customer], id: str, **narrow: Spend) -> Account:
    """Who pays for a run."""
    store, customer = desk
    return Account(store, Payer(customer, f"run:{id}", id), lambda: limits(**narrow), TERMS)


def attempt(tokens: int, cost: str) -> Attempt:
    """A request that takes so much at most."""
    most = Spend(calls=1, tokens=tokens, cost=Decimal(cost))
    return Attempt("here", "m", question(), {"messages": []}, most, 1, False)


def outcome(spent: Spend, end: CallEnd = "answered") -> Outcome:
    """What became of a request."""
    return Outcome(end, spent, None, "said", "m", 0)


class Died(BaseException):
    """The process is gone."""


@dataclass
class Provider:
    """An endpoint that bills what it does, and that a process may die in the middle of."""

    happens: Iterator[str]
    billed: Spend = field(default_factory=Spend)

    def send(self, body: Mapping[str, Any]) -> Reply:
        """Do what happens next."""
        what = next(self.happens, "right")
        written = body["max_tokens"]
        read = len(json.dumps(body["messages"])) // 4
        if what == "never_there":
            raise Lost("ConnectError", is_sent=False, is_late=False)
        if what == "busy":
            return Reply(429, b"{}", True, 0.0)
        bill = Spend(calls=1, tokens=read + written, cost=ROUTE.cost(read, written))
        self.billed = self.billed.plus(bill)
        if what == "dies":
            raise Died
        if what in ("dropped", "late"):
            raise Lost("ReadError", is_sent=True, is_late=what == "late")
        if what == "broken":
            return Reply(500, b"{}", True, 0.0)
        if what == "large":
            return Reply(200, b"", False, 0.0)
        usage = {"prompt_tokens": read, "completion_tokens": written}
        said = "no JSON" if what == "garbage" else json.dumps(ANSWER)
        told = completion(body, {"content": said}, usage=None if what == "no_usage" else usage)
        return Reply(200, told.encode(), True, 0.0)

    def models(self) -> Reply:
        """Nobody asks."""
        raise AssertionError


HAPPENS = ("right", "garbage", "no_usage", "busy", "broken", "dropped", "late", "large", "dies")


@settings(max_examples=40, deadline=None)
@given(st.lists(st.sampled_from((*HAPPENS, "never_there")), max_size=40))
def test_no_provider_ever_bills_more_than_the_budget_holds(
    desk: tuple[Store, Customer], happens: list[str]
) -> None:
    """Through every retry, repair and death of the process, until nothing is left."""
    provider = Provider(iter(happens))
    purse = account(desk, f"r-{next(NUMBERS)}", run=NARROW)
    for _ in range(14):
        # A process that died begins with nothing but the record.
        endpoint = Endpoint(ROUTE, lambda: provider, means(Watch()))
        try:
            Routed([endpoint], purse, lambda: 0.0).ask(question(most_output=400))
        except (PilotageError, Died):
            continue

    assert NARROW.minus(provider.billed).least() >= 0


@settings(max_examples=50, deadline=None)
@given(st.data())
def test_any_order_of_reserving_settling_and_dying_keeps_within_every_budget(
    desk: tuple[Store, Customer], data: st.DataObject
) -> None:
    """What is used is what is settled and what is left open, at every moment."""
    store, customer = desk
    run = f"r-{next(NUMBERS)}"
    purse, open_ones = account(desk, run, run=NARROW), list[tuple[str, Spend]]()
    for _ in range(data.draw(st.integers(1, 25))):
        if open_ones and data.draw(st.booleans()):
            id, most = open_ones.pop(data.draw(st.integers(0, len(open_ones) - 1)))
            part = data.draw(st.sampled_from([0, 1, 2]))
            tokens, cost = most.tokens * part // 2, most.cost * part / 2
            if data.draw(st.booleans()):  # otherwise the process died, and it stays reserved
                purse.settle(id, outcome(Spend(calls=part and 1, tokens=tokens, cost=cost)))
        else:
            asked = attempt(data.draw(st.integers(1, 4_000)), data.draw(st.sampled_from(COSTS)))
            with suppress(OverBudget):
                open_ones.append((purse.reserve(asked), asked.most))

        used = store.calls.used(customer, f"run:{run}")
        kept = store.calls.every(customer, run=run)
        total = Spend()
        for one in kept:
            total = total.plus(one.settled.spent if one.settled else one.reserved)
        assert NARROW.minus(used).least() >= 0
        assert used == total


COSTS = ["0", "0.000000002", "0.005", "0.012"]


@pytest.mark.parametrize("name", ["run", "item", "day", "customer"])
def test_every_budget_holds_alone(desk: tuple[Store, Customer], name: str) -> None:
    """The error names the budget, what is left of it, and nothing is kept."""
    store, customer = desk
    id = f"x-{next(NUMBERS)}"
    payer = Payer(customer, "worker", run="" if name == "item" else id, item=id)
    small = limits(**{name: Spend(calls=0, tokens=10**9, cost=Decimal(9))})

    with pytest.raises(OverBudget, match=rf"models, {name}:.* of calls left"):
        Account(store, payer, lambda: small, TERMS).reserve(attempt(10, "0"))

    assert store.calls.every(customer, item=id) == []
    assert store.calls.used(customer, f"item:{id}") == Spend()


def test_a_day_is_of_all_customers_and_a_month_of_one(desk: tuple[Store, Customer]) -> None:
    """Another customer's month is untouched, and the day's figure grows by both."""
    store, acme = desk
    other = make_customer(store, f"other{next(NUMBERS)}")
    before = store.calls.used(acme, "day:2026-03-02")
    for customer in (acme, other):
        Account(store, Payer(customer, "cli"), limits, TERMS).reserve(attempt(5, "0.1"))

    assert store.calls.used(acme, "day:2026-03-02").minus(before).tokens == 10
    assert store.calls.used(other, "day:2026-03-02") == store.calls.used(acme, "day:2026-03-02")
    assert store.calls.used(other, "customer:2026-03") == Spend(
        calls=1, tokens=5, cost=Decimal("0.1")
    )


def test_a_request_is_settled_once(desk: tuple[Store, Customer]) -> None:
    """The same again changes nothing; another end is a Conflict; an unknown one is said."""
    store, customer = desk
    purse = account(desk, f"r-{next(NUMBERS)}")
    id = purse.reserve(attempt(100, "0.1"))
    half = outcome(Spend(calls=1, tokens=50, cost=Decimal("0.05")))
    purse.settle(id, half)
    purse.settle(id, half)

    with pytest.raises(Conflict):
        purse.settle(id, outcome(Spend(calls=1)))
    with pytest.raises(NotFound):
        purse.settle("nothing", half)
    assert store.calls.used(customer, f"run:{store.calls.get(customer, id).run}").tokens == 50
