"""One route: reserved before each request, sent again where that is safe, settled after it."""

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, NamedTuple

from runs.errors import InvalidInput, NotFound, PilotageError
from runs.records.run import Spend
from tools.model import answers, forms
from tools.model.answers import Got, NotTaken, Unsaid
from tools.model.asked import Answer, Attempt, Outcome, Purse, Request, Unusable, Usage
from tools.model.breaker import Breaker
from tools.model.completion import FRAME, body_of
from tools.model.pace import Pace
from tools.model.reply import Lost, Reply, Wire
from tools.model.route import Route, Way
from tools.pace import Rate
from tools.tokens import Counter

PATIENCE_S = 30.0
"""Whoever asks to be left alone for longer is not waited for."""
FIRST_S, LONGEST_S = 0.5, 8.0
"""Before the second try at most so long, then twice as long each time, up to the last."""
KNOWN_S = 300.0
"""After so long an endpoint is asked anew which model it serves."""
MENDED = ("schema", "empty")
"""What a model may put right when it is told."""

Tell = Callable[[Outcome], None]
Span = Callable[[Route, Attempt], AbstractContextManager[Tell]]
"""Watches one request: told what became of it before it ends."""


@dataclass(frozen=True)
class Means:
    """What the world gives: time, chance, and whoever watches."""

    seconds: Callable[[], float]
    """A stopwatch."""
    sleep: Callable[[float], None]
    chance: Callable[[], float]
    """From 0 to 1, evenly."""
    take: Callable[[Mapping[str, Rate], float], float]
    """Takes the next turn of these names, over every worker, where it comes within so many seconds;
    how long it is until then."""
    count: Counter
    """Tokens of a text, never fewer than there are."""
    span: Span


@dataclass
class Tally:
    """What one question took so far, over every route and request."""

    number: int = 0
    sent: int = 0
    read: int = 0
    written: int = 0
    is_estimate: bool = False
    cost: Decimal = Decimal(0)
    began: float = 0.0
    ids: list[str] = field(default_factory=list)

    def add(self, outcome: Outcome) -> None:
        """Count one request."""
        self.cost += outcome.spent.cost
        self.sent += outcome.end != "unsent"
        if outcome.usage is not None:
            self.read += outcome.usage.input
            self.written += outcome.usage.output
            self.is_estimate |= outcome.usage.kind == "estimate"

    @property
    def usage(self) -> Usage:
        """Tokens of every answer there was."""
        kind = "estimate" if self.is_estimate else "reported"
        return Usage(input=self.read, output=self.written, kind=kind)


class Question(NamedTuple):
    """One question at one route."""

    request: Request
    purse: Purse
    tally: Tally
    way: Way
    model: str


class Listed(NamedTuple):
    """The one model that an endpoint lists."""

    model: str
    """Empty where it was not asked."""
    until: float
    """On the stopwatch: then it is asked anew."""


class Endpoint:
    """One route of this process: what is known of it lasts from one question to the next."""

    def __init__(
        self, route: Route, open_wire: Callable[[], Wire], means: Means, *, is_script: bool = False
    ) -> None:
        self.route = route
        self.is_script = is_script
        self._open, self._means = open_wire, means
        self._name = f"model route {route.name!r}"
        self._breaker = Breaker(self._name, route.limits, means.seconds)
        self._pace = Pace(route, take=means.take, sleep=means.sleep)
        self._lock = threading.Lock()
        self._wire: Wire | None = None
        self._listed = Listed("", 0.0)
        self._taken: dict[str, Way] = {}

    @property
    def wire(self) -> Wire:
        """The way there, opened when it is first needed."""
        with self._lock:
            if self._wire is None:
                self._wire = self._open()
            return self._wire

    def ask(self, request: Request, purse: Purse, tally: Tally) -> Answer:
        """An answer of the form asked for; raises what `Model.ask` says."""
        if request.tools and not self.route.may_call_tools:
            raise InvalidInput(
                f"{self._name}: its models cannot be offered tools; set can_call_tools where they "
                "can, or name another route"
            )
        declined = NotTaken(f"{self._name}: no way of asking it is left; declare `structured`")
        for way in self._ways(request):
            question = Question(request, purse, tally, way, self.model())
            try:
                answer = self._ask(question)
            except NotTaken as error:
                declined = error
                continue
            except NotFound:
                self._listed = Listed("", 0.0)
                raise
            if request.form is not None:
                self._taken[request.form.name] = way
            return answer
        raise declined

    def _ways(self, request: Request) -> tuple[Way, ...]:
        """How the form is asked for, in order, from the way on in which it was taken before.

        One form may be taken where another is not.
        """
        if request.form is None:
            return ("text",)
        ways = self.route.ways
        return ways[ways.index(self._taken.get(request.form.name, ways[0])) :]

    def _ask(self, question: Question) -> Answer:
        request = question.request
        body = body_of(self.route, question.model, request)
        body = forms.asked_for(body, request, question.way)
        got = self._got(body, question)
        is_flawed = isinstance(got.flaw, Unusable) and got.flaw.flaw in MENDED
        is_repaired = is_flawed and bool(request.repairs)
        if is_repaired:
            told = forms.again(body, got.said, str(got.flaw), request.form)
            got = self._got(told, question)
        if got.flaw is not None:
            raise self._at(got.flaw)
        return self._answer(got, question, is_repaired=is_repaired)

    def model(self) -> str:
        """The model's name there: as declared, or the only one that the endpoint lists.

        Raises InvalidInput where it lists several, and what reaching it raises.
        """
        if self.route.model:
            return self.route.model
        listed = self._listed
        if not listed.model or self._means.seconds() >= listed.until:
            listed = self._listed = Listed(self._only(), self._means.seconds() + KNOWN_S)
        return listed.model

    def _only(self) -> str:
        with self._entered() as look:
            reply = self._asked(lambda: self.wire.models(), look)
        if isinstance(reply, Unsaid):
            raise reply.error(self._name)
        found = answers.listed(reply)
        if found is None:
            raise InvalidInput(
                f"{self._name}: /models is no list of models; see that base_url ends where the "
                "API begins, mostly in /v1"
            )
        if len(found) != 1:
            told = ", ".join(found[:6]) or "none"
            raise InvalidInput(
                f"{self._name}: no model is named and {len(found)} are listed ({told}); name "
                "one with OPENAI_MODEL, or in models.yaml"
            )
        return found[0]

    def most(self, body: Mapping[str, Any]) -> Spend:
        """What a request takes at most; InvalidInput where the model cannot hold it."""
        written = int(body[self.route.told_as])
        text = json.dumps(body, ensure_ascii=False)
        turns = len(body["messages"]) + len(body.get("tools", ()))
        read = self._means.count(text).tokens + FRAME * turns
        if read + written > self.route.limits.context:
            raise InvalidInput(
                f"{self._name}: the question takes up to {read} tokens and its answer {written}, "
                f"and the model holds {self.route.limits.context}; ask for less, or raise "
                "limits.context where it holds more"
            )
        return Spend(calls=1, tokens=read + written, cost=self.route.cost(read, written))

    def _got(self, body: dict[str, Any], question: Question) -> Got:
        """What was answered, after as many tries as are safe; raises why there is nothing."""
        tries = self.route.limits.tries
        for number in range(tries):
            got = self._once(body, question)
            if not isinstance(got, Unsaid):
                return got
            error = got.error(self._name)
            is_last = number == tries - 1
            if is_last or not got.may_repeat or got.after_s > PATIENCE_S:
                raise error
            self._wait(number, got.after_s)
        raise AssertionError("a route has at least one try")

    def _wait(self, number: int, after_s: float) -> None:
        """At a moment of its own, so that not everybody comes back at once."""
        longest = min(LONGEST_S, FIRST_S * 2**number)
        self._means.sleep(after_s + self._means.chance() * longest)

    def _once(self, body: dict[str, Any], question: Question) -> Got | Unsaid:
        """One request: nothing leaves before its turn has come and what it may take is reserved."""
        tally = question.tally
        attempt = Attempt(
            route=self.route.name,
            model=question.model,
            request=question.request,
            body=body,
            most=self.most(body),
            number=tally.number + 1,
            is_script=self.is_script,
        )
        with self._entered() as look:
            id = question.purse.reserve(attempt)
            tally.number += 1
            tally.ids.append(id)
            began = self._means.seconds()
            with self._means.span(self.route, attempt) as tell:
                got = self._send(body, question, look)
                outcome = answers.outcome(got, self.route, attempt, self._means.count)
                outcome = outcome._replace(seconds=self._since(began))
                tell(outcome)
        question.purse.settle(id, outcome)
        tally.add(outcome)
        return got

    @contextmanager
    def _entered(self) -> Iterator[int]:
        """A place for one request whose turn has come; the number of the look that it takes."""
        look = self._breaker.enter()
        try:
            with self._pace.place():
                yield look
        except PilotageError:
            self._breaker.abandon(look)
            raise

    def _send(self, body: dict[str, Any], question: Question, look: int) -> Got | Unsaid:
        reply = self._asked(lambda: self.wire.send(body), look)
        if isinstance(reply, Unsaid):
            return reply
        return answers.heard(reply, question.request, question.way, self.route)

    def _asked(self, send: Callable[[], Reply], look: int) -> Reply | Unsaid:
        """A reply that says something, or why there is none; the breaker is told which."""
        try:
            reply = send()
        except Lost as lost:
            self._breaker.failed(look)
            return answers.lost(lost)
        except PilotageError as error:
            self._breaker.abandon(look)
            return Unsaid(error, "unsent", may_repeat=False)
        unsaid = None if reply.status == 200 else answers.unsaid(reply)
        if unsaid and unsaid.is_failure:
            self._breaker.failed(look)
        else:
            self._breaker.well()
        return unsaid or reply

    def _answer(self, got: Got, question: Question, *, is_repaired: bool) -> Answer:
        assert got.read is not None
        tally = question.tally
        return Answer(
            text=got.said.text,
            value=got.read.value,
            calls=got.read.calls,
            refused=got.read.refused,
            route=self.route.name,
            model=got.said.model or question.model,
            way=question.way,
            usage=tally.usage,
            cost=tally.cost,
            currency=self.route.currency,
            seconds=self._since(tally.began),
            tries=tally.sent,
            is_repaired=is_repaired,
            is_script=self.is_script,
            calls_kept=tuple(tally.ids),
        )

    def _since(self, began: float) -> Decimal:
        return Decimal(f"{max(0.0, self._means.seconds() - began):.3f}")

    def _at(self, flaw: Unusable) -> Unusable:
        return Unusable(f"{self._name}: {flaw}", flaw=flaw.flaw)
