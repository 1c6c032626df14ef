"""what a model may be asked by a version: places that are declared and not masked, and no rule."""

from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple

from policies import templates
from policies.features import Declared, why_not_there
from runs.plan_parts import PlannedRoute

BASELINES = ("baseline", "template", "none")
"""Names that stand for what answers without a model."""


class Wrong(NamedTuple):
    """One part of a route that cannot be used."""

    path: tuple[str | int, ...]
    """Its place among the routes, from 0, and the part."""
    says: str
    """What is wrong with the value, and the remedy."""


def find_wrong(
    routes: Sequence[PlannedRoute],
    known: Declared,
    *,
    labels: Collection[str],
    owned: Collection[str],
) -> Iterator[Wrong]:
    """Every part that names what is not declared, is masked, or says a rule.

    `owned` are words that operations own: the entries of the policy's lists.
    """
    for number, route in enumerate(routes):
        for part, says in _find_wrong(route, known, labels=labels, owned=owned):
            yield Wrong((number, part), says)
        taken = [*BASELINES, *(one.name for one in routes[:number])]
        if route.name in taken:
            yield Wrong((number, "name"), f"is {route.name}, which is taken; give it another name")
        if route.kind != routes[0].kind or route.label != routes[0].label:
            says = "differs from the first route's; write that, as all routes answer the same"
            yield Wrong((number, "kind"), says)


def why_undeclared(name: str, declared: Collection[str]) -> str:
    """Why nothing can be asked at a route, with the remedy; empty where it is declared."""
    if name in declared:
        return ""
    others = f", or name one of: {', '.join(declared)}" if declared else ""
    return f"is {name}, which is no route of this home; declare it in models.yaml{others}"


def _find_wrong(
    route: PlannedRoute, known: Declared, *, labels: Collection[str], owned: Collection[str]
) -> Iterator[tuple[str, str]]:
    if route.label and route.label not in labels:
        yield "label", f"is {route.label}, which is no label; name one of {', '.join(labels)}"
    for place in route.reads:
        if says := why_not_there(place, known):
            yield "reads", says
    if len(set(route.reads)) < len(route.reads):
        yield "reads", "names one place twice; keep one"
    names = [one.name for one in route.fields]
    if len(set(names)) < len(names):
        yield "fields", "names one field twice; keep one"
    stray = templates.find_stray(route.task)
    if stray or templates.places(route.task):
        yield "task", "has a place such as {{name}}; name what it reads in `reads`"
    if rules := list(templates.find_rules(route.task, owned)):
        says = (
            f"says {', '.join(map(repr, rules))}: business_rule_in_prompt; put what depends on a "
            "number or on an entry of a list into a field, the policy's values or its rules"
        )
        yield "task", says
