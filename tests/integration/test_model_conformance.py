"""What becomes of a question at an endpoint that answers well, badly, or not at all."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from runs.errors import InvalidInput, NotAllowed, NotFound, PilotageError, Unavailable
from runs.records.run import Spend
from tests.asking import Ledger, Watch, asking, at, question
from tests.conformance import ANSWER, CROWD, FORM, MODEL, endpoint
from tools.model.asked import Form, Unusable

WAYS = ("strict", "tools", "text")


def ask(*manners: str, ledger: Ledger | None = None, watch: Watch | None = None, **declared: Any):
    """The answer of an endpoint of these manners, what it was asked, and who paid."""
    watch = watch or Watch()
    with endpoint(*manners) as server:
        model, purse = asking([at(server, watch, **declared)], watch, ledger)
        return model.ask(question()), server, purse


def refused(*manners: str, watch: Watch | None = None, **declared: Any):
    """The error of an endpoint of these manners, what it was asked, and who paid."""
    watch = watch or Watch()
    with endpoint(*manners) as server:
        model, purse = asking([at(server, watch, **declared)], watch)
        with pytest.raises(PilotageError) as caught:
            model.ask(question())
        return caught.value, server, purse


@pytest.mark.parametrize("way", WAYS)
def test_a_right_answer_is_read_in_every_way(way: str) -> None:
    """Whatever the endpoint can, the answer has the form and says what it took."""
    answer, server, purse = ask("right", structured=way)

    assert answer.value == ANSWER
    assert (answer.way, answer.model, answer.tries, answer.is_script) == (way, MODEL, 1, False)
    assert (answer.usage.input, answer.usage.output, answer.usage.kind) == (40, 10, "reported")
    assert str(answer.cost) == "0.000080000"
    assert purse.ends == ["answered"]
    assert server.asked[0]["max_tokens"] == 100


@pytest.mark.parametrize("way", WAYS)
def test_an_answer_that_is_no_json_is_repaired_once(way: str) -> None:
    """The model is told what is wrong, and both requests are paid for."""
    answer, server, purse = ask("malformed", "right", structured=way)

    assert (answer.value, answer.is_repaired, answer.tries) == (ANSWER, True, 2)
    assert "cannot be used" in server.asked[1]["messages"][-1]["content"]
    assert purse.ends == ["unusable", "answered"]
    assert answer.usage.input == 80


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    ("manner", "flaw", "requests"),
    [
        ("malformed", "schema", 2),
        ("endless_lines", "schema", 2),
        ("wrong_schema", "schema", 2),
        ("truncated", "truncated", 1),
        ("refusal", "refused", 1),
        ("filtered", "refused", 1),
        ("empty", "empty", 2),
        ("large", "too_large", 1),
        ("packed", "too_large", 1),
        ("not_this_api", "malformed", 1),
        ("html", "malformed", 1),
    ],
)
def test_an_answer_of_no_use_is_an_error_that_says_why(
    way: str, manner: str, flaw: str, requests: int
) -> None:
    """Nothing of it is used, and it is asked again once where that may mend it."""
    error, server, purse = refused(manner, structured=way)

    assert isinstance(error, Unusable)
    assert error.flaw == flaw
    assert len(server.asked) == requests
    assert purse.ends == ["unusable"] * requests


def test_no_name_that_a_model_made_up_is_told() -> None:
    """It may be what it read: the error stands in records that nobody can erase."""
    error, server, _ = refused("wrong_schema")

    assert "approved" not in str(error)
    assert "1 of its fields are not declared" in server.asked[1]["messages"][-1]["content"]


def test_words_in_the_place_of_a_models_name_are_none() -> None:
    """The name is kept and told unmasked: whoever repeats words there has none."""
    answer, _, purse = ask("chatty_name")

    assert answer.model == MODEL
    assert [one.model for one in purse.outcomes.values()] == [""]


def test_words_around_an_answer_are_left_away() -> None:
    """A model that talks and fences has answered all the same."""
    answer, _, _ = ask("chatty", structured="text")

    assert (answer.value, answer.is_repaired) == (ANSWER, False)


def test_an_endpoint_that_takes_no_schema_is_asked_in_the_next_way_and_then_always() -> None:
    """What was not taken cost no tokens, and is not tried again."""
    watch = Watch()
    with endpoint("simple") as server:
        model, purse = asking([at(server, watch)], watch)
        answer = model.ask(question())
        model.ask(question())

    assert (answer.value, answer.way) == (ANSWER, "text")
    assert purse.ends == ["refused", "refused", "answered", "answered"]
    assert purse.budget.spent.tokens == 100


def test_a_form_that_is_not_taken_is_asked_in_the_next_way_whatever_another_was() -> None:
    """What an endpoint takes of a schema is the schema's matter as well."""
    other = question(form=Form(name="other", form=FORM))
    watch = Watch()
    with endpoint("picky") as server:
        model, purse = asking([at(server, watch)], watch)
        ways = [model.ask(one).way for one in (question(), other, other, question())]

    assert ways == ["strict", "tools", "tools", "strict"]
    assert purse.ends == ["answered", "refused", "answered", "answered", "answered"]


def test_an_endpoint_that_lets_the_schema_fall_is_told_it_in_words() -> None:
    """The one repair says the form, so that it is not asked in vain."""
    answer, _, _ = ask("forgetful")

    assert (answer.value, answer.is_repaired, answer.tries) == (ANSWER, True, 2)


@pytest.mark.parametrize(
    ("manner", "kind", "requests", "ends"),
    [
        ("busy", Unavailable, 3, ["refused"] * 3),
        ("overloaded", Unavailable, 3, ["refused"] * 3),
        ("broken", Unavailable, 3, ["unanswered"] * 3),
        ("hanging_up", Unavailable, 3, ["unanswered"] * 3),
        ("dying", Unavailable, 3, ["unanswered"] * 3),
        ("busy_for_ever", Unavailable, 1, ["refused"]),
        ("no_quota", NotAllowed, 1, ["refused"]),
        ("unauthorized", NotAllowed, 1, ["refused"]),
        ("wrong_model", NotFound, 1, ["refused"]),
        ("too_long", InvalidInput, 1, ["refused"]),
        ("redirecting", InvalidInput, 1, ["refused"]),
    ],
)
def test_what_gives_no_answer_is_tried_as_often_as_is_safe(
    manner: str, kind: type[PilotageError], requests: int, ends: list[str]
) -> None:
    """Its class says what it is; nothing of the other side's words is in it."""
    error, server, purse = refused(manner)

    assert isinstance(error, kind)
    assert not isinstance(error, Unusable)
    assert len(server.asked) == requests
    assert purse.ends == ends
    assert "sk-secret" not in str(error)


@pytest.mark.parametrize(
    ("manner", "says"),
    [
        ("busy", "limits.per_minute"),
        ("broken", "what its own log says"),
        ("hanging_up", "what its own log says"),
        ("slow", "limits.timeout_s"),
    ],
)
def test_what_gives_no_answer_is_told_with_what_to_see_to(manner: str, says: str) -> None:
    """Whoever checks a route by hand has a next step."""
    error, _, _ = refused(manner, limits={"timeout_s": 0.2})

    assert says in str(error)


def test_a_slow_answer_is_given_up_and_not_asked_for_again() -> None:
    """What took too long once takes too long again, and it was paid for."""
    error, server, purse = refused("slow", limits={"timeout_s": 0.2})

    assert isinstance(error, Unavailable)
    assert len(server.asked) == 1
    assert purse.ends == ["unanswered"]
    assert purse.budget.spent == purse.attempts[0].most


def test_as_many_are_under_way_as_the_route_declares() -> None:
    """Nobody waits for a connection of somebody else."""
    watch = Watch()
    limits = {"concurrency": CROWD, "timeout_s": 2, "tries": 1}
    with endpoint("gathering") as server, ThreadPoolExecutor(CROWD) as crowd:
        route = at(server, watch, limits=limits)
        asked = [crowd.submit(asking([route], watch)[0].ask, question()) for _ in range(CROWD)]
        values = [one.result().value for one in asked]

    assert values == [ANSWER] * CROWD


def test_nobody_there_costs_nothing() -> None:
    """What surely never arrived is not a call."""
    watch = Watch()
    with endpoint() as server:
        route = at(server, watch)
    model, purse = asking([route], watch)

    with pytest.raises(Unavailable):
        model.ask(question())

    assert purse.ends == ["unsent"] * 3
    assert (purse.budget.spent.calls, purse.budget.spent.tokens) == (0, 0)


def test_whoever_asks_to_be_left_alone_is_left_alone_so_long() -> None:
    """`Retry-After` is added to the wait, which is drawn from a range that grows."""
    watch = Watch()
    answer, _, _ = ask("busy_for_7", "busy", "right", watch=watch)

    assert answer.tries == 3
    assert watch.waits == [7.5, 1.0]


def test_a_very_long_wait_is_told_and_not_waited_for() -> None:
    """The queue knows how long it was asked to stay away."""
    watch = Watch()
    error, _, _ = refused("busy_for_ever", watch=watch)

    assert isinstance(error, Unavailable)
    assert error.after_s == 86_400
    assert watch.waits == []


@pytest.mark.parametrize("manner", ["no_usage", "absurd_usage", "free", "half_free"])
def test_an_endpoint_that_does_not_count_is_estimated_and_it_is_said(manner: str) -> None:
    """Never nothing, and never more than was reserved."""
    answer, _, purse = ask(manner)

    assert answer.usage.kind == "estimate"
    assert 0 < answer.usage.input + answer.usage.output <= purse.attempts[0].most.tokens
    assert answer.cost > 0


def test_a_place_that_was_not_declared_is_refused_by_the_name_of_its_route() -> None:
    """Once, with what to write; nothing is sent there, and nothing spent."""
    watch = Watch()
    with endpoint() as server:
        url = server.url.replace("http:", "https:")
        model, purse = asking([at(server, watch, base_url=url, is_private=False)], watch)
        with pytest.raises(InvalidInput, match="where it is declared if that is meant") as caught:
            model.ask(question())

    assert str(caught.value).count("model route 'here'") == 1
    assert (server.asked, purse.ends) == ([], ["unsent"])
    assert purse.budget.spent == Spend()


def test_the_one_model_that_is_listed_is_looked_up_anew_now_and_then() -> None:
    """What an endpoint serves may be another tomorrow."""
    watch = Watch()
    with endpoint() as server:
        model, _ = asking([at(server, watch, model="")], watch)
        names = [model.ask(question()).model for _ in range(2)]
        server.lists = ["large-1"]
        watch.now += 301
        names.append(model.ask(question()).model)

    assert names == [MODEL, MODEL, "large-1"]
    assert server.looks == 2


@pytest.mark.parametrize("listed", [["x" * 201], [MODEL, "x" * 201]])
def test_a_list_of_what_is_no_name_is_no_list(listed: list[str]) -> None:
    """A name is asked for, kept and told as it stands: nobody writes a page into it."""
    watch = Watch()
    with endpoint() as server:
        server.lists = listed
        model, _ = asking([at(server, watch, model="")], watch)
        with pytest.raises(InvalidInput, match="/models is no list of models") as caught:
            model.ask(question())

    assert (len(str(caught.value)) < 300, server.asked) == (True, [])


def test_a_model_that_is_gone_is_looked_up_at_the_next_question() -> None:
    """Nobody asks for it again and again."""
    watch = Watch()
    with endpoint("right", "wrong_model", "right") as server:
        model, _ = asking([at(server, watch, model="")], watch)
        model.ask(question())
        server.lists = ["large-1"]
        with pytest.raises(NotFound):
            model.ask(question())
        answer = model.ask(question())

    assert answer.model == "large-1"


def test_an_endpoint_that_lists_nothing_again_and_again_is_left_alone() -> None:
    """Looking for a model's name is a request as any other."""
    watch = Watch()
    with endpoint() as server:
        server.lists = []
        limits = {"failures": 2, "rest_s": 60, "per_minute": 100}
        model, purse = asking([at(server, watch, model="", limits=limits)], watch)
        said = []
        for _ in range(4):
            with pytest.raises(Unavailable) as caught:
                model.ask(question())
            said.append(str(caught.value))
        server.lists = [MODEL]
        watch.now += 61
        model.ask(question())

    assert server.looks == 3
    assert "left alone for 60 s" in said[-1]
    assert purse.ends == ["answered"]
