"""What asks a model in the tests: a stopwatch that stands, a purse that writes down, no waiting."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from policies.budgets import Budget
from runs.records.run import Spend
from runs.store.turns import MS, next_turn
from tests.conformance import FORM
from tests.conformance import Endpoint as Server
from tools.model.asked import Attempt, Form, Message, Outcome, Request
from tools.model.endpoint import Endpoint, Means
from tools.model.routed import Routed
from tools.model.spans import unwatched
from tools.model.wire import OpenAIWire
from tools.pace import Rate
from tools.tokens import estimate

PLENTY = Spend(calls=1_000, tokens=100_000_000, cost=Decimal(1_000))


@dataclass
class Watch:
    """Time that passes only where somebody waits."""

    now: float = 0.0
    waits: list[float] = field(default_factory=list)

    def seconds(self) -> float:
        """What the stopwatch shows."""
        return self.now

    def sleep(self, seconds: float) -> None:
        """Let so much time pass."""
        self.waits.append(seconds)
        self.now += seconds


def turns(watch: Watch) -> Callable[[Mapping[str, Rate], float], float]:
    """Turns of one process, on time that stands; of one name at a time."""
    taken: dict[str, list[int]] = {}

    def take(rates: Mapping[str, Rate], patience_s: float) -> float:
        [(name, rate)] = rates.items()
        before, now = taken.setdefault(name, []), round(watch.now * MS)
        at = next_turn(before, now, calls=rate.calls, stretch=round(rate.seconds * MS))
        if at - now <= patience_s * MS:
            before.append(at)
        return (at - now) / MS

    return take


@dataclass
class Ledger:
    """A purse with one budget, that writes down what was reserved and settled."""

    budget: Budget = field(default_factory=lambda: Budget(PLENTY))
    attempts: list[Attempt] = field(default_factory=list)
    outcomes: dict[str, Outcome] = field(default_factory=dict)

    def reserve(self, attempt: Attempt) -> str:
        """Set aside what it takes at most."""
        self.budget = self.budget.reserve(attempt.most)
        self.attempts.append(attempt)
        return f"call-{len(self.attempts)}"

    def settle(self, id: str, outcome: Outcome) -> None:
        """Count what it took."""
        assert id not in self.outcomes
        most = self.attempts[int(id.removeprefix("call-")) - 1].most
        self.budget = self.budget.settle(most, outcome.spent)
        self.outcomes[id] = outcome

    @property
    def ends(self) -> list[str]:
        """How each request ended."""
        return [one.end for one in self.outcomes.values()]


def means(watch: Watch, chance: Callable[[], float] = lambda: 1.0) -> Means:
    """Time that stands, no chance, and nobody who looks."""
    return Means(watch.seconds, watch.sleep, chance, turns(watch), estimate, unwatched)


def at(server: Server, watch: Watch, **declared: Any) -> Endpoint:
    """The route to a server. Its connections are on real time."""
    route = server.route(**declared)
    return Endpoint(route, lambda: OpenAIWire(route, None, seconds=time.monotonic), means(watch))


def asking(
    endpoints: Sequence[Endpoint], watch: Watch, ledger: Ledger | None = None
) -> tuple[Routed, Ledger]:
    """A model over these routes, and who pays for it."""
    purse = Ledger() if ledger is None else ledger
    return Routed(endpoints, purse, watch.seconds), purse


def question(**told: Any) -> Request:
    """A question for a label and an amount; right by default."""
    form = Form(name="ticket", form=FORM)
    words = (Message(role="user", text="What is this ticket about?"),)
    return Request.model_validate(
        {"purpose": "classify", "messages": words, "form": form, "most_output": 100} | told
    )
