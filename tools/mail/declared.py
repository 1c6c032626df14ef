"""What a tools file declares of a mail server; nothing else is ever sent over it."""

import re
from collections.abc import Iterator, Mapping
from email.utils import parseaddr
from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from runs.records.record import Record
from tools.filled import holes
from tools.tool import Schema

ADDRESS = re.compile(
    r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
    r"@([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)*[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
)
HOST = r"^[A-Za-z0-9]([A-Za-z0-9.:-]{0,252}[A-Za-z0-9])?$"
PORTS = {"starttls": 587, "tls": 465, "none": 25}
"""Where a server listens, by how it is encrypted."""


class Letter(Record):
    """One kind of letter that may be sent."""

    to: tuple[str, ...] = Field(min_length=1, max_length=100)
    """Addresses, names of `people`, or holes such as "{fields.email}"; a list counts one by one."""
    subject: str = Field(min_length=1, max_length=300)
    text: str = Field(min_length=1, max_length=100_000)
    """With holes such as "{label}"; one that stays empty, and nothing is sent."""
    reply_to: str = ""
    """Where answers go, where that is not the sender."""
    form: dict[str, Any] | None = None
    """JSON Schema of what is asked for; empty: that of a version's effects."""


class Sent(Record):
    """The folder in which the server keeps what it sent, asked over IMAP and TLS, read only."""

    host: str = Field(pattern=HOST)
    port: int = Field(default=993, ge=1, le=65535)
    folder: str = Field(default="Sent", pattern=r'^[^"\\\r\n\x00-\x1f]{1,100}$')


class Mail(Record):
    """A mail server that letters are handed to."""

    host: str = Field(pattern=HOST)
    port: int = Field(default=0, ge=0, le=65535)
    """0: 587 with starttls, 465 with tls, 25 with none."""
    security: Literal["starttls", "tls", "none"] = "starttls"
    """`none` only for a server with is_private, and then without a credential."""
    is_private: bool = False
    """It stands on this machine or in a private network; otherwise such addresses are refused."""
    trust: str = ""
    """PEM file of an authority of your own, below the home; empty: those of this machine."""
    sender: str
    """`desk@acme.example` or `Acme <desk@acme.example>`."""
    timeout_s: float = Field(default=20.0, gt=0, le=300)
    """Of connecting and of each answer; a whole conversation may take six times as long."""
    tries: int = Field(default=3, ge=1, le=10)
    """How often it is tried while surely nothing was sent."""
    only_to: tuple[str, ...] = ()
    """Addresses, or domains as `@acme.example`; with any, a letter to anybody else is refused."""
    people: dict[str, str] = Field(default_factory=dict)
    """Address by name, for letters to people who are named otherwise than by address."""
    sent: Sent | None = None
    """Where it can be looked whether a letter was sent; without it a person has to look."""
    operations: dict[str, Letter] = Field(min_length=1)
    """What may be sent, by operation."""

    @field_validator("sender")
    @classmethod
    def _is_a_sender(cls, value: str) -> str:
        if not value.isprintable() or not is_address(parseaddr(value)[1]):
            raise ValueError("write it as desk@acme.example, or Acme <desk@acme.example>")
        return value

    @field_validator("people")
    @classmethod
    def _are_addresses(cls, value: dict[str, str]) -> dict[str, str]:
        if wrong := sorted(name for name, address in value.items() if not is_address(address)):
            raise ValueError(f"{', '.join(wrong)}: is no address such as anna@acme.example")
        return value

    @field_validator("only_to")
    @classmethod
    def _are_places(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for one in value:
            if not is_address(one if not one.startswith("@") else f"a{one}"):
                raise ValueError(f"{one}: write an address, or a domain as @acme.example")
        return value

    @model_validator(mode="after")
    def _can_be_reached(self) -> "Mail":
        if self.security == "none" and not self.is_private:
            raise ValueError("is not encrypted: write starttls or tls, or is_private for your own")
        return self

    @property
    def place(self) -> int:
        """The port it is reached at."""
        return self.port or PORTS[self.security]

    @property
    def domain(self) -> str:
        """Of the sender."""
        return parseaddr(self.sender)[1].rpartition("@")[2]

    def may_reach(self, address: str) -> bool:
        """Whether a letter may go there."""
        told = address.lower()
        domain = "@" + told.rpartition("@")[2]
        return not self.only_to or any(one.lower() in (told, domain) for one in self.only_to)

    def strange_holes(self, forms: Mapping[str, Schema]) -> Iterator[str]:
        """What a letter fills in that nobody asks for; `forms` are by operation."""
        for name, one in self.operations.items():
            known = set(forms[name].get("properties", {}))
            for hole in holes([*one.to, one.subject, one.text, one.reply_to]):
                if hole.partition(".")[0] not in known:
                    yield f"operations.{name}: {{{hole}}} is nothing that is asked for"


def is_address(text: str) -> bool:
    """Whether it is exactly one plain mail address, and nothing beside it."""
    return len(text) <= 254 and ADDRESS.fullmatch(text) is not None
