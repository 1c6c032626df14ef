"""what in a text speaks to a model instead of informing its reader: a lint for people, no defence.

Nothing rests on it: a text is fenced and its words have no standing whether the lint finds anything
or not. It tells people who are asked about a call that a text they do not see may be why.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping

FINDINGS: Mapping[str, re.Pattern[str]] = {
    name: re.compile(pattern, re.IGNORECASE)
    for name, pattern in {
        "sets rules aside": (
            r"\b(ignore|disregard|forget|override|bypass|skip|circumvent|ignorier\w*|vergiss"
            r"|ignora\w*|olvida\w*|oubli\w*)\b.{0,60}\b(instruction|rule|polic|approv|review|gate|check"
            r"|previous|prior|above|before|guard|limit|anweisung|regel|vorherig|freigabe|instruccion"
            r"|regla|anterior|consigne|règle|précédent)"
        ),
        "plays a part": (
            r"\b(system|developer)\s*(prompt|message|mode)\b|\byou are (now|an?)\b|\bact as\b"
            r"|\bpretend\b|\bjailbreak|\b(system|assistant|user)\s*:|<(important|information|system)\b"
        ),
        "hides letters": r"\b(?:\w[ .*_-]){5,}\w\b",
    }.items()
}
"""Found in any text: nobody informs a reader so."""
ENCODED = re.compile(r"[A-Za-z0-9+/]{40,}")
HEX = re.compile(r"[0-9a-f]+")
SCRIPTS = ("LATIN", "CYRILLIC", "GREEK")
TASKS = frozenset(
    """
    abbreviate analyse analyze answer calculate categorise categorize classify compare compose
    compute construct convert count craft create debate decode define describe design determine
    develop devise discuss draft elaborate emulate encode encrypt enumerate estimate evaluate
    explain extract formulate generate give identify illustrate imagine impersonate infer insert
    interpret invent list mention modify name offer organise organize outline output paraphrase
    predict present print produce propose provide quote rank recite recommend repeat rephrase
    replace respond reverse rewrite shorten simulate solve substitute suggest summarise summarize
    teach tell transform translate write
    """.split()  # noqa: SIM905 - as words they can be read
)
"""What a model is told to do with words; with one of them a sentence to a reader seldom begins."""
POLITE = re.compile(
    r"(?:(?:please|now|then|next|also|finally|instead|first|and|kindly|just)[, ]+)*"
    r"(?:(?:can|could|would|will) you (?:please )?|i (?:want|need|would like) you to "
    r"|(?:you|the (?:ai|assistant|model)) (?:must|should|shall|need to|have to) "
    r"|your task is to |help me (?:to )?|try to |do not |never |make sure to |be sure to )?"
)
OF_THE_ANSWER = re.compile(
    r"\b(?:your|the) (?:answer|response|reply|output)s?\b.{0,40}\b(?:must|should|with|in|as|only)\b"
    r"|\b(?:answer|respond|reply) (?:only|in|with|as|using)\b"
    r"|\b(?:language model|chatbot|as an ai|ai assistant|prompt)\b",
    re.IGNORECASE,
)
SENTENCES = re.compile(r"(?<=[.!?:;])\s+|\n+|\|")
WORD = re.compile(r"[a-z]+")


def odd(text: str) -> Iterator[str]:
    """What in any text is odd, whoever it is for: rules set aside, parts played, letters hidden."""
    yield from (name for name, pattern in FINDINGS.items() if pattern.search(text))
    if any(not HEX.fullmatch(run) for run in ENCODED.findall(text)):
        yield "encoded"
    if any(len(_scripts(word)) > 1 for word in text.split()):
        yield "mixed letters"


def lint(text: str) -> tuple[str, ...]:
    """What in a text from outside speaks to a model; empty for most that inform people."""
    found = list(odd(text))
    if any(_sets_task(sentence) for sentence in SENTENCES.split(text)):
        found.append("sets a task")
    if OF_THE_ANSWER.search(text):
        found.append("speaks of the answer")
    return tuple(found)


def _sets_task(sentence: str) -> bool:
    """Whether it begins, after polite words, with an order to do something with words."""
    words = sentence.strip(" \t-*>#\"'(").lower()
    begun = POLITE.match(words)
    first = WORD.match(words, begun.end() if begun else 0)
    return first is not None and first[0] in TASKS


def _scripts(word: str) -> set[str]:
    names = (unicodedata.name(letter, "").partition(" ")[0] for letter in word if letter.isalpha())
    return {name for name in names if name in SCRIPTS}
