"""what stands where in a home, whose it is, and the clock its processes agree on."""

import json
import os
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError

from runs.clock import Clock, ClockKind, RealClock
from runs.errors import InvalidInput
from runs.records.record import Record


class Mark(Record):
    """What a home says of itself; written once, when it is made."""

    form: Literal["pilotage/home/1"] = "pilotage/home/1"
    is_demo: bool = False
    """Its people and systems are made up: the clock is turned, real tools are refused."""
    seed: str = ""
    """Of a demo: what chance is drawn from, so that it can be played again."""
    asks_models: bool = Field(default=False, exclude_if=lambda asks: not asks)
    """Of a demo: it was made to ask the models that are declared; any other home asks them."""


@dataclass(frozen=True)
class Home:
    """A folder and the names inside it."""

    folder: Path

    @property
    def mark_file(self) -> Path:
        """What the home says of itself."""
        return self.folder / "home.json"

    @property
    def checkpoints(self) -> Path:
        """Where runs stand in the loop."""
        return self.folder / "checkpoints.db"

    @property
    def queue(self) -> Path:
        """That jobs will be done."""
        return self.folder / "queue.db"

    @property
    def fits(self) -> Path:
        """What model routes learnt, by content; may be deleted."""
        return self.folder / "fits"

    @property
    def index(self) -> Path:
        """The search index over lessons; may be deleted."""
        return self.folder / "index"

    @property
    def clock_file(self) -> Path:
        """How far a demo home's clock is ahead of the real one."""
        return self.folder / "clock.json"

    @property
    def errors(self) -> Path:
        """Reports of unexpected errors, by their reference."""
        return self.folder / "errors"

    @property
    def rules_file(self) -> Path:
        """The installation's rules: a copy of the shipped ones that operations edit."""
        return self.folder / "policies" / "installation.yaml"

    def policies(self, customer: str) -> Path:
        """The folder of a customer's policy files, one a workflow."""
        return self.folder / "policies" / customer

    def tools_file(self, customer: str) -> Path:
        """Which systems a customer's workflows may reach."""
        return self.folder / "tools" / f"{customer}.yaml"

    @property
    def models_file(self) -> Path:
        """Which models may be asked, in the order in which they are."""
        return self.folder / "models.yaml"

    @property
    def seen_tools(self) -> Path:
        """What servers said of their tools when somebody looked, one file each."""
        return self.folder / "tools" / "seen"

    @property
    def secrets(self) -> Path:
        """What `file:NAME` in a tools file names; written by whoever operates the home."""
        return self.folder / "secrets"

    def outbox(self, customer: str) -> Path:
        """Messages and updates that were sent, one file each."""
        return self.folder / "outbox" / customer

    def exists(self) -> bool:
        """True when the folder is a home."""
        return self.mark_file.is_file()

    def mark(self) -> Mark:
        """What it says of itself; InvalidInput, with the remedy, when it is no home."""
        try:
            return Mark.model_validate_json(self.mark_file.read_bytes())
        except (FileNotFoundError, NotADirectoryError):
            raise InvalidInput(
                f"{self.folder} is no home of Pilotage; run `pilotage init` to make one, "
                "or name yours with --home or PILOTAGE_HOME"
            ) from None
        except OSError as error:
            raise InvalidInput(
                f"{self.mark_file} cannot be read ({error.strerror}); make it readable, or name "
                "another home with --home or PILOTAGE_HOME"
            ) from None
        except ValidationError:
            raise InvalidInput(
                f"{self.mark_file} is not readable; write one object there, such as "
                f"{Mark().model_dump_json()}"
            ) from None

    def make(self, mark: Mark) -> None:
        """Make the folder a home; one that is a home already keeps its mark.

        InvalidInput where no folder can be made or written.
        """
        if self.exists():
            return
        try:
            replace(self.mark_file, mark.model_dump_json(indent=2) + "\n")
        except OSError as error:
            raise InvalidInput(
                f"{self.folder} cannot be made a home ({error.strerror}); name a folder that can "
                "be written, with --home or PILOTAGE_HOME"
            ) from None

    def clock(self) -> Clock:
        """The real clock; in a demo home the one all its processes turn together."""
        return SharedClock(self.clock_file) if self.mark().is_demo else RealClock()


class SharedClock:
    """A turned clock whose offset is a file, so that every process of the home agrees."""

    kind: ClockKind = "turned"

    def __init__(self, file: Path) -> None:
        self._file = file

    @property
    def offset(self) -> timedelta:
        """How far this clock is ahead of the real one; zero before it was first turned."""
        try:
            return timedelta(seconds=float(json.loads(self._file.read_text())["offset_s"]))
        except FileNotFoundError:
            return timedelta(0)
        except (ValueError, KeyError, TypeError):
            raise InvalidInput(
                f"{self._file} is not readable; write one object there, such as "
                '{"offset_s": 86400}'
            ) from None

    def now(self) -> datetime:
        """The time in UTC, aware."""
        return datetime.now(UTC) + self.offset

    def turn(self, by: timedelta) -> None:
        """Move ahead by `by`, for every process of the home; a clock is never turned back."""
        if by < timedelta(0):
            raise ValueError(f"a clock is never turned back (by {by})")
        replace(self._file, json.dumps({"offset_s": (self.offset + by).total_seconds()}) + "\n")


def read(file: Path) -> str:
    """The text of a file that operations edit; InvalidInput where it cannot be read as text."""
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput(f"{file}: cannot be read ({error}); write UTF-8 text there") from None


def replace(file: Path, text: str) -> None:
    """Put `text` in the place of the file as a whole, or leave what was there."""
    file.parent.mkdir(parents=True, exist_ok=True)
    handle, part = tempfile.mkstemp(prefix=".", suffix=".part", dir=file.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as open_part:
            open_part.write(text)
            open_part.flush()
            os.fsync(open_part.fileno())
        Path(part).replace(file)
    finally:
        Path(part).unlink(missing_ok=True)
