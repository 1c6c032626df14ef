"""texts a command is given: as words, as a file, or on stdin."""

import sys
from pathlib import Path

from runs.errors import InvalidInput


def text_of(given: str) -> str:
    """The contents of a file of this name, else the words themselves; `-` reads stdin."""
    if given == "-":
        return sys.stdin.read()
    is_name = len(given) < 1000 and "\n" not in given
    return read(Path(given)) if is_name and Path(given).is_file() else given


def read(file: Path) -> str:
    """The text of a file; InvalidInput when it cannot be read."""
    try:
        return file.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise InvalidInput(f"{file}: cannot be read ({error.strerror}); check the path") from None
    except UnicodeDecodeError:
        raise InvalidInput(f"{file}: is not UTF-8; save it as UTF-8") from None


def title_of(title: str, text: str) -> str:
    """The title that was given, else the first line of the text."""
    return title or next((line.strip() for line in text.splitlines() if line.strip()), "")
