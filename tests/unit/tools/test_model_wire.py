"""What leaves for an endpoint, and what no reply means, without a socket."""

from typing import Any

import httpx
import pytest
import respx
from pydantic import SecretStr

from runs.errors import NotAllowed
from tools.model.reply import Lost, Reply
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


def test_a_key_may_stand_behind_the_question_mark_and_is_not_kept(
    respx_mock: respx.MockRouter,
) -> None:
    """Beside the query that is declared, and in no header; an answer that repeats it does not."""
    asked = respx_mock.post(f"{AZURE}/chat/completions")
    asked.respond(text="see /v1?key=sk-a%2Fb%3D or sk-a/b=")
    declared = {"auth": "query:key", "credential": "env:K", "query": {"api-version": "preview"}}
    reply = wire("sk-a/b=", **declared).send(BODY)
    (request,) = [call.request for call in asked.calls]

    assert dict(request.url.params) == {"api-version": "preview", "key": "sk-a/b="}
    assert {"authorization", "key"}.isdisjoint(request.headers)
    assert reply.body == b"see /v1?key=[secret] or [secret]"


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


def test_finding_somebody_there_has_a_time_of_its_own(respx_mock: respx.MockRouter) -> None:
    """Beside that of the whole request."""
    asked = respx_mock.post(f"{AZURE}/chat/completions").respond(json={})
    wire(limits={"connect_s": 2, "timeout_s": 40}).send(BODY)
    (request,) = [call.request for call in asked.calls]

    assert request.extensions["timeout"] == {"connect": 2, "read": 40, "write": 40, "pool": 40}


@pytest.mark.parametrize(
    "told", [{"headers": {"Content-Encoding": "gzip"}}, {"text": "x" * 2_000}], ids=["gzip", "long"]
)
def test_an_error_that_is_not_read_keeps_its_status(
    respx_mock: respx.MockRouter, told: dict[str, Any]
) -> None:
    """And how long it asks to be left alone; what it says is not known."""
    headers = {"Retry-After": "7", **told.pop("headers", {})}
    answer = httpx.Response(503, headers=headers, content=told.get("text", "x"))
    respx_mock.post(f"{AZURE}/chat/completions").mock(return_value=answer)

    reply = wire(limits={"max_bytes": 1_000}).send(BODY)

    assert reply == Reply(503, b"", False, 7)


@pytest.mark.parametrize("secret", ["sk-ключ", "sk-1\nX-Other: 2", "“sk-1”", "sk-1 "])
@pytest.mark.parametrize("auth", ["bearer", "header:api-key"])
def test_a_key_that_no_header_can_carry_is_refused_by_its_name(secret: str, auth: str) -> None:
    """Nothing is sent, and nothing of it is told."""
    with pytest.raises(NotAllowed, match=r"its credential env:K holds .*; write it") as caught:
        wire(secret, credential="env:K", auth=auth)

    assert "sk" not in str(caught.value)


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
