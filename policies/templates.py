"""the places of a text that is filled strictly, and the rules that may not stand in it.

A place is `{{name}}`; a name is small letters, digits and underscores. A template holds tone,
format and task. A rule in it would be one that operations can neither see nor change.
"""

import re
from collections.abc import Iterable, Iterator, Mapping

PLACE = re.compile(r"\{\{\s*([a-z][a-z0-9_]*)\s*\}\}")
BRACES = re.compile(r"\{\{|\}\}")
NUMBERING = re.compile(r"^[#>\s]*(?:\d+[.)])+(?=\s)", re.MULTILINE)
"""Numbers of headings and of steps, at the beginning of a line."""
DIGIT = re.compile(r"\S*\d\S*")


def places(text: str) -> frozenset[str]:
    """The names of its places."""
    return frozenset(PLACE.findall(text))


def find_stray(text: str) -> str:
    """Braces that enclose no place; empty without any."""
    stray = BRACES.search(PLACE.sub("", text))
    return stray.group() if stray else ""


def fill(text: str, values: Mapping[str, str]) -> str:
    """Every place filled once; what a value contains is never filled again."""
    return PLACE.sub(lambda place: values[place[1]], text)


def find_rules(text: str, names: Iterable[str]) -> Iterator[str]:
    """What of a template belongs into the policy or a source: numbers, and each of `names`.

    `names` are the entries that operations or systems own, such as tiers and excluded terms.
    """
    words = PLACE.sub(" ", text)
    yield from dict.fromkeys(DIGIT.findall(NUMBERING.sub(" ", words)))
    for name in dict.fromkeys(names):
        if name.strip() and re.search(rf"(?<!\w){re.escape(name)}(?!\w)", words, re.IGNORECASE):
            yield name
