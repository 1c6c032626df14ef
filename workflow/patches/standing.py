"""Where a trial stands case by case, as arrays: what each change of routes would be worth."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property, lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from policies import intervals
from runs.records.evidence import FailureGroup
from runs.records.version import Route
from workflow.evaluate.bench import Seen
from workflow.evaluate.trial import TrialRun
from workflow.grading import WORST_FIRST

Codes = NDArray[np.int8]
"""Outcomes by their place in `WORST_FIRST`: the worst of several is their least."""
Mask = NDArray[np.bool_]
HARM, ERROR, NEEDLESS, RIGHT, ALONE = range(len(WORST_FIRST))
"""From `RIGHT` on an outcome is right; `ALONE` is right without a person."""
LIMIT_RULES = ("threshold", "scope")
"""What stands in place of a rule where none decided."""
COLUMNS = (
    *("repaired", "broken", "critical_broken", "harm_avoided", "needless_added", "gain", "loss"),
    *("harm_gain", "harm_loss", "covered", "failed", "asked", "spoilt", "doubted"),
)
"""What is counted for each candidate, in this order."""
ROWS = 256
"""Candidates that are scored together."""


class Tally(NamedTuple):
    """Two trials of the same cases, counted against each other; cases where not said otherwise."""

    repaired: int
    """Of the group: now right, or no longer wrong alone."""
    broken: int
    """Right before, wrong alone after."""
    critical_broken: int
    """Critical and wrong alone only after."""
    rights: int
    """Right before."""
    harm_avoided: int
    needless_added: int
    gain: int
    """Families that only the changed version got right; of a group of harm: kept from harm."""
    loss: int
    harm_gain: int
    """Families that only the unchanged version harmed."""
    harm_loss: int
    families: int
    covered: tuple[int, int]
    """Families that are right, before and after."""
    failed: tuple[int, int]
    """Families wrong alone or without an answer, before and after."""
    alone: tuple[int, int]
    """Families that acted alone before: those harmed, and all."""
    asked: int
    """Families of which something went to a person that had acted alone."""
    spoilt: int
    """Right before and reviewed without need after, less those the other way round."""
    doubted: int = 0
    """Reviewed without need after, of what no rule decides: all for one reason, doubt."""
    cases: int = 0

    def net(self, error: Decimal, review: Decimal) -> Decimal:
        """Harm avoided at the cost of an error, less reviews added at theirs."""
        return self.harm_avoided * error - self.needless_added * review

    @property
    def p(self) -> float:
        """Chance of so much gain if the change were none: exact one-sided McNemar over families."""
        return _mcnemar(self.gain, self.loss)


@dataclass(frozen=True)
class Standing:
    """One trial, its cases sorted by family."""

    seen: tuple[Seen, ...]
    now: Codes
    rules: tuple[str, ...]
    """What decided each case."""
    group: Mask
    """Cases of the failure group at hand."""

    @cached_property
    def critical(self) -> Mask:
        """Cases whose severity is critical."""
        return np.array([one.case.severity == "critical" for one in self.seen], dtype=bool)

    @cached_property
    def free(self) -> Mask:
        """Cases that no rule decides yet: a rule at the end of the list would."""
        asked = [one.stop is None and not one.error for one in self.seen]
        return np.array(asked) & np.isin(self.rules, LIMIT_RULES)

    @cached_property
    def alone(self) -> Mask:
        """Cases that were acted on without a person."""
        return _acts(self.now)

    def worth(self, route: Route) -> Codes:
        """What each case would be worth on this route."""
        return codes([one.grade(route) for one in self.seen])

    @cached_property
    def starts(self) -> NDArray[np.intp]:
        """Where each family begins."""
        names = [one.case.family for one in self.seen]
        return np.array([i for i, name in enumerate(names) if i == 0 or name != names[i - 1]])

    @property
    def is_harm(self) -> bool:
        """Whether the group is of harm; otherwise of reviews that nobody needed."""
        return bool((self.now[self.group] <= ERROR).any())

    def tallies(self, after: Codes) -> list[Tally]:
        """One tally a row of `after`."""
        found: list[Tally] = []
        for first in range(0, len(after), ROWS):
            found += self._tallies(after[first : first + ROWS])
        return found

    def _tallies(self, after: Codes) -> list[Tally]:
        now, right = self.now, self.now >= RIGHT
        harmed = after == HARM
        fixed = (after >= RIGHT) | ((now == HARM) & (after == NEEDLESS))
        family = np.minimum.reduceat(after, self.starts, axis=1)
        before = np.minimum.reduceat(now, self.starts)
        gained, lost = _discordant(before == HARM, family == HARM)
        better, worse = _discordant(before < RIGHT, family < RIGHT)
        wins, losses = (gained, lost) if self.is_harm else (better, worse)
        columns = (
            (fixed & self.group & (now < RIGHT)).sum(1),
            (harmed & right).sum(1),
            (harmed & self.critical & (now != HARM)).sum(1),
            (now == HARM).sum() - harmed.sum(1),
            (after == NEEDLESS).sum(1) - (now == NEEDLESS).sum(),
            wins,
            losses,
            gained,
            lost,
            (family >= RIGHT).sum(1),
            (family <= ERROR).sum(1),
            np.logical_or.reduceat(self.alone & ~_acts(after), self.starts, axis=1).sum(1),
            ((after == NEEDLESS) & right).sum(1) - ((after >= RIGHT) & (now == NEEDLESS)).sum(1),
            ((after == NEEDLESS) & self.free).sum(1),
        )
        before_all = {
            "rights": int(right.sum()),
            "families": len(before),
            "cases": len(now),
            "covered": int((before >= RIGHT).sum()),
            "failed": int((before <= ERROR).sum()),
            "harmed": int((before == HARM).sum()),
            "alone": int(np.logical_or.reduceat(self.alone, self.starts).sum()),
        }
        rows = np.stack(columns, axis=1).astype(int).tolist()
        return [_tally(row, before_all) for row in rows]


def stand(trial: TrialRun, group: FailureGroup) -> Standing:
    """Where this trial stands, with this group in view."""
    place = sorted(range(len(trial.seen)), key=lambda i: trial.seen[i].case.family)
    members = set(group.cases)
    return Standing(
        seen=tuple(trial.seen[i] for i in place),
        now=codes([trial.results[i].outcome for i in place]),
        rules=tuple(trial.results[i].rule for i in place),
        group=np.array([trial.results[i].case in members for i in place], dtype=bool),
    )


def codes(outcomes: Sequence[str]) -> Codes:
    """Outcomes by their place in `WORST_FIRST`."""
    places = {outcome: place for place, outcome in enumerate(WORST_FIRST)}
    return np.array([places[outcome] for outcome in outcomes], dtype=np.int8)


def best(found: Sequence[Tally], worth: Callable[[Tally], tuple[float, ...] | None]) -> int | None:
    """Place of the tally worth most, the first among equals; None when none is worth anything."""
    told = [(value, -i) for i, tally in enumerate(found) if (value := worth(tally)) is not None]
    return -max(told)[1] if told else None


def _tally(row: Sequence[int], before: Mapping[str, int]) -> Tally:
    after = dict(zip(COLUMNS, row, strict=True))
    covered, failed = after.pop("covered"), after.pop("failed")
    return Tally(
        **after,
        covered=(before["covered"], covered),
        failed=(before["failed"], failed),
        rights=before["rights"],
        families=before["families"],
        cases=before["cases"],
        alone=(before["harmed"], before["alone"]),
    )


def _acts(outcomes: Codes) -> Mask:
    return (outcomes == HARM) | (outcomes == ALONE)


def _discordant(before: Mask, after: Mask) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Families that were so and are no longer, and those that only became so."""
    return (before & ~after).sum(1), (~before & after).sum(1)


@lru_cache(maxsize=65_536)
def _mcnemar(gain: int, loss: int) -> float:
    return intervals.mcnemar(gain, loss)
