"""which models a home may ask: the routes of its models file, or of the environment, read and made.

`models.yaml` names the routes in the order in which they are asked. Without it OPENAI_BASE_URL or
OPENAI_API_KEY makes one; without them no model is asked, and nothing waits for one. A demo asks
none, unless it was made to.
"""

import random
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

from pydantic import Field, SecretStr

from pilotage.credentials import Credentials, remedy
from pilotage.home import Home, read
from pilotage.ranks import counter_of
from pilotage.settings import Settings
from policies import texts
from policies.texts import Document, Problem
from runs.errors import NotAllowed
from runs.records.record import Record
from tools.model.asked import Purse
from tools.model.completion import plain
from tools.model.endpoint import Endpoint, Means, Span
from tools.model.reply import Wire
from tools.model.route import Route
from tools.model.routed import Routed
from tools.pace import Rate
from workflow.models.asking import Door, Place

OPENAI = "https://api.openai.com/v1"
KEY = "env:OPENAI_API_KEY"
DEFAULT = "default"
"""The one route that the environment makes."""
USUAL = "gpt-4o-mini"
"""What is asked at OpenAI's own endpoint, which lists hundreds, where nobody names one."""
CONTEXT, OUTPUT = 32_768, 4_096
"""Limits of the route that the environment makes; a smaller model says so itself."""


Take = Callable[[Mapping[str, Rate], float], float]
"""Takes the next turn of these names where it comes within so many seconds; how long until then."""


class ModelsFile(Record):
    """What a models file says."""

    routes: tuple[Route, ...] = Field(min_length=1, max_length=20)
    """In the order in which they are asked."""


class Models:
    """The routes of a home, made once and again when what declares them changed."""

    def __init__(
        self, home: Home, settings: Settings, credentials: Credentials, *, take: Take
    ) -> None:
        self._home, self._settings, self._credentials = home, settings, credentials
        self._take = take
        self._made: Made | None = None
        self._lock = threading.Lock()

    def routes(self) -> tuple[Route, ...]:
        """What is declared; empty where no model is. InvalidInput for a file that is wrong."""
        return declared(self._home, self._settings)

    def names(self) -> tuple[str, ...]:
        """The routes by their names, in order; raises what `routes` raises."""
        return tuple(one.name for one in self.routes())

    def endpoints(self) -> Sequence[Endpoint]:
        """The routes, made; raises what `routes` raises."""
        file = self._home.models_file
        stamp = (file.stat().st_mtime_ns if file.exists() else 0, self._credentials.stamp())
        with self._lock:
            if self._made is None or self._made.stamp != stamp:
                made = tuple(map(self._make, self.routes()))
                self._made = Made(stamp, made)
            return self._made.endpoints

    def paid_by(self, purse: Purse) -> Routed | None:
        """What a purse may ask; None where no model is declared."""
        endpoints = self.endpoints()
        return Routed(endpoints, purse, time.monotonic) if endpoints else None

    def door(self, purse: Purse) -> Door:
        """The way of a version to endpoints by their names, each alone, paid by a purse.

        What the door is asked for raises what `routes` raises.
        """

        def find(name: str, within: Callable[[Purse], Purse]) -> Place | None:
            endpoint = next((one for one in self.endpoints() if one.route.name == name), None)
            if endpoint is None:
                return None
            route = endpoint.route
            model = Routed((endpoint,), within(purse), time.monotonic)
            told = plain(route.parameters) | ({"?": route.query} if route.query else {})
            return Place(model, route.base_url, endpoint.model(), told, route.currency)

        return find

    def each_paid_by(self, purse: Purse) -> Mapping[str, Routed]:
        """What a purse may ask, by route, each alone; raises what `routes` raises."""
        return {one.route.name: Routed((one,), purse, time.monotonic) for one in self.endpoints()}

    def _make(self, route: Route) -> Endpoint:
        return make(route, self._settings, self._credentials, take=self._take)


class Made(NamedTuple):
    """Routes, and when what declares them was written."""

    stamp: tuple[int, int]
    endpoints: Sequence[Endpoint]


def declared(home: Home, settings: Settings) -> tuple[Route, ...]:
    """The routes of the models file, else of the environment; none of a demo that asks none.

    InvalidInput for a file that is wrong, and for a folder that is no home.
    """
    mark, file = home.mark(), home.models_file
    if mark.is_demo and not mark.asks_models:
        return ()
    return read_routes(file) if file.exists() else of_environment(settings)


def make(route: Route, settings: Settings, credentials: Credentials, *, take: Take) -> Endpoint:
    """The route, ready to be asked; nothing is opened before it is."""
    secret = credentials.find(route.credential) if route.credential else None
    is_closed = bool(route.credential) and secret is None
    way = partial(_closed, route) if is_closed else partial(_open, route, secret)
    means = Means(
        seconds=time.monotonic,
        sleep=time.sleep,
        chance=random.random,
        take=take,
        count=counter_of(settings, route.encoding),
        span=_span(),
    )
    return Endpoint(route, way, means)


def read_routes(file: Path) -> tuple[Route, ...]:
    """The routes of a models file; InvalidInput names file, line, key and remedy."""
    document = texts.read(read(file), str(file))
    built = texts.build(ModelsFile, document)
    if built.record is None:
        raise texts.refuse(document, built.problems)
    problems = list(_problems(built.record))
    if problems:
        raise texts.refuse(document, problems)
    return built.record.routes


def of_environment(settings: Settings) -> tuple[Route, ...]:
    """The one route that the environment makes; none where it names neither address nor key."""
    has_key = bool(settings.environment.get("OPENAI_API_KEY"))
    if not (settings.model_url or has_key):
        return ()
    told: Mapping[str, object] = {
        "name": DEFAULT,
        "base_url": settings.model_url or OPENAI,
        "model": settings.model_name or ("" if settings.model_url else USUAL),
        "credential": KEY if has_key else "",
        # Whoever sets the variable of this process means the address, wherever it stands.
        "is_private": bool(settings.model_url),
        "limits": {"context": CONTEXT, "output": OUTPUT},
    }
    document = Document("the environment", {"routes": [told]}, {})
    built = texts.build(ModelsFile, document)
    if built.record is None:
        raise texts.refuse(document, built.problems)
    return built.record.routes


def _problems(file: ModelsFile) -> Sequence[Problem]:
    found = []
    for number, one in enumerate(file.routes):
        if one.name in (other.name for other in file.routes[:number]):
            says = f"is {one.name}, which another route is called; give it a name of its own"
            found.append(Problem(("routes", number, "name"), "wrong", says))
    return [*found, *_currencies(file)]


def _currencies(file: ModelsFile) -> Iterator[Problem]:
    """Budgets add up what every route takes."""
    named = [(number, one.currency) for number, one in enumerate(file.routes) if one.currency]
    for number, currency in named:
        if currency != named[0][1]:
            says = f"is {currency}, and another route's is {named[0][1]}; name every price in one"
            yield Problem(("routes", number, "price", "currency"), "wrong", says)


def _span() -> Span:
    """Spans of whatever tracer this process was started with; without one they go nowhere."""
    from opentelemetry import trace

    from tools.model.spans import watched

    return watched(trace.get_tracer("pilotage"))


def _open(route: Route, secret: SecretStr | None) -> Wire:
    # openai and httpx are two seconds that only whoever asks a model pays.
    from tools.model.wire import OpenAIWire

    return OpenAIWire(route, secret, seconds=time.monotonic)


def _closed(route: Route) -> Wire:
    told = f"its credential {route.credential} leads to nothing"
    raise NotAllowed(f"{told}; {remedy(route.credential)}")
