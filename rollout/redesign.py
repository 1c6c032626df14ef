"""whether a workflow lay beyond a bar of its plan for so many weeks that it is designed anew; pure.

A week says what its last reading said. A week that nobody read says nothing, and ends the row.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

from runs.plan_parts import Redesign
from runs.records.release import Signal

WEEK = timedelta(days=7)
COSTS = {"cost_per_item": "per_item", "cost_per_week": "per_week"}
"""Measures that are a figure of the signal `cost`."""


class Row(NamedTuple):
    """The latest weeks in which a measure lay beyond its bar, newest first."""

    rule: Redesign
    weeks: tuple[Decimal, ...]
    """What each said; empty where the last week kept the bar, or was not read."""
    is_read: bool
    """Whether the last week was read at all."""

    @property
    def is_due(self) -> bool:
        """Whether it lay beyond for as long as the plan allows."""
        return len(self.weeks) >= self.rule.weeks

    @property
    def says(self) -> str:
        """Measure, bar and weeks in one sentence."""
        rule, name = self.rule, self.rule.measure.replace("_", " ")
        bar = f"{name} {rule.direction} {rule.value} for {rule.weeks} weeks asks for another design"
        if not self.is_read:
            return f"{bar}; the last week was not read"
        seen = ", ".join(str(value) for value in self.weeks)
        return f"{bar}; {len(self.weeks)} in a row so far{seen and ': '}{seen}"


def look(rule: Redesign, kept: Iterable[Signal], now: datetime) -> Row:
    """How long the measure has lain beyond its bar, week by week back from now."""
    name = "cost" if rule.measure in COSTS else rule.measure
    read = [one for one in kept if one.name == name and one.total and one.until <= now]
    told = [_of_week(rule, read, now - WEEK * back) for back in range(rule.weeks)]
    weeks: list[Decimal] = []
    for value in told:
        if value is None or not _is_beyond(rule, value):
            break
        weeks.append(value)
    return Row(rule, tuple(weeks), is_read=bool(told) and told[0] is not None)


def _of_week(rule: Redesign, read: Sequence[Signal], until: datetime) -> Decimal | None:
    mine = [one for one in read if until - WEEK < one.until <= until]
    last = max(mine, key=lambda one: one.until, default=None)
    if last is None:
        return None
    figure = COSTS.get(rule.measure)
    if figure is None:
        return (Decimal(last.events) / last.total).quantize(Decimal("0.0001"))
    return Decimal(last.figures[figure]) if figure in last.figures else None


def _is_beyond(rule: Redesign, value: Decimal) -> bool:
    return value > rule.value if rule.direction == "above" else value < rule.value
