"""A system outside that speaks HTTP, on a real socket: it does what it is asked once a key.

It counts what it did and how often it was asked, so that a test sees what really happened. What it
answers next can be set: `answers` are taken one at a time, before it does anything, or after.
"""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote

KEY = "Idempotency-Key"
STATE = "/_state"
"""Everything that was done, to be read and to be put back."""


@dataclass
class Effect:
    """What was done under one key."""

    path: str
    body: Any
    done: int = 1
    asked: int = 1

    def told(self) -> dict[str, Any]:
        """As the other side answers it."""
        return {"id": f"e-{len(self.path)}", "path": self.path, "body": self.body}


@dataclass
class Answering:
    """One answer that is set beforehand."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    does: bool = False
    """It does what it is asked before it answers so."""
    hangs_up: bool = False
    """It answers nothing and closes the connection."""


@dataclass
class Received:
    """Everything one receiver knows."""

    effects: dict[str, Effect] = field(default_factory=dict)
    records: dict[str, Any] = field(default_factory=dict)
    answers: list[Answering] = field(default_factory=list)
    asked: list[tuple[str, str]] = field(default_factory=list)
    """Method and path of every request."""
    headers: list[dict[str, str]] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    """Of every request that brought one."""
    is_once_a_key: bool = True
    lock: threading.Lock = field(default_factory=threading.Lock)

    def do(self, key: str, path: str, body: Any) -> Effect:
        """Carry it out; once a key where that is promised."""
        with self.lock:
            effect = self.effects.get(key)
            if effect is None:
                effect = self.effects[key] = Effect(path, body)
            else:
                effect.asked += 1
                effect.done += not self.is_once_a_key
            return effect

    def state(self) -> dict[str, Any]:
        """What was done, as JSON."""
        return {key: vars(effect) for key, effect in self.effects.items()}

    def restore(self, state: dict[str, Any]) -> None:
        """Be as another time."""
        with self.lock:
            self.effects = {key: Effect(**told) for key, told in state.items()}


class Receiver(ThreadingHTTPServer):
    """A server on a free port of this machine; it serves once it is told to."""

    daemon_threads = True

    def __init__(self, received: Received) -> None:
        super().__init__(("127.0.0.1", 0), Conversation)
        self.received = received

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: who asked may have died."""


class Conversation(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"

    @property
    def received(self) -> Received:
        """What the server knows."""
        assert isinstance(self.server, Receiver)
        return self.server.received

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        """Look at an effect by its key, at a record, or at everything."""
        if self.path == STATE:
            self._say(200, self.received.state())
        elif not self._was_set(lambda: None):
            self._look()

    def do_POST(self) -> None:
        """Do something under a key."""
        received, key, path = self.received, self.headers.get(KEY, ""), self.path
        brought = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        body = json.loads(brought or b"{}")
        if path == STATE:
            received.restore(body)
            self._say(200, {})
            return
        received.bodies.append(brought)
        if not self._was_set(lambda: received.do(key, path, body)):
            self._say(201, received.do(key, path, body).told())

    do_PUT = do_PATCH = do_DELETE = do_POST  # noqa: N815 - the library's names

    def _look(self) -> None:
        received = self.received
        kind, _, key = unquote(self.path.partition("?")[0]).lstrip("/").partition("/")
        effects: dict[str, Any] = {name: one.told() for name, one in received.effects.items()}
        found = {"effects": effects, "records": received.records}.get(kind, {}).get(key)
        self._say(404 if found is None else 200, found)

    def _was_set(self, act: Callable[[], object]) -> bool:
        """Answer as it was set beforehand, if it was."""
        received = self.received
        received.asked.append((self.command, self.path))
        received.headers.append(dict(self.headers.items()))
        if not received.answers:
            return False
        told = received.answers.pop(0)
        if told.does:
            act()
        if told.hangs_up:
            self.close_connection = True
        else:
            self._send(told.status, told.body, told.headers)
        return True

    def _say(self, status: int, body: Any) -> None:
        self._send(status, json.dumps(body).encode(), {"Content-Type": "application/json"})

    def _send(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in (headers | {"Content-Length": str(len(body))}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


def url_of(made: Receiver) -> str:
    """Where a server is reached."""
    return f"http://127.0.0.1:{made.server_address[1]}"


@contextmanager
def receiving() -> Iterator[tuple[str, Received]]:
    """A receiver in a thread of this process: its URL, and what it knows."""
    received = Received()
    made = Receiver(received)
    thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield url_of(made), received
    finally:
        made.shutdown()
        made.server_close()
        thread.join()
