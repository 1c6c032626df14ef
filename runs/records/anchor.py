"""What an outside place is told of the chain, so that the past cannot be written anew."""

from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from runs.records.record import Record

FORM = "pilotage/anchor/1"


class Anchor(Record):
    """The chain's end at one moment, as it was written to one place outside."""

    id: str
    place: str
    """Kind of the place and the beginning of its digest: an address may hold a secret."""
    installation: str = Field(pattern=r"^[0-9a-f]{64}$")
    """Hash of the first event: no two installations share it."""
    seq: int = Field(ge=1)
    """The last event covered; the chain has no gap, so as many events are."""
    hash: str = Field(pattern=r"^[0-9a-f]{64}$")
    at: datetime


class Written(Record):
    """One line of an anchor file: what an outside place holds."""

    form: Literal["pilotage/anchor/1"] = Field(alias="schema")
    installation: str = Field(pattern=r"^[0-9a-f]{64}$")
    seq: int = Field(ge=1)
    hash: str = Field(pattern=r"^[0-9a-f]{64}$")
    events: int = Field(ge=1)
    at: datetime


def written(anchor: Anchor) -> dict[str, Any]:
    """The line that is written to the outside place."""
    told = anchor.as_json()
    return {
        "schema": FORM,
        "installation": anchor.installation,
        "seq": anchor.seq,
        "hash": anchor.hash,
        "events": anchor.seq,
        "at": told["at"],
    }
