"""One way to an endpoint, whatever carries it: a question is sent once; a reply comes, or not."""

from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol


class Reply(NamedTuple):
    """What came back."""

    status: int
    body: bytes
    is_whole: bool
    """False when it was larger than is read, or packed."""
    after_s: float
    """How long it asked to be left alone; 0 where it did not say."""


class Lost(Exception):
    """No reply. `is_sent`: something of the request may have reached the endpoint."""

    def __init__(self, says: str, *, is_sent: bool, is_late: bool) -> None:
        super().__init__(says)
        self.is_sent = is_sent
        self.is_late = is_late
        """It took as long as it may."""


class Wire(Protocol):
    """One endpoint, asked one request at a time."""

    def send(self, body: Mapping[str, Any]) -> Reply:
        """Send a question once; raises Lost, or InvalidInput for an address that may not be."""
        ...

    def models(self) -> Reply:
        """What the endpoint lists of its models; raises what `send` raises."""
        ...
