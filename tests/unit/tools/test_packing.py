"""What is told a model is whole records, those that matter most first taken."""

from json import dumps

from hypothesis import given
from hypothesis import strategies as st

from tools.packing import BETWEEN, fitting
from tools.tokens import TokenCount, estimate


def by_words(text: str) -> TokenCount:
    """One token a word."""
    return TokenCount(len(text.split()), "exact")


def words(count: int) -> dict[str, str]:
    """A record of so many words as JSON."""
    return {"a": " ".join(["b"] * (count - 1))}


def test_what_matters_most_is_taken_and_told_in_the_order_given() -> None:
    """The order is the reader's; the ranks say only what is left out."""
    assert fitting([words(3)] * 3, 7, by_words, ranks=[2, 0, 1]) == [1, 2]
    assert fitting([words(3)] * 3, 7, by_words) == [0, 1]


def test_a_record_that_does_not_fit_leaves_its_place_to_a_smaller_one() -> None:
    """Nothing is cut to make it fit."""
    assert fitting([words(9), words(2)], 5, by_words) == [1]
    assert fitting([words(2), words(9), words(2)], 5, by_words) == [0, 2]


def test_of_nothing_and_of_no_room_nothing_is_told() -> None:
    """A record that is larger than the budget is none."""
    assert fitting([], 10, estimate) == []
    assert fitting([words(3)], 0, by_words) == []


@given(
    st.lists(st.tuples(st.text(max_size=60), st.integers(0, 3)), max_size=12), st.integers(0, 120)
)
def test_whatever_the_records_are_what_is_told_fits(
    told: list[tuple[str, int]], budget: int
) -> None:
    """In the order given, and within the budget as it is told."""
    records = [{"text": text} for text, _ in told]
    kept = fitting(records, budget, estimate, ranks=[rank for _, rank in told])
    shown = [dumps(records[at], ensure_ascii=False) for at in kept]

    assert kept == sorted(kept)
    assert estimate(BETWEEN.join(shown)).tokens <= budget
