"""What is committed is true on every machine."""

import re
from pathlib import Path

import pytest

from tests.guards.tree import ROOT, committed

# Each pattern is written with a class, so that this file does not name what it looks for.
HOSTS = re.compile(
    r"pypi\.or[g]|pythonhosted\.or[g]|registry\.npmj[s]|registry\.yarnpk[g]|deb\.debian\.or[g]"
    r"|crates\.i[o]|proxy\.golan[g]",
    re.IGNORECASE,
)
PATHS = re.compile(
    r"(?<![\w.~/$}-])/(?:wor[k]|far[m]|tm[p]|roo[t]|hom[e]|User[s])(?:/|\b(?![\w-]))"
)


def lines(file: Path, pattern: re.Pattern[str]) -> list[str]:
    """Where the pattern stands in a text file; nothing in a file that is not text."""
    try:
        text = file.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return []
    place = file.relative_to(ROOT).as_posix() if file.is_relative_to(ROOT) else file.name
    rows = enumerate(text.splitlines(), 1)
    return [f"{place}:{number} {row.strip()[:80]}" for number, row in rows if pattern.search(row)]


@pytest.mark.parametrize("pattern", [HOSTS, PATHS], ids=["registries", "paths"])
def test_no_file_names_a_registry_or_a_path_of_a_machine(pattern: re.Pattern[str]) -> None:
    """Where packages come from and where the checkout stands is the machine's own business."""
    assert [line for file in committed() for line in lines(file, pattern)] == []


@pytest.mark.parametrize(
    ("pattern", "text", "count"),
    [
        (HOSTS, "https://{}/simple".format("pypi" + ".org"), 1),
        (PATHS, "cd {}/main".format("/wo" + "rk"), 1),
        (PATHS, "open('{}/x')".format("/t" + "mp"), 1),
        (PATHS, "mount {}".format("/t" + "mp"), 1),
        (PATHS, "docs{}/notes.md and /working and ~{}/x".format("/wo" + "rk", "/t" + "mp"), 0),
    ],
)
def test_a_place_that_is_not_ours_is_seen(
    tmp_path: Path, pattern: re.Pattern[str], text: str, count: int
) -> None:
    """A path at the start of a word counts; a folder inside a path of ours does not."""
    (tmp_path / "file.txt").write_text(text)

    assert len(lines(tmp_path / "file.txt", pattern)) == count
