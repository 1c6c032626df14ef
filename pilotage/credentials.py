"""the secrets that a tools file names: found at the door, told to nobody."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import SecretStr

REFERENCE = r"^((env|file):[A-Za-z0-9][A-Za-z0-9_.-]{0,99})?$"
"""How a tools file names a secret; what could be the secret itself is refused."""


def remedy(reference: str) -> str:
    """What to do about a reference that leads to nothing."""
    kind, _, name = reference.partition(":")
    if kind == "file":
        return f"write it to secrets/{name} of the home"
    return "set it where the worker runs"


@dataclass(frozen=True)
class Credentials:
    """Where secrets stand; no value is in its name, its repr or an error."""

    environment: Mapping[str, str] = field(repr=False)
    folder: Path
    """Of the home's secret files."""

    def find(self, reference: str) -> SecretStr | None:
        """The secret of `env:NAME` or `file:NAME`; None where it is not there or is empty."""
        kind, _, name = reference.partition(":")
        value = self.environment.get(name, "") if kind == "env" else self._read(name)
        return SecretStr(value) if value else None

    def stamp(self) -> int:
        """Another number once a secret file was written, came or went."""
        if not self.folder.is_dir():
            return 0
        files = [self.folder, *self.folder.iterdir()]
        return max(file.stat().st_mtime_ns for file in files)

    def _read(self, name: str) -> str:
        try:
            return (self.folder / name).read_text(encoding="utf-8").strip()
        except (OSError, ValueError):
            return ""
