"""Text to vectors, with or without a model endpoint.

Without one, `hash_ngram` makes vectors from the text alone, so the whole path runs with nothing
loaded and nothing fetched. It finds shared words and spellings, not meaning.
"""

import hashlib
import math
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from runs.errors import InvalidInput

Vectors = NDArray[np.float32]
"""One row a text, each of length 1 (or all zeros, for a text without a letter or digit)."""

WORD = re.compile(r"[^\W_]+")
GRAMS = (3, 4)
"""Lengths of the pieces of a word with its edges marked."""
FILLERS = frozenset(
    re.findall(
        r"\w+",
        """a about am an and any are as at be because been being but by can could did do does for
        from had has have he her his how i if in into is it its just me my of on or our please she
        should so some than that the their them then there these they this to us was we were what
        when where which who will with would you your""",
    )
)
"""Words that tell no two texts apart. Not, no and never are not among them: they turn a rule."""


@dataclass(frozen=True, kw_only=True)
class Embedder:
    """A way to make vectors, and the name that is kept beside each of them."""

    name: str
    """Letters, digits and hyphens: part of the index's name."""
    dimension: int
    call: Callable[[Sequence[str]], ArrayLike]
    """Handed in: the function here, a local model, or an endpoint's client."""
    dense_weight: float = 3.0
    """Weight of its ranks against the lexical ones, which weigh 1."""

    def embed(self, texts: Sequence[str]) -> Vectors:
        """One unit vector a text; InvalidInput when the call answers with anything else."""
        made = np.asarray(self.call(texts), dtype=np.float64)
        if made.shape != (len(texts), self.dimension) or not np.isfinite(made).all():
            raise InvalidInput(
                f"embedder {self.name!r} gave {made.shape} for {len(texts)} texts, expected finite "
                f"values of shape {(len(texts), self.dimension)}; name the model it really serves"
            )
        lengths = np.linalg.norm(made, axis=1, keepdims=True)
        return (made / np.where(lengths > 0, lengths, 1.0)).astype(np.float32)


def hash_ngram(dimension: int = 1024) -> Embedder:
    """Words and pieces of words hashed with a sign: the same vector on every machine, for ever."""
    return Embedder(
        name="hash-ngram-v1",
        dimension=dimension,
        call=lambda texts: _hashed(texts, dimension),
        dense_weight=1.0,
    )


def to_bytes(vector: NDArray[np.float32]) -> bytes:
    """The vector as it is kept: float32, little-endian."""
    return vector.astype("<f4").tobytes()


def from_bytes(kept: Sequence[bytes], dimension: int) -> Vectors:
    """The kept vectors as rows."""
    joined = np.frombuffer(b"".join(kept), dtype="<f4")
    return joined.reshape(len(kept), dimension).astype(np.float32)


def words_of(text: str) -> list[str]:
    """The telling words of a text, small and without accents; `invoice.tolerance` is two."""
    plain = text.lower() if text.isascii() else _without_accents(text)
    return [word for word in WORD.findall(plain) if word not in FILLERS]


def _without_accents(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text).casefold()
    return "".join(letter for letter in plain if not unicodedata.combining(letter))


def _hashed(texts: Sequence[str], dimension: int) -> NDArray[np.float64]:
    rows = np.zeros((len(texts), dimension), dtype=np.float64)
    for row, text in zip(rows, texts, strict=True):
        for feature, count in sorted(_features(text).items()):
            mark = hashlib.blake2b(feature.encode(), digest_size=8).digest()
            place = int.from_bytes(mark[:4], "big") % dimension
            row[place] += (1 + math.log(count)) * (1 if mark[4] & 1 else -1)
    return rows


def _features(text: str) -> Counter[str]:
    """Whole words, and the pieces of each."""
    features: Counter[str] = Counter()
    for word in words_of(text):
        features[f"word {word}"] += 1
        padded = f" {word} "
        for size in GRAMS:
            features.update(f"gram {padded[i : i + size]}" for i in range(len(padded) - size + 1))
    return features
