"""The map and its tree drawn with box characters, at most 100 columns wide."""

from collections.abc import Iterable, Iterator
from itertools import zip_longest
from textwrap import wrap

from workflow.map.tree import Branch
from workflow.map.way import Map, Path, Step

WIDE = 100
LEFT, RIGHT = 50, 42
"""Columns inside the boxes of the way, and of what leaves it."""
STEM = "   │ "
ENDS = {"act": "ACT ALONE", "review": "TO A PERSON", "refuse": "REFUSE"}


def lines(drawn: Map) -> list[str]:
    """The whole page: the way from top to bottom, what leaves it to the right, then the tree."""
    told = [*_wrapped(f"{drawn.title} ({drawn.workflow})", WIDE, "", ""), version_of(drawn), ""]
    middle = " " * (LEFT // 2)
    for index, step in enumerate(drawn.steps):
        told += _box(index, step)
        if index < len(drawn.steps) - 1:
            told += [middle + "│", middle + "▼"]
    return [*told, "", "Act, review or refuse: the first that holds decides", *tree(drawn.tree)]


def tree(branches: Iterable[Branch]) -> list[str]:
    """The questions in order, each with the values that decide it now and who gets the item."""
    return [line for number, one in enumerate(branches, 1) for line in _branch(number, one)]


def version_of(drawn: Map) -> str:
    """Which version and which values the map shows."""
    if not drawn.version:
        return "as its plan says; no version is shown"
    version, policy = (one.removeprefix("sha256:")[:12] for one in (drawn.version, drawn.policy))
    return f"version {version}, policy {policy}"


def _box(index: int, step: Step) -> list[str]:
    number = f"{index} " if index else ""
    title = f"─ {number}{step.title.upper()} ({step.by}) "
    inside = [line for told in step.does for line in _wrapped(told, LEFT - 2, "· ", "  ")]
    beside = [line for path in step.paths for line in _leaving(path)]
    rows = zip_longest(inside, beside, fillvalue="")
    return [f"┌{title:─<{LEFT}}┐", *(_row(*row) for row in rows), f"└{'─' * LEFT}┘"]


def _row(told: str, leaving: str) -> str:
    edge = "├" if leaving.startswith("─") else "│"
    return f"│ {told:<{LEFT - 2}} {edge}{leaving}".rstrip()


def _leaving(path: Path) -> Iterator[str]:
    """What leaves the way: when, as what, and who has it then."""
    owner = f" · {path.owner}" if path.owner else ""
    yield from _wrapped(path.when, RIGHT, "──▶ ", "    ")
    yield from _wrapped(f"{path.ends.upper()}{owner}", RIGHT, "    ", "    ")


def _branch(number: int, branch: Branch) -> list[str]:
    if branch.id == "else":
        return _wrapped(f"{number:>2} {branch.asks}: {ENDS['act']}: {branch.why}", WIDE, "", STEM)
    owner = f" · {branch.owner}" if branch.owner else ""
    return [
        *_wrapped(f"{number:>2} {branch.id}: {branch.asks}", WIDE, "", STEM + "  "),
        *(line for value in branch.values for line in _now(value)),
        *_wrapped(f"{ENDS[branch.route]}{owner}: {branch.why}", WIDE, f"{STEM}yes ──▶ ", STEM),
        f"{STEM}no",
    ]


def _now(value: str) -> list[str]:
    return _wrapped(f"now {value}", WIDE, f"{STEM}  ", f"{STEM}    ")


def _wrapped(text: str, width: int, first: str, then: str) -> list[str]:
    """Lines of at most `width` columns; a word that is longer is broken."""
    return wrap(text, width, initial_indent=first, subsequent_indent=then, break_on_hyphens=False)
