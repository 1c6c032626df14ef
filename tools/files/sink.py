"""A customer's system as a folder: each act is one file under its key, whole and once."""

import hashlib
import hmac
import json
import os
import re
import tempfile
from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass, field
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from runs.clock import Clock
from runs.errors import Conflict, InvalidInput, Unavailable
from runs.records.record import digest_of
from runs.records.version import Level, Risk
from tools.tool import Reading, Schema, check_operation

KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:@+-]{0,199}")
RECEIPT = ("key", "operation", "digest", "at")


@dataclass(frozen=True)
class FolderSink:
    """Acts by writing `<key>.json`; what stands there is the receipt."""

    name: str
    folder: Path
    _: KW_ONLY
    clock: Clock
    schema: Mapping[str, Schema]
    """The form of the content of each operation, by operation."""
    level: Level = "update"
    risks: tuple[Risk, ...] = ()
    reversible: bool = True
    is_real: bool = True
    remembers_keys: bool = True
    credential: SecretStr | None = None
    """What each file is signed with, so that whoever takes it knows whose it is."""
    undo: Mapping[str, str] = field(default_factory=dict)
    """By operation: the one that takes back what it did."""

    def touch(self, most: int) -> tuple[Reading, ...]:
        """None: it only acts. Raises Unavailable when the folder could not be written."""
        there = next(one for one in (self.folder, *self.folder.absolute().parents) if one.exists())
        if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
            raise Unavailable(
                f"{self.folder}: {there} is no folder that can be written; make it one"
            )
        return ()

    def read(self, key: str) -> Reading | None:
        """What was written under this key, or None."""
        written = self._find_written(key)
        if written is None:
            return None
        return Reading(written["content"], written["digest"], self.clock.now())

    def act(self, operation: str, content: Mapping[str, Any], key: str) -> dict[str, Any]:
        """Write the content under its key, once; the second time the first receipt is returned.

        Raises Conflict when the key holds other content, Unavailable when the folder cannot be
        written; InvalidInput when key, operation or content is not what it should be.
        """
        check_operation(self, operation, content)
        digest = digest_of({"operation": operation, "content": dict(content)})
        written = {"key": key, "operation": operation, "content": dict(content), "digest": digest}
        written["at"] = self.clock.now().isoformat()
        if self.credential is not None:
            written["signature"] = _signed(self.credential, digest)
        text = json.dumps(written, ensure_ascii=False, indent=1, sort_keys=True).encode()
        if not keep_once(self.folder, file_name(key, ".json"), text):
            written = self._find_written(key) or written
        if written["digest"] != digest:
            raise Conflict(
                f"tool {self.name!r}: key {key} was used for other content; do this under a "
                "key of its own"
            )
        return _receipt(written)

    def find_receipt(self, key: str) -> dict[str, Any] | None:
        """The receipt of what stands under this key; InvalidInput when it is not ours."""
        written = self._find_written(key)
        return None if written is None else _receipt(written)

    def _find_written(self, key: str) -> dict[str, Any] | None:
        name = file_name(key, ".json")
        text = find_text(self.folder, name)
        if text is None:
            return None
        try:
            written = json.loads(text)
        except ValueError as error:
            raise InvalidInput(
                f"{self.folder / name}: is not what was written ({error}); put back what was"
            ) from None
        if not isinstance(written, dict) or not {*RECEIPT, "content"} <= set(written):
            raise InvalidInput(f"{self.folder / name}: is not what was written; put back what was")
        if written["key"] != key:
            raise Conflict(
                f"tool {self.name!r}: the file of {key} is that of {written['key']}; put back "
                "what was written"
            )
        return written


def file_name(key: str, suffix: str) -> str:
    """The key and `suffix`; InvalidInput for a key that could lead out of the folder."""
    if not KEY.fullmatch(key):
        raise InvalidInput(
            f"key {key[:80]!r} cannot name a file; use up to 200 letters, digits and . _ : @ + -, "
            "a letter or digit first"
        )
    return key + suffix


def keep_once(folder: Path, name: str, content: bytes) -> bool:
    """Write a file whole and only if it is not there yet; False when it is.

    The bytes are on disk before the name is: whenever the machine stops, the file is whole or
    absent. Raises Unavailable when the folder cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        is_first = _link_once(folder, name, content)
        _sync(folder)
    except OSError as error:
        raise Unavailable(
            f"{folder / name}: {error.strerror or error}; make it accessible"
        ) from error
    return is_first


def find_text(folder: Path, name: str) -> str | None:
    """The text of a file, or None when there is none; Unavailable when it cannot be read."""
    try:
        return (folder / name).read_bytes().decode("utf-8", "replace")
    except FileNotFoundError:
        return None
    except OSError as error:
        raise Unavailable(
            f"{folder / name}: {error.strerror or error}; make it accessible"
        ) from error


def _signed(credential: SecretStr, digest: str) -> str:
    key = credential.get_secret_value().encode()
    return "hmac-sha256:" + hmac.new(key, digest.encode(), hashlib.sha256).hexdigest()


def _receipt(written: Mapping[str, Any]) -> dict[str, Any]:
    return {name: written[name] for name in RECEIPT}


def _link_once(folder: Path, name: str, content: bytes) -> bool:
    handle, part = tempfile.mkstemp(prefix=".", suffix=".part", dir=folder)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        (folder / name).hardlink_to(part)
    except FileExistsError:
        return False
    finally:
        Path(part).unlink(missing_ok=True)
    return True


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
