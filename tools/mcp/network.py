"""The way to an MCP server on the network: guarded addresses, no proxy, and so many bytes."""

import logging
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from typing import Any

import httpcore2
import httpx2
from pydantic import SecretStr

from tools.addresses import NoAddress, Refused, addresses, is_public
from tools.mcp.declared import Mcp

NOISY = ("mcp", "httpx2", "httpcore2")
"""They log what a server says, and headers that prove who asks."""


@dataclass
class Heard:
    """What one conversation came to so far."""

    most: int
    total: int = 0
    status: int = 0
    """Of the newest answer to something that was asked."""

    @property
    def is_over(self) -> bool:
        """More was said than is listened to."""
        return self.total > self.most

    def count(self, size: int) -> None:
        """Something was said."""
        self.total += size


class Guarded(httpcore2.AsyncNetworkBackend):
    """Connects to the very address that was looked at, so that a name cannot change meanwhile."""

    def __init__(self, *, is_private: bool) -> None:
        self._is_private = is_private
        self._plain: Any = httpcore2.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        """A connection to an allowed address of the host; ConnectError when there is none."""
        refused: Exception | None = None
        try:
            found = addresses(host, port)
        except NoAddress as error:
            raise httpcore2.ConnectError(str(error)) from error
        for address in found:
            if not (self._is_private or is_public(address)):
                raise Refused(host)
            try:
                return await self._plain.connect_tcp(
                    address, port, timeout, local_address, socket_options
                )
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                refused = error
        raise refused or httpcore2.ConnectError(f"{host} has no address")


class Counted(httpx2.AsyncByteStream):
    """An answer that is counted while it comes."""

    def __init__(self, stream: httpx2.AsyncByteStream, heard: Heard) -> None:
        self._stream, self._heard = stream, heard

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """The pieces of it, up to the limit."""
        async for piece in self._stream:
            self._heard.count(len(piece))
            if self._heard.is_over:
                raise httpx2.ReadError(f"more than {self._heard.most} bytes")
            yield piece

    async def aclose(self) -> None:
        """Let it go."""
        await self._stream.aclose()


class Transport(httpx2.AsyncHTTPTransport):
    """httpx2's own, over connections that are guarded and answers that are counted."""

    def __init__(self, *, is_private: bool, heard: Heard) -> None:
        context = httpx2.create_ssl_context(trust_env=False)
        super().__init__(verify=context, trust_env=False)
        self._heard = heard
        self._pool = httpcore2.AsyncConnectionPool(
            ssl_context=context, network_backend=Guarded(is_private=is_private)
        )

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Its answer, as it comes."""
        if request.method == "POST":
            self._heard.status = 0
        response = await super().handle_async_request(request)
        if request.method == "POST":
            self._heard.status = response.status_code
        assert isinstance(response.stream, httpx2.AsyncByteStream)
        response.stream = Counted(response.stream, self._heard)
        return response


def open_client(mcp: Mcp, secret: SecretStr | None, heard: Heard) -> httpx2.AsyncClient:
    """A client that follows nothing by itself and asks no proxy."""
    headers = {}
    if secret is not None:
        value = secret.get_secret_value()
        is_bearer = mcp.auth == "bearer"
        name = "Authorization" if is_bearer else mcp.auth.partition(":")[2]
        headers[name] = f"Bearer {value}" if is_bearer else value
    return httpx2.AsyncClient(
        transport=Transport(is_private=mcp.is_private, heard=heard),
        headers=headers,
        timeout=mcp.timeout_s,
        follow_redirects=False,
        trust_env=False,
    )


def hush() -> None:
    """The libraries log nothing of a conversation."""
    for name in NOISY:
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
