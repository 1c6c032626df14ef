"""A model that may ask for tools, turn by turn, until it answers or its steps are used up."""

from collections.abc import Callable
from typing import NamedTuple

from tools.model.asked import Answer, Message, Model, Request, ToolCall, Unusable
from tools.model.forms import as_turn

Use = Callable[[ToolCall], str]
"""Does what a call asks for, or says why not; called with offered tools and checked arguments."""


class Talk(NamedTuple):
    """How it went."""

    answer: Answer
    """The last: it asks for nothing any more."""
    messages: tuple[Message, ...]
    """Every turn, the first question's as well."""


def until_answered(model: Model, request: Request, use: Use, *, most_steps: int) -> Talk:
    """Ask, do what is asked for, and ask again, at most so many times.

    A call that was refused is told so and does nothing. What a tool gives is told as untrusted.
    Raises Unusable with the flaw `steps` when the model asks for tools to the last, and whatever
    `Model.ask` and `use` raise.
    """
    messages = request.messages
    for _ in range(most_steps):
        answer = model.ask(request.model_copy(update={"messages": messages}))
        if not (answer.calls or answer.refused):
            return Talk(answer, (*messages, answer.as_message()))
        given = [as_turn(one, use(one)) for one in answer.calls]
        given += [as_turn(one, "") for one in answer.refused]
        messages = (*messages, answer.as_message(), *given)
    raise Unusable(
        f"{request.purpose}: the model asked for tools {most_steps} times and never answered; "
        "ask for less, or allow more steps",
        flaw="steps",
    )
