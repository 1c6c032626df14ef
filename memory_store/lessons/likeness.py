"""What is there already, and what is about the same."""

import re
from collections.abc import Sequence
from typing import NamedTuple

from memory_store.embedding import words_of
from runs.records.lesson import Lesson
from runs.records.record import digest_of

ALIKE = 0.20
"""Shared share of words above which two texts are about the same: 9 of 10 paraphrases are."""
NEGATION = re.compile(
    r"\b(not|no|never|none|without|cannot|except|unless|nicht|kein\w*|nie|ohne|nunca|sin|jamais|sans"
    r"|pas)\b|n't\b",
    re.IGNORECASE,
)
NUMBER = re.compile(r"\d+(?:[.,]\d+)*")


class Similar(NamedTuple):
    """A lesson about the same thing; whether it says the same is for a person to tell."""

    lesson: str
    overlap: float
    differs: bool
    """Numbers or negations are not the same in both."""


def content_key(lesson: Lesson) -> str:
    """Digest of what a lesson says; two with one key are the same lesson."""
    said = [lesson.kind, lesson.subject, lesson.workflow, lesson.payload]
    return digest_of([*said, lesson.when.casefold(), lesson.text.casefold()])


def similar(lesson: Lesson, others: Sequence[Lesson], most: int = 3) -> tuple[Similar, ...]:
    """The lessons that are about the same, nearest first."""
    near = [(overlap(lesson, other), other) for other in others if other.id != lesson.id]
    near = sorted((pair for pair in near if pair[0] >= ALIKE), key=lambda p: (-p[0], p[1].id))
    return tuple(Similar(o.id, round(share, 2), differs(lesson, o)) for share, o in near[:most])


def restated(lesson: Lesson, recalled: Sequence[Lesson]) -> Lesson | None:
    """The recalled lesson that this one only says again, if there is one.

    Another number, another negation or another typed payload is something said anew.
    """
    for other in recalled:
        is_same = not differs(lesson, other) and lesson.payload in ({}, other.payload)
        if is_same and lesson.supersedes != other.id and overlap(lesson, other) >= ALIKE:
            return other
    return None


def overlap(one: Lesson, other: Lesson) -> float:
    """Shared share of their words (Jaccard), 0 to 1."""
    mine, theirs = _words(one), _words(other)
    return len(mine & theirs) / max(1, len(mine | theirs))


def differs(one: Lesson, other: Lesson) -> bool:
    """True when numbers or negations are not the same: a contradiction reads like a duplicate."""
    return _claims(one) != _claims(other)


def _words(lesson: Lesson) -> frozenset[str]:
    return frozenset(words_of(f"{lesson.when} {lesson.text}"))


def _claims(lesson: Lesson) -> tuple[object, ...]:
    text = f"{lesson.when} {lesson.text}"
    return (sorted(NUMBER.findall(text)), len(NEGATION.findall(text)))
