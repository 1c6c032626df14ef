"""A system outside that answers HTTP as no system should, on a real socket.

How it answers is said when it is made, by name; `MANNERS` are the names.
"""

import json
import socket
import threading
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from socketserver import StreamRequestHandler, ThreadingTCPServer
from typing import Any

OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
LARGE = 10_000_000


class Rude(ThreadingTCPServer):
    """A server that counts who came, and is rude to each in the same manner."""

    daemon_threads, allow_reuse_address = True, True

    def __init__(self, manner: str) -> None:
        super().__init__(("127.0.0.1", 0), Met)
        self.speak, self.is_over = MANNERS[manner], threading.Event()
        self.came = self.posts = 0

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: who asked has had enough."""


class Met(StreamRequestHandler):
    """One who came."""

    server: Any

    def handle(self) -> None:
        """Hear the whole request, then answer."""
        self.server.came += 1
        length, first = 0, self.rfile.readline()
        self.server.posts += first.startswith(b"POST")
        while (line := self.rfile.readline().strip()) != b"":
            name, _, value = line.partition(b":")
            length = int(value) if name.lower() == b"content-length" else length
        self.rfile.read(length)
        self.server.speak(self)

    def say(self, *parts: bytes) -> None:
        """Send it now."""
        for part in parts:
            self.wfile.write(part)

    def wait(self, seconds: float) -> bool:
        """Whether the server still stands after so long."""
        return not self.server.is_over.wait(seconds)


def _whole(met: Met, body: bytes, head: bytes = OK) -> None:
    met.say(head, f"Content-Length: {len(body)}\r\n\r\n".encode(), body)


def _silent(met: Met) -> None:
    """Never answers."""
    met.wait(60)


def _dripping(met: Met) -> None:
    """Says its headers one by one, without end."""
    met.say(OK)
    while met.wait(0.02):
        met.say(b"X-More: 1\r\n")


def _slow(met: Met) -> None:
    """Says its body a byte at a time, without end."""
    met.say(OK, b"Content-Length: 1000000\r\n\r\n")
    while met.wait(0.02):
        met.say(b" ")


def _endless(met: Met) -> None:
    """Says more and more, as fast as it is heard."""
    met.say(OK, b"\r\n")
    while met.wait(0):
        met.say(b"x" * 65536)


def _bomb(met: Met) -> None:
    """Says little that unpacks to a lot."""
    head = OK + b"Content-Encoding: gzip\r\n"
    packing, piece = zlib.compressobj(1, wbits=31), b" " * 1_000_000
    packed = b"".join(packing.compress(piece) for _ in range(40)) + packing.flush()
    _whole(met, packed, head)


def _redirecting(met: Met) -> None:
    """Sends whoever asks to the machine's own secrets."""
    _whole(met, b"", b"HTTP/1.1 302 Found\r\nLocation: http://169.254.169.254/latest\r\n")


def _answering(status: str, body: bytes = b"{}", extra: str = "") -> Callable[[Met], None]:
    head = f"HTTP/1.1 {status}\r\n{extra}".encode()
    return lambda met: _whole(met, body, head)


def _saying(value: Any) -> Callable[[Met], None]:
    body = json.dumps(value).encode()
    return lambda met: _whole(met, body)


MANNERS: Mapping[str, Callable[[Met], None]] = {
    "silent": _silent,
    "dripping": _dripping,
    "slow": _slow,
    "endless": _endless,
    "bomb": _bomb,
    "redirecting": _redirecting,
    "garbage": lambda met: met.say(b"\x00\xff garbage\r\n\r\n"),
    "hanging_up": lambda met: met.connection.close(),
    "truncated": lambda met: _whole(met, b'{"tier": "pl'),
    "cut_off": lambda met: met.say(OK, b'Content-Length: 100\r\n\r\n{"tier": "pl'),
    "no_json": lambda met: _whole(met, b"<html>welcome</html>"),
    "large": _saying({"tier": "x" * LARGE}),
    "wrong_schema": _saying({"tier": {"name": "plus"}, "dispute": [1]}),
    "other_fields": _saying({"grade": "plus"}),
    "a_list": _saying([{"tier": "plus"}, {"tier": "gold"}]),
    "busy": _answering("429 Too Many Requests"),
    "busy_for_long": _answering("429 Too Many Requests", extra="Retry-After: 3600\r\n"),
    "failing": _answering("500 Internal Server Error", b"Traceback: password=hunter2"),
    "forbidding": _answering("403 Forbidden"),
    "gone": _answering("404 Not Found"),
}
"""How it answers, by name."""


@contextmanager
def meeting(manner: str) -> Iterator[tuple[str, Rude]]:
    """A server of this manner in a thread: its URL, and itself."""
    with Rude(manner) as made:
        thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{made.server_address[1]}", made
        finally:
            made.is_over.set()
            made.shutdown()
            thread.join()


@contextmanager
def saying(speak: Callable[[socket.socket], object]) -> Iterator[int]:
    """The port of a server that says what it is told to, to whoever comes."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            while True:
                try:
                    came, _ = listening.accept()
                except OSError:
                    return
                with came:
                    speak(came)

        thread = threading.Thread(target=serve)
        thread.start()
        yield listening.getsockname()[1]
        listening.shutdown(socket.SHUT_RDWR)
        thread.join()
