"""The form every record has, its canonical bytes, and the digest that names it."""

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cached_property
from typing import Annotated, Any, Self

import rfc8785
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

Digest = Annotated[str, Field(pattern=r"^sha256:[0-9a-f]{64}$")]
"""SHA-256 over canonical JSON (RFC 8785)."""

Rate = Annotated[float, Field(ge=0.0, le=1.0)]
"""0 to 1."""


EXACT = 2**53 - 1
"""Up to here whole numbers are exact for every reader of JSON."""


def as_utc(time: datetime) -> datetime:
    """The time in UTC; one that names no zone is taken as UTC."""
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)


Moment = Annotated[datetime, AfterValidator(as_utc)]
"""A time that a person wrote: UTC where they named no zone, so that any two can be compared."""


class Record(BaseModel):
    """Frozen; unknown fields are refused; changed only by making another."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    def as_json(self) -> dict[str, Any]:
        """The record as JSON values: money as text, times as ISO 8601 in UTC."""
        return self.model_dump(mode="json")

    @cached_property
    def digest(self) -> str:
        """The name of this record's content; made once, for it never changes."""
        return digest_of(self.as_json())

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """Another record, with a name of its own."""
        copied = super().model_copy(update=update, deep=deep)
        if "digest" in copied.__dict__:
            del copied.digest
        return copied


def canonical(value: Any) -> bytes:
    """The one byte form of a JSON value (RFC 8785); raises ValueError for what JSON cannot hold."""
    return _PLAIN(value).encode() if _is_plain(value) else rfc8785.dumps(value)


_PLAIN = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode
"""The same bytes, a few times faster, for what `_is_plain` lets pass; a test compares the two."""


def _is_plain(value: Any) -> bool:
    """No number but what everybody writes alike, no key but ASCII: the orders agree."""
    kind = type(value)
    if kind is str or value is None or kind is bool:
        return True
    if kind is int:
        return -EXACT <= value <= EXACT
    if kind is float:
        # Within these both write the shortest digits that tell it, without an exponent.
        return 1e-4 <= abs(value) < 1e15 and value != int(value)
    if kind is dict:
        return all(type(k) is str and k.isascii() and _is_plain(v) for k, v in value.items())
    return (kind is list or kind is tuple) and all(map(_is_plain, value))


def digest_of(value: Any) -> str:
    """`sha256:` and the hex SHA-256 of the canonical form of a JSON value."""
    return digest_of_bytes(canonical(value))


def digest_of_bytes(canonical_form: bytes) -> str:
    """The digest of what is in its canonical form already."""
    return "sha256:" + hashlib.sha256(canonical_form).hexdigest()
