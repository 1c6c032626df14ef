"""What the measurement of the loop holds against each other."""

from pathlib import Path
from typing import Any

import pytest

from bench import loop


@pytest.mark.parametrize(("steps", "pauses"), [(6, 0), (9, 2), (24, 8)])
def test_the_bare_graph_takes_as_many_supersteps_and_pauses(
    tmp_path: Path, steps: int, pauses: int
) -> None:
    """Otherwise the ratio would be of two different things."""
    took = loop.bare(tmp_path, steps=steps, pauses=pauses)

    assert (took.supersteps, took.pauses) == (steps, pauses)
    assert took.checkpoint_bytes > 0


def test_what_is_told_has_the_ratio_the_goal_and_where_the_time_goes() -> None:
    """In lines, with every round."""
    one = {"seconds": 2.0, "cpu_s": 1.5, "supersteps": 24, "pauses": 8, "checkpoint_bytes": 900}
    told = {"ratio": 5.04, "ratios": [5.04, 5.9], "cpu_ratio": 4.4, "first_s": 3.0}
    told |= {"ratio_with_domain": 6.2, "ours": [one | {"domain_s": {"drills": 0.25}}]}
    told |= {"bare": [one | {"seconds": 0.4}], "parts": {"JSON": 0.25}}
    lines = loop.lines(told)

    assert lines[0].startswith("ratio 5.0 (each round: 5.0, 5.9), of processor time 4.4; the goal")
    assert lines[1:3] == ["with its domain work, 0.25 s: 6.2", "    250 ms  drills"]
    assert "the loop: 2.00 s (1.50 s of a processor), 24 supersteps, 8 pauses, 900" in lines[3]
    assert lines[-1] == "  25.0%  JSON"


@pytest.mark.parametrize("place", [{"work": len}, type("Room", (), {"work": len})])
def test_what_stands_around_domain_work_is_gone_afterwards(place: Any) -> None:
    """However it ends: the program is as it was."""

    def work(given: Any) -> int:
        return (place["work"] if isinstance(place, dict) else place.work)(given)

    with loop.replaced(place, "work", lambda own: lambda given: own(given) + 1):
        within = work("ab")
    with pytest.raises(TypeError), loop.replaced(place, "work", lambda own: own):
        work(3)

    assert (within, work("ab")) == (3, 2)
