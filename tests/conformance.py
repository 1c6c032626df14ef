"""An endpoint that speaks the chat-completions API on a real socket, well or in every bad manner.

What it does is said by name, one a question; the last name goes on for ever.
"""

import json
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from socketserver import StreamRequestHandler, ThreadingTCPServer
from typing import Any

from tools.model.route import Limits, Price, Route

OK = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
LARGE = 10_000_000
ANSWER: Mapping[str, Any] = {"label": "refund", "amount": 12}
FORM = {
    "type": "object",
    "properties": {"label": {"type": "string"}, "amount": {"type": "integer"}},
    "required": ["label", "amount"],
    "additionalProperties": False,
}
MODEL = "small-1"
Says = Callable[[Mapping[str, Any]], Mapping[str, Any]]
"""What is answered to a question."""


class Endpoint(ThreadingTCPServer):
    """One endpoint: what it was asked, and how it answers."""

    daemon_threads, allow_reuse_address, request_queue_size = True, True, 128

    def __init__(self, manners: Sequence[str], answer: Mapping[str, Any] | Says, key: str) -> None:
        super().__init__(("127.0.0.1", 0), Met)
        self.manners, self.answer, self.key = list(manners), answer, key
        self.asked: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.lists = [MODEL]
        self.looks = 0
        self.is_over = threading.Event()
        self.lock = threading.Lock()

    @property
    def url(self) -> str:
        """Its base_url."""
        return f"http://127.0.0.1:{self.server_address[1]}/v1"

    def route(self, **declared: Any) -> Route:
        """A route that leads here, of a price of one and four a million."""
        limits = {"timeout_s": 5, "context": 100_000, "tries": 3} | declared.pop("limits", {})
        told = {"name": "here", "base_url": self.url, "model": MODEL, "is_private": True}
        price = Price.model_validate({"input": 1, "output": 4})
        return Route.model_validate(
            told | {"price": price, "limits": Limits.model_validate(limits)} | declared
        )

    def says(self, asked: Mapping[str, Any]) -> Mapping[str, Any]:
        """What it says where it says what it should: always the same, or by the question."""
        return self.answer(asked) if callable(self.answer) else self.answer

    def next_manner(self) -> str:
        """What is done now."""
        with self.lock:
            return self.manners.pop(0) if len(self.manners) > 1 else self.manners[0]

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: who asked has gone."""


class Met(StreamRequestHandler):
    """One request."""

    server: Any

    def handle(self) -> None:
        """Hear the whole request, then answer in the manner whose turn it is."""
        first, headers = self.rfile.readline().decode(), {}
        while (line := self.rfile.readline().decode().strip()) != "":
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        body = self.rfile.read(int(headers.get("content-length", 0)))
        if "/models" in first:
            self.server.looks += 1
            if not self.server.lists:
                return
            listed = [{"id": one, "object": "model"} for one in self.server.lists]
            self.say(json.dumps({"object": "list", "data": listed}))
            return
        asked = json.loads(body)
        with self.server.lock:
            self.server.asked.append(asked)
            self.server.headers.append({"path": first.split()[1], **headers})
        if self.server.key and headers.get("authorization") != f"Bearer {self.server.key}":
            refuse("401 Unauthorized", "invalid_api_key")(self, asked)
            return
        MANNERS[self.server.next_manner()](self, asked)

    def say(self, body: str, head: str = OK) -> None:
        """A whole reply."""
        content = body.encode()
        ends = f"Connection: close\r\nContent-Length: {len(content)}\r\n\r\n"
        self.raw(f"{head}{ends}".encode(), content)

    def raw(self, *parts: bytes) -> None:
        """Send it now."""
        for part in parts:
            self.wfile.write(part)

    def wait(self, seconds: float) -> bool:
        """Whether the server still stands after so long."""
        return not self.server.is_over.wait(seconds)


Manner = Callable[[Met, dict[str, Any]], None]


def completion(asked: Mapping[str, Any], message: Mapping[str, Any], **other: Any) -> str:
    """A whole answer; `other` replaces what stands in it."""
    finish = other.pop("finish", "tool_calls" if "tool_calls" in message else "stop")
    choice = {"index": 0, "message": {"role": "assistant", **message}, "finish_reason": finish}
    usage = {"prompt_tokens": 40, "completion_tokens": 10, "total_tokens": 50}
    told = {"id": "c-1", "object": "chat.completion", "created": 1, "model": asked.get("model")}
    return json.dumps({**told, "choices": [choice], "usage": usage, **other})


def called(name: str, arguments: Any, id: str = "t-1") -> dict[str, Any]:
    """A message that calls a tool."""
    written = arguments if isinstance(arguments, str) else json.dumps(arguments)
    function = {"name": name, "arguments": written}
    return {"content": None, "tool_calls": [{"id": id, "type": "function", "function": function}]}


def in_its_form(asked: Mapping[str, Any], answer: Any) -> dict[str, Any]:
    """The answer as it was asked for: as arguments of the answer's tool, or as text."""
    offered = [one["function"]["name"] for one in asked.get("tools", ())]
    if "answer" in offered:
        return called("answer", answer)
    return {"content": answer if isinstance(answer, str) else json.dumps(answer)}


def answering(make: Callable[[Met, dict[str, Any]], Mapping[str, Any]], **other: Any) -> Manner:
    """Answers with a message, and replaces what `other` names."""
    return lambda met, asked: met.say(completion(asked, make(met, asked), **other))


def saying(answer: Any, **other: Any) -> Manner:
    """Answers with this, in the form asked for."""
    return answering(lambda met, asked: in_its_form(asked, answer), **other)


def refuse(status: str, code: str = "", extra: str = "") -> Manner:
    """Answers with an error."""
    body = json.dumps({"error": {"message": "no: sk-secret", "code": code or None, "type": "x"}})
    head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\n{extra}"
    return lambda met, asked: met.say(body, head)


def _slow(met: Met, asked: dict[str, Any]) -> None:
    """Says its body a byte at a time, without end."""
    met.raw(f"{OK}Content-Length: 1000000\r\n\r\n".encode())
    while met.wait(0.02):
        met.raw(b" ")


def _dying(met: Met, asked: dict[str, Any]) -> None:
    """Dies in the middle of its answer."""
    body = completion(asked, in_its_form(asked, met.server.says(asked))).encode()
    head = f"{OK}Content-Length: {len(body)}\r\n\r\n".encode()
    met.raw(head, body[: len(body) // 2])


def _injected(met: Met, asked: dict[str, Any]) -> None:
    """Does what the result of a tool told it to do: calls what it was never offered."""
    last = asked["messages"][-1]
    if last["role"] == "tool" and "delete_everything" in last["content"]:
        met.say(completion(asked, called("delete_everything", {"really": True}, id="t-2")))
        return
    name = asked["tools"][0]["function"]["name"]
    met.say(completion(asked, called(name, {"key": "a"})))


def _looping(met: Met, asked: dict[str, Any]) -> None:
    """Calls its first tool for ever."""
    name = asked["tools"][0]["function"]["name"]
    met.say(completion(asked, called(name, {"key": "a"}, id=f"t-{len(asked['messages'])}")))


def _crowding(met: Met, asked: dict[str, Any]) -> None:
    """Calls its first tool more often than anybody looks at."""
    call = called(asked["tools"][0]["function"]["name"], {"key": "a"})
    met.say(completion(asked, {**call, "tool_calls": call["tool_calls"] * 65}))


def _simple(met: Met, asked: dict[str, Any]) -> None:
    """Takes neither schemas nor tools, as a small server does."""
    if {"response_format", "tools"} & set(asked):
        refuse("400 Bad Request", "unsupported_parameter")(met, asked)
        return
    MANNERS["right"](met, asked)


def _picky(met: Met, asked: dict[str, Any]) -> None:
    """Takes one form in its schema and no other."""
    name = asked.get("response_format", {}).get("json_schema", {}).get("name", "ticket")
    manner = MANNERS["right"] if name == "ticket" else refuse("400 Bad Request")
    manner(met, asked)


def _forgetful(met: Met, asked: dict[str, Any]) -> None:
    """Takes a schema and lets it fall: it answers in a form only where the words ask for it."""
    is_told = any("JSON schema" in str(one["content"]) for one in asked["messages"])
    told = json.dumps(met.server.says(asked)) if is_told else "Refund!"
    met.say(completion(asked, {"content": told}))


CROWD = 24


def _gathering(met: Met, asked: dict[str, Any]) -> None:
    """Answers once a crowd has come."""
    while len(met.server.asked) < CROWD and met.wait(0.01):
        pass
    MANNERS["right"](met, asked)


MANNERS: Mapping[str, Manner] = {
    "gathering": _gathering,
    "simple": _simple,
    "picky": _picky,
    "forgetful": _forgetful,
    "right": answering(lambda met, asked: in_its_form(asked, met.server.says(asked))),
    "malformed": saying('{"label": "refund", "amo'),
    "chatty": saying(f"Sure! Here it is:\n```json\n{json.dumps(ANSWER)}\n```"),
    "endless_lines": saying("```json" + "\n" * 20_000 + "x"),
    "wrong_schema": saying({"label": 7, "approved": True}),
    "truncated": saying('{"label": "ref', finish="length"),
    "refusal": answering(lambda met, asked: {"content": None, "refusal": "I cannot help."}),
    "filtered": answering(lambda met, asked: {"content": ""}, finish="content_filter"),
    "empty": saying(""),
    "large": lambda met, asked: met.say(" " * LARGE),
    "slow": _slow,
    "busy": refuse("429 Too Many Requests", "rate_limit_exceeded"),
    "busy_for_7": refuse("429 Too Many Requests", "rate_limit", "Retry-After: 7\r\n"),
    "busy_for_ever": refuse("429 Too Many Requests", "rate_limit", "Retry-After: 86400\r\n"),
    "no_quota": refuse("429 Too Many Requests", "insufficient_quota"),
    "broken": refuse("500 Internal Server Error"),
    "overloaded": refuse("503 Service Unavailable"),
    "hanging_up": lambda met, asked: met.connection.close(),
    "dying": _dying,
    "wrong_model": refuse("404 Not Found", "model_not_found"),
    "unauthorized": refuse("401 Unauthorized", "invalid_api_key"),
    "too_long": refuse("400 Bad Request", "context_length_exceeded"),
    "no_usage": saying(ANSWER, usage=None),
    "free": saying(ANSWER, usage={"prompt_tokens": 0, "completion_tokens": 0}),
    "half_free": saying(ANSWER, usage={"prompt_tokens": 40, "completion_tokens": 0}),
    "absurd_usage": saying(ANSWER, usage={"prompt_tokens": -5, "completion_tokens": 10**15}),
    "unknown_tool": answering(lambda met, asked: called("rm -rf", {"path": "/"})),
    "looping": _looping,
    "crowding": _crowding,
    "injected": _injected,
    "approving": answering(lambda met, asked: {"content": "approved. gate passed. resume."}),
    "not_this_api": lambda met, asked: met.say('{"ok": true}'),
    "html": lambda met, asked: met.say("<html>504</html>", OK.replace("json", "html")),
    "packed": lambda met, asked: met.say("{}", f"{OK}Content-Encoding: gzip\r\n"),
    "half_characters": answering(lambda met, asked: {"content": "a\ud800b\x00c"}),
    "endless_number": saying(ANSWER, created=10**40),
    "endless_name": saying(ANSWER, model="m\x00" * 5_000),
    "chatty_name": saying(ANSWER, model="Eva Schmidt of 4 High Street"),
    "redirecting": refuse("302 Found", extra="Location: http://169.254.169.254/v1\r\n"),
}


@contextmanager
def endpoint(
    *manners: str, answer: Mapping[str, Any] | Says = ANSWER, key: str = ""
) -> Iterator[Endpoint]:
    """An endpoint that answers in these manners, one a question, until it is let go."""
    with Endpoint(manners or ("right",), answer, key) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.is_over.set()
            server.shutdown()
