"""what a run spends: reserved before the work begins, settled after it, both kept."""

from collections.abc import Callable
from decimal import Decimal
from typing import TypeVar

from agent.deps import Deps
from agent.state import State
from policies.budgets import NOTHING, Budget, Spend
from runs.errors import NotAllowed
from runs.records.person import Customer
from runs.records.run import Reservation, Settlement
from runs.store.store import Store

T = TypeVar("T")

FIRST_S = Decimal(60)
"""What a piece of work is reserved that the run did not do before; later, as long as it took."""


def spend(state: State, deps: Deps, what: str, work: Callable[[], T]) -> T:
    """Do the work once what it may take is reserved, and settle what it took.

    NotAllowed, with nothing begun, where the run's budget has less left. Work that ends in an error
    or with the process stays reserved: it was not free.
    """
    held = _reserve(state, deps, what)
    began = deps.seconds()
    done = work()
    took = Spend(seconds=Decimal(f"{max(0.0, deps.seconds() - began):.3f}"))
    settled = Settlement(
        id=f"{held.id}.settled",
        run=state.run,
        reservation=held.id,
        spent=took,
        at=deps.store.clock.now(),
    )
    deps.keep(state, settled)
    return done


def budget_of(store: Store, customer: Customer, run: str, limit: Spend) -> Budget:
    """What the run has reserved and spent of its limit, as it is kept."""
    settled = {one.reservation: one for one in store.of_run(customer, Settlement, run)}
    reserved, spent = NOTHING, NOTHING
    for one in store.of_run(customer, Reservation, run):
        if one.id in settled:
            spent = spent.plus(settled[one.id].spent)
        else:
            reserved = reserved.plus(one.amount)
    return Budget(limit, reserved, spent)


def _reserve(state: State, deps: Deps, what: str) -> Reservation:
    customer, limit = deps.customer(state), deps.installation.run_budget
    budget = budget_of(deps.store, customer, state.run, limit)
    amount = _most(state, deps, what)
    try:
        budget.reserve(amount)
    except NotAllowed as error:
        raise NotAllowed(f"{what}: run_budget of the installation: {error}") from None
    number = len(deps.store.of_run(customer, Reservation, state.run)) + 1
    reserved = Reservation(
        id=f"{state.run}.spend.{number}",
        run=state.run,
        what=what,
        amount=amount,
        at=deps.store.clock.now(),
    )
    deps.keep(state, reserved)
    return reserved


def _most(state: State, deps: Deps, what: str) -> Spend:
    """As much as the same work took at most before in this run."""
    customer = deps.customer(state)
    kept = deps.store.of_run(customer, Reservation, state.run)
    same = {one.id for one in kept if one.what == what}
    took = [
        one.spent
        for one in deps.store.of_run(customer, Settlement, state.run)
        if one.reservation in same
    ]
    if not took:
        return Spend(seconds=FIRST_S)
    return max(took, key=lambda one: one.seconds)
