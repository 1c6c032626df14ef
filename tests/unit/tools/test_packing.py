"""What fits before a model is whole, and what does not is named."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runs.errors import InvalidInput
from tools.packing import BETWEEN, Packed, Piece, fitting, pack
from tools.tokens import TokenCount, estimate


def by_words(text: str) -> TokenCount:
    """One token a word."""
    return TokenCount(len(text.split()), "exact")


def piece(name: str, words: int, rank: int = 0, *, is_due: bool = False) -> Piece:
    """A record of so many words."""
    return Piece(name, " ".join([name] * words), rank, is_due)


def test_what_matters_most_is_kept_in_the_order_given() -> None:
    """And what is left out is named, the weightiest first."""
    found = pack([piece("a", 3, 2), piece("b", 3, 0), piece("c", 3, 1)], 7, by_words)

    assert found == Packed("b b b\n\nc c c", ("b", "c"), ("a",), 6, "exact")


def test_a_record_that_does_not_fit_leaves_its_place_to_a_smaller_one() -> None:
    """Nothing is cut to make it fit."""
    found = pack([piece("long", 9), piece("short", 2)], 5, by_words)

    assert (found.kept, found.left_out) == (("short",), ("long",))


def test_what_is_due_is_never_left_out() -> None:
    """It comes before every rank, and where it does not fit the question is not asked."""
    pieces = [piece("a", 3), piece("due", 3, 9, is_due=True)]

    assert pack(pieces, 4, by_words).kept == ("due",)
    with pytest.raises(InvalidInput, match="due take more than 2 tokens together"):
        pack(pieces, 2, by_words)


def test_nothing_is_a_pack_as_well() -> None:
    """Of no tokens."""
    assert pack([], 10, estimate) == Packed("", (), (), 0, "estimate")


@given(
    st.lists(st.tuples(st.text(max_size=60), st.integers(0, 3)), max_size=12), st.integers(0, 120)
)
def test_every_pack_fits_holds_whole_records_and_forgets_none(
    told: list[tuple[str, int]], budget: int
) -> None:
    """Whatever the records are."""
    pieces = [Piece(str(at), text, rank) for at, (text, rank) in enumerate(told)]
    found = pack(pieces, budget, estimate)

    assert estimate(found.text).tokens == found.tokens <= budget
    assert sorted((*found.kept, *found.left_out)) == sorted(one.name for one in pieces)
    assert found.text == BETWEEN.join(one.text for one in pieces if one.name in found.kept)


def test_records_are_told_whole_or_not_at_all() -> None:
    """One that is too large leaves room for those behind it; a first one comes before a second."""
    small, large = {"text": "a"}, {"text": "word " * 500}
    both = [*range(2)] * 2

    assert fitting([small, large, small], 100, estimate) == [0, 2]
    assert fitting([large, small], 10_000, estimate) == [0, 1]
    assert fitting([small] * 4, 4, by_words, ranks=both) == [0, 2]
