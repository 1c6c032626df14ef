"""whether a workflow is past the pilot: four signs, each yes, no or unknown; pure.

Nothing but records says yes. Where nobody was asked, nothing was done yet or nobody knows who did
it, the answer is unknown, which counts as little as no.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Literal, NamedTuple

Answer = Literal["yes", "no", "unknown"]
Stands = Literal["past the pilot", "not shown", "in pilot"]

NEEDED = 3
"""Of the four signs; then a workflow is past the pilot whether or not anyone has said so."""
SHOWN = 5
"""A sign names at most so many records of a kind."""


class Said(NamedTuple):
    """What somebody outside engineering asked for or wrote about the workflow."""

    person: str
    record: str
    """What it stands in: a run, an approval, a review, an edit."""
    names_it: bool
    """Whether they began a run for it, or their words hold its name or its title."""


class Reach(NamedTuple):
    """What the workflow does outside at the present stage."""

    release: str
    """The release that stands; empty without one."""
    stage: str
    acts: bool
    """Whether the stage lets it act, and it serves items there."""
    effects: tuple[str, ...]
    """Those that change something outside."""
    plan: str
    cost_of_error: Decimal
    currency: str
    done: tuple[str, ...]
    """Keys of the actions that were done there, with their receipts."""


class Care(NamedTuple):
    """Who answers for it when the model is wrong."""

    plan: str
    owners: Mapping[str, str]
    """Person by area, as the plan names them."""
    gone: tuple[str, ...]
    """Areas whose person is not here any more."""
    answered: tuple[str, ...]
    """Reviews that a person answered."""
    simulated: int
    """Reviews that a simulator answered: they show nothing."""
    drill: str
    """The newest rehearsal of the way back of what serves; empty without one."""
    drill_says: str


class Change(NamedTuple):
    """Other policy values began to lead, for the version that serves or one before."""

    event: int
    people: tuple[str, ...]
    """Who edited; empty where only the file is known."""
    are_outside: bool
    """Whether none of them is an engineer."""


class Facts(NamedTuple):
    """Everything the signs are read from."""

    said: Sequence[Said]
    decided_silently: int
    """Decisions of people outside engineering that came without a word."""
    reach: Reach
    care: Care
    changes: Sequence[Change]


class Sign(NamedTuple):
    """One sign and its answer."""

    name: str
    asks: str
    answer: Answer
    why: str
    records: tuple[str, ...]


class Graduation(NamedTuple):
    """Where the workflow stands between pilot and production."""

    stands: Stands
    why: str
    signs: tuple[Sign, ...]


def judge(facts: Facts) -> Graduation:
    """Past the pilot at three of four signs; not shown while unknown ones could make it so."""
    signs = (
        _named(facts),
        _consequences(facts.reach),
        _cared_for(facts.care),
        _changed(facts.changes),
    )
    yes = sum(sign.answer == "yes" for sign in signs)
    open_ones = [sign.name for sign in signs if sign.answer == "unknown"]
    if yes >= NEEDED:
        return Graduation("past the pilot", f"{yes} of {len(signs)} signs are on record", signs)
    why = f"{yes} of {len(signs)} signs are on record and {NEEDED} are needed"
    if yes + len(open_ones) >= NEEDED:
        return Graduation("not shown", f"{why}; unknown: {', '.join(open_ones)}", signs)
    return Graduation("in pilot", why, signs)


def _named(facts: Facts) -> Sign:
    asks = "people outside engineering name it"
    naming = [one for one in facts.said if one.names_it]
    who = ", ".join(dict.fromkeys(one.person for one in naming))
    if naming:
        records = tuple(dict.fromkeys(one.record for one in naming))[:SHOWN]
        return Sign("naming", asks, "yes", f"asked for it or wrote its name: {who}", records)
    if facts.said:
        people = ", ".join(dict.fromkeys(one.person for one in facts.said))
        records = tuple(dict.fromkeys(one.record for one in facts.said))[:SHOWN]
        return Sign("naming", asks, "no", f"{people} wrote about it and none its name", records)
    silent = facts.decided_silently
    why = f"{silent} decisions of theirs came without a word" if silent else "they wrote nothing"
    return Sign("naming", asks, "unknown", f"{why}; ask them what they call it", ())


def _consequences(reach: Reach) -> Sign:
    name, asks = "wrong output", "a wrong output has consequences for the business"
    cost = f"{reach.cost_of_error} {reach.currency} for each wrong item"
    if not reach.release:
        return Sign(name, asks, "no", "nothing is released", ())
    records = (reach.release, reach.plan)
    if not reach.acts:
        return Sign(name, asks, "no", f"it acts on nothing ({reach.stage})", records)
    if not reach.effects:
        return Sign(name, asks, "no", "none of its effects changes anything outside", records)
    if reach.cost_of_error <= 0:
        return Sign(name, asks, "no", "its plan says that an error costs nothing", records)
    what = f"{', '.join(reach.effects)} at {reach.stage}, {cost}"
    if not reach.done:
        return Sign(name, asks, "unknown", f"it may do {what}; nothing was done yet", records)
    why = f"{len(reach.done)} x done: {what}"
    return Sign(name, asks, "yes", why, (*records, *reach.done[:SHOWN]))


def _cared_for(care: Care) -> Sign:
    name, asks = "error handling", "an error has an owner, a route to a person and a way back"
    records = tuple(one for one in (care.plan, care.drill) if one)
    if care.gone:
        gone = ", ".join(f"{area} ({care.owners[area]})" for area in care.gone)
        return Sign(name, asks, "no", f"owners who are not here any more: {gone}", records)
    if not care.drill:
        return Sign(name, asks, "no", "the way back of what serves was never rehearsed", records)
    if care.drill_says != "pass":
        return Sign(name, asks, "no", f"the rehearsal of the way back: {care.drill_says}", records)
    if not care.answered:
        played = f"; {care.simulated} answers are a simulator's" if care.simulated else ""
        why = f"no person has answered an item that went to the review queue{played}"
        return Sign(name, asks, "unknown", why, records)
    people = len(set(care.owners.values()))
    why = f"{people} owners are here, {len(care.answered)} reviews answered, way back rehearsed"
    return Sign(name, asks, "yes", why, (*records, *care.answered[:SHOWN]))


def _changed(changes: Sequence[Change]) -> Sign:
    name, asks = "rule changes", "rules change without an engineer and without a version"
    by_ops = [one for one in changes if one.people and one.are_outside]
    unknown = [one for one in changes if not one.people]
    if by_ops:
        who = ", ".join(dict.fromkeys(person for one in by_ops for person in one.people))
        why = f"{len(by_ops)} changes of policy values by {who}"
        return Sign(name, asks, "yes", why, _events(by_ops))
    if unknown:
        why = f"{len(unknown)} changes came by the file, nobody knows whose they are"
        return Sign(
            name, asks, "unknown", f"{why}; `pilotage policy set` says it", _events(unknown)
        )
    if changes:
        return Sign(name, asks, "no", "only engineers changed policy values", _events(changes))
    return Sign(name, asks, "no", "no policy value was changed since it was released", ())


def _events(changes: Sequence[Change]) -> tuple[str, ...]:
    return tuple(f"event {one.event}" for one in changes[:SHOWN])
