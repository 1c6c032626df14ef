"""The way to one endpoint: the openai client over a guarded connection, one request at a time.

Nothing of the environment reaches it, no redirect is followed, and no secret is in an error.
"""

import logging
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import quote

import httpx
from pydantic import SecretStr

from tools.http.line import NOT_CONNECTED, asked_for
from tools.http.way import NOISY, Guarded, Reached, Transport, sendable
from tools.model.reply import Lost, Reply
from tools.model.route import Route

SENT = ("host", "accept", "accept-encoding", "content-type", "content-length", "user-agent")
"""Headers that are sent beside what says who asks: no word of this machine, or of its settings."""
CHATTY = (*NOISY, "openai", "httpx2", "httpcore2")
NO_KEY = "none"
"""The client wants a key; it is not sent where the route declares none."""
AGENT = "pilotage"
SHORTEST = 6
"""A shorter secret is looked for nowhere: it would be found in every other word."""


class Unread(httpx.TransportError):
    """An answer that is not read to its end: what is known of it all the same."""

    def __init__(self, response: httpx.Response) -> None:
        super().__init__("the answer is packed, or larger than is read")
        self.reply = Reply(response.status_code, b"", False, asked_for(response.headers))


class Bounded(httpx.SyncByteStream):
    """A body that is over at its limit."""

    def __init__(self, response: httpx.Response, stream: httpx.SyncByteStream, most: int) -> None:
        self._response, self._stream, self._most = response, stream, most

    def __iter__(self) -> Iterator[bytes]:
        """Its pieces; Unread at the limit."""
        read = 0
        for piece in self._stream:
            read += len(piece)
            if read > self._most:
                raise Unread(self._response)
            yield piece

    def close(self) -> None:
        """Let the rest go."""
        self._stream.close()


class Careful(Transport):
    """Sends declared headers only, and reads no more than it may."""

    def __init__(self, backend: Guarded, route: Route) -> None:
        super().__init__(backend, is_secret=route.base_url.startswith("https:"))
        self._most = route.limits.max_bytes
        place, name = route.sent_in
        self._sent = {*SENT, *([name.lower()] if route.credential and place == "header" else [])}

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send it; Unread for an answer that is packed, as what it unpacks to has no limit."""
        headers = {name: told for name, told in request.headers.items() if name in self._sent}
        sent = httpx.Request(
            request.method,
            request.url,
            headers=headers | {"accept-encoding": "identity"},
            stream=request.stream,
            extensions=request.extensions,
        )
        response = super().handle_request(sent)
        if response.headers.get("content-encoding", "identity") != "identity":
            response.close()
            raise Unread(response)
        assert isinstance(response.stream, httpx.SyncByteStream)
        response.stream = Bounded(response, response.stream, self._most)
        return response


class OpenAIWire:
    """The way to one endpoint over the `openai` client; made once, used by many threads.

    NotAllowed for a secret that cannot be sent.
    """

    def __init__(
        self, route: Route, secret: SecretStr | None, *, seconds: Callable[[], float]
    ) -> None:
        self._secret = secret.get_secret_value().encode() if secret else b""
        self._client = open_client(route, secret, seconds)

    def send(self, body: Mapping[str, Any]) -> Reply:
        """Send a question once; raises Lost, or InvalidInput for an address that may not be."""
        ask = self._client.chat.completions.with_raw_response.create
        return self._reply(lambda: ask(**_arguments(body)))

    def models(self) -> Reply:
        """What the endpoint lists of its models; raises what `send` raises."""
        return self._reply(self._client.models.with_raw_response.list)

    def _reply(self, ask: Callable[[], Any]) -> Reply:
        import openai

        try:
            response = ask().http_response
        except openai.APIStatusError as error:
            response = error.response
        except openai.APIConnectionError as error:
            return self._lost(error.__cause__)
        body = response.content
        if len(self._secret) >= SHORTEST:
            # Whoever repeats what proves who asks would have it kept with the answer.
            for written in (self._secret, quote(self._secret, safe="").encode()):
                body = body.replace(written, b"[secret]")
        return Reply(response.status_code, body, True, asked_for(response.headers))

    def _lost(self, cause: BaseException | None) -> Reply:
        """What is known without a reply; raises Lost where nobody can tell more."""
        if isinstance(cause, Unread):
            return cause.reply
        is_late = isinstance(cause, httpx.TimeoutException)
        is_sent = not isinstance(cause, NOT_CONNECTED)
        raise Lost(type(cause).__name__, is_sent=is_sent, is_late=is_late and is_sent)


def open_client(route: Route, secret: SecretStr | None, seconds: Callable[[], float]) -> Any:
    """The `openai` client of a route; it tries once, and asks nobody else for anything."""
    import openai  # half a second that only whoever asks a model pays

    key = sendable(secret, f"its credential {route.credential}") if secret else NO_KEY
    for name in CHATTY:
        logging.getLogger(name).setLevel(logging.WARNING)
    limits = route.limits
    place = Reached(route.base_url, route.is_private, limits.connect_s)
    backend = Guarded(is_private=place.is_private, longest_s=limits.timeout_s, seconds=seconds)
    timeout = httpx.Timeout(limits.timeout_s, connect=limits.connect_s)
    client = httpx.Client(
        transport=Careful(backend, route), timeout=timeout, follow_redirects=False, trust_env=False
    )
    where, name = route.sent_in
    proof = {} if secret is None or route.auth == "bearer" else {name: key}
    return openai.OpenAI(
        api_key=key,
        base_url=route.base_url,
        organization="",
        project="",
        webhook_secret="",
        # Its own, or the client's time for a whole request would be that for connecting as well.
        timeout=timeout,  # pyright: ignore[reportArgumentType] - it takes httpx's as well
        max_retries=0,
        default_headers={"User-Agent": AGENT} | (proof if where == "header" else {}),
        default_query=dict(route.query) | (proof if where == "query" else {}),
        http_client=client,  # pyright: ignore[reportArgumentType] - it takes httpx's as well
    )


def _arguments(body: Mapping[str, Any]) -> dict[str, Any]:
    """What the client is called with: its two own arguments, and the rest as it is sent."""
    rest = {name: value for name, value in body.items() if name not in ("model", "messages")}
    return {"model": body["model"], "messages": body["messages"], "extra_body": rest}
