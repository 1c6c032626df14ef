"""The way to a mail server: declared addresses only, encrypted, and no conversation without end."""

import imaplib
import smtplib
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from runs.errors import InvalidInput
from tools.addresses import dial
from tools.mail.declared import Mail

LONGEST = 6
"""A whole conversation may take so many times what one answer may."""
MAX_BYTES = 100_000
"""No server has more to say about one letter."""


class Bounded:
    """What one side says, up to so many bytes and so long; beyond that it is an OSError."""

    def __init__(self, sock: socket.socket, way: "Way", until: float) -> None:
        self._sock, self._way, self._until = sock, way, until
        self._held, self._total = b"", 0

    def readline(self, size: int = -1) -> bytes:
        """The next line, or what came before the other side closed."""
        while b"\n" not in self._held and self._more():
            pass
        end = self._held.find(b"\n") + 1 or len(self._held)
        return self._take(min(end, size) if size >= 0 else end)

    def read(self, size: int) -> bytes:
        """So many bytes, or fewer where the other side closed."""
        while len(self._held) < size and self._more():
            pass
        return self._take(size)

    def close(self) -> None:
        """Nothing is kept; the socket is whoever opened it's."""
        self._held = b""

    def _take(self, size: int) -> bytes:
        taken, self._held = self._held[:size], self._held[size:]
        return taken

    def _more(self) -> bool:
        left = self._until - self._way.seconds()
        if left <= 0:
            raise TimeoutError("the whole conversation took too long")
        self._sock.settimeout(min(self._way.mail.timeout_s, left))
        piece = self._sock.recv(4096)
        self._total += len(piece)
        if self._total > MAX_BYTES:
            raise OSError(f"it said more than {MAX_BYTES} bytes")
        self._held += piece
        return bool(piece)


@dataclass(frozen=True)
class Way:
    """How one declared server is reached."""

    mail: Mail
    context: ssl.SSLContext
    seconds: Callable[[], float]
    """A stopwatch."""

    def until(self) -> float:
        """When a conversation that begins now has to be over."""
        return self.seconds() + LONGEST * self.mail.timeout_s

    def reach(self, host: str, port: int, *, is_encrypted: bool) -> socket.socket:
        """A connection; Refused for an address that was not declared, OSError for no answer."""
        mail = self.mail
        sock = dial(host, port, is_private=mail.is_private, timeout_s=mail.timeout_s)
        if not is_encrypted:
            return sock
        try:
            return self.context.wrap_socket(sock, server_hostname=host)
        except OSError:
            sock.close()
            raise


class Smtp(smtplib.SMTP):
    """A conversation with the server that takes letters."""

    def __init__(self, way: Way) -> None:
        self._way, self._until = way, way.until()
        mail = way.mail
        super().__init__(mail.host, mail.place, mail.domain, mail.timeout_s)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        return self._way.reach(host, port, is_encrypted=self._way.mail.security == "tls")

    def getreply(self) -> tuple[int, bytes]:
        """What it answers; SMTPServerDisconnected once it says too much, or takes too long."""
        if self.file is None and self.sock is not None:
            self.file: Any = Bounded(self.sock, self._way, self._until)
        return super().getreply()


class Imap(imaplib.IMAP4):
    """A conversation with the server that keeps what was sent."""

    def __init__(self, way: Way) -> None:
        self._way, self._until = way, way.until()
        sent = way.mail.sent
        assert sent is not None
        super().__init__(sent.host, sent.port)

    def open(self, host: str = "", port: int = 993, timeout: float | None = None) -> None:
        """Connect, encrypted."""
        self.host, self.port = host, port
        self.sock = self._way.reach(host, port, is_encrypted=True)
        self._said = Bounded(self.sock, self._way, self._until)

    def read(self, size: int) -> bytes:
        """So many bytes of what it says."""
        return self._said.read(size)

    def readline(self) -> bytes:
        """The next line of what it says."""
        return self._said.readline()

    def shutdown(self) -> None:
        """Close the connection."""
        self.sock.close()


def open_way(name: str, mail: Mail, folder: Path, seconds: Callable[[], float]) -> Way:
    """The way to a server, connected to nothing yet; `trust` is below `folder`.

    Raises InvalidInput for a `trust` that cannot be read.
    """
    try:
        context = ssl.create_default_context(
            cafile=str(folder / mail.trust) if mail.trust else None
        )
    except (OSError, ssl.SSLError) as error:
        raise InvalidInput(
            f"tool {name!r}: trust {mail.trust!r} cannot be read ({type(error).__name__}); "
            "name a PEM file below the home"
        ) from None
    return Way(mail, context, seconds)
