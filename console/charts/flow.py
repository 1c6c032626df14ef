"""A way from top to bottom with what leaves it to the right: the map, and act, review or refuse."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from console.charts import canvas
from console.charts.canvas import LINE, Area, Picture, Text
from workflow.map.text import version_of
from workflow.map.tree import Branch
from workflow.map.way import Map, Step

LEFT, GAP = 20, 70
INSIDE = 14
"""Units from the edge of a box to its text."""
BY = {"model": canvas.BLUE, "people": canvas.GOOD, "rules": canvas.INK}
"""Colour of a step by who does it; the word stands in its title as well."""
ENDS = {
    "quarantined": canvas.BAD,
    "refused": canvas.BAD,
    "stopped": canvas.BAD,
    "handed over": canvas.SOFT,
    "drafted": canvas.SOFT,
}
ROUTES = {"act": "acts alone", "review": "to a person", "refuse": "refused"}
COLORS = {"act": canvas.GOOD, "review": canvas.WARN, "refuse": canvas.BAD}


class Exit(NamedTuple):
    """What leaves the way at one place."""

    title: str
    lines: tuple[str, ...]
    color: str


class Stop(NamedTuple):
    """One box of the way, and what leaves it."""

    title: str
    lines: tuple[str, ...]
    exits: tuple[Exit, ...]
    color: str = canvas.INK


def way(drawn: Map) -> Picture:
    """The workflow from its trigger to its final action, with every path that leaves it."""
    stops = [
        Stop(
            f"{f'{index} ' if index else ''}{step.title} ({step.by})",
            step.does,
            _exits(step),
            BY.get(step.by, canvas.SOFT),
        )
        for index, step in enumerate(drawn.steps)
    ]
    title = f"{drawn.title} ({drawn.workflow}): {version_of(drawn)}"
    leaving = sum(len(step.paths) for step in drawn.steps)
    says = (
        f"{len(stops)} steps from trigger to final action, {leaving} ways out, each with an owner"
    )
    way = _Way(f"map {drawn.workflow}", title, says, split=620)
    svg = way.draw(stops)
    rows = [
        (step.title, step.by, path.when, path.ends, path.owner)
        for step in drawn.steps
        for path in step.paths
    ]
    return Picture(svg, ("step", "done by", "when", "the item is", "and goes to"), tuple(rows))


def tree(drawn: Map) -> Picture:
    """Act, review or refuse: every question in order, with the values that decide it now."""
    branches = drawn.tree
    stops = [_stop(number, branch) for number, branch in enumerate(branches, 1)]
    title = f"Act, review or refuse ({drawn.workflow}): {version_of(drawn)}"
    says = f"{len(branches)} questions in order; the first that holds decides"
    way = _Way(f"tree {drawn.workflow}", title, says, split=740, out="yes", on="no")
    svg = way.draw(stops)
    rows = [
        (str(at), one.id, one.asks, "; ".join(one.values), ROUTES[one.route], one.owner, one.why)
        for at, one in enumerate(branches, 1)
    ]
    header = ("", "rule", "when", "values now", "the item", "goes to", "why")
    return Picture(svg, header, tuple(rows))


def _exits(step: Step) -> tuple[Exit, ...]:
    """The paths out of a step; those that end alike, with the same person, in one box."""
    found: dict[tuple[str, str], list[str]] = {}
    for path in step.paths:
        found.setdefault((path.ends, path.owner), []).append(path.when)
    return tuple(
        Exit(ends, (*whens, *([f"to {owner}"] if owner else [])), ENDS.get(ends, canvas.WARN))
        for (ends, owner), whens in found.items()
    )


def _stop(number: int, branch: Branch) -> Stop:
    told = (branch.why, f"to {branch.owner}") if branch.owner else (branch.why,)
    out = Exit(ROUTES[branch.route], told, COLORS[branch.route])
    asked = (branch.asks, *(f"now {value}" for value in branch.values))
    name = "otherwise" if branch.id == "else" else branch.id
    return Stop(f"{number} {name}", asked, (out,))


class _Way(NamedTuple):
    """How a way is drawn; `out` and `on` stand beside its arrows."""

    name: str
    title: str
    says: str
    split: float
    """Width of the boxes on the way itself."""
    out: str = ""
    on: str = ""

    def draw(self, stops: Sequence[Stop]) -> str:
        """The boxes below one another, with what leaves each to its right."""
        head = canvas.broken([self.title], canvas.WIDE - 2 * LEFT, 20)
        parts = [
            canvas.write(Text(LEFT, 38 + 26 * at, line, size=20, is_bold=True))
            for at, line in enumerate(head)
        ]
        y = 44.0 + 26 * len(head)
        for index, stop in enumerate(stops):
            drawn, bottom = self._stop(stop, y)
            parts += drawn
            y = bottom + 34
            if index < len(stops) - 1:
                parts.append(canvas.arrow((LEFT + 60, bottom), (LEFT + 60, y)))
                parts.append(canvas.write(Text(LEFT + 72, bottom + 22, self.on, canvas.SOFT)))
        return canvas.finish(
            self.name, title=self.title, says=self.says, height=y - 10, parts=parts
        )

    def _stop(self, stop: Stop, y: float) -> tuple[list[str], float]:
        """One box with what leaves it, and where it ends."""
        inner = canvas.broken(stop.lines, self.split - 2 * INSIDE)
        x = LEFT + self.split + GAP
        width = canvas.WIDE - x - LEFT
        outs = [(one, canvas.broken(one.lines, width - 2 * INSIDE)) for one in stop.exits]
        stacked = sum(_height(lines) + 8 for _, lines in outs) - 8
        area = Area(LEFT, y, self.split, max(_height(inner), stacked))
        parts = [canvas.box(area, color=stop.color), *_texts(area, stop.title, inner, stop.color)]
        for one, lines in outs:
            beside = Area(x, y, width, _height(lines))
            middle = y + beside.height / 2
            parts.append(canvas.arrow((area.right, middle), (x, middle), color=one.color))
            parts.append(canvas.write(Text(x - GAP + 12, middle - 6, self.out, canvas.SOFT)))
            parts.append(canvas.box(beside, color=one.color, is_dashed=True))
            parts += _texts(beside, one.title, lines, one.color)
            y = beside.bottom + 8
        return parts, area.bottom


def _texts(area: Area, title: str, lines: Iterable[str], color: str) -> list[str]:
    x, y = area.x + INSIDE, area.y + 24
    told = [canvas.write(Text(x, y, title, color=color, size=15, is_bold=True))]
    below = enumerate(lines, 1)
    return [*told, *(canvas.write(Text(x, y + LINE * at, text)) for at, text in below)]


def _height(lines: Sequence[str]) -> float:
    return 24 + LINE * len(lines) + 14
