"""Ask the routes of a version in order: the first that gives an answer of use gives it.

A route that is silent, wrong, over budget or not there is told as that, and the next is asked.
Nothing is raised for what a model or its endpoint does.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple, Protocol

from policies.budgets import NOTHING, OverBudget
from runs.errors import PilotageError, Unavailable
from runs.records.model import ModelRoute, Tried, TryEnd
from runs.records.run import Spend
from runs.snapshots import Mask
from tools.model.asked import Answer, Form, Message, Model, Purse, Request, Unusable
from tools.tool import check_content
from workflow.models.forms import form_of
from workflow.models.keeping import Kept, name_of
from workflow.models.meter import Meter
from workflow.models.reading import Read, read_answer
from workflow.models.words import Ground, messages

MOST_SAID = 300
"""Characters of why a route gave no answer."""


class Place(NamedTuple):
    """One endpoint of the installation, as far as a version asks it."""

    model: Model
    base_url: str
    name: str
    """Of the model there, as it is declared."""
    parameters: Mapping[str, Any]
    """What is sent with every question."""
    currency: str = ""
    """Of its price; empty where none is named."""


Door = Callable[[str, Callable[[Purse], Purse]], Place | None]
"""The endpoint of this name, paid out of the door's purse inside the one that is handed in; None
where none is declared."""


class Shelf(Protocol):
    """Where answers are kept by their question."""

    def find(self, name: str) -> Kept | None:
        """What was said before; None where nothing was."""
        ...

    def keep(self, name: str, route: ModelRoute, answer: Answer, *, sample: int) -> Kept:
        """Keep what was said before anything rests on it."""
        ...


class Asks(NamedTuple):
    """What asking needs beside the question."""

    door: Door
    shelf: Shelf
    mask: Mask
    labels: Sequence[str]
    taken: Callable[[ModelRoute], Spend] = lambda _: NOTHING
    """What was taken of a route's allowance before, as by a worker that died."""


class Heard(NamedTuple):
    """What one route said."""

    route: ModelRoute
    place: Place | None
    read: Read | None
    """None where it gave no answer of use."""
    tried: Tried


class _Said(NamedTuple):
    """What was said before a route ended, and why it ended without an answer, if it did."""

    kept: list[Kept]
    end: TryEnd
    why: str


def ask_in_order(routes: Sequence[ModelRoute], hear: Callable[[ModelRoute], Heard]) -> list[Heard]:
    """What each said, up to the first answer of use; the same question is paid for once."""
    found: list[Heard] = []
    for route in routes:
        found.append(hear(route))
        if found[-1].read is not None:
            break
    return found


def ask(route: ModelRoute, ground: Ground, asks: Asks) -> Heard:
    """What this route says, at most within its allowance; never raises for what an endpoint does.

    Of several samples the answer counts that most of them give; a sample that was not given agrees
    with none.
    """
    meter = Meter(route.budget, asks.taken(route))
    try:
        place = asks.door(route.endpoint, meter.around)
    except PilotageError as error:
        said = _Said([], _end_of(error), str(error))
        return Heard(route, None, None, _tried(route, said, meter))
    if place is None:
        why = f"no route {route.endpoint!r} is declared in models.yaml"
        return Heard(route, None, None, _tried(route, _Said([], "not_there", why), meter))
    said = _say(route, place, ground, asks)
    reads = [read_answer(route, one.value, ground) for one in said.kept]
    tried = _tried(route, said, meter, place.currency)
    if not reads:
        return Heard(route, place, None, tried)
    votes = Counter(one.says for one in reads)
    most, often = max(votes.items(), key=lambda vote: vote[1])
    chosen = next(one for one in reads if one.says == most)
    report = sum(one.self_report for one in reads) / len(reads)
    told = {"agreement": often / route.samples, "self_report": report}
    return Heard(route, place, chosen, tried.model_copy(update=told))


def place_of(route: ModelRoute, asks: Asks) -> Place | None:
    """Where the route is asked now; None where it leads nowhere."""
    try:
        return asks.door(route.endpoint, Meter(route.budget).around)
    except PilotageError:
        return None


def _say(route: ModelRoute, place: Place, ground: Ground, asks: Asks) -> _Said:
    """Every sample, up to the first that is not to be had."""
    kept: list[Kept] = []
    words, form = messages(route, ground, asks.mask), form_of(route, asks.labels)
    for sample in range(1, route.samples + 1):
        request = _request(route, words, form, sample)
        name = name_of(place.base_url, place.name, parameters=place.parameters, asked=request)
        found = asks.shelf.find(name)
        if found is None:
            try:
                answer = place.model.ask(request)
            except PilotageError as error:
                return _Said(kept, _end_of(error) if not kept else "answered", str(error))
            found = asks.shelf.keep(name, route, answer, sample=sample)
        if wrong := check_content(found.value, form.form, route.kind):
            says = f"what may be kept of its answer is of no use: {wrong[0]}"
            return _Said(kept, "unusable" if not kept else "answered", says)
        kept.append(found)
    return _Said(kept, "answered", "")


def _request(route: ModelRoute, words: Sequence[Message], form: Form, sample: int) -> Request:
    return Request(
        purpose=route.kind,
        prompt=route.prompt,
        prompt_name=route.name,
        messages=tuple(words),
        form=form,
        most_output=route.most_output,
        temperature=None if route.temperature is None else float(route.temperature),
        seed=sample,
    )


def _end_of(error: PilotageError) -> TryEnd:
    if isinstance(error, OverBudget):
        return "over_budget"
    if isinstance(error, Unavailable):
        return "silent"
    return "unusable" if isinstance(error, Unusable) else "refused"


def _tried(route: ModelRoute, said: _Said, meter: Meter, currency: str = "") -> Tried:
    """What became of the route, with all that it took: what answers of use cost, and what not."""
    paid, records = meter.spent, [one.record for one in said.kept]
    named = {one.currency for one in records} | ({currency} if paid.cost else set())
    old = [one.record for one in said.kept if not one.is_new]
    return Tried(
        route=route.name,
        endpoint=route.endpoint,
        model=records[-1].model if records else meter.model,
        prompt=route.prompt,
        end=said.end,
        says=said.why[:MOST_SAID],
        answers=tuple(one.id for one in records),
        calls=paid.calls + sum(len(one.calls) for one in old),
        tokens=paid.tokens + sum(one.tokens for one in old),
        is_estimate=meter.is_estimate or any(one.is_estimate for one in old),
        cost=paid.cost + sum((one.cost for one in old), Decimal(0)),
        currencies=tuple(sorted(named - {""})),
        seconds=sum((one.seconds for one in records), Decimal(0)),
        is_kept=bool(old),
        is_script=any(one.is_script for one in records),
    )
