"""What leaves for an endpoint, and what no reply means, without a socket."""

from typing import Any

import httpx
import pytest
import respx
from pydantic import SecretStr

from tools.model.reply import Lost
from tools.model.route import Route
from tools.model.wire import OpenAIWire

BODY: dict[str, Any] = {"model": "m", "messages": [{"role": "user", "content": "hi"}], "top_k": 4}
AZURE = "https://mine.openai.azure.com/openai/v1"


def wire(secret: str = "", **declared: Any) -> OpenAIWire:
    """The way to a route."""
    route = Route.model_validate({"name": "far", "base_url": AZURE, "model": "m"} | declared)
    return OpenAIWire(route, SecretStr(secret) if secret else None, seconds=lambda: 0.0)


def test_a_key_goes_into_the_header_that_is_declared_and_nowhere_else(
    respx_mock: respx.MockRouter,
) -> None:
    """With the query that is declared; the words are sent as they are."""
    asked = respx_mock.post(f"{AZURE}/chat/completions").respond(json={})
    declared = {
        "auth": "header:api-key",
        "credential": "env:K",
        "query": {"api-version": "preview"},
    }
    wire("sk-1", **declared).send(BODY)
    (request,) = [call.request for call in asked.calls]

    assert request.headers["api-key"] == "sk-1"
    assert "authorization" not in request.headers
    assert request.url.params["api-version"] == "preview"
    assert b'"top_k":4' in request.content.replace(b" ", b"")


def test_a_date_to_come_back_at_is_held_against_the_other_sides_clock(
    respx_mock: respx.MockRouter,
) -> None:
    """No clock of ours has to agree with it."""
    told = {
        "Retry-After": "Mon, 02 Mar 2026 09:00:42 GMT",
        "Date": "Mon, 02 Mar 2026 09:00:00 GMT",
    }
    respx_mock.post(f"{AZURE}/chat/completions").respond(503, headers=told)

    assert wire().send(BODY).after_s == 42


@pytest.mark.parametrize(
    ("error", "is_sent", "is_late"),
    [
        (httpx.ConnectError("no"), False, False),
        (httpx.ConnectTimeout("no"), False, False),
        (httpx.ReadTimeout("slow"), True, True),
        (httpx.WriteError("cut"), True, False),
        (httpx.RemoteProtocolError("cut"), True, False),
    ],
)
def test_what_surely_never_arrived_is_told_from_what_nobody_can_tell(
    respx_mock: respx.MockRouter, error: Exception, is_sent: bool, is_late: bool
) -> None:
    """The first costs nothing; the second stays spent."""
    respx_mock.post(f"{AZURE}/chat/completions").mock(side_effect=error)

    with pytest.raises(Lost) as caught:
        wire().send(BODY)
    assert (caught.value.is_sent, caught.value.is_late) == (is_sent, is_late)


@pytest.mark.parametrize("status", [200, 301, 404, 500])
def test_every_status_is_a_reply(respx_mock: respx.MockRouter, status: int) -> None:
    """Its body as it came, and no error of the client in its place."""
    respx_mock.post(f"{AZURE}/chat/completions").respond(status, text="<html>")

    reply = wire().send(BODY)

    assert (reply.status, reply.body, reply.is_whole) == (status, b"<html>", True)


def test_an_endpoint_that_repeats_the_key_is_not_kept_with_it(respx_mock: respx.MockRouter) -> None:
    """Neither in an answer nor in an error."""
    respx_mock.post(f"{AZURE}/chat/completions").respond(401, text="no: sk-very-secret")

    reply = wire("sk-very-secret", credential="env:K").send(BODY)

    assert reply.body == b"no: [secret]"
