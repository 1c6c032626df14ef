"""The form every record has, its canonical bytes, and the digest that names it."""

import hashlib
from datetime import UTC, datetime
from typing import Annotated, Any

import rfc8785
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

Digest = Annotated[str, Field(pattern=r"^sha256:[0-9a-f]{64}$")]
"""SHA-256 over canonical JSON (RFC 8785)."""

Rate = Annotated[float, Field(ge=0.0, le=1.0)]
"""0 to 1."""


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

    @property
    def digest(self) -> str:
        """The name of this record's content."""
        return digest_of(self.as_json())


def canonical(value: Any) -> bytes:
    """The one byte form of a JSON value (RFC 8785); raises ValueError for what JSON cannot hold."""
    return rfc8785.dumps(value)


def digest_of(value: Any) -> str:
    """`sha256:` and the hex SHA-256 of the canonical form of a JSON value."""
    return "sha256:" + hashlib.sha256(canonical(value)).hexdigest()
