"""One request to a model: what was asked, what it might take, what was said and what it took."""

from datetime import datetime
from decimal import Decimal
from typing import Literal

from runs.records.record import Digest, Record
from runs.records.run import Spend

CallStatus = Literal["reserved", "settled"]
CallEnd = Literal["answered", "unusable", "refused", "unsent", "unanswered"]
"""How a request ended: with an answer; with one of no use; refused by the endpoint, which did
nothing; never sent; or nobody can tell what became of it."""


class Settled(Record):
    """What became of a request."""

    end: CallEnd
    response: Digest
    """Snapshot of the answer as it came, masked, or of why there is none."""
    spent: Spend
    input_tokens: int
    output_tokens: int
    usage: Literal["reported", "estimate", "none"]
    """Who counted the tokens: the endpoint, we as far as can be told, or nobody."""
    model: str
    """As the endpoint names it; empty where it said nothing."""
    cached_tokens: int
    """Tokens that the endpoint says it read from its own cache."""
    seconds: Decimal
    """Seconds, from sending it to its end."""
    at: datetime


class ModelCall(Record):
    """One request; kept before it is sent, so that what a crash leaves is spent."""

    id: str
    run: str
    """Empty where an item pays."""
    item: str
    """Empty where a run pays."""
    purpose: str
    prompt: str
    """Digest of the prompt; empty where the words were made of none."""
    prompt_name: str
    route: str
    model: str
    """As it was asked for."""
    parameters: dict[str, str]
    """What was sent beside the words, as JSON text, by name."""
    request: Digest
    """Snapshot of what was sent, masked."""
    number: int
    """Among the requests of one question, from 1: every one after the first is a retry, a repair
    or another route."""
    reserved: Spend
    budgets: tuple[str, ...]
    """Names of the budgets it was reserved from."""
    is_script: bool
    """A script answered in a model's place."""
    asked_at: datetime
    status: CallStatus = "reserved"
    settled: Settled | None = None
