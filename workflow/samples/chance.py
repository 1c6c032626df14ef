"""Seeded chance and stable hashes: the same words give the same numbers on every machine."""

import hashlib
import random
from collections.abc import Mapping, Sequence
from typing import TypeVar

Key = str | int
T = TypeVar("T")


def stream(*key: Key) -> random.Random:
    """A generator of its own for `key`; what is drawn elsewhere does not move it."""
    return random.Random("|".join(map(str, key)))


def name(*key: Key) -> str:
    """Twelve hexadecimal digits that stand for `key`."""
    return hashlib.blake2b("|".join(map(str, key)).encode(), digest_size=6).hexdigest()


def share(*key: Key) -> float:
    """A number in [0, 1) that depends on `key` alone."""
    return int(name(*key), 16) / 16**12


def pick(chance: random.Random, weights: Mapping[T, float]) -> T:
    """One of the keys, as often as its weight says."""
    return chance.choices(tuple(weights), tuple(weights.values()))[0]


def one(chance: random.Random, choices: Sequence[T]) -> T:
    """One of the choices, all alike."""
    return choices[chance.randrange(len(choices))]
