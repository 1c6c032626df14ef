"""People, the roles they hold, and who is asking."""

from datetime import datetime
from typing import Literal

from runs.records.record import Record

Scope = Literal["read", "decide", "operate", "submit", "administer"]
"""What a token may do: look; answer approvals and reviews; start, pause and take back; bring items;
people, tokens, keys and erasure."""


class Customer(Record):
    """A capability: whoever holds it may read and write this customer's records, no others.

    Made by `Store.customer` and by authentication only; never from a string a model or a request
    chose.
    """

    id: str
    name: str
    is_demo: bool


class Person(Record):
    """A named human."""

    id: str
    name: str
    email: str
    roles: tuple[str, ...]
    deputy: str
    """Person who decides when this one is away; empty when nobody is named."""
    is_disabled: bool
    created_at: datetime
    same_as: tuple[str, ...] = ()
    """Other accounts of the same human, as an owner declared; kept beside the person."""


class Key(Record):
    """The public half of a key with which a person signs their decisions."""

    id: str
    """The beginning of the SHA-256 of the key's 32 bytes."""
    person: str
    public: str
    """The 32 bytes of the Ed25519 key, as hexadecimal digits."""
    added_at: datetime
    revoked_at: datetime | None


class Token(Record):
    """What a person or a program proves itself with, without its secret."""

    id: str
    person: str
    is_machine: bool
    scopes: tuple[str, ...]
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_seen_at: datetime | None
    """The last use that was written down: of each hour the first."""


class Identity(Record):
    """Who is asking, and how they proved it."""

    customer: Customer
    person: str
    """Person id; empty for a machine."""
    roles: tuple[str, ...]
    proved_by: Literal["token", "session", "demo"]
    token: str
    is_machine: bool
    """A service token: it may do what its scopes say, and never approves."""
    scopes: tuple[str, ...]
    """What the token may do; empty: everything its person may."""
