"""What in a text speaks to the reader instead of informing it."""

import re
from collections.abc import Mapping

from policies.speaking import odd
from runs.records.lesson import Lesson

FINDINGS: Mapping[str, re.Pattern[str]] = {
    name: re.compile(pattern, re.IGNORECASE)
    for name, pattern in {
        "speaks of approving": (
            r"\b(approv(e|es|ed|ing|al)|authori[sz]\w*|sign[- ]?off|waive\w*|genehmig\w*|freigeb\w*"
            r"|freigabe|aprueb\w*|aprobad\w*|approuv\w*)\b"
        ),
        "does without people": (
            r"\b(without|no|ohne|sin|sans)\s+(\w+\s+){0,2}(review|approval|asking|check\w*"
            r"|confirm\w*|human|prüfung|rückfrage|revisión|aprobación|vérification|validation)\b"
            r"|\b(do not|don't|never|no need to)\s+(ask|escalate|review|check|verify|confirm)\b"
        ),
        "asks for a tool": (
            r"\b(call|invoke|run|execute|trigger|use)\b.{0,30}\b(tool|function|command|script|shell"
            r"|api|webhook)\b|\b(send|forward|transfer|wire|email|upload|delete)\b.{0,60}(@|\bto\b|\ball\b)"
        ),
        "links or code": (
            r"https?://|\bwww\.|\]\(|```|<\s*(script|img|iframe|a)\b|\brm -rf|\beval\("
            r"|\bdrop table\b"
        ),
    }.items()
}
"""Of a text that is kept for the next run, beside what is odd in any text."""


def lint(text: str) -> tuple[str, ...]:
    """What in a text speaks to the reader instead of informing it; empty for most."""
    found = [name for name, pattern in FINDINGS.items() if pattern.search(text)]
    return (*found, *odd(text))


def findings(lesson: Lesson) -> tuple[str, ...]:
    """The lint of a lesson that came from outside or from a model; a person's own is not linted."""
    if lesson.trust in ("human", "evaluated"):
        return ()
    return lint(" ".join((lesson.when, lesson.text, *lesson.payload.values())))
