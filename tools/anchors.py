"""write where a chain ends to an outside place: a file, a git working copy, a webhook.

A place is only as good as its distance: whoever can write the database must not write there too.
"""

import fcntl
import ipaddress
import json
import os
import subprocess
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

from runs.errors import Conflict, InvalidInput, Unavailable
from runs.records.record import digest_of

FILE_OF_COPY = "anchors.ndjson"
SECONDS = 20.0
FORMS = "file:/path/anchors.ndjson, git:/path/of/a/working/copy or https://host/path"


class Place(Protocol):
    """Somewhere outside that keeps what it is told."""

    @property
    def name(self) -> str:
        """What the record calls it: its kind and the beginning of a digest; no secret."""
        ...

    @property
    def shown(self) -> str:
        """What people are shown; an address without what may be a secret."""
        ...

    def write(self, line: Mapping[str, Any]) -> None:
        """Keep this line; again it changes nothing. Unavailable when the place does not answer.

        Raises Conflict where the place holds more of the chain than the record has.
        """
        ...

    def find_file(self) -> Path | None:
        """The file it keeps its lines in; None where nothing can be read back."""
        ...


@dataclass(frozen=True)
class FilePlace:
    """A file to which lines are added; nothing in it is ever changed."""

    path: Path

    @property
    def name(self) -> str:
        """Kind and digest."""
        return _name("file", str(self.path))

    @property
    def shown(self) -> str:
        """Where it is."""
        return str(self.path)

    def write(self, line: Mapping[str, Any]) -> None:
        """Add the line and let it reach the disk, unless it is there."""
        try:
            with self.path.open("a+", encoding="utf-8") as file:
                # Two processes must not both find that the line is not there.
                fcntl.flock(file, fcntl.LOCK_EX)
                file.seek(0)
                if _is_told(file.read(), line, self.shown):
                    return
                file.write(json.dumps(dict(line), sort_keys=True, separators=(",", ":")) + "\n")
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise _unwritten(self.shown, error) from None

    def find_file(self) -> Path | None:
        """The file itself."""
        return self.path


@dataclass(frozen=True)
class GitPlace:
    """A file in a git working copy; every line is a commit of that file alone."""

    folder: Path

    @property
    def name(self) -> str:
        """Kind and digest."""
        return _name("git", str(self.folder))

    @property
    def shown(self) -> str:
        """Where it is."""
        return str(self.folder)

    def write(self, line: Mapping[str, Any]) -> None:
        """Add the line and commit it; a line that was added and not committed is committed now."""
        if self._git("rev-parse", "--is-inside-work-tree") != "true":
            raise InvalidInput(f"{self.folder} is no git working copy; run `git init` there")
        FilePlace(self.folder / FILE_OF_COPY).write(line)
        self._git("add", "--", FILE_OF_COPY)
        if self._git("status", "--porcelain", "--", FILE_OF_COPY):
            says = f"Anchor event {line['seq']} of {str(line['installation'])[:12]}"
            who = ("-c", "user.name=Pilotage", "-c", "user.email=pilotage@localhost")
            self._git(*who, "commit", "--quiet", "--only", "-m", says, "--", FILE_OF_COPY)

    def find_file(self) -> Path | None:
        """The file in the working copy."""
        return self.folder / FILE_OF_COPY

    def _git(self, *arguments: str) -> str:
        command = ["git", "-C", str(self.folder), *arguments]
        try:
            done = subprocess.run(
                command, capture_output=True, check=False, text=True, timeout=SECONDS
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise Unavailable(f"git in {self.folder} did not answer ({error}); try again") from None
        if done.returncode and arguments[0] == "rev-parse":
            return ""
        if done.returncode:
            says = " ".join(done.stderr.split())[:200]
            raise Unavailable(f"git in {self.folder}: {says}; mend the working copy")
        return done.stdout.strip()


@dataclass(frozen=True)
class Webhook:
    """An address that keeps what is posted to it."""

    url: str

    @property
    def name(self) -> str:
        """Kind and digest: the path of an address is often its secret."""
        return _name("webhook", self.url)

    @property
    def shown(self) -> str:
        """Scheme and host."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.hostname}" + (f":{parts.port}" if parts.port else "")

    def write(self, line: Mapping[str, Any]) -> None:
        """Post the line; any answer of 200 to 299 says that it is kept. Follows nowhere else."""
        import httpx

        key = f"{line['installation']}:{line['seq']}"
        try:
            answer = httpx.post(
                self.url,
                json=dict(line),
                headers={"Idempotency-Key": key, "User-Agent": "pilotage"},
                timeout=SECONDS,
                follow_redirects=False,
                trust_env=False,
            )
        except httpx.HTTPError as error:
            says = type(error).__name__
            raise Unavailable(f"{self.shown} does not answer ({says}); it is tried again") from None
        if not answer.is_success:
            raise Unavailable(f"{self.shown} answered {answer.status_code}; it is tried again")

    def find_file(self) -> Path | None:
        """None: what was posted cannot be read back."""
        return None


def place_of(text: str, declared: Collection[str] = ()) -> Place:
    """The place a text names; InvalidInput with the forms there are.

    A webhook is on loopback, or its host is one of those the installation declared, by HTTPS.
    """
    kind, _, rest = text.strip().partition(":")
    if kind in ("file", "git") and rest and Path(rest).expanduser().is_absolute():
        path = Path(rest).expanduser()
        return FilePlace(path) if kind == "file" else GitPlace(path)
    if kind not in ("http", "https"):
        raise InvalidInput(f"{_cut(text)!r} is no place for an anchor; write it like {FORMS}")
    host = host_of(text)
    if is_loopback(host):
        return Webhook(text.strip())
    if kind == "http":
        raise InvalidInput(f"http://{host}: only loopback is told without encryption; use https")
    if host not in declared:
        raise InvalidInput(f"{host} is not declared; name the place in PILOTAGE_ANCHOR")
    return Webhook(text.strip())


def host_of(text: str) -> str:
    """The host of an address; empty for what is none."""
    try:
        parts = urlsplit(text.strip())
    except ValueError:
        return ""
    return (parts.hostname or "") if parts.scheme in ("http", "https") else ""


def is_loopback(host: str) -> bool:
    """Whether an address never leaves this machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _is_told(text: str, line: Mapping[str, Any], shown: str) -> bool:
    """Whether the file has this line; Conflict where it vouches for another chain."""
    for number, one in enumerate(text.splitlines(), 1):
        try:
            told = json.loads(one) if one.strip() else {}
        except ValueError:
            says = f"{shown}, line {number}: is no anchor; anchor to a file of its own"
            raise InvalidInput(says) from None
        if told.get("installation") != line["installation"]:
            raise Conflict(
                f"{shown} vouches for another installation than this; anchor to a file of its own, "
                "unless it is the same: then its record was made anew"
            )
        is_same = (told["seq"], told["hash"]) == (line["seq"], line["hash"])
        if is_same:
            return True
        if told["seq"] >= line["seq"]:
            raise Conflict(
                f"{shown} vouches for event {told['seq']}, the record ends at {line['seq']}: it "
                f"was set back; run `pilotage audit verify --anchor {shown}`"
            )
    return False


def _name(kind: str, address: str) -> str:
    return f"{kind}:{digest_of(address)[7:19]}"


def _cut(text: str) -> str:
    return text if len(text) <= 60 else text[:60] + "…"


def _unwritten(shown: str, error: OSError) -> Unavailable:
    return Unavailable(f"{shown} cannot be written ({error.strerror}); mend it, it is tried again")
