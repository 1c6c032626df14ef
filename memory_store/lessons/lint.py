"""What in a text speaks to the reader instead of informing it."""

import re
import unicodedata
from collections.abc import Mapping

from runs.records.lesson import Lesson

FINDINGS: Mapping[str, re.Pattern[str]] = {
    name: re.compile(pattern, re.IGNORECASE)
    for name, pattern in {
        "sets rules aside": (
            r"\b(ignore|disregard|forget|override|bypass|skip|circumvent|ignorier\w*|vergiss"
            r"|ignora\w*|olvida\w*|oubli\w*)\b.{0,60}\b(instruction|rule|polic|approv|review|gate|check"
            r"|previous|prior|above|before|guard|limit|anweisung|regel|vorherig|freigabe|instruccion"
            r"|regla|anterior|consigne|règle|précédent)"
        ),
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
        "plays a part": (
            r"\b(system|developer)\s*(prompt|message|mode)\b|\byou are (now|an?)\b|\bact as\b"
            r"|\bpretend\b|\bjailbreak|\b(system|assistant|user)\s*:|<(important|information|system)\b"
        ),
        "links or code": (
            r"https?://|\bwww\.|\]\(|```|<\s*(script|img|iframe|a)\b|\brm -rf|\beval\("
            r"|\bdrop table\b"
        ),
        "hides letters": r"\b(?:\w[ .*_-]){5,}\w\b",
    }.items()
}
ENCODED = re.compile(r"[A-Za-z0-9+/]{40,}")
SCRIPTS = ("LATIN", "CYRILLIC", "GREEK")


def lint(text: str) -> tuple[str, ...]:
    """What in a text speaks to the reader instead of informing it; empty for most."""
    found = [name for name, pattern in FINDINGS.items() if pattern.search(text)]
    if any(not re.fullmatch(r"[0-9a-f]+", run) for run in ENCODED.findall(text)):
        found.append("encoded")
    if any(len(_scripts(word)) > 1 for word in text.split()):
        found.append("mixed letters")
    return tuple(found)


def findings(lesson: Lesson) -> tuple[str, ...]:
    """The lint of a lesson that came from outside or from a model; a person's own is not linted."""
    if lesson.trust in ("human", "evaluated"):
        return ()
    return lint(" ".join((lesson.when, lesson.text, *lesson.payload.values())))


def _scripts(word: str) -> set[str]:
    names = (unicodedata.name(letter, "").partition(" ")[0] for letter in word if letter.isalpha())
    return {name for name in names if name in SCRIPTS}
