"""A workflow is designed anew once a measure lay beyond its bar for so many weeks in a row."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from rollout import redesign
from runs.plan_parts import Redesign
from runs.records.release import Measure, Signal
from tests.builders import NOW

WEEK = timedelta(days=7)
ASKED = {"measure": "escalation", "direction": "above", "value": "0.5", "weeks": 3}


def read(weeks_ago: float, events: int, name: Measure = "escalation", **figures: str) -> Signal:
    """One reading of ten items, so long ago."""
    return Signal(
        release="rel-1",
        stage=1,
        name=name,
        value="",
        low=None,
        high=None,
        events=events,
        total=10,
        owner="ben",
        since=NOW,
        until=NOW - WEEK * weeks_ago,
        figures=figures,
    )


def look(*kept: Signal, **changed: Any) -> redesign.Row:
    """How it stands now."""
    return redesign.look(Redesign.model_validate(ASKED | changed), kept, NOW)


def test_so_many_weeks_in_a_row_ask_for_another_design() -> None:
    """Each by its last reading."""
    row = look(read(0, 6), read(0.5, 1), read(1, 7), read(2, 8))

    assert (row.is_due, row.weeks) == (True, (Decimal("0.6"), Decimal("0.7"), Decimal("0.8")))
    assert row.says.endswith("3 in a row so far: 0.6000, 0.7000, 0.8000")


@pytest.mark.parametrize(
    "kept",
    [
        [read(0, 6), read(1, 5), read(2, 8)],
        [read(0, 6), read(2, 8)],
        [read(1, 6), read(2, 8), read(3, 8)],
        [],
    ],
)
def test_a_week_that_kept_the_bar_or_was_not_read_ends_the_row(kept: list[Signal]) -> None:
    """Exactly at the bar it is kept; what nobody read proves nothing."""
    assert not look(*kept).is_due


def test_a_last_week_that_nobody_read_is_told() -> None:
    """It is not taken as well."""
    assert look(read(1, 6)).says.endswith("the last week was not read")
    assert (look(read(1, 6)).is_read, look(read(0, 1)).is_read) == (False, True)


@pytest.mark.parametrize(
    ("measure", "figure"), [("cost_per_item", "per_item"), ("cost_per_week", "per_week")]
)
def test_a_cost_is_read_off_its_figure(measure: str, figure: str) -> None:
    """In the plan's currency."""
    kept = [read(at, 0, "cost", **{figure: "3.10"}) for at in range(3)]

    assert look(*kept, measure=measure, value="3").weeks == (Decimal("3.10"),) * 3
    assert not look(*kept, measure=measure, value="3.10").is_due


def test_below_a_bar_counts_as_well() -> None:
    """A quality that stays low."""
    kept = [read(at, 4, "quality") for at in range(3)]

    assert look(*kept, measure="quality", direction="below").is_due
