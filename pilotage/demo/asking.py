"""What a demo asks models: found before anything is made, bounded, tried first and counted."""

import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from pilotage.credentials import Credentials, remedy
from pilotage.home import Home, replace
from pilotage.models import make, of_environment, read_routes
from pilotage.settings import Settings
from pilotage.wiring import Wired
from policies.budgets import Limits
from runs.errors import InvalidInput, Unavailable
from runs.records.person import Customer
from runs.records.run import Spend
from tools.model.route import Route
from workflow.samples.variant import NAMES

NOBODY = (
    "--models: no model is declared; set OPENAI_BASE_URL (with OPENAI_API_KEY where it asks for a "
    "key, and OPENAI_MODEL where it serves several), or name a models.yaml with --models-file; "
    "such as `OPENAI_BASE_URL=http://localhost:11434/v1 OPENAI_MODEL=qwen3:8b pilotage demo "
    "--models`; leave --models out to play without one"
)
RUN = {"calls": 6_000, "tokens": 4_000_000, "cost": 20, "seconds": 14_400}
ITEM = {"calls": 2, "tokens": 6_000, "cost": 0.2, "seconds": 120}
"""What one item may take of each route."""
EACH = 100
"""Requests between two lines of progress."""
LOOK_S = 0.5
"""Seconds between two looks at how many there are."""


class Asking(NamedTuple):
    """The models of one demo."""

    routes: tuple[Route, ...]
    """In the order in which they are asked."""
    names: tuple[str, ...]
    """Of the model of each route; empty where its endpoint does not answer."""
    text: str
    """Of the models file; empty where the environment declares the route."""
    source: str
    """What declares them, for people."""
    currency: str
    """The plan's."""


def find(settings: Settings, file: Path | None, *, currency: str) -> Asking:
    """Which models are declared: in the file, else in the home, else in the environment.

    InvalidInput where none is, where a secret is not at hand, where prices are of another currency
    than the plan, or where an endpoint does not say which model is meant.
    """
    home = Home(settings.home)
    if file is not None and not file.is_file():
        raise InvalidInput(f"--models-file {file}: there is no such file; name a models.yaml")
    chosen = file or (home.models_file if home.models_file.is_file() else None)
    routes = read_routes(chosen) if chosen else of_environment(settings)
    if not routes:
        raise InvalidInput(NOBODY)
    routes = routes[: len(NAMES)]
    credentials = Credentials(settings.environment, home.secrets)
    for one in routes:
        _check(one, credentials, currency)
    text = chosen.read_text(encoding="utf-8") if chosen else ""
    names = tuple(_name(one, settings, credentials) for one in routes)
    return Asking(routes, names, text, str(chosen or "the environment"), currency)


def lay(home: Home, asking: Asking) -> None:
    """Put the models file and the budgets where the home's own are read."""
    if asking.text:
        replace(home.models_file, asking.text)
    text = home.rules_file.read_text(encoding="utf-8")
    several = {name: amount * len(asking.routes) for name, amount in ITEM.items()}
    for name, amounts in (("run_budget", RUN), ("item_budget", several)):
        told = ", ".join(f"{of}: {amount}" for of, amount in amounts.items())
        text = re.sub(rf"(?m)^{name}: .*$", f"{name}: {{{told}}}", text)
    replace(home.rules_file, text)


def most(limits: Limits, routes: Sequence[Route], *, pieces: int) -> Spend:
    """What one run and so many live items take at most, by the budgets of the home.

    Its cost is what so many tokens cost at their dearest; zero where no price is declared.
    """
    calls = limits.run.calls + pieces * limits.item.calls
    tokens = limits.run.tokens + pieces * limits.item.tokens
    dearest = max(max(one.cost(tokens, 0), one.cost(0, tokens)) for one in routes)
    budget = limits.run.cost + pieces * limits.item.cost
    return Spend(calls=calls, tokens=tokens, cost=min(dearest, budget))


def announced(wired: Wired, asking: Asking, *, cases: int, pieces: int) -> list[str]:
    """Which endpoints are asked, and how much they may be: said before anything is."""
    at = ", then ".join(
        f"{name or one.model or 'its only model'} at {one.host}"
        for one, name in zip(asking.routes, asking.names, strict=True)
    )
    bound = most(wired.installation.model_limits, asking.routes, pieces=pieces)
    cost = f", {bound.cost:.2f} {asking.currency}" if bound.cost else " (no price is declared)"
    return [
        f"asks {at}, as {asking.source} declares",
        f"mostly one request for each of {cases:,} labelled cases (--families N: fewer) and for "
        f"every other live item; after a first one at most {bound.calls:,} requests and "
        f"{bound.tokens:,} tokens{cost}: "
        "run_budget and item_budget in policies/installation.yaml of its home",
    ]


@dataclass
class Counted:
    """Tells how many requests there were, a line each hundred; nothing where none is made."""

    wired: Wired
    customer: Customer
    tell: Callable[[str], None]
    _told: int = field(default=0, init=False)
    _looked: float = field(default=0.0, init=False)
    _months: set[str] = field(default_factory=set[str], init=False)

    def look(self) -> None:
        """Say it where there are a hundred more, at most twice a second."""
        now = time.monotonic()
        if now - self._looked < LOOK_S:
            return
        self._looked = now
        # The clock of a demo is turned, and may leave the month whose budget counts.
        self._months.add(f"customer:{self.wired.clock.now():%Y-%m}")
        store = self.wired.store.calls
        calls = sum(store.used(self.customer, name).calls for name in self._months)
        if calls // EACH > self._told:
            self._told = calls // EACH
            self.tell(f"models: {self._told * EACH:,} requests so far")


def _check(route: Route, credentials: Credentials, currency: str) -> None:
    """Raise InvalidInput where the route cannot be asked from a home of a demo."""
    says, kind = f"model route {route.name!r}", route.credential.partition(":")[0]
    if kind == "file":
        raise InvalidInput(
            f"{says}: its credential {route.credential} stands in another home; set it as a "
            "variable and name it as env:NAME in a file of your own (--models-file)"
        )
    if route.credential and credentials.find(route.credential) is None:
        raise InvalidInput(
            f"{says}: its credential {route.credential} leads to nothing; "
            f"{remedy(route.credential)}"
        )
    if route.currency not in ("", currency):
        raise InvalidInput(
            f"{says}: its price is in {route.currency} and the sample's plan is in {currency}; "
            "name the price in that, or leave price.currency out"
        )


def _name(route: Route, settings: Settings, credentials: Credentials) -> str:
    """The name of the model there; empty where nobody answers now."""
    try:
        return make(route, settings, credentials, take=_at_once).model()
    except Unavailable:
        return ""


def _at_once(rates: object, patience_s: float) -> float:
    """A list of models is no request of a rate."""
    del rates, patience_s
    return 0.0
