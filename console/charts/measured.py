"""What was measured with its interval and its limit, and how far a release has come."""

from collections.abc import Sequence
from typing import NamedTuple

from console.charts import canvas
from console.charts.canvas import Area, Picture, Text

LABEL, TRACK, ROW = 300, 560, 54
"""Units: where a bar begins, how long it is, and from one bar to the next."""
STEP = 150
"""Units of height of the tallest step of the ladder."""


class Measured(NamedTuple):
    """A share with its interval, and what was agreed about it."""

    label: str
    events: int
    total: int
    low: float | None
    high: float | None
    """None where nothing was seen."""
    limit: float | None
    """Where the mark of the limit stands; None without one."""
    asked: str
    """The limit in words; empty without one."""
    state: str
    """How it stands, in a word: `kept`, `breached`, `unread`."""


class Rung(NamedTuple):
    """One stage of the ladder."""

    name: str
    share: float
    """Of the items, 0 to 1."""
    says: str
    state: str
    """`done`, `here`, `next`, `later` or `gone`."""


def intervals(measured: Sequence[Measured], *, name: str, title: str) -> Picture:
    """Each share as a point on its interval, from 0 to 100 %, with a mark where its limit is."""
    parts = [canvas.write(Text(20, 32, title, size=18, is_bold=True)), *_scale(len(measured))]
    for at, one in enumerate(measured):
        parts += _bar(one, 78.0 + ROW * at)
    off = [one.label for one in measured if one.state in ("breached", "crossed", "fail")]
    says = f"{len(measured)} shares; beyond their limit: {', '.join(off) or 'none'}"
    svg = canvas.finish(name, title=title, says=says, height=78 + ROW * len(measured), parts=parts)
    rows = [(one.label, *_told(one), one.asked, one.state) for one in measured]
    return Picture(svg, ("", "share", "counted", "between", "limit", "state"), tuple(rows))


def ladder(rungs: Sequence[Rung], *, name: str, title: str) -> Picture:
    """The stages from left to right, each as high as its share; the present one says so."""
    width = (canvas.WIDE - 40) / max(1, len(rungs))
    floor = STEP + 90.0
    parts = [canvas.write(Text(20, 32, title, size=18, is_bold=True))]
    for at, rung in enumerate(rungs):
        parts += _step(rung, Area(20 + width * at, floor, width, 0))
    here = next((rung.name for rung in rungs if rung.state == "here"), "no stage")
    says = f"{len(rungs)} stages; it stands on {here}"
    svg = canvas.finish(name, title=title, says=says, height=floor + 90, parts=parts)
    rows = tuple((rung.name, _percent(rung.share), rung.says, rung.state) for rung in rungs)
    return Picture(svg, ("stage", "share", "asks for", "state"), rows)


def _scale(rows: int) -> list[str]:
    bottom = 66.0 + ROW * rows
    parts = []
    for tenth in range(0, 11, 2):
        x = _at(tenth / 10)
        parts.append(canvas.line([(x, 62), (x, bottom)], color="#d5dbe1", width=1))
        parts.append(
            canvas.write(Text(x, 56, f"{tenth * 10} %", canvas.SOFT, size=12, anchor="middle"))
        )
    return parts


def _bar(one: Measured, y: float) -> list[str]:
    color = canvas.BAD if one.state in ("breached", "crossed", "fail") else canvas.GOOD
    color = color if one.total else canvas.SOFT
    parts = [
        canvas.write(Text(20, y + 10, one.label, is_bold=True)),
        canvas.write(Text(20, y + 28, one.state, color, size=12)),
    ]
    share, _, between = _told(one)
    if one.low is not None and one.high is not None and one.total:
        ends = [(_at(one.low), y + 10), (_at(one.high), y + 10)]
        parts.append(canvas.line(ends, color=color, width=6))
        x = _at(one.events / one.total)
        parts.append(f'<circle cx="{x:g}" cy="{y + 10:g}" r="7" fill="{color}"/>')
    if one.limit is not None:
        x = _at(one.limit)
        parts.append(canvas.line([(x, y - 8), (x, y + 28)], color=canvas.INK, width=2.5))
        parts.append(canvas.write(Text(_at(1) + 20, y + 28, f"limit {one.asked}", size=12)))
    parts.append(canvas.write(Text(_at(1) + 20, y + 10, f"{share} ({between})")))
    return parts


def _step(rung: Rung, at: Area) -> list[str]:
    is_here, is_done = rung.state == "here", rung.state == "done"
    height = 14 + (STEP - 14) * rung.share
    fill = "#dcebe1" if is_done else "#dce6f4" if is_here else canvas.PAPER
    color = canvas.BLUE if is_here else canvas.GOOD if is_done else canvas.SOFT
    area = Area(at.x + 6, at.y - height, at.width - 12, height)
    middle = at.x + at.width / 2
    marks = {"here": "▲ here", "done": "✓ passed", "next": "next", "gone": "taken back"}
    lines = canvas.broken([rung.says], at.width - 12, 12)[:2]
    return [
        canvas.box(area, color=color, fill=fill, is_dashed=not (is_here or is_done)),
        canvas.write(Text(middle, area.y - 8, _percent(rung.share), color, anchor="middle")),
        canvas.write(Text(middle, at.y + 20, rung.name, is_bold=True, anchor="middle")),
        canvas.write(Text(middle, at.y + 38, marks.get(rung.state, ""), color, anchor="middle")),
        *(
            canvas.write(
                Text(middle, at.y + 56 + 16 * row, line, canvas.SOFT, size=12, anchor="middle")
            )
            for row, line in enumerate(lines)
        ),
    ]


def _told(one: Measured) -> tuple[str, str, str]:
    """The share, what it was counted on, and its interval, as people read them."""
    if not one.total:
        return "nothing seen", "0", "no interval"
    share = f"{one.events / one.total:.1%}"
    between = "no interval"
    if one.low is not None and one.high is not None:
        between = f"{one.low:.1%} to {one.high:.1%}"
    return share, f"{one.events} of {one.total}", between


def _at(share: float) -> float:
    return LABEL + TRACK * min(1.0, max(0.0, share))


def _percent(share: float) -> str:
    return f"{share * 100:g} %"
