"""How long a lesson holds, and whose word it needs."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from runs.records.lesson import Lesson, LessonKind

PINNED: tuple[LessonKind, ...] = ("rule", "preference")
"""Recalled by their key, not by likeness."""
ACCEPTED_BY_ANOTHER = frozenset({"rule", "preference", "roi"})
HOLDS_FOR: Mapping[LessonKind, timedelta] = {
    "roi": timedelta(days=90),
    "failure": timedelta(days=180),
    "lesson": timedelta(days=365),
    "example": timedelta(days=365),
}
"""How long a lesson holds when its draft does not say; the other kinds until they are retired."""
MACHINES = frozenset({"worker", "cli"})


def holds(lesson: Lesson, now: datetime) -> bool:
    """True when the lesson is active and has not run out."""
    is_current = lesson.valid_until is None or lesson.valid_until > now
    return lesson.status == "active" and is_current


def is_person(actor: str) -> bool:
    """True for a person's id; machines and runs are written `worker`, `cli` or `<kind>:<id>`."""
    return bool(actor) and ":" not in actor and actor not in MACHINES


def needs_another(lesson: Lesson) -> bool:
    """True when somebody other than the author must accept it."""
    return lesson.kind in ACCEPTED_BY_ANOTHER or lesson.trust == "external"


def searched(lesson: Lesson) -> str:
    """The text a lesson is found by."""
    subject = lesson.subject.replace(".", " ").replace("_", " ")
    return " ".join((subject, lesson.when, lesson.text, *lesson.payload.values()))
