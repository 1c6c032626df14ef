"""What is declared of a way to a model: where it is, what it costs, what it can, how far it may go.

The price is per million tokens, in one currency for all: that of the installation's budgets.
"""

import re
from decimal import ROUND_UP, Decimal
from typing import Any, Literal
from urllib.parse import urlsplit

from pydantic import Field, field_validator, model_validator
from pydantic_core import PydanticCustomError

from runs.records.record import Record
from tools.http.declared import HEADER, check_url

NAME = r"^[a-z][a-z0-9_-]{0,39}$"
REFERENCE = re.compile(r"((env|file):[A-Za-z0-9][A-Za-z0-9_.-]{0,99})?")
"""How a secret is named; what could be the secret itself is refused, and not repeated."""
Way = Literal["strict", "tools", "text"]
"""How an answer of a form is had: the endpoint holds the model to a JSON schema; the model calls a
tool whose arguments are the answer; or it is asked for JSON in words."""
WAYS: tuple[Way, ...] = ("strict", "tools", "text")
"""From the surest to the one that every endpoint has."""
BILLIONTH = Decimal("0.000000001")
"""Money is counted in whole ones of these, rounded up."""
MILLION = 1_000_000
QUERY = re.compile(r"query:[A-Za-z][A-Za-z0-9_.-]{0,60}")
PROOF = re.compile(
    r"(^|.*[-_.])(api)?(key|token|secret|password|sig|signature|auth)$", re.IGNORECASE
)
"""Names of what proves who asks: it is named by its reference, and stands in no file of ours."""
OURS = ("model", "messages", "stream", "n", "tools", "tool_choice", "response_format", "seed")
OURS += ("max_tokens", "max_completion_tokens", "parallel_tool_calls")
"""What is sent is set here, so that no file can change what an answer means or may cost."""
ATTENTIVE = ("api.openai.com", ".openai.azure.com", ".cognitiveservices.azure.com")
"""Hosts that know `max_completion_tokens`; every other is told `max_tokens`."""


class Price(Record):
    """What tokens cost."""

    input: Decimal = Field(ge=0, le=100_000)
    """Per million tokens that the model reads."""
    output: Decimal = Field(ge=0, le=100_000)
    """Per million tokens that it writes."""
    currency: str = Field(default="", pattern=r"^([A-Z]{3})?$")
    """As a plan names it, such as EUR; empty: that of the budgets and of every plan."""

    def of(self, read: int, written: int) -> Decimal:
        """What so many tokens cost, rounded up to a billionth."""
        cost = (self.input * read + self.output * written) / MILLION
        return cost.quantize(BILLIONTH, rounding=ROUND_UP)


class Limits(Record):
    """How far one route may go."""

    context: int = Field(default=8_192, ge=256, le=20_000_000)
    """Tokens that the model takes as a whole, with its answer."""
    output: int = Field(default=2_048, ge=1, le=200_000)
    """Tokens an answer may have."""
    timeout_s: float = Field(default=60.0, gt=0, le=600)
    """Of one request from its first byte to the last of its answer."""
    connect_s: float = Field(default=10.0, gt=0, le=60)
    """Of finding somebody there."""
    tries: int = Field(default=3, ge=1, le=10)
    """Requests that one question may take here, where they are safe to send again."""
    concurrency: int = Field(default=4, ge=1, le=256)
    """Requests under way at the same time, in one process."""
    per_minute: int = Field(default=0, ge=0, le=100_000)
    """Requests that begin within a minute, over every worker; 0: no limit."""
    max_bytes: int = Field(default=2_000_000, ge=1_000, le=50_000_000)
    """A larger answer is not read to its end."""
    failures: int = Field(default=5, ge=1, le=100)
    """So many in a row, and the endpoint is left alone for a while."""
    rest_s: float = Field(default=30.0, gt=0, le=3_600)
    """So long; then one request looks whether it answers again."""


class Route(Record):
    """One way to a model."""

    name: str = Field(pattern=NAME)
    base_url: str
    """`https://host[:port][/path]`, as the endpoint's own documentation writes it, mostly `/v1`."""
    model: str = Field(default="", max_length=200)
    """As the endpoint names it; empty: the only one that it lists."""
    credential: str = ""
    """`env:NAME` or `file:NAME`; empty: it asks for none."""
    auth: str = "bearer"
    """How the credential is sent: `bearer`, `header:NAME` such as `header:api-key`, or
    `query:NAME`."""
    is_private: bool = False
    """It stands on this machine or in a private network; otherwise such addresses are refused."""
    structured: Literal["auto", "strict", "tools", "text"] = "auto"
    """The best way in which it can be held to a form; `auto`: the first that it takes."""
    can_call_tools: bool | None = None
    """Whether models may be offered tools here; empty: unless `structured` is `text`."""
    takes_seed: bool = True
    """Whether it is sent the seed of a question."""
    output_limit: Literal["max_tokens", "max_completion_tokens", ""] = ""
    """The name under which it is told how long an answer may be; empty: by its host."""
    price: Price | None = None
    """Empty: not known; calls and tokens are counted, and its cost as nothing."""
    limits: Limits = Field(default_factory=Limits)
    parameters: dict[str, Any] = Field(default_factory=dict)
    """What else is sent with every question, such as `temperature` or `reasoning_effort`."""
    query: dict[str, str] = Field(default_factory=dict)
    """What stands behind the `?` of its address, such as `api-version`."""
    encoding: Literal["cl100k_base", "o200k_base", ""] = ""
    """How its tokens are counted, where its file of ranks is at hand; empty: estimated."""

    @field_validator("base_url")
    @classmethod
    def _is_an_address(cls, value: str) -> str:
        return check_url(value)

    @field_validator("credential")
    @classmethod
    def _is_a_reference(cls, value: str) -> str:
        if not REFERENCE.fullmatch(value):
            raise PydanticCustomError(
                "unsaid", "is no reference; write env:NAME or file:NAME, never the secret itself"
            )
        return value

    @field_validator("auth")
    @classmethod
    def _is_known(cls, value: str) -> str:
        if value != "bearer" and not (HEADER.fullmatch(value) or QUERY.fullmatch(value)):
            raise ValueError("write `bearer`, `header:NAME` or `query:NAME`")
        return value

    @field_validator("query")
    @classmethod
    def _holds_no_secret(cls, value: dict[str, str]) -> dict[str, str]:
        if any(map(PROOF.match, value)):
            raise PydanticCustomError(
                "unsaid",
                "holds what proves who asks; name it as the credential, with auth query:NAME",
            )
        return value

    @field_validator("parameters")
    @classmethod
    def _leaves_ours(cls, value: dict[str, Any]) -> dict[str, Any]:
        if taken := sorted(set(value) & set(OURS)):
            raise ValueError(f"leave out {', '.join(taken)}: Pilotage sets it for each question")
        return value

    @model_validator(mode="after")
    def _can_be_reached(self) -> "Route":
        if urlsplit(self.base_url).scheme == "http" and not self.is_private:
            raise PydanticCustomError(
                "unsaid", "is not encrypted: write https, or is_private for one in your network"
            )
        if self.limits.output >= self.limits.context:
            raise PydanticCustomError(
                "unsaid",
                "cannot be asked: limits.output leaves no room for a question; make it less than "
                "limits.context",
            )
        return self

    @property
    def host(self) -> str:
        """The host and port of its endpoint."""
        return urlsplit(self.base_url).netloc

    @property
    def sent_in(self) -> tuple[str, str]:
        """Where its credential is sent: `header` or `query`, and under which name."""
        place, _, name = self.auth.partition(":")
        return (place, name) if name else ("header", "Authorization")

    @property
    def may_call_tools(self) -> bool:
        """Whether models may be offered tools here."""
        return self.structured != "text" if self.can_call_tools is None else self.can_call_tools

    @property
    def ways(self) -> tuple[Way, ...]:
        """The ways in which it is asked for a form, in order: the next where one is not taken."""
        return WAYS if self.structured == "auto" else (self.structured,)

    @property
    def told_as(self) -> str:
        """The name under which the endpoint is told how long an answer may be."""
        is_attentive = (urlsplit(self.base_url).hostname or "").endswith(ATTENTIVE)
        return self.output_limit or ("max_completion_tokens" if is_attentive else "max_tokens")

    @property
    def currency(self) -> str:
        """Of its price; empty where none is named."""
        return self.price.currency if self.price else ""

    def cost(self, read: int, written: int) -> Decimal:
        """What so many tokens cost here; zero where no price is declared."""
        return Decimal(0) if self.price is None else self.price.of(read, written)
