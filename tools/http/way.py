"""The way to a system that speaks HTTP: declared hosts only, no proxy, and no secret in a log."""

import logging
import re
import ssl
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import httpcore
import httpx
from pydantic import SecretStr

from runs.errors import NotAllowed
from tools.addresses import NoAddress, Refused, addresses, is_public
from tools.http.declared import Http

NOISY = ("httpx", "httpcore")
"""They log addresses and headers, which may hold what somebody wrote or what proves who asks."""

BARE = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""Trusts nobody: of a system that is reached without encryption, and never asked anything else."""

SENDABLE = re.compile(r"[!-~]([ -~]*[!-~])?")
PIECE = 65_536
"""Bytes that are sent at once; between them it is looked whether there is time left."""
LONGEST = 6
"""A whole answer may take so many times what a piece of it may."""


class Limited:
    """A connection that is over in time, however slowly the other side says its next byte."""

    def __init__(
        self, stream: httpcore.NetworkStream, seconds: Callable[[], float], until: float
    ) -> None:
        self._stream, self._seconds, self._until = stream, seconds, until

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """What came; ReadTimeout once it takes too long as a whole."""
        left = self._until - self._seconds()
        if left <= 0:
            raise httpcore.ReadTimeout("the whole answer took too long")
        return self._stream.read(max_bytes, left if timeout is None else min(timeout, left))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Send it; WriteTimeout once it takes too long as a whole."""
        for start in range(0, len(buffer), PIECE):
            left = self._until - self._seconds()
            if left <= 0:
                raise httpcore.WriteTimeout("the whole request took too long")
            most = left if timeout is None else min(timeout, left)
            self._stream.write(buffer[start : start + PIECE], most)

    def close(self) -> None:
        """Let it go."""
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> "Limited":
        """The same, encrypted."""
        secured = self._stream.start_tls(ssl_context, server_hostname, timeout)
        return Limited(secured, self._seconds, self._until)

    def __getattr__(self, name: str) -> Any:
        """What else is known of the connection."""
        return getattr(self._stream, name)


class Guarded(httpcore.SyncBackend):
    """Connects to the very address that was looked at, so that a name cannot change meanwhile."""

    def __init__(self, *, is_private: bool, longest_s: float, seconds: Callable[[], float]) -> None:
        super().__init__()
        self._is_private, self._longest_s, self._seconds = is_private, longest_s, seconds

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> Any:
        """A connection to an allowed address of the host; ConnectError when there is none."""
        refused: Exception | None = None
        try:
            found = addresses(host, port)
        except NoAddress as error:
            raise httpcore.ConnectError(str(error)) from error
        for address in found:
            if not (self._is_private or is_public(address)):
                raise Refused(host)
            try:
                stream = super().connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                refused = error
            else:
                return Limited(stream, self._seconds, self._seconds() + self._longest_s)
        raise refused or httpcore.ConnectError(f"{host} has no address")


class Reached(NamedTuple):
    """A place, and what may be reached there."""

    url: str
    is_private: bool
    timeout_s: float
    """Of connecting, and of each piece of an answer."""


class Transport(httpx.HTTPTransport):
    """httpx's own, over connections that are guarded."""

    def __init__(self, backend: Guarded, *, is_secret: bool) -> None:
        # What certificates are trusted is a tenth of a second that only https needs.
        context = httpx.create_ssl_context(trust_env=False) if is_secret else BARE
        super().__init__(verify=context, trust_env=False)
        self._pool = httpcore.ConnectionPool(
            ssl_context=context,
            # Whoever asks knows how many may be under way; nobody waits here for another.
            max_connections=None,
            max_keepalive_connections=0,
            network_backend=backend,
        )


def open_client(declared: Http, seconds: Callable[[], float]) -> httpx.Client:
    """A client for a declared system, as `open_way` makes it; `seconds` is a stopwatch."""
    reached = Reached(declared.base_url, declared.is_private, declared.timeout_s)
    return open_way(reached, seconds)


def open_way(place: Reached, seconds: Callable[[], float]) -> httpx.Client:
    """A client that follows nothing, asks no proxy, and keeps no connection and no open file."""
    for name in NOISY:
        logging.getLogger(name).setLevel(logging.WARNING)
    backend = Guarded(
        is_private=place.is_private, longest_s=LONGEST * place.timeout_s, seconds=seconds
    )
    return httpx.Client(
        transport=Transport(backend, is_secret=place.url.startswith("https:")),
        timeout=place.timeout_s,
        follow_redirects=False,
        trust_env=False,
    )


def proof(declared: Http, secret: SecretStr | None) -> tuple[httpx.Auth | None, dict[str, str]]:
    """What is sent to say who asks: an `auth`, and headers; NotAllowed where none carries it."""
    if secret is None:
        return None, {}
    if declared.auth == "basic":
        user, _, password = secret.get_secret_value().partition(":")
        return httpx.BasicAuth(user, password), {}
    value = sendable(secret, f"the credential of {declared.base_url}")
    if declared.auth == "bearer":
        return None, {"Authorization": f"Bearer {value}"}
    return None, {declared.auth.partition(":")[2]: value}


def sendable(secret: SecretStr, what: str) -> str:
    """What stands in a header as it is; NotAllowed, which says `what` it is, where it cannot."""
    value = secret.get_secret_value()
    if not SENDABLE.fullmatch(value):
        raise NotAllowed(
            f"{what} holds a letter that no header carries, or a space or line end around it; "
            "write it as it was given"
        )
    return value


def origin(url: str) -> tuple[str, str, int | None]:
    """Scheme, host and port: what may not change on the way."""
    parts = urlsplit(url)
    return parts.scheme, parts.hostname or "", parts.port
