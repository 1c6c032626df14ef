"""who may answer for an item that waits for a person, and to whom it goes next.

The owner is one named person. Whoever gets such items by role, and the owner's deputy, may answer
as well; who asked for the version or built it may not judge its work.
"""

from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple

from runs.records.person import Person


class Asked(NamedTuple):
    """Whom a review asks."""

    owner: str
    """Person id."""
    named: tuple[str, ...]
    """Roles or person ids that get such items."""
    excluded: frozenset[str]
    """Who asked for the version, or built it."""
    is_solo: bool
    """The installation says that it has one person."""


def why_not_asked(asked: Asked, person: str, people: Sequence[Person]) -> str:
    """Why this person has nothing to do with it; empty when they may look after it."""
    known = next((one for one in people if one.id == person and not one.is_disabled), None)
    if known is None:
        return f"{person} is not among the people of this customer; ask an owner"
    deputies = {one.deputy for one in people if one.id == asked.owner}
    is_named = any(one == known.id or one in known.roles for one in asked.named)
    if person == asked.owner or person in deputies or is_named:
        return ""
    others = ", ".join(sorted({one for one in (*deputies, *asked.named) if one}))
    return (
        f"{person} is not asked; leave it to {asked.owner}, who answers for it, or one of: {others}"
    )


def why_not_judge(asked: Asked, person: str, people: Sequence[Person]) -> str:
    """Why this person may not say what was right; empty when they may."""
    if refused := why_not_asked(asked, person, people):
        return refused
    if person in asked.excluded and not is_alone(asked, people):
        return (
            f"{person} asked for this version or built it, and nobody judges their own work; "
            "escalate it"
        )
    return ""


def is_alone(asked: Asked, people: Sequence[Person]) -> bool:
    """Whether nobody else is there: the installation says solo, and names one person only."""
    return asked.is_solo and sum(not one.is_disabled for one in people) == 1


def next_owner(chain: Sequence[str], people: Sequence[Person], passed: Collection[str]) -> str:
    """The first person of the escalation who has not had it; empty when nobody is left.

    `chain`: roles or person ids, in order. For who is disabled their deputy stands in.
    """
    able = {one.id for one in people if not one.is_disabled}
    stand = (one for step in chain for one in _standing(step, people, able))
    return next((one for one in stand if one in able and one not in passed), "")


def _standing(step: str, people: Sequence[Person], able: Collection[str]) -> Iterator[str]:
    for one in people:
        if step == one.id or step in one.roles:
            yield one.id if one.id in able else one.deputy
