"""tell an address of a customer what happened: signed, following nothing, once a try.

The form is that of Standard Webhooks: `webhook-id`, `webhook-timestamp` and `webhook-signature`,
HMAC-SHA256 over the three joined by dots, once for each secret that holds.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import NamedTuple
from urllib.parse import urlsplit

import httpx
from pydantic import SecretStr

from runs.errors import InvalidInput
from tools.http.way import Reached, open_way

PREFIX = "whsec_"
"""Begins a secret that is written as base64."""
LEAST = 24
"""Bytes of a secret."""
TIMEOUT_S = 10.0
"""Of connecting, and of the answer's first line; the rest of it is never read."""


def address(url: str, *, is_private: bool) -> Reached:
    """Where it goes, and what may be reached there."""
    return Reached(url, is_private, TIMEOUT_S)


class Message(NamedTuple):
    """What is sent: the same id and body at every try."""

    id: str
    at: int
    """Seconds since 1970, of this try."""
    body: bytes


class Sent(NamedTuple):
    """What came of one try."""

    is_delivered: bool
    is_gone: bool
    """The address says that it wants nothing any more."""
    answer: str
    """A status, or the kind of failure; never what was sent or answered."""
    wait_s: float = 0.0
    """So long the other side asks to be left alone."""


def check(url: str, *, is_private: bool) -> None:
    """Raise InvalidInput unless this is an address that may be told."""
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        raise InvalidInput(f"{url[:80]!r} is no address; write https://host[:port]/path") from None
    if "@" in parts.netloc:
        raise InvalidInput("the address holds a credential; what proves who sends is the signature")
    if parts.scheme not in ("https", "http") or not host or parts.fragment or not url.isprintable():
        raise InvalidInput(f"{url[:80]!r} is no address; write https://host[:port]/path")
    if parts.scheme == "http" and not is_private:
        raise InvalidInput(
            f"{host} is not reached by https; write https, or add --private for a system in your "
            "own network"
        )


def key_of(secret: SecretStr) -> bytes:
    """The bytes that sign; InvalidInput, without the secret, for one that is too short or broken.

    What begins with `whsec_` is base64; anything else is taken as it is written.
    """
    text = secret.get_secret_value()
    try:
        key = (
            base64.b64decode(text.removeprefix(PREFIX), validate=True)
            if text.startswith(PREFIX)
            else text.encode()
        )
    except (binascii.Error, ValueError):
        raise InvalidInput(f"the secret begins with {PREFIX} and is no base64 behind it") from None
    if len(key) < LEAST:
        raise InvalidInput(f"the secret has {len(key)} bytes; take one of at least {LEAST}")
    return key


def signature(message: Message, keys: Sequence[bytes]) -> str:
    """What proves that it is ours, once for each key, with blanks between."""
    signed = b".".join([message.id.encode(), str(message.at).encode(), message.body])
    made = [hmac.new(key, signed, hashlib.sha256).digest() for key in keys]
    return " ".join(f"v1,{base64.b64encode(one).decode()}" for one in made)


@dataclass(frozen=True)
class Line:
    """An open way to one address."""

    place: Reached
    client: httpx.Client

    def send(self, message: Message, keys: Sequence[bytes]) -> Sent:
        """Tell it once; a redirect is an answer like any other, and nothing is followed.

        Raises nothing for what the other side does: what came of it is in the answer.
        """
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "pilotage",
            "webhook-id": message.id,
            "webhook-timestamp": str(message.at),
            "webhook-signature": signature(message, keys),
        }
        url = self.place.url
        try:
            with self.client.stream("POST", url, content=message.body, headers=headers) as told:
                return _read(told, message.at)
        except InvalidInput:
            return Sent(False, False, "it leads to this machine or into a private network")
        except httpx.HTTPError as error:
            return Sent(False, False, f"no answer ({type(error).__name__})")


@contextmanager
def opened(place: Reached, seconds: Callable[[], float]) -> Iterator[Line]:
    """A line to an address, for as long as the block lasts; `seconds` is a stopwatch."""
    with open_way(place, seconds) as client:
        yield Line(place, client)


def _read(told: httpx.Response, now: int) -> Sent:
    wait = _seconds(told.headers.get("retry-after", ""), now)
    return Sent(told.is_success, told.status_code == 410, str(told.status_code), wait)


def _seconds(text: str, now: int) -> float:
    """What Retry-After asks for: seconds, or a time; 0 for what is neither."""
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        until: datetime = parsedate_to_datetime(text)
        return max(0.0, until.timestamp() - now)
    except (ValueError, TypeError, OverflowError):
        return 0.0
