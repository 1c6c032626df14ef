"""People, the roles they hold, and who is asking."""

from datetime import datetime
from typing import Literal

from runs.records.record import Record


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


class Identity(Record):
    """Who is asking, and how they proved it."""

    customer: Customer
    person: str
    """Person id; empty for a machine."""
    roles: tuple[str, ...]
    proved_by: Literal["token", "session", "demo"]
    token: str
    is_machine: bool
    """A service token: it may submit and read, and never approves."""
    scopes: tuple[str, ...]
