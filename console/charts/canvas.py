"""What every picture is drawn with: text that cannot break out, boxes, lines, and a description."""

import re
from collections.abc import Iterable, Sequence
from html import escape
from textwrap import wrap
from typing import NamedTuple

WIDE = 1200
"""Units of every picture's width; it scales to the width it is given."""
LINE = 20
"""Units from one line of text to the next."""
CONTROL = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ud800-\udfff\ufeff\ufffe\uffff]"
)
"""Control characters, what turns or hides writing, and what no XML may hold."""
INK, SOFT, PAPER = "#1b2733", "#52606d", "#ffffff"
GOOD, WARN, BAD, BLUE = "#1d6b3c", "#8a5a00", "#a3222a", "#1f4e8c"
"""Each at least 4.5 to 1 against the paper; never the only sign of what is meant."""
FONT = "system-ui, 'Segoe UI', 'DejaVu Sans', sans-serif"
EM = 0.56
"""Width of a letter, in sizes of the font, for a wide font: text is broken early, never late."""


class Picture(NamedTuple):
    """A picture, and what it shows as a table."""

    svg: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


class Text(NamedTuple):
    """One line of text where it stands."""

    x: float
    y: float
    text: str
    color: str = INK
    size: int = 14
    is_bold: bool = False
    anchor: str = "start"


class Area(NamedTuple):
    """A rectangle."""

    x: float
    y: float
    width: float
    height: float

    @property
    def right(self) -> float:
        """Its right edge."""
        return self.x + self.width

    @property
    def bottom(self) -> float:
        """Its lower edge."""
        return self.y + self.height


def shown(text: object) -> str:
    """The text with every control character, and what turns or hides writing, made visible."""
    return CONTROL.sub("\ufffd", re.sub(r"[\n\r\t]", " ", str(text)))


def write(text: Text) -> str:
    """A line of text as SVG."""
    weight = ' font-weight="600"' if text.is_bold else ""
    return (
        f'<text x="{text.x:g}" y="{text.y:g}" font-size="{text.size}" fill="{text.color}"'
        f' text-anchor="{text.anchor}"{weight}>{escape(shown(text.text))}</text>'
    )


def broken(texts: Iterable[str], width: float, size: int = 14) -> list[str]:
    """The texts as lines that fit into a width; a word that is longer is broken."""
    letters = max(8, int(width / (size * EM)))
    return [line for text in texts for line in _wrapped(text, letters)]


def box(at: Area, *, color: str = INK, fill: str = PAPER, is_dashed: bool = False) -> str:
    """A rounded box."""
    dashed = ' stroke-dasharray="6 4"' if is_dashed else ""
    return (
        f'<rect x="{at.x:g}" y="{at.y:g}" width="{at.width:g}" height="{at.height:g}" rx="6"'
        f' fill="{fill}" stroke="{color}" stroke-width="1.5"{dashed}/>'
    )


def line(points: Sequence[tuple[float, float]], *, color: str = INK, width: float = 1.5) -> str:
    """A line through these points."""
    told = " ".join(f"{x:g},{y:g}" for x, y in points)
    return f'<polyline points="{told}" fill="none" stroke="{color}" stroke-width="{width:g}"/>'


def arrow(start: tuple[float, float], end: tuple[float, float], *, color: str = INK) -> str:
    """A straight arrow, to the right or downwards."""
    (x, y), is_down = end, start[0] == end[0]
    wings = [(x - 5, y - 8), (x + 5, y - 8)] if is_down else [(x - 8, y - 5), (x - 8, y + 5)]
    told = " ".join(f"{a:g},{b:g}" for a, b in [end, *wings])
    return line([start, end], color=color) + f'<polygon points="{told}" fill="{color}"/>'


def finish(name: str, *, title: str, says: str, height: float, parts: Iterable[str]) -> str:
    """The picture whole: with its title, and what it shows in one sentence.

    `name` is unlike that of every other picture of the page.
    """
    id = re.sub(r"[^a-z0-9-]", "-", name.lower())
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDE} {height:g}" width="{WIDE}"'
        f' height="{height:g}" role="img" aria-labelledby="{id}-title {id}-says"'
        f' font-family="{FONT}"><title id="{id}-title">{escape(shown(title))}</title>'
        f'<desc id="{id}-says">{escape(shown(says))}</desc>'
        f'<rect width="{WIDE}" height="{height:g}" fill="{PAPER}"/>{"".join(parts)}</svg>'
    )


def _wrapped(text: str, letters: int) -> list[str]:
    return wrap(shown(text), letters, break_on_hyphens=False) or [""]
