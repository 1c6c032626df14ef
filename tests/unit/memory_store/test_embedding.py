"""Vectors without a model: the same everywhere, of length one, near where words are shared."""

import hashlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from memory_store.embedding import Embedder, from_bytes, hash_ngram, to_bytes, words_of
from runs.errors import InvalidInput

HASH = hash_ngram()
TEXT = "Refunds above 200 EUR go to a person"


def test_a_text_has_the_same_vector_on_every_machine() -> None:
    """The index of one release is searched by the next."""
    [vector] = HASH.embed([TEXT])
    signs = np.sign(vector).astype(np.int8).tobytes()

    assert (HASH.name, vector.shape, vector.dtype) == ("hash-ngram-v1", (1024,), np.float32)
    assert hashlib.sha256(signs).hexdigest().startswith("6a7c719eb0f358e7")


@given(st.lists(st.text(max_size=60), min_size=1, max_size=4))
def test_vectors_have_length_one_and_do_not_depend_on_their_neighbours(texts: list[str]) -> None:
    """Zero only where a text has no telling word; made together or alone."""
    together = HASH.embed(texts)
    lengths = np.linalg.norm(together, axis=1)

    assert all(
        abs(n - 1) < 1e-5 or (n == 0 and not words_of(t))
        for n, t in zip(lengths, texts, strict=True)
    )
    assert np.array_equal(together, np.concatenate([HASH.embed([text]) for text in texts]))


def test_shared_words_and_spellings_are_near() -> None:
    """A misspelt ticket finds its lesson; another subject does not come close."""
    question, misspelt, other = HASH.embed(
        ["refund of the second invoice", "refnud of the secnd invoice", "password reset by phone"]
    )

    assert question @ misspelt > 0.4 > 0.1 > question @ other


def test_fillers_do_not_make_texts_alike_and_negations_are_kept() -> None:
    """Bags of words of opposite rules must not be equal."""
    assert words_of("It is not for the Ünited team") == ["not", "united", "team"]


def test_a_kept_vector_is_read_back_to_the_bit() -> None:
    """SQL holds the truth of the vectors, too."""
    made = HASH.embed(["one invoice", "two invoices"])

    assert np.array_equal(from_bytes([to_bytes(row) for row in made], 1024), made)


@pytest.mark.parametrize(
    "answer",
    [
        np.ones((1, 3)),
        np.ones((2, 4)),
        np.ones(4),
        np.full((1, 4), np.nan),
        np.full((1, 4), np.inf),
    ],
)
def test_a_call_that_answers_otherwise_is_refused(answer: np.ndarray) -> None:
    """An endpoint that serves another model would poison the index silently."""
    embedder = Embedder(name="endpoint", dimension=4, call=lambda texts: answer)

    with pytest.raises(InvalidInput, match="endpoint"):
        embedder.embed(["a text"])


def test_vectors_of_a_call_are_brought_to_length_one() -> None:
    """Some endpoints do, some do not."""
    embedder = Embedder(name="endpoint", dimension=2, call=lambda texts: [[3.0, 4.0]])

    assert embedder.embed(["a text"]).tolist() == [[pytest.approx(0.6), pytest.approx(0.8)]]
