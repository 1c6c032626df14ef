"""What a model is shown of groups of failures is whole, and what was left out is counted."""

from agent.explaining import fit

SMALL, LARGE = (
    {"id": "c-1", "item": {"text": "short"}},
    {"id": "c-2", "item": {"text": "w " * 9_000}},
)


def test_a_case_that_is_too_large_is_left_out_and_told() -> None:
    """Of another group nothing is missing, and so nothing is told."""
    told = fit({"a": [LARGE, SMALL], "b": [SMALL], "c": [LARGE]})

    assert told == {
        "a": {"cases": [SMALL], "too_large": 1},
        "b": {"cases": [SMALL]},
        "c": {"cases": [], "too_large": 1},
    }


def test_of_every_group_the_first_case_is_shown_before_of_any_the_second() -> None:
    """Whatever there is more of."""
    wide = {"text": "w " * 1_200}
    told = fit({"a": [wide] * 4, "b": [wide] * 4, "c": [wide] * 4})

    assert [len(one["cases"]) for one in told.values()] == [2, 2, 1]
