"""Models from a script behind the real client: what each says, and what it was asked.

Only the wire is played; form, repair, tries, reservation and price are the real ones.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from policies.budgets import Budget
from runs.records.model import ModelRoute
from runs.records.run import Spend
from tools.model.asked import Attempt, Outcome, Purse
from tools.model.endpoint import Endpoint, Means
from tools.model.reply import Lost, Reply
from tools.model.route import Limits, Price, Route
from tools.model.routed import Routed
from tools.model.spans import unwatched
from tools.tokens import estimate
from workflow.models.asking import Place

Say = Callable[[dict[str, Any]], Any]
"""What is said to material, by path: the value of the form, a text, or an exception to raise."""
PLENTY = Spend(calls=10**6, tokens=10**9, cost=Decimal(1_000))
MEANS = Means(lambda: 0.0, lambda _: None, lambda: 0.0, lambda *_: 0.0, estimate, unwatched)
URL = "https://models.example/v1"
ASKED: dict[str, Any] = {
    "name": "primary",
    "kind": "classification",
    "endpoint": "big",
    "reads": ["text"],
    "budget": {"calls": 3, "tokens": 200_000, "cost": "1"},
    "text": "Say what the ticket is about.",
}


def route(**changed: Any) -> ModelRoute:
    """A route that asks the endpoint `big` for a label; right by default."""
    return ModelRoute.model_validate(ASKED | changed)


def shown(body: Mapping[str, Any]) -> dict[str, Any]:
    """The material of a question."""
    return json.loads(body["messages"][1]["content"].splitlines()[1])


@dataclass
class Oracle:
    """The wire to a model that says what the script says."""

    say: Say
    asked: list[dict[str, Any]] = field(default_factory=list)

    def send(self, body: Mapping[str, Any]) -> Reply:
        """The answer of the script, as an endpoint would send it."""
        self.asked.append(dict(body))
        said = self.say(shown(body))
        if isinstance(said, Exception):
            raise said
        content = said if isinstance(said, str) else json.dumps(said)
        message = {"role": "assistant", "content": content}
        told = {
            "model": f"{body['model']}-2026",
            "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120},
        }
        return Reply(200, json.dumps(told).encode(), True, 0.0)

    def models(self) -> Reply:
        """One model."""
        return Reply(200, b'{"data": [{"id": "m"}]}', True, 0.0)


SILENT = Lost("nobody there", is_sent=False, is_late=False)


@dataclass
class Till:
    """A purse with one budget."""

    budget: Budget = field(default_factory=lambda: Budget(PLENTY))
    most: dict[str, Spend] = field(default_factory=dict)

    def reserve(self, attempt: Attempt) -> str:
        """Set it aside."""
        self.budget = self.budget.reserve(attempt.most)
        id = f"call-{len(self.most)}"
        self.most[id] = attempt.most
        return id

    def settle(self, id: str, outcome: Outcome) -> None:
        """Count what it took."""
        self.budget = self.budget.settle(self.most[id], outcome.spent)


class Oracles:
    """A door to models by name, each at its own address; one purse pays."""

    def __init__(self, *, is_script: bool = True, **said: Say) -> None:
        self.till: Purse = Till()
        self.wires = {name: Oracle(say) for name, say in said.items()}
        self.models = dict.fromkeys(said, "m-1")
        self.prices: dict[str, str] = {}
        self._is_script = is_script

    def __call__(self, name: str, within: Callable[[Purse], Purse]) -> Place | None:
        """The endpoint of this name; None where none is played."""
        if name not in self.wires:
            return None
        declared = Route(
            name=name,
            base_url=f"{URL}/{name}",
            model=self.models[name],
            price=Price.model_validate({"input": "10", "output": "50"} | self.prices),
            limits=Limits(tries=1, context=100_000),
        )
        wire = self.wires[name]
        endpoint = Endpoint(declared, lambda: wire, MEANS, is_script=self._is_script)
        model = Routed([endpoint], within(self.till), lambda: 0.0)
        told = declared.parameters, declared.currency
        return Place(model, declared.base_url, declared.model, *told)

    def calls(self, name: str) -> int:
        """How often it was asked."""
        return len(self.wires[name].asked)
