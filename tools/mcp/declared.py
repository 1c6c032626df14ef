"""What a tools file declares of an MCP server; nothing else of what it offers is ever asked."""

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from pydantic import Field, field_validator, model_validator

from runs.records.record import Record
from tools.filled import KEY, holes
from tools.http.declared import HEADER, check_url
from tools.tool import Schema

PIN = r"^(sha256:[0-9a-f]{64})?$"
MAX_BYTES = 1_000_000


class Called(Record):
    """One tool of the server, and what it is asked with."""

    tool: str = Field(pattern=r"^[A-Za-z0-9_./-]{1,128}$")
    """As the server names it."""
    arguments: dict[str, Any] = Field(default_factory=dict)
    """JSON with holes such as "{item}" or "{key}"."""
    pin: str = Field(default="", pattern=PIN)
    """Digest of its definition, as `pilotage tool show` tells it; another, and it is not asked."""


class Looked(Called):
    """One tool of the server that only looks."""

    field: str = ""
    """Field of the answer that holds what is looked for; empty: the answer itself."""
    error_is_absence: bool = False
    """Where there is nothing the server answers with an error; otherwise that is a failure."""


class LookUp(Looked):
    """How the server is asked for what it did under a key."""

    tells_absence: bool = True
    """No answer means that nothing was done; otherwise a person has to look."""


class Acted(Called):
    """One tool of the server that does something."""

    form: dict[str, Any] | None = None
    """JSON Schema of what is asked for; empty: that of a version's effects."""
    is_idempotent: bool = False
    """The server does it once a key: then the same may be asked again at once."""
    error_is_refusal: bool = False
    """An error of the tool says that nothing was done; otherwise it leaves that open."""
    keeps: tuple[str, ...] = ()
    """Fields of its answer that the receipt keeps, beside the answer's digest."""


class Mcp(Record):
    """An MCP server: a program of this machine, or one that speaks streamable HTTP."""

    url: str = ""
    """`https://host[:port]/path`; without credentials, which `credential` names."""
    command: tuple[str, ...] = ()
    """Program and arguments, run in the home for each use; its output is what it says."""
    secret_env: str = Field(default="", pattern=r"^([A-Z][A-Z0-9_]{0,60})?$")
    """Of a program: the variable it finds its credential in."""
    is_private: bool = False
    """It stands on this machine or in a private network; otherwise such addresses are refused."""
    auth: str = "bearer"
    """How the credential is sent over HTTP: `bearer` or `header:NAME`."""
    timeout_s: float = Field(default=20.0, gt=0, le=300)
    """Of each answer; a whole use may take six times as long."""
    tries: int = Field(default=3, ge=1, le=10)
    """How often what is safe to ask again is asked."""
    max_bytes: int = Field(default=MAX_BYTES, ge=1_000, le=50_000_000)
    """A server that says more in one use is not listened to further."""
    read: Looked | None = None
    """How the record of a key is read."""
    look_up: LookUp | None = None
    operations: dict[str, Acted] = Field(default_factory=dict)
    """What may be done, by operation; without any it is read only."""

    @field_validator("url")
    @classmethod
    def _is_an_address(cls, value: str) -> str:
        return check_url(value) if value else value

    @field_validator("auth")
    @classmethod
    def _is_known(cls, value: str) -> str:
        if value != "bearer" and not HEADER.fullmatch(value):
            raise ValueError("write `bearer` or `header:NAME`")
        return value

    @model_validator(mode="after")
    def _is_whole(self) -> "Mcp":
        if bool(self.url) == bool(self.command):
            raise ValueError("needs url or command, and only one of them")
        if urlsplit(self.url).scheme == "http" and not self.is_private:
            raise ValueError("is not encrypted: write https, or is_private for one in your network")
        if not (self.read or self.operations):
            raise ValueError("needs read or operations")
        for place, look in (("read", self.read), ("look_up", self.look_up)):
            if look is not None and KEY not in holes(look.arguments):
                raise ValueError(f"{place} needs {{key}} in its arguments")
        for name, one in self.operations.items():
            if one.is_idempotent and KEY not in holes(one.arguments):
                raise ValueError(f"operations.{name} is done once a key: say {{key}} to it")
        return self

    def calls(self) -> Iterator[tuple[str, Called]]:
        """Everything that is ever asked of the server, by its place in the file."""
        yield from ((place, one) for place, one in self._looks() if one is not None)
        yield from ((f"operations.{name}", one) for name, one in self.operations.items())

    def strange_holes(self, forms: Mapping[str, Schema]) -> Iterator[str]:
        """What an operation fills in that nobody asks for; `forms` are by operation."""
        for name, one in self.operations.items():
            known = {KEY, *forms[name].get("properties", {})}
            for hole in holes(one.arguments):
                if hole.partition(".")[0] not in known:
                    yield f"operations.{name}: {{{hole}}} is nothing that is asked for"

    def _looks(self) -> tuple[tuple[str, Called | None], ...]:
        return ("read", self.read), ("look_up", self.look_up)
