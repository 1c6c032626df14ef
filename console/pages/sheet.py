"""A page as HTML: everything escaped, nothing from anywhere else, no script, readable on paper."""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup

from console.charts.canvas import Picture, shown


def render(template: str, told: Mapping[str, Any]) -> str:
    """The page of a template in `console/templates`, filled; a value it lacks is an error."""
    return _environment().get_template(template).render(told)


def drawing(picture: Picture) -> Markup:
    """A picture as part of a page: its texts were escaped when it was drawn."""
    return Markup(picture.svg)


@cache
def _environment() -> Environment:
    return Environment(
        loader=FunctionLoader(_read),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_visible,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _read(name: str) -> str:
    return (files("console") / "templates" / name).read_text(encoding="utf-8")


def _visible(value: Any) -> Any:
    """The value without control characters; what was drawn stays as it is."""
    return value if isinstance(value, Markup) else "" if value is None else shown(value)
