"""The index's place on disk: one owner at a time, and how it was when it was last left."""

import fcntl
import hashlib
import json
import os
import re
import shutil
import struct
from pathlib import Path
from typing import Literal

FolderState = Literal["empty", "sealed", "left_open", "changed"]
GENERATION = re.compile(r"g(\d+)")

HEADER = struct.Struct("<i4Q")
"""How a graph's header begins: its form, an offset, room for vectors, those in it, bytes of one."""
FORM = 1
"""The only form that is known; a test looks whether Chroma still writes it."""
LENGTH = 4
"""Bytes of one vector in the file of lengths."""


class Folder:
    """Generations of an index, of which one is in use; a rebuilt one takes its place whole."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._lock: int | None = None

    def lock(self) -> bool:
        """True when this process owns the folder; the lock ends with the process."""
        if self._lock is not None:
            return True
        self._root.mkdir(parents=True, exist_ok=True)
        lock = os.open(self._root / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            return False
        self._lock = lock
        return True

    def unlock(self) -> None:
        """Let another process own the folder."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def current(self) -> Path | None:
        """The generation in use, or None."""
        try:
            name = (self._root / "current").read_text(encoding="ascii")
        except (OSError, ValueError):
            return None
        path = self._root / name
        return path if GENERATION.fullmatch(name) and path.is_dir() else None

    def state(self) -> FolderState:
        """Whether the generation in use is as it was when it was last closed."""
        current = self.current()
        if current is None:
            return "empty"
        try:
            seal = json.loads(self._seal(current).read_text(encoding="utf-8"))
        except FileNotFoundError:
            return "left_open"
        except (OSError, ValueError):
            return "changed"
        return "sealed" if seal == _fingerprints(current) else "changed"

    def begin(self) -> Path:
        """The path of the next generation; whatever was left there is removed."""
        numbers = [int(found[1]) for entry in self._entries() if (found := _generation(entry))]
        path = self._root / f"g{max(numbers, default=0) + 1}"
        shutil.rmtree(path, ignore_errors=True)
        return path

    def use(self, generation: Path) -> None:
        """Put a complete generation in use, in one step, and remove the others."""
        _blank(generation)
        _write(self._root / "current", generation.name)
        for entry in self._entries():
            if _generation(entry) and entry.name.partition(".")[0] != generation.name:
                shutil.rmtree(entry) if entry.is_dir() else entry.unlink()

    def open(self) -> None:
        """Say that the generation is being written to; it stays so until it is sealed."""
        current = self.current()
        if current is not None:
            self._seal(current).unlink(missing_ok=True)
            _sync(self._root)

    def blank(self) -> None:
        """Leave nothing in the room that the generation's graph keeps for vectors to come.

        What writes it takes that from the process's memory as it is: any text may stand there.
        """
        current = self.current()
        if current is not None:
            _blank(current)

    def seal(self) -> None:
        """Write down what the generation looks like, now that nobody writes to it."""
        self.blank()
        current = self.current()
        if current is not None:
            _write(self._seal(current), json.dumps(_fingerprints(current), sort_keys=True))

    def _seal(self, generation: Path) -> Path:
        return self._root / f"{generation.name}.seal"

    def _entries(self) -> list[Path]:
        return sorted(self._root.iterdir())


def _generation(entry: Path) -> re.Match[str] | None:
    return GENERATION.fullmatch(entry.name.removesuffix(".seal"))


def _blank(generation: Path) -> None:
    for header in generation.rglob("header.bin"):
        form, _, _, used, size = HEADER.unpack_from(header.read_bytes())
        if form == FORM:
            _end_with_nothing(header.with_name("data_level0.bin"), used * size)
            _end_with_nothing(header.with_name("length.bin"), used * LENGTH)


def _end_with_nothing(file: Path, begins: int) -> None:
    """Zeros in the place of whatever stands from there to the end."""
    left = file.stat().st_size - begins
    if left > 0:
        with file.open("r+b") as opened:
            opened.seek(begins)
            opened.write(bytes(left))


def _fingerprints(generation: Path) -> dict[str, str]:
    """Digest of every file, by path."""
    found = {}
    for file in sorted(generation.rglob("*")):
        if file.is_file():
            with file.open("rb") as opened:
                digest = hashlib.file_digest(opened, hashlib.blake2b).hexdigest()
            found[file.relative_to(generation).as_posix()] = digest
    return found


def _write(path: Path, text: str) -> None:
    """Write a file so that it is there whole or not at all."""
    half = path.with_name(f"{path.name}.half")
    with half.open("w", encoding="utf-8") as opened:
        opened.write(text)
        opened.flush()
        os.fsync(opened.fileno())
    half.replace(path)
    _sync(path.parent)


def _sync(folder: Path) -> None:
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
