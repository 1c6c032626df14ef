"""How far a route goes: prices, wire names, rests, places and turns; without any endpoint."""

from contextlib import suppress
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from runs.errors import Unavailable
from tests.asking import Watch, question, turns
from tests.conformance import FORM
from tools.model.asked import Form, Request, ToolForm
from tools.model.breaker import Breaker
from tools.model.completion import body_of, read_json
from tools.model.forms import strictly
from tools.model.pace import Pace, rate_of
from tools.model.route import Limits, Price, Route
from tools.pace import NotYet


def route(**declared: Any) -> Route:
    """A route that leads nowhere."""
    told = {"name": "far", "base_url": "https://api.example.org/v1", "model": "m"}
    return Route.model_validate(told | declared)


def test_a_price_is_rounded_up_to_a_billionth() -> None:
    """A budget is never short by what was rounded away."""
    price = Price(input=Decimal("0.15"), output=Decimal("0.60"))

    assert price.of(1, 0) == Decimal("0.000000150")
    assert Price(input=Decimal("0.0001"), output=Decimal(0)).of(1, 0) == Decimal("0.000000001")
    assert route().cost(10**9, 10**9) == 0


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://api.openai.com/v1", "max_completion_tokens"),
        ("https://mine.openai.azure.com/openai/v1", "max_completion_tokens"),
        ("https://api.example.org/v1", "max_tokens"),
        ("https://notapi.openai.com.example.org/v1", "max_tokens"),
    ],
)
def test_every_endpoint_is_told_how_long_an_answer_may_be_by_the_name_it_knows(
    url: str, name: str
) -> None:
    """An answer whose length nobody limits would have no price."""
    assert body_of(route(base_url=url), "m", question())[name] == 100


def test_what_a_file_says_of_parameters_is_sent_as_json_numbers() -> None:
    """And a question's own temperature goes before the file's."""
    told = route(parameters={"temperature": Decimal("0.5"), "top_k": Decimal(40)})

    assert body_of(told, "m", question())["temperature"] == 0.5
    assert body_of(told, "m", question())["top_k"] == 40
    assert body_of(told, "m", question(temperature=0, seed=7))["temperature"] == 0
    assert body_of(told, "m", question(seed=7))["seed"] == 7
    assert "seed" not in body_of(route(takes_seed=False), "m", question(seed=7))


def test_an_answer_is_no_longer_than_its_route_lets_it_be() -> None:
    """The smaller of both limits is sent."""
    short = route(limits={"output": 20})

    assert body_of(short, "m", question())["max_tokens"] == 20


def test_a_strict_schema_asks_for_every_field_and_lets_null_stand_for_none() -> None:
    """What a strict endpoint demands, at every depth."""
    inner = {"type": "object", "properties": {"b": {"type": "string", "maxLength": 5}}}
    schema = {"type": "object", "properties": {"a": {"type": "array", "items": inner}}}

    told = strictly(schema)

    assert (told["required"], told["additionalProperties"]) == (["a"], False)
    assert told["properties"]["a"]["type"] == ["array", "null"]
    assert told["properties"]["a"]["items"]["properties"]["b"] == {"type": ["string", "null"]}
    assert told["properties"]["a"]["items"]["required"] == ["b"]


@pytest.mark.parametrize(
    "made",
    [
        lambda: Form(name="x", form={"type": "array", "items": {}}),
        lambda: Request.model_validate(
            {**question().model_dump(), "form": {"name": "x", "form": {**FORM, "oneOf": []}}}
        ),
        lambda: question(tools=(ToolForm(name="a", says="", form={}),) * 2),
        lambda: question(messages=()),
    ],
)
def test_a_question_that_could_not_be_checked_is_not_asked(made: Any) -> None:
    """Every schema is one that is checked here, whatever the endpoint promises."""
    with pytest.raises(ValidationError):
        made()


@pytest.mark.parametrize("text", ["NaN", '{"a": Infinity}', "[" * 200 + "]" * 200, "", "{'a': 1}"])
def test_what_only_looks_like_json_is_none(text: str) -> None:
    """Neither numbers that are none nor nesting without end."""
    with pytest.raises(ValueError):  # noqa: PT011 - any of its kinds says the same
        read_json(text)


def breaker(watch: Watch, **told: Any) -> Breaker:
    """What is known of an endpoint that is left alone after its first failure; right by default."""
    limits = Limits.model_validate({"failures": 1, "rest_s": 10, "timeout_s": 5} | told)
    return Breaker("x", limits, watch.seconds)


def left(found: Breaker) -> float:
    """How long nobody may ask."""
    with pytest.raises(Unavailable) as caught:
        found.enter()
    return caught.value.after_s


def test_a_rest_grows_while_nothing_that_looks_is_answered() -> None:
    """And is over at the first answer."""
    watch = Watch()
    found, rests = breaker(watch), []
    for _ in range(6):
        found.failed(found.enter())
        rests.append(left(found))
        watch.now += rests[-1]
    found.enter()
    found.well()
    found.enter()

    assert rests == [10, 20, 40, 80, 80, 80]


def test_one_request_looks_while_the_others_stay_away() -> None:
    """Until it must have ended; one that was never sent lets the next look."""
    watch = Watch()
    found = breaker(watch)
    found.failed(found.enter())
    watch.now = 10
    first = found.enter()
    assert left(found) == 10
    found.abandon(first)
    found.enter()
    watch.now = 19.9
    assert left(found) == pytest.approx(0.1)
    watch.now = 20
    found.enter()

    assert left(found) == 10


def test_who_passed_before_the_rest_neither_ends_nor_lengthens_it() -> None:
    """Only whoever looks knows how it is now."""
    watch = Watch()
    found = breaker(watch, failures=2)
    waiting, slow, *both = [found.enter() for _ in range(4)]
    for one in both:
        found.failed(one)
    found.abandon(waiting)
    found.failed(slow)

    assert left(found) == 10


def test_a_look_that_is_over_changes_nothing_of_the_next_one() -> None:
    """Neither when it was never sent nor when it fails at last."""
    watch = Watch()
    found = breaker(watch)
    found.failed(found.enter())
    watch.now = 10
    slow = found.enter()
    watch.now = 20
    looks = found.enter()
    found.abandon(slow)
    found.failed(slow)

    assert left(found) == 10
    found.failed(looks)
    assert left(found) == 20


def test_an_answer_lets_everybody_pass_again() -> None:
    """Whoever had it."""
    watch = Watch()
    found = breaker(watch, failures=2)
    slow, *both = [found.enter() for _ in range(3)]
    for one in both:
        found.failed(one)
    found.well()
    found.abandon(slow)

    assert [found.enter() for _ in range(3)] == [0, 0, 0]


@given(st.lists(st.sampled_from(["enter", "well", "failed", "abandon", "later"]), max_size=40))
def test_no_order_of_ends_keeps_everybody_away_for_ever(happens: list[str]) -> None:
    """Whoever waits as long as it is told finds that it may look."""
    watch = Watch()
    found, under_way = breaker(watch, failures=2), list[int]()
    for what in happens:
        if what == "enter":
            with suppress(Unavailable):
                under_way.append(found.enter())
        elif what == "later":
            watch.now += 7
        elif under_way and what == "well":
            under_way.pop()
            found.well()
        elif under_way:
            getattr(found, what)(under_way.pop())
    try:
        found.enter()
    except Unavailable as error:
        watch.now += error.after_s
        found.enter()


def test_no_more_requests_begin_in_a_minute_than_are_declared() -> None:
    """The next waits for as long as the first is within it."""
    watch = Watch()
    pace = Pace(route(limits={"per_minute": 2}), take=turns(watch), sleep=watch.sleep)
    for _ in range(3):
        with pace.place():
            watch.now += 10

    assert watch.waits == [40]


@pytest.mark.parametrize(("per_minute", "calls"), [(1, 1), (1_000, 1_000), (90_000, 1_000)])
def test_a_rate_of_many_a_minute_is_one_of_fewer_in_less(per_minute: int, calls: int) -> None:
    """What is remembered of a route stays small, and no minute holds more than it may."""
    rate = rate_of(per_minute)

    assert rate.calls == calls
    assert rate.calls * 60 / rate.seconds == pytest.approx(per_minute)


def test_who_finds_no_place_in_time_is_told_so() -> None:
    """Nobody waits for longer than a request may take; nothing was asked."""
    watch = Watch()
    limits = {"per_minute": 1, "timeout_s": 5}
    pace = Pace(route(limits=limits), take=turns(watch), sleep=watch.sleep)
    with pace.place():
        pass

    with pytest.raises(NotYet, match="as many requests are under way") as caught, pace.place():
        raise AssertionError("there was no place")
    assert (caught.value.after_s, watch.waits) == (60, [])
