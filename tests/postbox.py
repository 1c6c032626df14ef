"""A mail server outside, in a process of its own: SMTP by aiosmtpd, and IMAP over what it took.

`python -m tests.postbox FOLDER` prints its ports as one line of JSON and serves until its input
ends. Each letter is one file in the folder. What it does is said by whom a letter is for: `no@` is
refused, `later@` put off, `gone@` taken before it hangs up, `odd@` taken and answered with garbage.
"""

import asyncio
import json
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import Message
from functools import partial
from ipaddress import ip_address
from itertools import count
from pathlib import Path
from socketserver import StreamRequestHandler, ThreadingTCPServer
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

USER, PASSWORD = "desk", "c4n4ry-m4il"
CERTIFICATE, KEY = "certificate.pem", "key.pem"
SILENT = ("gone@acme.example", "odd@acme.example")


@dataclass(frozen=True)
class Postbox:
    """Where a server is reached, and what it took."""

    folder: Path
    ports: dict[str, int]
    """By `starttls`, `tls`, `none` and `imap`."""

    @property
    def letters(self) -> list[Message]:
        """What it took, oldest first."""
        return [message_from_bytes(one.read_bytes()) for one in sorted(self.folder.glob("*.eml"))]

    def empty(self) -> None:
        """Forget what it took."""
        for one in self.folder.glob("*.eml"):
            one.unlink()


@contextmanager
def posting(folder: Path) -> Iterator[Postbox]:
    """A server in a process of its own, for as long as the block runs."""
    certify(folder)
    command = [sys.executable, "-m", "tests.postbox", str(folder)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        yield Postbox(folder, json.loads(child.stdout.readline()))
        child.kill()


def certify(folder: Path) -> None:
    """A certificate of 127.0.0.1 and localhost that nobody else trusts, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "postbox")])
    known = [x509.IPAddress(ip_address("127.0.0.1")), x509.DNSName("localhost")]
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(known), critical=False)
        .sign(key, hashes.SHA256())
    )
    (folder / CERTIFICATE).write_bytes(made.public_bytes(serialization.Encoding.PEM))
    told = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    (folder / KEY).write_bytes(told)


class Takes:
    """What the server does with a letter."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._numbers = folder, count(1)

    async def handle_RCPT(  # noqa: N802 - the library's name
        self, server: Any, session: Any, envelope: Any, address: str, options: list[str]
    ) -> str:
        """Say whether somebody is there; the refusal repeats the address, as servers do."""
        if address.startswith("no@"):
            return f"550 5.1.1 {address} is nobody; you are {PASSWORD}"
        if address.startswith("later@"):
            return "451 4.7.1 later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def keep(self, server: Any, session: Any, envelope: Any) -> str:
        """Keep the letter whole, then answer, or not."""
        file = self._folder / f"{next(self._numbers):04}.eml"
        part = file.with_suffix(".part")
        part.write_bytes(envelope.original_content)
        part.rename(file)
        if envelope.rcpt_tos[0].startswith("gone@"):
            server.transport.abort()
        return "odd" if envelope.rcpt_tos[0].startswith("odd@") else "250 taken"

    handle_DATA = keep  # noqa: N815 - the library's name


def admit(*told: Any) -> AuthResult:
    """Let one user in; the refusal repeats what was said, as no server should."""
    said = told[-1]
    assert isinstance(said, LoginPassword)
    is_known = (said.login, said.password) == (USER.encode(), PASSWORD.encode())
    says = f"535 5.7.8 no: {said.login.decode()} {said.password.decode()}"
    return AuthResult(success=is_known, handled=is_known, message=None if is_known else says)


class Looked(StreamRequestHandler):
    """One conversation of IMAP: as much of it as a look into a folder takes."""

    server: Any

    def handle(self) -> None:
        """Answer until the other side goes."""
        self._say("* OK ready")
        for line in self.rfile:
            tag, _, rest = line.decode().strip().partition(" ")
            self._answer(tag, rest)

    def _answer(self, tag: str, rest: str) -> None:
        command, _, told = rest.partition(" ")
        end = "OK done"
        if command == "CAPABILITY":
            self._say("* CAPABILITY IMAP4rev1")
        elif command == "LOGIN" and told != f'{USER} "{PASSWORD}"':
            end = f"NO [AUTHENTICATIONFAILED] {told}"
        elif command == "EXAMINE" and told != '"Sent"':
            end = "NO there is no such folder"
        elif command == "UID":
            wanted = told.split('"')[1]
            self._say(f"* SEARCH {' '.join(self._found(wanted))}".rstrip())
        self._say(f"{tag} {end}")

    def _found(self, wanted: str) -> Iterator[str]:
        for number, file in enumerate(sorted(self.server.folder.glob("*.eml")), 1):
            if message_from_bytes(file.read_bytes())["Message-ID"] == wanted:
                yield str(number)

    def _say(self, line: str) -> None:
        self.wfile.write(f"{line}\r\n".encode())


async def listen(folder: Path) -> dict[str, int]:
    """Serve from now on; the ports by how each is spoken to."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(folder / CERTIFICATE, folder / KEY)
    known = {"authenticator": admit, "auth_required": True}
    ways: dict[str, dict[str, Any]] = {
        "starttls": {"tls_context": context, "require_starttls": True, **known},
        "tls": {"auth_require_tls": False, **known},
        "none": {},
    }
    takes, loop, ports = Takes(folder), asyncio.get_running_loop(), {}
    for way, told in ways.items():
        made = partial(SMTP, takes, hostname="postbox", loop=loop, **told)
        secured = context if way == "tls" else None
        server = await loop.create_server(made, "127.0.0.1", 0, ssl=secured)
        ports[way] = server.sockets[0].getsockname()[1]
    imap: Any = ThreadingTCPServer(("127.0.0.1", 0), Looked)
    imap.folder, imap.daemon_threads = folder, True
    imap.socket = context.wrap_socket(imap.socket, server_side=True)
    threading.Thread(target=imap.serve_forever, daemon=True).start()
    return ports | {"imap": imap.server_address[1]}


async def serve(folder: Path) -> None:
    """Tell the ports, and serve until the input ends."""
    ports = await listen(folder)
    sys.stdout.write(json.dumps(ports) + "\n")
    sys.stdout.flush()
    await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1])))
