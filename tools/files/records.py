"""Records of a customer, read by key from a file or a folder of files."""

import copy
import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

from runs.clock import Clock
from runs.errors import InvalidInput, Unavailable
from runs.records.record import digest_of
from runs.records.version import Level, Risk
from tools.files.rows import READERS, read_rows
from tools.tool import Reading, Schema, refuse_to_act

MAX_BYTES = 64 * 1024 * 1024
"""A larger file is refused."""
CERTAIN_BYTES = 4 * 1024 * 1024
"""Up to this size together files are compared by their bytes, above it by their stamps."""


class Stamp(NamedTuple):
    """What tells that a file changed without reading it."""

    path: Path
    inode: int
    size: int
    modified_ns: int
    changed_ns: int


class Found(NamedTuple):
    """One record as it was parsed."""

    value: dict[str, Any]
    version: str
    as_of: datetime
    """When its file was last written."""


class Loaded(NamedTuple):
    """Files as they were parsed."""

    stamps: tuple[Stamp, ...]
    content: str
    """Hash of all their bytes; empty when they are compared by stamp."""
    records: Mapping[str, Found]
    """By key."""


class FileRecords:
    """Records read by key from a file, or from every .json, .jsonl and .csv file of a folder.

    JSON is a list of objects, one object with the key field, or an object of objects by key. CSV
    has a header, `,` or `;`, and its values are text. A changed file is read again.
    """

    level: Level = "read"
    risks: tuple[Risk, ...] = ()
    reversible = True
    remembers_keys = True

    def __init__(
        self, name: str, path: Path, key_field: str, *, clock: Clock, is_real: bool = True
    ) -> None:
        self.name = name
        self.path = path
        self.key_field = key_field
        self.is_real = is_real
        self.schema: Mapping[str, Schema] = {}
        self._clock = clock
        self._loaded: Loaded | None = None

    def read(self, key: str) -> Reading | None:
        """The record of this key, or None.

        Raises Unavailable when the files cannot be read, InvalidInput with file and line when they
        are not what they should be.
        """
        found = self._current().records.get(key)
        if found is None:
            return None
        value = copy.deepcopy(found.value)
        return Reading(value, found.version, self._clock.now(), found.as_of)

    def touch(self, most: int) -> list[Reading]:
        """The first records by key, at most so many; raises what `read` raises."""
        keys = sorted(self._current().records)[:most]
        return [reading for key in keys if (reading := self.read(key)) is not None]

    def act(self, operation: str, content: Mapping[str, Any], key: str) -> NoReturn:
        """Raises NotAllowed: it reads only."""
        refuse_to_act(self.name, operation, content, key)

    def find_receipt(self, key: str) -> None:
        """None: nothing is ever done."""

    def _current(self) -> Loaded:
        stamps = tuple(_stamp(self.name, file) for file in self._files())
        texts: list[bytes] = []
        if sum(stamp.size for stamp in stamps) <= CERTAIN_BYTES:
            texts = [_bytes(self.name, stamp.path) for stamp in stamps]
        content = hashlib.sha256(b"\0".join(texts)).hexdigest() if texts else ""
        loaded = self._loaded
        if loaded is None or (loaded.stamps, loaded.content) != (stamps, content):
            texts = texts or [_bytes(self.name, stamp.path) for stamp in stamps]
            loaded = self._loaded = Loaded(stamps, content, self._parse(stamps, texts))
        return loaded

    def _files(self) -> list[Path]:
        if not self.path.is_dir():
            return [self.path]
        found = [f for f in sorted(self.path.iterdir()) if f.suffix in READERS and f.name[0] != "."]
        if not found:
            suffixes = ", ".join(READERS)
            raise Unavailable(f"tool {self.name!r}: {self.path} holds no file of {suffixes}")
        return found

    def _parse(self, stamps: tuple[Stamp, ...], texts: list[bytes]) -> dict[str, Found]:
        records: dict[str, Found] = {}
        places: dict[str, str] = {}
        for stamp, text in zip(stamps, texts, strict=True):
            as_of = datetime.fromtimestamp(stamp.modified_ns / 1e9, UTC)
            for row in read_rows(stamp.path, text, self.key_field):
                key, place = str(row.value[self.key_field]), f"{stamp.path}, {row.place}"
                if key in places:
                    raise InvalidInput(
                        f"{place}: this {self.key_field} also stands in {places[key]}; keep one"
                    )
                places[key] = place
                records[key] = Found(row.value, digest_of(row.value), as_of)
        return records


def _stamp(name: str, file: Path) -> Stamp:
    try:
        seen = file.stat()
    except OSError as error:
        raise Unavailable(f"tool {name!r}: {file}: {error.strerror or error}") from error
    if seen.st_size > MAX_BYTES:
        raise InvalidInput(
            f"{file}: {seen.st_size} bytes; a file tool reads up to {MAX_BYTES}, use a database"
        )
    return Stamp(file, seen.st_ino, seen.st_size, seen.st_mtime_ns, seen.st_ctime_ns)


def _bytes(name: str, file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise Unavailable(f"tool {name!r}: {file}: {error.strerror or error}") from error
