"""One situation put into words: gaps filled, frames put around it, typed as people type."""

import random
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Literal

from workflow.samples import chance, spelling, wording
from workflow.samples.support_triage.phrases import Choices, Frames, Phrase, Spoken
from workflow.samples.support_triage.world import Language

Channel = Literal["email", "form", "chat", "app"]
LANGUAGES: tuple[Language, ...] = ("en", "de", "es")
CHANNELS: dict[Channel, int] = {"email": 45, "form": 25, "chat": 20, "app": 10}
FRAMED: dict[Channel, Mapping[str, float]] = {
    "email": {"subject": 0.7, "opening": 0.8, "aside": 0.35, "closing": 0.7},
    "form": {"subject": 0.6, "opening": 0.15, "aside": 0.25, "closing": 0.25},
    "chat": {"subject": 0.0, "opening": 0.35, "aside": 0.12, "closing": 0.1},
    "app": {"subject": 0.0, "opening": 0.1, "aside": 0.15, "closing": 0.1},
}
"""How often a text of a channel has each part around its matter."""
TWO_LANGUAGES, SLIPPED, NO_ACCENTS, SHOUTED = 0.05, 0.45, 0.2, 0.02
"""Shares of the texts."""


@dataclass(frozen=True, kw_only=True)
class Gaps:
    """What one family says wherever a phrase leaves a gap."""

    item: Spoken
    day: Spoken
    amount: Decimal
    order: str
    plan: str
    city: str
    card: str
    weeks: str
    name: str
    phone: str

    def filled(self, gap: str, language: Language) -> str:
        """The words for one gap."""
        if gap in ("item", "day"):
            return getattr(self, gap)[language]
        if gap == "amount":
            return money(self.amount, language)
        if gap == "mail":
            return f"{spelling.without_accents(self.name.lower())}@example.com"
        return getattr(self, gap)


@dataclass(frozen=True, kw_only=True)
class Setting:
    """How one ticket is written."""

    language: Language
    channel: Channel
    frames: Frames
    gaps: Gaps
    is_rich: bool = False
    """Every part stands around the matter, so that there are many ways to put it."""


@dataclass(frozen=True, kw_only=True)
class Matter:
    """What one ticket says, and perhaps another matter beside it."""

    phrase: Phrase
    subject: Choices
    """What the subject line may be."""
    other: Phrase | None = None
    is_first: bool = True
    """Whether the matter to be settled stands before the other."""


def write(matter: Matter, setting: Setting, drawn: random.Random) -> str:
    """The text of one ticket."""
    spoken = setting.language
    around = spoken
    has_two = drawn.random() < TWO_LANGUAGES
    if has_two:
        others: list[Language] = [one for one in LANGUAGES if one != spoken]
        around = chance.one(drawn, others)
    subject = framing("subject", matter.subject, setting, spoken, drawn=drawn)
    parts = [
        framing("opening", setting.frames.opening, setting, around, drawn=drawn),
        body(matter, setting, drawn),
        framing("aside", setting.frames.aside, setting, around, drawn=drawn),
        framing("closing", setting.frames.closing, setting, around, drawn=drawn),
    ]
    between = "\n" if setting.channel == "email" else " "
    body_text = between.join(part for part in parts if part)
    return typed(f"{subject}\n\n{body_text}" if subject else body_text, setting.channel, drawn)


def framing(
    part: str, choices: Choices, setting: Setting, language: Language, *, drawn: random.Random
) -> str:
    """One part around the matter; empty as often as the channel leaves it out.

    What is said in another language than the matter is never left out.
    """
    is_there = drawn.random() < FRAMED[setting.channel][part]
    written = fill(said(choices, language, drawn), setting.gaps, language, drawn)
    return written if is_there or setting.is_rich or language != setting.language else ""


def body(matter: Matter, setting: Setting, drawn: random.Random) -> str:
    """The matter, and the other one with words that say which is to be settled."""
    language, gaps = setting.language, setting.gaps
    main = fill(matter.phrase.texts[language], gaps, language, drawn)
    if matter.other is None:
        return main
    other = fill(matter.other.texts[language], gaps, language, drawn)
    if matter.is_first:
        return f"{main} {said(setting.frames.first, language, drawn)} {other}"
    return f"{other} {said(setting.frames.last, language, drawn)} {main}"


def said(choices: Choices, language: Language, drawn: random.Random) -> str:
    """One of the lines in this language."""
    return chance.one(drawn, choices[language])


def fill(text: str, gaps: Gaps, language: Language, drawn: random.Random) -> str:
    """The phrase with every choice made and every gap filled."""
    return wording.fill(text, partial(gaps.filled, language=language), drawn)


def typed(text: str, channel: Channel, drawn: random.Random) -> str:
    """The text as it arrives."""
    if drawn.random() < SLIPPED:
        text = spelling.mistype(text, drawn)
    if drawn.random() < NO_ACCENTS:
        text = spelling.without_accents(text)
    if channel == "chat":
        text = spelling.hurried(text, drawn)
    return text.upper() if drawn.random() < SHOUTED else text


def money(amount: Decimal, language: Language) -> str:
    """An amount in euros as it is written in this language."""
    return f"€{amount:.2f}" if language == "en" else f"{amount:.2f} €".replace(".", ",")


def plain(text: str) -> str:
    """The form in which two texts are called the same: no capitals, single spaces."""
    return " ".join(text.casefold().split())
