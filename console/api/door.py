"""What every route of the API stands on: who asks, what they may, and how a refusal is told."""

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, Literal, Protocol, get_args

from fastapi import Depends, Path, Request, Security
from fastapi.security import HTTPBearer
from pydantic import Field

from console.identity import identify
from rollout.admission import Sorted
from rollout.sent import Sent
from runs import approvals, people
from runs.records.approval import Approval
from runs.records.item import Item
from runs.records.person import Customer, Identity, Scope
from runs.records.record import Record
from runs.snapshots import Terms
from runs.store.store import Store
from workflow import review

PLAIN = r"^[^\x00-\x1f\x7f]*$"
"""Text of one line: no control characters, of which a database keeps some and refuses others."""
LONGEST_ID = 200
Id = Annotated[str, Path(min_length=1, max_length=LONGEST_ID, pattern=PLAIN)]


def line(most: int) -> Any:
    """A text of one line, of so many characters at most."""
    return Field(default="", max_length=most, pattern=PLAIN)


class Few(Record):
    """How many at most; a name that is not known is refused like any other."""

    limit: int = Field(default=100, ge=1, le=1_000)


class Door(Protocol):
    """What the API is handed: the record, and the acts of whoever proved themselves."""

    @property
    def store(self) -> Store:
        """The record."""
        ...

    def identify(self, token: str) -> Identity:
        """Who is asking; NotAllowed for a token that is not known."""
        ...

    def admit(
        self, identity: Identity, workflow: str, sent: Sequence[Sent], *, batch: str
    ) -> list[Item]:
        """Take items in, once a key."""
        ...

    def sort_out(self, identity: Identity, workflow: str, sent: Sequence[Sent]) -> Sorted:
        """What of these could be taken in, each looked at alone."""
        ...

    def wait_until(self, is_so: Callable[[], bool], seconds: float) -> None:
        """Wait until something is so, for so long at most; not at all while too many wait."""
        ...

    @property
    def reviews(self) -> review.Deps:
        """What an act on an item that waits for a person needs."""
        ...

    def tell_review(self, customer: Customer, item: Item) -> dict[str, Any] | None:
        """What is asked of people about an item, and what follows; None when nobody is asked."""
        ...

    def words(self) -> Terms:
        """What of people's words may be kept."""
        ...

    def call_off(self, identity: Identity, item: str, reason: str) -> Item:
        """End an item of which nothing was begun outside."""
        ...

    def decide(self, identity: Identity, answer: approvals.Answer) -> Approval:
        """Record one person's decision."""
        ...

    def tell_item(self, customer: Customer, item: Item) -> dict[str, Any]:
        """Everything an item left behind."""
        ...

    def tell_approval(self, customer: Customer, asked: Approval) -> dict[str, Any]:
        """Exactly what a question asks."""
        ...


Kind = Literal[
    "InvalidInput",
    "NotFound",
    "Conflict",
    "NotAllowed",
    "NotSignedIn",
    "Unavailable",
    "Busy",
    "Bug",
]
KINDS: Mapping[str, Kind] = dict(zip(get_args(Kind), get_args(Kind), strict=True))


class Told(Record):
    """Why a request was refused."""

    kind: Kind
    message: str
    """One sentence, with the remedy."""


class Refusal(Record):
    """The body of every answer that is not a success."""

    error: Told


REFUSALS: dict[int | str, dict[str, Any]] = {
    400: {"model": Refusal, "description": "of the form of the document, and cannot be accepted"},
    401: {"model": Refusal, "description": "nobody is signed in"},
    403: {"model": Refusal, "description": "this person or program may not"},
    404: {"model": Refusal, "description": "there is no such record of this customer"},
    405: {"model": Refusal, "description": "this route has another method"},
    409: {"model": Refusal, "description": "the record moved on, or the key has another input"},
    413: {"model": Refusal, "description": "the body is too large"},
    422: {"model": Refusal, "description": "the request has not the form of the document"},
    429: {"model": Refusal, "description": "too many items wait; Retry-After says when to send"},
    503: {"model": Refusal, "description": "a system outside does not answer; try again"},
}

Signed = Security(
    HTTPBearer(
        auto_error=False,
        scheme_name="token",
        description="`plt_<id>_<secret>`; an owner makes one with `pilotage token create`.",
    )
)
"""Says in the document how one signs in; who it is, `asking` finds out."""


def kind_of(error: Exception) -> Kind:
    """How an error is called in an answer: by the nearest class that has a name there."""
    for one in type(error).__mro__:
        if one.__name__ in KINDS:
            return KINDS[one.__name__]
    return "Bug"


def door_of(request: Request) -> Door:
    """What the application of this request was made over."""
    return request.app.state.door


At = Annotated[Door, Depends(door_of)]


def asking(request: Request, door: At) -> Identity:
    """Who sent this request."""
    return identify(request, door.identify)


Who = Annotated[Identity, Depends(asking)]


def may(door: Door, who: Identity, scope: Scope) -> Identity:
    """Who asks, when their token may do this; NotAllowed with the remedy otherwise."""
    people.require(door.store, who, scope)
    return who


def may_as_person(door: Door, who: Identity, scope: Scope) -> Identity:
    """The same for what only people do: a program goes on, to be refused on record by the rules."""
    return who if who.is_machine else may(door, who, scope)
