"""what a model says of contenders, from records alone: the order and every score are the code's."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from agent.deps import Deps
from agent.proposal import Wanted, form_of, list_of, may_ask, propose, text_of
from agent.state import State
from policies import grounds
from runs import words
from runs.records.run import Briefing, Contender

MOST_NOTES, MOST_OTHERS, MOST_SOURCES = 10, 5, 8
HELD = ("figure", "amount", "link", "time", "name", "denial", "language", "hidden", "script")
"""What of a sentence has to stand in the statements it names."""
SOURCES = {"type": "array", "items": text_of(20), "minItems": 1, "maxItems": MOST_SOURCES}
FORM = form_of(
    notes=list_of(
        {"about": text_of(100), "says": text_of(300), "sources": SOURCES}, most=MOST_NOTES
    ),
    others=list_of(
        {"name": text_of(80), "says": text_of(300), "sources": SOURCES}, most=MOST_OTHERS
    ),
)


def describe(state: State, deps: Deps, contenders: Sequence[Contender]) -> str:
    """Id of a model's words about the contenders, and about what else the records ask for.

    Empty without a model, or where its words have no ground. None of them has a score: what nobody
    planned is told to people, and is chosen by nobody.
    """
    if not may_ask(state, deps):
        return ""
    statements = _statements(state, deps)
    names = [one.name for one in contenders]
    wanted = Wanted(
        step="choose_improvement",
        what="ranking",
        prompt="describe_contenders",
        material={
            "contenders": [{"name": one.name, "why": one.why} for one in contenders],
            "statements": [{"id": id, "says": says} for id, says in statements.items()],
        },
        form=FORM,
        check=lambda value: list(_problems(value, names, statements)),
        instead="the contenders are told by their figures",
    )
    taken = propose(state, deps, wanted)
    return taken.id if taken else ""


def _statements(state: State, deps: Deps) -> dict[str, str]:
    """By a short name, what the briefing says, in words."""
    briefing = deps.get(state, Briefing, state.briefing)
    said = {
        f"S{number}": f"{one.topic}: {one.text}"
        for number, one in enumerate(briefing.statements, 1)
    }
    return words.told(deps.store, deps.customer(state), said)


def _problems(
    value: Mapping[str, Any], names: Sequence[str], statements: Mapping[str, str]
) -> Iterator[str]:
    for one in value["notes"]:
        if one["about"] not in names:
            yield f"{one['about']!r} is no contender; put it under others"
        yield from _groundless(one, one["about"], one["says"], statements)
    for one in value["others"]:
        if one["name"] in names:
            yield f"{one['name']!r} is a contender already; put it under notes"
        # What it is called is a model's word as well, and no evidence of itself.
        yield from _groundless(one, "", f"{one['name']}. {one['says']}", statements)


def _groundless(
    one: Mapping[str, Any], contender: str, text: str, statements: Mapping[str, str]
) -> Iterator[str]:
    """What a text says that the statements it names, and the contender's name, do not."""
    about = contender or one["name"]
    yield from (f"{about}: there is no {id!r}" for id in one["sources"] if id not in statements)
    said = [statements[id] for id in one["sources"] if id in statements]
    for found in grounds.find(text, [contender, *said]):
        if found.kind in HELD:
            yield f"{about}: {found.kind} {found.says!r} stands in no statement it names"
