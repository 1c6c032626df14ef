"""What a tools file declares of a system that speaks HTTP; nothing else is ever asked of it."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Literal
from urllib.parse import urlsplit

from pydantic import Field, field_validator, model_validator
from pydantic_core import PydanticCustomError

from runs.records.record import Record
from tools.filled import KEY, holes
from tools.tool import Schema

PATH = r"^/[^\s?#]*(\?[^\s#]*)?$"
HEADER = re.compile(r"header:[A-Za-z][A-Za-z0-9-]{0,60}")
MAX_BYTES = 1_000_000
SCHEMES = ("https", "http")


class Look(Record):
    """One address that is only looked at."""

    path: str = Field(pattern=PATH)
    """Below `base_url`; `{key}` is the key of the action or record."""
    field: str = ""
    """Field of the answer that holds what is looked for; empty: the answer itself."""


class LookUp(Look):
    """How the other side is asked for what it did under a key; 404 or an empty list is nothing."""

    tells_absence: bool = True
    """No answer means that nothing was done; otherwise a person has to look."""


class Endpoint(Record):
    """One thing that may be asked of the other side."""

    method: Literal["POST", "PUT", "PATCH", "DELETE"] = "POST"
    path: str = Field(pattern=PATH)
    """Below `base_url`; `{item}`, `{label}`, `{fields.amount}` and `{key}` are filled in."""
    body: dict[str, Any] | None = None
    """JSON with holes such as "{item}"; empty: all that is asked for, as it is."""
    form: dict[str, Any] | None = None
    """JSON Schema of what is asked for; empty: that of a version's effects."""
    is_idempotent: bool = False
    """The other side does it once a key: then the same may be sent again at once."""
    keeps: tuple[str, ...] = ()
    """Fields of its answer that the receipt keeps, beside the answer's digest."""


class Http(Record):
    """A system that speaks HTTP."""

    base_url: str
    """`https://host[:port][/path]`; without credentials, which `credential` names."""
    is_private: bool = False
    """It stands on this machine or in a private network; otherwise such addresses are refused."""
    auth: str = "bearer"
    """How the credential is sent: `bearer`, `basic` (`user:password`) or `header:NAME`."""
    timeout_s: float = Field(default=10.0, gt=0, le=120)
    """Of connecting, and of each piece of an answer."""
    tries: int = Field(default=3, ge=1, le=10)
    """How often what is safe to send again is sent."""
    max_bytes: int = Field(default=MAX_BYTES, ge=1_000, le=50_000_000)
    """A larger answer is refused."""
    read: Look | None = None
    """Where the record of a key is read."""
    probe: Look | None = None
    """What is asked to see whether it is there; `read` or `look_up` where there is none."""
    look_up: LookUp | None = None
    endpoints: dict[str, Endpoint] = Field(default_factory=dict)
    """What may be asked of it, by operation; without any it is read only."""

    @field_validator("base_url")
    @classmethod
    def _is_an_address(cls, value: str) -> str:
        return check_url(value)

    @field_validator("auth")
    @classmethod
    def _is_known(cls, value: str) -> str:
        if value not in ("bearer", "basic") and not HEADER.fullmatch(value):
            raise ValueError("write `bearer`, `basic` or `header:NAME`")
        return value

    @model_validator(mode="after")
    def _can_be_reached(self) -> "Http":
        if urlsplit(self.base_url).scheme == "http" and not self.is_private:
            raise ValueError("is not encrypted: write https, or is_private for one in your network")
        if not (self.read or self.probe or self.look_up):
            raise ValueError(
                "give it read, look_up or probe, or nobody could tell whether it answers"
            )
        for place, look in (("read", self.read), ("look_up", self.look_up)):
            if look is not None and KEY not in holes(look.path):
                raise ValueError(f"put {{key}} into the path of {place}")
        return self

    def strange_holes(self, forms: Mapping[str, Schema]) -> Iterator[str]:
        """What an endpoint fills in that nobody asks for; `forms` are by operation."""
        for name, one in self.endpoints.items():
            known = {KEY, *forms[name].get("properties", {})}
            for hole in (*holes(one.path), *holes(one.body)):
                if hole.partition(".")[0] not in known:
                    yield (
                        f"endpoints.{name}: {{{hole}}} is nothing that is asked for; name a field "
                        "of its form"
                    )


def check_url(value: str) -> str:
    """The address without a slash at its end; ValueError for one that is none or holds a secret."""
    parts = urlsplit(value)
    if parts.username or parts.password or "@" in value:
        raise PydanticCustomError("unsaid", "holds a credential; name it with `credential` instead")
    if parts.scheme not in SCHEMES or not parts.hostname or parts.query or parts.fragment:
        raise ValueError("write it as https://host[:port][/path]")
    return value.rstrip("/")
