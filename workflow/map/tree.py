"""Act, review or refuse: what is asked of an item in order, with the values that decide now."""

import re
from collections.abc import Callable

from runs.records.record import Record
from runs.records.version import Bound, Route
from workflow.map.parts import Parts, Values

NAMED = re.compile(r"\b(values|lists)\.([A-Za-z_]\w*)")
MOST_ENTRIES = 8
"""A list of the policy is told so far; how many more there are is said."""
Who = Callable[[str], str]
"""A role or person id as people read it."""


class Branch(Record):
    """One question; the first that holds ends the item's way."""

    id: str
    """Of the rule; `context`, `answer`, `scope`, `threshold` or `else` where no rule stands."""
    asks: str
    """What must hold, as it is written in the version."""
    route: Route
    owner: str
    """Who gets the item, as people read it; empty where it acts alone."""
    why: str
    values: tuple[str, ...] = ()
    """The values it rests on: as they are now, and how far operations may move them."""


def tree_of(parts: Parts, values: Values, who: Who) -> tuple[Branch, ...]:
    """Every question in the order in which it is asked; the last one is what is left."""
    reviewer = who(values.review_owner)
    before = [
        Branch(
            id="answer",
            asks="there is no answer, or it is none of the labels",
            route="review",
            owner=reviewer,
            why="a person answers instead",
        )
    ]
    if parts.sources:
        names = ", ".join(source.name for source in parts.sources)
        asks = f"a source gives nothing that may be used: {names}"
        why = "nothing is put in its place"
        told = Branch(id="context", asks=asks, route="review", owner=reviewer, why=why)
        before.insert(0, told)
    rules = [
        Branch(
            id=rule.id,
            asks=rule.when,
            route=rule.route,
            owner="" if rule.route == "act" else who(rule.owner or values.review_owner),
            why=rule.why,
            values=_named(rule.when, parts, values),
        )
        for rule in parts.rules
    ]
    return (*before, *rules, *_limits(parts, values, reviewer))


def _limits(parts: Parts, values: Values, reviewer: str) -> tuple[Branch, ...]:
    low = [
        Branch(
            id=id,
            asks=f"answer.{fact} < values.{limit}",
            route="review",
            owner=reviewer,
            why=why,
            values=(_number(limit, parts, values),),
        )
        for id, fact, limit, why in (
            ("scope", "scope", "scope_floor", "it may belong to none of the labels"),
            ("threshold", "confidence", "act_threshold", "the answer is not sure enough"),
        )
    ]
    done = ", ".join(effect.name for effect in parts.effects if effect.level != "read")
    last = Branch(id="else", asks="none of these", route="act", owner="", why=done or "nothing")
    return (*low, last)


def _named(when: str, parts: Parts, values: Values) -> tuple[str, ...]:
    found = dict.fromkeys(NAMED.findall(when))
    return tuple(
        _number(name, parts, values) if kind == "values" else _entries(name, parts, values)
        for kind, name in found
    )


def _number(name: str, parts: Parts, values: Values) -> str:
    number = values.numbers.get(name)
    now = "not set" if number is None else str(number)
    return f"{name} = {now}, {_bounds(parts.bounds.get(name))}"


def _entries(name: str, parts: Parts, values: Values) -> str:
    entries = values.lists.get(name, ())
    more = len(entries) - MOST_ENTRIES
    told = ", ".join(entries[:MOST_ENTRIES]) + (f" and {more} more" if more > 0 else "")
    return f"{name} = {told or 'empty'}, {_bounds(parts.bounds.get(name))}"


def _bounds(bound: Bound | None) -> str:
    if bound is None:
        return "fixed"
    if bound.choices:
        return f"of {', '.join(bound.choices)}"
    if bound.low is None and bound.high is None:
        return "operations set it"
    low = "no lower bound" if bound.low is None else str(bound.low)
    high = "no upper bound" if bound.high is None else str(bound.high)
    return f"operations set it from {low} to {high}"
