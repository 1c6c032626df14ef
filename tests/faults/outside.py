"""The system outside as a process of its own: it counts what it did, whoever dies meanwhile."""

import http.client
import json
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pilotage.systems import ToolSpec
from tests.receiver import STATE, Received, Receiver, url_of
from tools.http.declared import Http

HTTP: dict[str, Any] = {
    "is_private": True,
    "timeout_s": 20,
    "tries": 2,
    "look_up": {"path": "/effects/{key}"},
}


class Outside:
    """A receiver that was started, and its state."""

    def __init__(self, url: str) -> None:
        self.url = url

    def state(self) -> dict[str, Any]:
        """What it did, by key: path, body, how often it was done and asked for."""
        return self._tell("GET", b"")

    def restore(self, state: dict[str, Any]) -> None:
        """Be as it was when a home was kept."""
        self._tell("POST", json.dumps(state).encode())

    def _tell(self, method: str, body: bytes) -> dict[str, Any]:
        connection = http.client.HTTPConnection(self.url.partition("//")[2], timeout=60)
        try:
            connection.request(method, STATE, body)
            return json.loads(connection.getresponse().read())
        finally:
            connection.close()


@contextmanager
def outside() -> Iterator[Outside]:
    """A receiver in a child; the parent has neither its socket nor its threads."""
    received = Receiver(Received())
    child = os.fork()
    if child == 0:
        try:
            received.serve_forever(poll_interval=0.05)
        finally:
            os._exit(0)
    received.socket.close()
    try:
        yield Outside(url_of(received))
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


LETTERS = ("customer_facing",)
"""Why a letter about a ticket waits for a yes to exactly that letter."""
EFFECTS: tuple[dict[str, Any], ...] = (
    {"name": "assign", "tool": "queues", "operation": "assign", "level": "draft"},
    {
        "name": "write",
        "tool": "letters",
        "operation": "write",
        "level": "trigger",
        "risks": LETTERS,
    },
)
"""What an item does: it is assigned at once, and its letter waits until people agree to it."""


def specs(url: str) -> tuple[ToolSpec, ...]:
    """The desk's queues, its letters and the customer's mail, all as systems that speak HTTP."""
    return (
        _spec(url, "queues", "assign", "/tickets/{item}/assign", level="draft"),
        _spec(url, "letters", "write", "/letters", level="trigger", risks=LETTERS),
        _spec(url, "outbox", "send", "/mails", level="trigger", risks=(*LETTERS, "irreversible")),
    )


def _spec(url: str, name: str, operation: str, path: str, **told: Any) -> ToolSpec:
    endpoints = {operation: {"path": path, "is_idempotent": True}}
    way = Http.model_validate(HTTP | {"base_url": url, "endpoints": endpoints})
    return ToolSpec(name=name, kind="http", http=way, is_made_up=True, **told)
