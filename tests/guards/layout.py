"""The layout table of the house page, read as it stands there."""

import re
from typing import NamedTuple

from tests.guards.tree import ROOT, packages

PAGE = ROOT / "docs" / "house.md"
NAME = re.compile(r"[\w*]+(\.\w+|/)")
SIZE = re.compile(r"\s+~\d+$")


class Line(NamedTuple):
    """One file or folder of the table."""

    path: str
    """Relative to the project root; a folder ends in a slash."""
    says: str
    """The text to the right of the name, without the size."""


class Layout(NamedTuple):
    """The table, and what follows from it."""

    lines: dict[str, str]
    """Path to text, for everything below the shipped packages."""

    def says(self, path: str) -> str | None:
        """What the table says of a module; of a package, what it says of folder or file."""
        folder = path.removesuffix("__init__.py")
        if folder != path:
            return self.lines.get(folder.rstrip("/") + ".py") or self.lines.get(folder) or None
        return self.lines.get(path)

    def knows(self, path: str) -> bool:
        """Whether it has a line, or a split module or whole folder above it answers for it."""
        folders = path.split("/")[:-1]
        above = ["/".join(folders[:depth]) for depth in range(len(folders), 0, -1)]
        named = path.removesuffix("__init__.py") in self.lines
        return named or any(f"{one}.py" in self.lines or self.is_whole(f"{one}/") for one in above)

    def is_whole(self, folder: str) -> bool:
        """Whether the table tells the folder as one thing and names nothing inside it."""
        inside = any(path != folder and path.startswith(folder) for path in self.lines)
        return folder in self.lines and not inside


def layout(page: str | None = None) -> Layout:
    """Read the table from `page`, or from the house page."""
    text = PAGE.read_text(encoding="utf-8") if page is None else page
    block = text.split("## The layout", 1)[1].split("```")[1]
    wanted = tuple(f"{name}/" for name in packages())
    return Layout({line.path: line.says for line in read(block) if line.path.startswith(wanted)})


def read(block: str) -> list[Line]:
    """Every name of the block; two spaces of indentation stand for one folder."""
    found: list[Line] = []
    above: list[str] = []
    for row in block.splitlines():
        names, says = split(row.strip())
        depth = (len(row) - len(row.lstrip())) // 2
        above = above[:depth]
        found += [Line("".join([*above, name]), says) for name in names]
        if len(names) == 1 and names[0].endswith("/"):
            above.append(names[0])
    return found


def split(row: str) -> tuple[list[str], str]:
    """The names a row begins with, and the text after them."""
    names = []
    while (first := row.partition(" "))[0] and NAME.fullmatch(first[0]):
        names.append(first[0])
        row = first[2].strip()
    return names, SIZE.sub("", row)
