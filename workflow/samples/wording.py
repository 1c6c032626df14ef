"""Phrases with choices and gaps, put into words: `[a|b]` is a choice, `{item}` a gap."""

import random
import re
from collections.abc import Callable
from functools import cache
from importlib import resources
from typing import Any

import yaml

from workflow.samples import chance, spelling

CHOICE = re.compile(r"\[([^\[\]]+\|[^\[\]]+)\]")
GAP = re.compile(r"\{([a-z_]+)\}")


@cache
def written(sample: str, file: str) -> dict[str, Any]:
    """A file of phrases of one sample, as written."""
    found = resources.files(f"workflow.samples.{sample}").joinpath(file)
    return yaml.safe_load(found.read_text(encoding="utf-8"))


def fill(text: str, gap: Callable[[str], str], drawn: random.Random) -> str:
    """The phrase with every choice made and every gap filled."""
    chosen = CHOICE.sub(lambda found: chance.one(drawn, found[1].split("|")), text)
    return GAP.sub(lambda found: gap(found[1]), chosen)


def typed(text: str, drawn: random.Random, *, slipped: float) -> str:
    """The text as people in a hurry type it; `slipped` is the share of texts with a slip."""
    if drawn.random() < slipped:
        text = spelling.mistype(text, drawn)
    return spelling.hurried(text, drawn) if drawn.random() < slipped / 2 else text
