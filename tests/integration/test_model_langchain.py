"""A model with the face of LangChain: its tools are offered, its messages and tracing fit."""

import json
from typing import Any

import pytest
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.messages import HumanMessage, SystemMessage, ToolMessage
from langchain_core.tools import tool
from pydantic import BaseModel

from runs.errors import InvalidInput
from tests.asking import Ledger, Watch, asking, at
from tests.conformance import endpoint
from tools.model.chat import Chat


@tool
def look(key: str, most: int = 3) -> str:
    """Look at one case."""
    return f"{key}: closed {most}"


class Ticket(BaseModel):
    """What a ticket is about."""

    label: str
    amount: int


class Heard(BaseCallbackHandler):
    """Remembers what it was told."""

    def __init__(self) -> None:
        self.ended: list[Any] = []

    def on_llm_end(self, response: Any, **kwargs: Any) -> None:
        """A question has ended."""
        self.ended.append(response)


def chat(server: Any) -> tuple[Chat, Ledger]:
    """A chat with one endpoint, and who pays."""
    watch = Watch()
    model, purse = asking([at(server, watch)], watch)
    return Chat(asked=model, purpose="chat"), purse


def test_a_tool_of_langchain_is_offered_called_and_answered() -> None:
    """Its result goes back as untrusted, under the id of its call."""
    with endpoint("looping", "right") as server:
        model, purse = chat(server)
        offering = model.bind_tools([look])
        turns: list[Any] = [SystemMessage("Be brief."), HumanMessage("What of case a?")]
        asked = offering.invoke(turns)
        (call,) = asked.tool_calls
        result = look.invoke(call)
        told = offering.invoke([*turns, asked, result])

    assert (call["name"], call["args"]) == ("look", {"key": "a"})
    assert isinstance(result, ToolMessage)
    first, second = server.asked
    assert first["tools"][0]["function"]["name"] == "look"
    assert json.loads(second["messages"][-1]["content"])["untrusted"] == "a: closed 3"
    assert second["messages"][-1]["tool_call_id"] == call["id"]
    assert [one["role"] for one in second["messages"]] == ["system", "user", "assistant", "tool"]
    assert told.usage_metadata == {"input_tokens": 40, "output_tokens": 10, "total_tokens": 50}
    assert purse.ends == ["answered", "answered"]


def test_a_tool_that_was_not_offered_is_an_invalid_call() -> None:
    """Nobody that runs `tool_calls` runs it."""
    with endpoint("unknown_tool") as server:
        told = chat(server)[0].bind_tools([look]).invoke("Do it.")

    assert told.tool_calls == []
    assert told.invalid_tool_calls[0]["name"] == "rm -rf"


def test_a_choice_of_none_offers_none() -> None:
    """Whoever wants words gets words."""
    with endpoint() as server:
        chat(server)[0].bind_tools([look], tool_choice="none").invoke("Say it.")

    assert "tools" not in server.asked[0]


def test_structured_output_is_an_answer_of_a_form() -> None:
    """As everywhere, checked here and repaired once."""
    with endpoint("malformed", "right") as server:
        told = chat(server)[0].with_structured_output(Ticket).invoke("What is it?")

    assert told == Ticket(label="refund", amount=12)
    assert len(server.asked) == 2


def test_who_traces_hears_what_it_took() -> None:
    """The callbacks of LangChain are called, with the route and the cost."""
    heard = Heard()
    with endpoint() as server:
        chat(server)[0].invoke("What is it?", config={"callbacks": [heard]})
    (response,) = heard.ended
    told = response.generations[0][0].message.response_metadata

    assert (told["model_name"], told["route"], told["is_script"]) == ("small-1", "here", False)


def test_what_cannot_be_asked_is_said_before_anything_is_sent() -> None:
    """Stop words, one of several tools, and schemas that nobody checks."""
    union = {
        "name": "either",
        "description": "",
        "parameters": {"type": "object", "properties": {"a": {"anyOf": [{"type": "string"}]}}},
    }
    with endpoint() as server:
        model, purse = chat(server)
        with pytest.raises(InvalidInput, match="stop words"):
            model.invoke("x", stop=["y"])
        with pytest.raises(InvalidInput, match="one of several tools"):
            model.bind_tools([look, Ticket], tool_choice="any").invoke("x")
        with pytest.raises(InvalidInput, match="uses anyOf, which nothing here checks"):
            model.bind_tools([union]).invoke("x")

    assert purse.attempts == []
