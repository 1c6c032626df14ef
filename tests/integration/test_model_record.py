"""What the record has of every request to a model: what was asked, said and spent, masked."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple, get_args

import pytest

from policies.budgets import Limits, OverBudget
from policies.privacy import Pattern, compile_mask
from runs import audit, snapshots, tables
from runs.clock import StoppedClock
from runs.errors import Conflict, PilotageError
from runs.records.model_call import ModelCall
from runs.records.person import Customer
from runs.records.run import Spend
from runs.snapshots import Terms
from runs.store.store import Store
from tests.asking import Watch, at, question
from tests.builders import NOW, make_customer, make_store
from tests.conformance import Endpoint, endpoint
from tools.model.account import Account, Payer
from tools.model.asked import Message, Unusable
from tools.model.routed import Routed

pytestmark = pytest.mark.both_databases

WIDE = Spend(calls=1_000, tokens=10**9, cost=Decimal(100))
TERMS = Terms(compile_mask(("amount",), get_args(Pattern)), 90, {"context": 7, "output": 14})


class Desk(NamedTuple):
    """A record, whose it is, and its clock."""

    store: Store
    customer: Customer
    clock: StoppedClock

    def asks(self, server: Endpoint, id: str, limit: Spend = WIDE) -> Routed:
        """A model that a run pays for."""
        limits = Limits(run=limit, item=WIDE, day=WIDE, customer=WIDE)
        watch = Watch()
        payer = Payer(self.customer, f"run:{id}", run=id)
        purse = Account(self.store, payer, lambda: limits, TERMS)
        return Routed([at(server, watch)], purse, watch.seconds)

    def calls(self, id: str) -> list[ModelCall]:
        """What a run asked, oldest first."""
        return self.store.calls.every(self.customer, run=id)[::-1]


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory, database: str) -> Desk:
    """A record for a module; every test asks for a run of its own."""
    assert database
    clock = StoppedClock(NOW)
    store = make_store(tmp_path_factory.mktemp("record"), clock)
    return Desk(store, make_customer(store), clock)


def test_a_request_is_kept_with_what_was_asked_said_and_spent(desk: Desk) -> None:
    """By the prompt's digest, the model, its parameters, tokens, cost and time."""
    with endpoint("broken", "right") as server:
        desk.asks(server, "r-1").ask(
            question(prompt=snapshots.digest_of_bytes(b"p"), prompt_name="classify", seed=7)
        )
    first, second = desk.calls("r-1")

    assert first.settled is not None
    assert second.settled is not None
    assert (first.settled.end, first.settled.spent) == ("unanswered", first.reserved)
    assert (second.number, second.prompt_name, second.purpose) == (2, "classify", "classify")
    assert second.parameters["seed"] == "7"
    assert second.parameters["max_tokens"] == "100"
    assert second.parameters["form"] == "ticket"
    assert (second.settled.input_tokens, second.settled.output_tokens) == (40, 10)
    assert second.settled.spent.cost == Decimal("0.00008")
    assert second.settled.usage == "reported"
    assert second.budgets == ("run:r-1", "customer:2026-03", "day:2026-03-02")


def test_its_words_are_masked_before_they_are_kept_and_for_their_time_only(desk: Desk) -> None:
    """Patterns wherever they stand, fields by their name; gone when their time is over."""
    words = (Message(role="user", text="Write to eva@example.com about it"),)
    answer = {"label": "eva@example.com", "amount": 12}
    with endpoint(answer=answer) as server:
        given = desk.asks(server, "r-2").ask(question(messages=words))
    (call,) = desk.calls("r-2")
    assert call.settled is not None
    kept = snapshots.read(desk.store, desk.customer, call.request)
    said = str(snapshots.read(desk.store, desk.customer, call.settled.response))
    sent = str(kept)

    assert given.value == answer
    assert kept["messages"][0]["content"] == "Write to [masked:email] about it"
    assert "eva@" not in said
    assert "[masked:amount]" in said
    assert "eva@" not in sent
    desk.clock.turn(timedelta(days=8))
    snapshots.erase_past(desk.store, desk.customer)
    with pytest.raises(Conflict):
        snapshots.read(desk.store, desk.customer, call.request)
    assert snapshots.read(desk.store, desk.customer, call.settled.response)
    desk.clock.turn(timedelta(days=-8))


def test_a_field_is_masked_by_its_name_among_words_as_well(desk: Desk) -> None:
    """A model that talks and fences says no field that one that answers barely does not."""
    with endpoint("chatty") as server:
        given = desk.asks(server, "r-chatty").ask(question())
    (call,) = desk.calls("r-chatty")
    assert call.settled is not None
    said = snapshots.read(desk.store, desk.customer, call.settled.response)["said"]
    words = said["choices"][0]["message"]["content"]

    assert given.value == {"label": "refund", "amount": 12}
    assert words[1] == {"label": "refund", "amount": "[masked:amount]"}
    assert "12" not in str(words)


@pytest.mark.parametrize("manner", ["malformed", "large", "dying", "unauthorized", "absurd_usage"])
def test_whatever_came_back_the_request_is_settled_and_the_chain_is_whole(
    desk: Desk, manner: str
) -> None:
    """Each request and each end is one change with its event."""
    run = f"r-{manner}"
    with endpoint(manner) as server, suppress(PilotageError):
        desk.asks(server, run).ask(question())
    calls = desk.calls(run)
    kinds = [one.kind for one in desk.store.events(desk.customer, run)]

    assert calls
    assert all(one.status == "settled" for one in calls)
    assert kinds.count("model_asked") == kinds.count("model_answered") == len(calls)
    assert audit.verify(desk.store.database).ok


def test_an_over_budget_request_is_neither_sent_nor_kept(desk: Desk) -> None:
    """Not one byte left, and not one row came."""
    with endpoint() as server:
        poor = desk.asks(server, "r-3", Spend(calls=5, tokens=150, cost=Decimal(1)))
        with pytest.raises(OverBudget, match="run:r-3: the budget has 150 of tokens left") as over:
            poor.ask(question())

    assert "of tokens is asked; raise run_budget in policies/installation.yaml" in str(over.value)
    assert server.asked == []
    assert desk.calls("r-3") == []


@pytest.mark.parametrize("manner", ["half_characters", "endless_number", "endless_name"])
def test_what_a_hostile_endpoint_says_can_always_be_kept(desk: Desk, manner: str) -> None:
    """It is no answer of the API, or it is one with what is too long cut off."""
    run = f"r-{manner}"
    with endpoint(manner) as server, suppress(Unusable):
        desk.asks(server, run).ask(question(form=None))

    (call,) = desk.calls(run)
    assert call.settled is not None
    assert call.settled.end in ("answered", "unusable")
    assert len(call.settled.model) <= 200
    assert audit.verify(desk.store.database).ok


def test_who_asks_again_later_pays_from_the_next_day(desk: Desk) -> None:
    """Yesterday's requests are no part of today's budget."""
    desk.clock.turn(timedelta(days=1))
    with endpoint() as server:
        desk.asks(server, "r-5").ask(question())
    (call,) = desk.calls("r-5")
    desk.clock.turn(timedelta(days=-1))

    assert call.budgets[-1] == "day:2026-03-03"
    assert desk.store.calls.used(desk.customer, "day:2026-03-03").calls == 1


def test_a_request_whose_row_was_altered_is_found(tmp_path: Path, database: str) -> None:
    """What it is said to have cost is what the chain says."""
    assert database
    store = make_store(tmp_path)
    desk = Desk(store, make_customer(store), StoppedClock(NOW))
    with endpoint() as server:
        desk.asks(server, "r-1").ask(question())
    table = tables.model_calls
    (call,) = desk.calls("r-1")
    assert call.settled
    cheaper = call.settled.model_copy(update={"spent": Spend(calls=1)})
    told = call.model_copy(update={"settled": cheaper}).as_json()
    with store.database.writing() as connection:
        connection.execute(table.update().where(table.c.id == call.id).values(body=told))

    assert not audit.verify(store.database).ok


def test_many_who_ask_at_once_never_take_more_than_there_is(desk: Desk) -> None:
    """Of whichever budget; each reservation sees the one before it."""
    limit = Spend(calls=7, tokens=10**9, cost=Decimal(100))
    limits = Limits(run=WIDE, item=WIDE, day=WIDE, customer=WIDE)
    watch = Watch()
    with endpoint() as server:
        route = at(server, watch, limits={"concurrency": 8})

        def ask(number: int) -> str:
            payer = Payer(desk.customer, "worker", run="r-crowd")
            purse = Account(desk.store, payer, lambda: replace(limits, run=limit), TERMS)
            try:
                return Routed([route], purse, watch.seconds).ask(question()).route
            except OverBudget as error:
                return str(error).partition(": ")[0]

        with ThreadPoolExecutor(8) as crowd:
            went = list(crowd.map(ask, range(12)))

    assert sorted(went) == ["here"] * 7 + ["models, run:r-crowd"] * 5
    assert len(server.asked) == 7
    assert desk.store.calls.used(desk.customer, "run:r-crowd").calls == 7
