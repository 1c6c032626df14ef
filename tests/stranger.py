"""The program of `docs/verify.md`, taken from the page and run as a stranger runs it."""

import re
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

PAGE = Path(__file__).parent.parent / "docs" / "verify.md"
PROGRAM = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)


class Told(NamedTuple):
    """What the program said."""

    code: int
    says: str

    @property
    def first_bad(self) -> int:
        """The first bad event it names; 0 when it names none."""
        found = re.search(r"first bad event: (\d+)", self.says)
        return int(found[1]) if found else 0


def program(folder: Path) -> Path:
    """The program as a file of its own."""
    (text,) = PROGRAM.findall(PAGE.read_text(encoding="utf-8"))
    file = folder / "verify.py"
    file.write_text(text, encoding="utf-8")
    return file


def check(export: Path, anchors: Path | None = None) -> Told:
    """Run the program on an export: a fresh interpreter, no site packages, none of our code."""
    told = [str(one) for one in (program(export.parent), export, anchors) if one is not None]
    ran = subprocess.run(
        [sys.executable, "-I", "-S", *told],
        cwd=export.parent,
        capture_output=True,
        check=False,
        text=True,
        timeout=60,
    )
    return Told(ran.returncode, ran.stdout + ran.stderr)
