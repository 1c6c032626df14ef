"""What a model is asked, what it answers, and what whoever asks may rely on.

A layer that asks takes a `Model` as an argument. What an answer says is a proposal: it approves,
decides and changes nothing, and whoever asked checks it.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Literal, NamedTuple, Protocol

from pydantic import Field, field_validator, model_validator

from runs.errors import InvalidInput
from runs.records.model_call import CallEnd
from runs.records.record import Record
from runs.records.run import Spend
from tools.tool import unchecked

NAME = r"^[a-zA-Z][a-zA-Z0-9_-]{0,63}$"
"""What every endpoint takes as the name of a tool or a form."""

Flaw = Literal["malformed", "schema", "truncated", "refused", "empty", "too_large", "steps"]
"""Why an answer cannot be used: no answer of this API at all (`malformed`), not of the form that
was asked for, cut off at its limit, refused by the model, nothing in it, larger than is read, or
calls of tools without an end."""


class Unusable(InvalidInput):
    """A model answered, and its answer cannot be used; asking the same again is no use."""

    def __init__(self, says: str, *, flaw: Flaw) -> None:
        super().__init__(says)
        self.flaw: Flaw = flaw


class ToolForm(Record):
    """A tool that a model may ask for; nothing happens because it does."""

    name: str = Field(pattern=NAME)
    says: str
    """What it does, in a sentence for the model."""
    form: dict[str, Any]
    """JSON Schema of its arguments, in the part that `tools.tool.check_content` knows."""


class Form(Record):
    """The form an answer has to have: JSON of this schema."""

    name: str = Field(pattern=NAME)
    form: dict[str, Any]
    """JSON Schema, in the part that `tools.tool.check_content` knows; an object at the top."""

    @field_validator("form")
    @classmethod
    def _is_an_object(cls, value: dict[str, Any]) -> dict[str, Any]:
        if value.get("type") != "object" or "properties" not in value:
            raise ValueError("write an object with `properties`")
        return value


class ToolCall(Record):
    """A tool that the model asks for: one that was offered, with arguments of its form."""

    id: str
    """The endpoint's; the result names it."""
    name: str
    arguments: dict[str, Any]


class RefusedCall(Record):
    """A tool that the model asked for and does not get; nothing was done."""

    id: str
    name: str
    why: str


class Message(Record):
    """One turn of what is said."""

    role: Literal["system", "user", "assistant", "tool"]
    text: str = ""
    calls: tuple[ToolCall | RefusedCall, ...] = ()
    """Of an assistant: the tools it asked for."""
    answers: str = ""
    """Of a tool: the id of the call that this is the result of."""


class Request(Record):
    """One question to a model."""

    purpose: str = Field(min_length=1, max_length=120)
    """What it is for, in the caller's words: `extract`, `explain_group`."""
    prompt: str = ""
    """Digest of the prompt the words were made of; empty where there is none."""
    prompt_name: str = ""
    messages: tuple[Message, ...] = Field(min_length=1)
    form: Form | None = None
    """What the answer has to look like; None: text."""
    tools: tuple[ToolForm, ...] = ()
    """What the model may ask for."""
    most_output: int = Field(default=1_024, ge=1, le=200_000)
    """Tokens the answer may have; the route's own limit holds as well."""
    temperature: float | None = Field(default=None, ge=0, le=2)
    """None: as the route says."""
    seed: int | None = None
    """Asked of a route that takes one: the same answer again, as far as the endpoint can."""
    repairs: Literal[0, 1] = 1
    """How often a model whose answer has not the form is told so and asked again."""

    @model_validator(mode="after")
    def _can_be_checked(self) -> "Request":
        for one in (*self.tools, *([self.form] if self.form else [])):
            if wrong := unchecked(one.form):
                raise ValueError(
                    f"{one.name}: its schema uses {', '.join(wrong)}, which nothing here checks; "
                    "leave it out and check it yourself"
                )
        names = [one.name for one in self.tools]
        if len(set(names)) != len(names):
            raise ValueError("two tools have one name; give one another")
        return self


class Usage(Record):
    """Tokens of one answer."""

    input: int
    output: int
    kind: Literal["reported", "estimate"]
    """`reported` by the endpoint; `estimate` where it did not say, or said what cannot be."""


class Answer(Record):
    """What a model said, in the form it was asked for."""

    text: str
    value: dict[str, Any] | None
    """Of a request with a form: JSON that has it. None otherwise."""
    calls: tuple[ToolCall, ...]
    """Tools it asks for: offered ones, with arguments of their form."""
    refused: tuple[RefusedCall, ...]
    """Tools it asked for otherwise: whoever asked tells it why, and does nothing."""
    route: str
    model: str
    """As the endpoint names it."""
    way: Literal["strict", "tools", "text"]
    """How the form was asked for."""
    usage: Usage
    """Of every call that this answer took."""
    cost: Decimal
    """Of every call that this answer took; zero where the route declares no price."""
    currency: str = ""
    """Of the route's price; empty where it names none."""
    seconds: Decimal
    tries: int
    """Requests that were sent."""
    is_repaired: bool
    """The model was told what was wrong with its first answer."""
    is_script: bool
    """True of a script in a model's place: no evidence of what a model does."""
    calls_kept: tuple[str, ...] = ()
    """Ids under which the record has these calls, the last one the answer's."""

    def as_message(self) -> Message:
        """The answer as a turn of what is said, for the next question."""
        return Message(role="assistant", text=self.text, calls=(*self.calls, *self.refused))


class Model(Protocol):
    """Something that answers, and that a run pays for."""

    def ask(self, request: Request) -> Answer:
        """An answer of the form asked for; what it takes is reserved before anything leaves.

        Raises OverBudget when a budget has less left, with nothing sent; Unusable when what was
        answered cannot be used; NotAllowed or NotFound when an endpoint refuses us or knows no such
        model; InvalidInput when no route can be asked this; Unavailable when none answers.
        """
        ...


class Attempt(NamedTuple):
    """One request that is about to be sent."""

    route: str
    model: str
    request: Request
    """What was asked."""
    body: Mapping[str, Any]
    """What is sent, as JSON."""
    most: Spend
    """What it takes at most."""
    number: int
    """Among the requests of this question, from 1."""
    is_script: bool
    """A script answers it."""


class Outcome(NamedTuple):
    """What became of a request."""

    end: CallEnd
    spent: Spend
    usage: Usage | None
    """None where nothing was said."""
    said: str
    """The answer as it came, or in one sentence why there is none."""
    model: str
    """As the endpoint names it; empty where it said nothing."""
    is_cached: int
    """Tokens that the endpoint says it read from its own cache."""
    seconds: Decimal = Decimal(0)
    """From sending it to its end, without the wait for its turn."""


class Purse(Protocol):
    """Who pays for a question, and keeps what was asked and answered."""

    def reserve(self, attempt: Attempt) -> str:
        """Set aside what the request takes at most, and keep that it is sent; returns its id.

        Raises OverBudget, and nothing may be sent, when a budget has less left.
        """
        ...

    def settle(self, id: str, outcome: Outcome) -> None:
        """Count what it took in the place of what was set aside, and keep what was said.

        What is never settled stays spent as it was reserved.
        """
        ...
