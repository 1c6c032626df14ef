"""The terms of texts: words and pieces of words, counted and weighed."""

import re
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, hstack

Floats = NDArray[np.floating]
Whole = NDArray[np.integer]

MANY = 1_000
"""From so many texts on, a term found in only one of them is dropped: it halves size and time and
costs no accuracy. Below, every term counts."""
WORD = re.compile(r"\b\w\w+\b")


class Sizes(NamedTuple):
    """How long a term may be, least and most."""

    words: tuple[int, int]
    """Words that follow each other."""
    characters: tuple[int, int]
    """Characters inside one word; the space on either side of it belongs to it."""


class Columns(NamedTuple):
    """The column of each term."""

    words: dict[str, int]
    characters: dict[str, int]

    def only(self, words: Whole, characters: Whole) -> "Columns":
        """These columns, numbered anew in their order."""
        return Columns(_renumber(self.words, words), _renumber(self.characters, characters))


class Counts(NamedTuple):
    """How often each term stands in each text."""

    words: csr_matrix
    """A row a text, a column a term."""
    characters: csr_matrix
    totals: Whole
    """Word terms of each text, with a column or without."""

    def rows(self, chosen: Whole) -> "Counts":
        """The counts of these texts."""
        return Counts(self.words[chosen], self.characters[chosen], self.totals[chosen])

    def columns(self, words: Whole, characters: Whole) -> "Counts":
        """The counts of these terms; the totals stay, so a term left out counts as unknown."""
        return Counts(self.words[:, words], self.characters[:, characters], self.totals)


class Weights(NamedTuple):
    """What a term weighs: the rarer, the more (inverse document frequency)."""

    words: Floats
    characters: Floats
    unseen: float
    """A word term without a column."""

    def matrix(self, counts: Counts) -> csr_matrix:
        """A row a text, words first; both kinds have length one in every row."""
        words = _unit_rows(counts.words, self.words)
        characters = _unit_rows(counts.characters, self.characters)
        return csr_matrix(hstack([words, characters], format="csr"))

    def known(self, counts: Counts) -> Floats:
        """The share of each text's word weight that has a column, 0 to 1; 0 for no word at all."""
        seen = counts.words @ self.words.astype(np.float64)
        unseen = (counts.totals - _row_sums(counts.words)) * self.unseen
        whole = seen + unseen
        return np.divide(seen, whole, out=np.zeros(len(whole)), where=whole > 0)


def find(texts: Sequence[str], sizes: Sizes) -> Columns:
    """A column for every term of `texts`, in the order in which they are met."""
    columns = Columns({}, {})
    for text in texts:
        for terms, column in zip(_terms(text, sizes), columns, strict=True):
            for term in terms:
                column.setdefault(term, len(column))
    return columns


def count(texts: Sequence[str], sizes: Sizes, columns: Columns) -> Counts:
    """The counts of the terms that have a column; each text on its own."""
    terms = [_terms(text, sizes) for text in texts]
    return Counts(
        _matrix([words for words, _ in terms], columns.words),
        _matrix([characters for _, characters in terms], columns.characters),
        np.array([len(words) for words, _ in terms]),
    )


def worth_keeping(counts: Counts, texts: int) -> tuple[Whole, Whole]:
    """The columns, by kind, of the terms found in enough texts when there are `texts` in all."""
    least = 2 if texts >= MANY else 1
    words, characters = _texts_with(counts.words), _texts_with(counts.characters)
    return np.flatnonzero(words >= least), np.flatnonzero(characters >= least)


def weigh(counts: Counts) -> Weights:
    """The weights that these texts give their terms: log((1 + texts) / (1 + with the term)) + 1."""
    rarest = np.log(1 + len(counts.totals)) + 1
    words, characters = (
        (rarest - np.log(1 + _texts_with(matrix))).astype(np.float32)
        for matrix in (counts.words, counts.characters)
    )
    return Weights(words, characters, float(rarest))


def _terms(text: str, sizes: Sizes) -> tuple[list[str], list[str]]:
    low = text.lower()
    words = WORD.findall(low)
    (least, most), (shortest, longest) = sizes
    return (
        [
            " ".join(words[start : start + size])
            for size in range(least, most + 1)
            for start in range(len(words) - size + 1)
        ],
        [
            piece[start : start + size]
            for piece in (f" {word} " for word in low.split())
            for size in range(shortest, min(longest, len(piece)) + 1)
            for start in range(len(piece) - size + 1)
        ],
    )


def _matrix(terms: Sequence[Sequence[str]], column: dict[str, int]) -> csr_matrix:
    found = [[column[term] for term in row if term in column] for row in terms]
    ends = np.cumsum([0, *map(len, found)])
    at = np.array([place for row in found for place in row], dtype=np.int32)
    counts = csr_matrix(
        (np.ones(len(at), dtype=np.float32), at, ends), shape=(len(found), len(column))
    )
    counts.sum_duplicates()
    return counts


def _unit_rows(counts: csr_matrix, weights: Floats) -> csr_matrix:
    """Counts times weights, each row brought to length one; an empty row stays empty."""
    weighed = counts.copy()
    weighed.data *= weights[counts.indices]
    lengths = np.sqrt(_row_sums(weighed.multiply(weighed)))
    weighed.data /= np.repeat(lengths, np.diff(weighed.indptr))
    return weighed


def _row_sums(matrix: csr_matrix) -> Floats:
    return np.asarray(matrix.sum(axis=1)).ravel()


def _texts_with(counts: csr_matrix) -> Whole:
    _, columns = counts.get_shape()
    return np.bincount(counts.indices, minlength=columns)


def _renumber(column: dict[str, int], kept: Whole) -> dict[str, int]:
    terms = list(column)
    return {terms[old]: new for new, old in enumerate(kept)}
