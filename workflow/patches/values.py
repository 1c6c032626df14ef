"""Fixes of rank 1: another number for a value the policy already has."""

import re
from collections.abc import Callable, Sequence
from decimal import Decimal
from functools import partial
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from policies.conditions.facts import read
from policies.routing import Router
from runs.records.version import PolicyValues, Rule, Version
from workflow.evaluate.bench import Seen
from workflow.patches.acceptance import (
    VALUE,
    Terms,
    find_objection,
    keeps_both,
    passes_harm,
)
from workflow.patches.numbers import gaps, number_of, roundness
from workflow.patches.patch import Changed
from workflow.patches.standing import LIMIT_RULES, Codes, Standing, Tally, best, codes

FACT = r"((?:item|context|answer)(?:\.[A-Za-z_]\w*)+)"
SIGN = r"\s*(?:<=|>=|<|>)\s*"
BEGINS, ENDS = r"(?:^|[(&|?:,])\s*", r"(?=\s*(?:$|[)&|?:,]))"
"""What may stand around a comparison; arithmetic on either side may not."""
LIMITS = {"act_threshold": "answer.confidence", "scope_floor": "answer.scope"}
"""What the values that always exist are compared with, after every rule."""


class Setting(NamedTuple):
    """One value set otherwise, and what that does."""

    name: str
    value: Decimal
    tally: Tally


def find_setting(
    standing: Standing, version: Version, *, policy: PolicyValues, name: str, terms: Terms
) -> Setting | None:
    """The best setting of one value, or None when none is worth making.

    Every gap between the numbers observed is tried. Of those the rule of acceptance lets through,
    one under which the bar of harm passes comes before one under which it does not, then one under
    which it surely passes and no more is doubted without need than the plan's signal of repeated
    failures allows; then the net value decides, then the simpler number.
    """
    return _find(standing, Changed(version, policy), name=name, worth=partial(_worth, terms=terms))


def find_refused(
    standing: Standing, version: Version, *, policy: PolicyValues, name: str, terms: Terms
) -> Setting | None:
    """The setting that repairs the group best although the rule of acceptance refuses it."""
    worth = partial(_worth_refused, terms=terms)
    return _find(standing, Changed(version, policy), name=name, worth=worth)


def _find(
    standing: Standing,
    before: Changed,
    *,
    name: str,
    worth: Callable[[Tally], tuple[float, ...] | None],
) -> Setting | None:
    facts = find_compared(name, before.version.rules)
    if not facts:
        return None
    sweep = Sweep(standing, before, name=name, facts=facts)
    tried = sweep.candidates()
    tallies = standing.tallies(sweep.outcomes(tried)) if tried else []
    found = best(tallies, worth)
    return (
        None if found is None else Setting(name, _simplest(tried, tallies, found), tallies[found])
    )


class Sweep:
    """What every case would be worth at every number of one value."""

    def __init__(
        self,
        standing: Standing,
        before: Changed,
        *,
        name: str,
        facts: Sequence[tuple[str, ...]],
    ) -> None:
        version, policy = before
        self._standing = standing
        self._policy = policy
        self._name = name
        self._bound = version.bounds.get(name)
        self._router = Router(version.rules, review_owner=policy.review_owner)
        # A value no rule names leaves what the rules decided as it is: they are not asked again.
        self._in_rules = any(re.search(_mention(name), rule.when) for rule in version.rules)
        self._own = [_observed(one, policy, facts) for one in standing.seen]

    def candidates(self) -> list[Decimal]:
        """One number in each gap between those observed, within the bound; none without a bound."""
        if self._bound is None:
            return []
        return list(gaps({one for own in self._own for one in own}, self._bound))

    def outcomes(self, tried: Sequence[Decimal]) -> Codes:
        """A row a number, a column a case.

        Exact: the route of a case can change only where the value passes one of the case's own
        numbers, so the router is asked once on each side of each.
        """
        points = np.array([float(one) for one in tried])
        columns = [self._column(place, points, tried) for place in range(len(self._standing.seen))]
        return np.stack(columns, axis=1)

    def _column(self, place: int, points: NDArray[np.float64], tried: Sequence[Decimal]) -> Codes:
        column = np.full(len(tried), self._standing.now[place], dtype=np.int8)
        one = self._standing.seen[place]
        is_free = self._in_rules or self._standing.rules[place] in LIMIT_RULES
        if one.stop is not None or one.error or not is_free:
            return column
        ends = np.searchsorted(points, sorted(float(number) for number in self._own[place]))
        for start, end in pairwise([0, *ends.tolist(), len(tried)]):
            if start < end:
                column[start:end] = self._code(one, tried[start])
        return column

    def _code(self, one: Seen, value: Decimal) -> int:
        facts = one.facts(self._policy)
        facts = facts._replace(values={**facts.values, self._name: value})
        ask = self._router.route if self._in_rules else self._router.by_limits
        return int(codes([one.grade(ask(facts).route)])[0])


def set_to(setting: Setting, version: Version, policy: PolicyValues) -> Changed:
    """The candidate with this setting."""
    values = {**policy.values, setting.name: setting.value}
    return Changed(version, policy.model_copy(update={"values": values}))


def _worth(tally: Tally, terms: Terms) -> tuple[float, ...] | None:
    if find_objection(tally, terms.of_rank(VALUE)):
        return None
    net = tally.net(terms.cost_of_error, terms.cost_of_review)
    kept = passes_harm(tally, terms.gate), keeps_both(tally, terms)
    return (*kept, float(net), tally.gain - tally.loss)


def _worth_refused(tally: Tally, terms: Terms) -> tuple[float, ...] | None:
    if tally.repaired < 1 or not find_objection(tally, terms.of_rank(VALUE)):
        return None
    return (tally.repaired, float(tally.net(terms.cost_of_error, terms.cost_of_review)))


def _simplest(tried: Sequence[Decimal], tallies: Sequence[Tally], found: int) -> Decimal:
    """The roundest of the numbers that do exactly the same."""
    alike = [value for value, tally in zip(tried, tallies, strict=True) if tally == tallies[found]]
    return min(alike, key=roundness)


def find_compared(name: str, rules: Sequence[Rule]) -> list[tuple[str, ...]]:
    """Facts the value is compared with; none when a rule uses it otherwise: people change it."""
    found = [LIMITS[name]] if name in LIMITS else []
    value = _mention(name)
    for rule in rules:
        compared = re.findall(rf"{BEGINS}{FACT}{SIGN}{value}{ENDS}", rule.when)
        compared += re.findall(rf"{BEGINS}{value}{SIGN}{FACT}{ENDS}", rule.when)
        if len(compared) != len(re.findall(value, rule.when)):
            return []
        found += compared
    return [tuple(fact.split(".")) for fact in dict.fromkeys(found)]


def _mention(name: str) -> str:
    return rf"values\.{re.escape(name)}\b"


def _observed(
    one: Seen, policy: PolicyValues, facts: Sequence[tuple[str, ...]]
) -> tuple[Decimal, ...]:
    """The case's own numbers, where it is routed at all."""
    if one.stop is not None or one.error:
        return ()
    known = one.facts(policy)
    numbers = (number_of(read(known, fact)) for fact in facts)
    return tuple(number for number in numbers if number is not None)
