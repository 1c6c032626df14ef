"""The comparison says what it saw, and fails where ours does not hold."""

from typing import Any

import pytest

from bench import hazards
from bench.plain.pausing import Outcome
from tests.hazards.rows import ROWS, Row
from tests.hazards.sight import NotHeld


def unheld(_: Any) -> str:
    """A scene in which an action ran unapproved."""
    raise NotHeld("paid 9,000 unasked", "unsafe")


def broken(_: Any) -> str:
    """A scene that could not be played."""
    raise RuntimeError("no database")


def held(_: Any) -> str:
    """A scene that holds."""
    return "nothing moved"


@pytest.mark.parametrize(
    ("scene", "outcome"),
    [
        (held, Outcome("held", "nothing moved")),
        (unheld, Outcome("unsafe", "paid 9,000 unasked")),
        (broken, Outcome("error", "RuntimeError: no database")),
    ],
)
def test_a_scene_is_told_by_what_happened_in_it(scene: Any, outcome: Outcome) -> None:
    """Never by a constant."""
    nothing: Any = None

    assert hazards.play_ours(Row("1", "a hazard", scene), nothing) == outcome


@pytest.mark.parametrize(("scene", "code"), [(held, 0), (unheld, 1), (broken, 1)])
def test_it_fails_where_ours_does_not_hold(scene: Any, code: int) -> None:
    """And shows both sides."""
    nothing: Any = None
    row = Row("14", "a loop", scene, is_severe=True)
    played = [hazards.Played(row, hazards.play_plain(row), hazards.play_ours(row, nothing))]
    lines = "\n".join(hazards.tabulate(played))

    assert hazards.code_of(played) == code
    assert "4 answers, 14 bodies" in lines
    assert hazards.code_of([]) == 1


def test_every_row_of_the_table_has_a_program_without_pilotage() -> None:
    """Only the cases beside it have none."""
    assert {row.name for row in ROWS if row.name[0].isdigit()} == set(hazards.PLAIN)
