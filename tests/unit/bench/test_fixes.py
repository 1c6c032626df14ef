"""The benchmark of seeded defects counts what the search really does, the same every time."""

import json
from dataclasses import replace

import pytest
from click.testing import CliRunner

from bench.fixes import DEFECTS, main, make_desk, mend


def test_a_defect_is_mended_the_same_way_every_time() -> None:
    """Only the seconds differ."""
    first, again = (replace(mend("rule", 1), seconds=0) for _ in range(2))

    assert first == again
    assert first.tried >= len(first.ranks)


@pytest.mark.parametrize(
    ("wanted", "ranks", "asked", "expected"),
    [
        (2, (2, 1), False, True),
        (2, (1, 2), False, False),
        (2, (), False, False),
        (None, (), False, True),
        (None, (2,), False, False),
        (0, (), True, True),
        (0, (), False, False),
    ],
)
def test_right_is_the_own_rank_first_and_nothing_for_a_decoy(
    wanted: int | None, ranks: tuple[int, ...], *, asked: bool, expected: bool
) -> None:
    """Doubtful labels are right where somebody was asked and nothing was changed."""
    told = replace(mend("decoy: labels", 1), wanted=wanted, ranks=ranks, asked=asked)

    assert told.is_right is expected


def test_fresh_cases_are_no_others_and_one_seed_is_not_another() -> None:
    """What judges a change as useless was never seen by the search."""
    one, other = (make_desk(DEFECTS["rule"][1], seed) for seed in (1, 2))
    ids = [{case.id for case in cases} for cases in one.cases.values()]

    assert sum(map(len, ids)) == len(set().union(*ids))
    assert [c.input for c in one.cases["dev"]] != [c.input for c in other.cases["dev"]]


def test_figures_are_one_json_object() -> None:
    """A line a defect and seed, with whether it is right."""
    done = CliRunner().invoke(main, ["--seeds", "1", "--json"])
    told = json.loads(done.stdout)

    assert [row["defect"] for row in told["results"]] == list(DEFECTS)
    assert all(isinstance(row["is_right"], bool) for row in told["results"])
