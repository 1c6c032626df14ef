"""the customer's update in a model's words: each sentence rests on evidence, or there is no draft.

How the run ended, every figure and who answers stand in the update whatever a model says.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from agent.deps import Deps
from agent.proposal import Wanted, form_of, list_of, propose, text_of
from agent.state import State
from policies import grounds
from runs import words
from runs.records.run import Figure, Terminal

MARKUP = "#*_`|<>[]{}~«»\n"
"""Nothing that a reader's screen would make something of."""
JOINED = re.compile(r"(?<=\w)_(?=\w)")
"""Inside a word it is a part of a name, such as that of a gate or a person."""
MOST_SENTENCES, MOST_EVIDENCE = 12, 8
FORM = form_of(
    sentences=list_of(
        {
            "text": text_of(400),
            "evidence": {
                "type": "array",
                "items": {"type": "string"},
                "minItems": 1,
                "maxItems": MOST_EVIDENCE,
            },
        },
        most=MOST_SENTENCES,
    )
)


class Draft(NamedTuple):
    """Sentences that a model wrote and code let pass."""

    id: str
    """Of the proposal."""
    text: str
    """Each sentence with the records it rests on, in brackets."""


class _Fact(NamedTuple):
    id: str
    """Of the record it was read from."""
    says: str


def draft(
    state: State, deps: Deps, title: str, terminal: Terminal, figures: Sequence[Figure]
) -> Draft | None:
    """A model's sentences for the update, or None.

    Each names evidence, and whatever it says stands there, word for word but for small ones.
    """
    facts = _facts(terminal, figures)
    told = words.told(deps.store, deps.customer(state), {"title": title, "says": _says(facts)})
    facts = {name: one._replace(says=told["says"][name]) for name, one in facts.items()}
    evidence = [{"id": name, "says": one.says} for name, one in facts.items()]
    wanted = Wanted(
        step="report",
        what="update",
        prompt="draft_update",
        material={"title": told["title"], "evidence": evidence},
        form=FORM,
        check=lambda value: list(_problems(value, facts, told["title"])),
        instead="the update tells the end and its figures, as without a model",
    )
    taken = propose(state, deps, wanted)
    return None if taken is None else Draft(taken.id, _text(taken.value, facts))


def _facts(terminal: Terminal, figures: Sequence[Figure]) -> dict[str, _Fact]:
    """By a short name: how the run ended, and what each record of its figures says."""
    ends = f"{terminal.kind.replace('_', ' ')}: {terminal.reason}; owner: {terminal.owner}"
    by: dict[str, list[str]] = {}
    for figure in figures:
        by.setdefault(figure.evidence, []).append(f"{figure.name}: {figure.value}")
    found = [_Fact(terminal.digest, ends)]
    found += [_Fact(id, "; ".join(says)) for id, says in by.items()]
    return {f"E{number}": one for number, one in enumerate(found, 1)}


def _says(facts: Mapping[str, _Fact]) -> dict[str, str]:
    return {name: one.says for name, one in facts.items()}


def _problems(value: Mapping[str, Any], facts: Mapping[str, _Fact], title: str) -> Iterator[str]:
    """Everything for which there is no evidence, by its sentence; the title gives its names."""
    sentences = value["sentences"]
    if not any(one["text"].strip() for one in sentences):
        yield "there is no sentence"
    for number, one in enumerate(sentences, 1):
        at = f"sentence {number}"
        yield from (f"{at}: there is no evidence {n!r}" for n in one["evidence"] if n not in facts)
        stray = sorted({sign for sign in JOINED.sub("", one["text"]) if sign in MARKUP})
        yield from (f"{at}: {sign!r} is markup; write plain prose" for sign in stray)
        named = [facts[name].says for name in one["evidence"] if name in facts]
        for found in grounds.find(one["text"], named, named=[title]):
            yield f"{at}: {found.kind} {found.says!r} has no evidence"
    yield from _strange(sentences, facts, title)


def _strange(
    sentences: Sequence[Mapping[str, Any]], facts: Mapping[str, _Fact], title: str
) -> Iterator[str]:
    """By its sentence every word that neither evidence nor title has: no list of promises is whole.

    They come last: what is surely made up is told before them.
    """
    for number, one in enumerate(sentences, 1):
        named = [facts[name].says for name in one["evidence"] if name in facts]
        found = grounds.find_words(one["text"], [*named, title])
        if found:
            yield f"sentence {number}: no evidence says {', '.join(found)}"


def _text(value: Mapping[str, Any], facts: Mapping[str, _Fact]) -> str:
    return "\n".join(_sentence(one, facts) for one in value["sentences"] if one["text"].strip())


def _sentence(one: Mapping[str, Any], facts: Mapping[str, _Fact]) -> str:
    ids = dict.fromkeys(facts[name].id for name in one["evidence"])
    return f"{one['text'].strip()} [{', '.join(ids)}]"
