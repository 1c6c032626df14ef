"""A script stands where an endpoint stands, and says everywhere that it is one."""

from typing import Any

import pytest

from runs.errors import PilotageError, Unavailable
from tests.asking import Ledger, Watch, means, question
from tests.conformance import ANSWER
from tools.model.asked import ToolForm, Unusable
from tools.model.routed import Routed
from tools.scripted import Fails, Line, Refuses, Silent, Uses, scripted

LOOK = ToolForm(name="look", says="", form={"type": "object", "properties": {}})


def asks(*lines: Line, watch: Watch | None = None, **declared: Any):
    """A model of these lines, the script, and who pays."""
    watch = watch or Watch()
    endpoint, script = scripted(lines, means(watch), **declared)
    purse = Ledger()
    return Routed([endpoint], purse, watch.seconds), script, purse


@pytest.mark.parametrize("way", ["strict", "tools", "text"])
def test_a_script_answers_in_the_form_and_says_that_it_is_one(way: str) -> None:
    """In every way of asking; the answer and each request say it."""
    model, script, purse = asks(ANSWER, structured=way)
    answer = model.ask(question())

    assert (answer.value, answer.is_script) == (ANSWER, True)
    assert (answer.route, answer.model) == ("script", "script")
    assert [one.is_script for one in purse.attempts] == [True]
    assert script.asked[0]["messages"][0]["content"] == "What is this ticket about?"


def test_a_script_that_says_no_json_is_told_so_like_any_other() -> None:
    """Everything between the question and the script is what a model meets."""
    model, _, purse = asks("no JSON", ANSWER)

    assert model.ask(question()).is_repaired
    assert purse.ends == ["unusable", "answered"]


def test_a_script_plays_what_a_model_and_its_endpoint_do_besides() -> None:
    """A call of a tool, a refusal, a status, and silence."""
    tool, _, _ = asks(Uses("look", {}))
    refusal, _, _ = asks(Refuses())
    silent, _, _ = asks(Silent(is_late=True))
    watch = Watch()
    busy, _, _ = asks(Fails(429, 7), ANSWER, watch=watch)

    assert tool.ask(question(form=None, tools=(LOOK,))).calls[0].name == "look"
    with pytest.raises(Unusable):
        refusal.ask(question())
    with pytest.raises(Unavailable):
        silent.ask(question())
    assert busy.ask(question()).tries == 2
    assert watch.waits == [7.5]


def test_the_last_line_goes_on() -> None:
    """A script never runs out."""
    model, script, _ = asks(Fails(500), limits={"tries": 2, "failures": 9})
    for _ in range(2):
        with pytest.raises(PilotageError):
            model.ask(question())

    assert len(script.asked) == 4
