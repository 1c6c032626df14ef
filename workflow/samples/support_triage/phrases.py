"""The phrases: situations by label, what is too short to tell, what stands around, what fills gaps.

`[a|b]` in a phrase is a choice, `{item}` a gap. Everything was written for this sample.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import yaml

from workflow.samples.support_triage.world import HOSTILE, OUT_OF_SCOPE, Desk, Language, labels

Spoken = Mapping[Language, str]
Choices = Mapping[Language, tuple[str, ...]]


@dataclass(frozen=True)
class Phrase:
    """One way to put one situation, in each language."""

    id: str
    texts: Spoken
    labels: tuple[str, ...]
    """The labels it may stand for; one, unless it is too short to tell."""


@dataclass(frozen=True)
class Frames:
    """What stands around the matter; the same for every label."""

    opening: Choices
    closing: Choices
    aside: Choices
    first: Choices
    """Between two matters, when the one to be settled stands first."""
    last: Choices
    """Between two matters, when the one to be settled stands last."""


@dataclass(frozen=True)
class Words:
    """What fills the gaps."""

    item: tuple[Spoken, ...]
    plan: tuple[str, ...]
    city: tuple[str, ...]
    name: tuple[str, ...]
    day: Choices


@cache
def situations(desk: Desk) -> dict[str, tuple[Phrase, ...]]:
    """The phrases of each label, of `out_of_scope` and of `hostile`."""
    return {group: of_group(desk, group) for group in (*labels(desk), HOSTILE)}


def of_group(desk: Desk, group: str) -> tuple[Phrase, ...]:
    """The phrases of one group; the partner desk has its own, commoner than the shared ones."""
    own = read("partners").get(group, {}) if desk == "partners" else {}
    label = OUT_OF_SCOPE if group == HOSTILE else group
    return tuple(Phrase(id, texts, (label,)) for id, texts in (own | read(group)).items())


@cache
def vague(desk: Desk) -> tuple[Phrase, ...]:
    """Phrases too short to tell which of several matters is meant."""
    found = []
    for id, entry in read("vague").items():
        meant = tuple(label for label in entry["labels"] if label in labels(desk))
        texts = {language: text for language, text in entry.items() if language != "labels"}
        found.append(Phrase(id, texts, meant))
    return tuple(found)


@cache
def frames(desk: Desk) -> Frames:
    """What stands around a matter at this desk."""
    opening = own_words(desk).get("opening")
    written = read("frames") | ({"opening": opening} if opening else {})
    return Frames(**{part: spoken(lines) for part, lines in written.items()})


@cache
def subjects(label: str) -> Choices:
    """What a mail about this label may have as its subject; `any` fits every label."""
    return spoken(read("subjects")[label])


@cache
def words(desk: Desk) -> Words:
    """What fills the gaps at this desk."""
    written = read("words") | own_words(desk)
    return Words(
        item=tuple(written["item"]),
        plan=tuple(written["plan"]),
        city=tuple(written["city"]),
        name=tuple(written["name"]),
        day=spoken(written["day"]),
    )


def own_words(desk: Desk) -> dict[str, Any]:
    """What this desk says in its own way."""
    return read("partner_words") if desk == "partners" else {}


def spoken(lines: Mapping[Language, list[str]]) -> Choices:
    """Choices that cannot be changed."""
    return {language: tuple(texts) for language, texts in lines.items()}


@cache
def read(name: str) -> dict[str, Any]:
    """One file of phrases, as written."""
    file = resources.files("workflow.samples.support_triage") / "phrases" / f"{name}.yaml"
    return yaml.safe_load(file.read_text(encoding="utf-8"))
