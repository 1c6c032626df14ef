"""How people type: slips of the finger, lost accents, no capitals."""

import random
import re

from workflow.samples import chance

BESIDE = {
    "a": "s", "b": "v", "c": "x", "d": "f", "e": "r", "f": "g", "g": "h", "h": "j", "i": "o",
    "j": "k", "k": "l", "l": "k", "m": "n", "n": "m", "o": "p", "p": "o", "r": "t", "s": "a",
    "t": "z", "u": "i", "v": "b", "w": "e", "y": "u", "z": "u",
}  # fmt: skip
PLAIN = str.maketrans(
    {"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "á": "a", "é": "e", "í": "i", "ó": "o", "ú": "u"}
    | {"ñ": "n", "¿": "", "¡": ""}
)
SLIPS = ("swap", "drop", "double", "beside")
LETTERS_PER_SLIP = 60


def mistype(text: str, drawn: random.Random) -> str:
    """`text` with at least one slip, about one more for every sixty letters; digits stay."""
    for _ in range(1 + drawn.randrange(1 + len(text) // LETTERS_PER_SLIP)):
        places = [found.start() for found in re.finditer(r"[a-z](?=[a-z])", text)]
        if places:
            text = slip(text, chance.one(drawn, places), chance.one(drawn, SLIPS))
    return text


def slip(text: str, place: int, kind: str) -> str:
    """One slip at one place."""
    before, here, following, rest = text[:place], text[place], text[place + 1], text[place + 2 :]
    if kind == "swap":
        return before + following + here + rest
    if kind == "drop":
        return before + following + rest
    if kind == "double":
        return before + here + here + following + rest
    return before + BESIDE.get(here, here) + following + rest


def without_accents(text: str) -> str:
    """As typed on a keyboard that has no accents."""
    return text.translate(PLAIN)


def hurried(text: str, drawn: random.Random) -> str:
    """As typed into a chat: often without capitals and without a full stop."""
    text = text.lower() if drawn.random() < 0.5 else text
    return text.rstrip(".!") if drawn.random() < 0.4 else text
