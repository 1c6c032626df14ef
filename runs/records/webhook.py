"""An address of the customer that is told what happened, and what it was told."""

from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from runs.records.record import Record

Told = Literal[
    "item.ended",
    "review.opened",
    "approval.asked",
    "release.held",
    "release.rolled_back",
    "run.ended",
]
"""What an address may be told of."""
DeliveryStatus = Literal["waiting", "delivered", "dead"]


class Webhook(Record):
    """One address, of which events it is told, and how it knows that they are ours."""

    id: str = Field(pattern=r"^[a-z][a-z0-9_-]{0,39}$")
    """The name people give it."""
    url: str
    events: tuple[Told, ...] = Field(min_length=1)
    secret: str
    """Where the secret stands that signs: `env:NAME` or `file:NAME`; never the secret itself."""
    secret_before: str = ""
    """The one before it, which signs as well until it is retired."""
    is_private: bool = False
    """It stands on this machine or in a private network; otherwise such addresses are refused."""
    owner: str
    """The person who is told when it does not answer."""
    hours: int = Field(default=24, ge=1, le=168)
    """So long one delivery is tried again."""
    is_stopped: bool = False
    """It is told of nothing that happens from now on."""
    declared_by: str
    declared_at: datetime


class Delivery(Record):
    """One event told to one address; the same id and body at every try."""

    id: str
    webhook: str
    type: Told
    subject: str
    """Id of what it is about."""
    body: dict[str, Any]
    """What is sent: ids and states, nobody's words."""
    status: DeliveryStatus
    tries: int
    answer: str
    """What came of the last try: a status, or why there was none."""
    made_at: datetime
    """When the address was to be told first, or again by a person."""
    due_at: datetime
    """Not before this time it is tried next."""
    ended_at: datetime | None
