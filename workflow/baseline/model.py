"""Weights over counted terms: learning them, and looking at texts with them."""

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import softmax

from runs.errors import InvalidInput
from workflow.baseline.terms import Counts, Floats, Weights, Whole, weigh, worth_keeping

STILL = 0.01
"""Learning ends when a pass changes no weight by more than this share of the largest weight."""


class Sight(NamedTuple):
    """What a model sees in some texts."""

    logits: Floats
    """A row a text, a column a label; minus infinity for a label the model was not shown."""
    known: Floats
    """Share of each text's word weight that was learnt, 0 to 1."""


@dataclass(frozen=True, eq=False)
class Model:
    """A multinomial logistic regression over weighed terms."""

    weights: Weights
    coefficients: Floats
    """A row a term, words first; a column a label."""
    intercepts: Floats

    def look(self, counts: Counts) -> Sight:
        """Look at every text on its own: the others of the batch change no bit."""
        logits = self.weights.matrix(counts) @ self.coefficients + self.intercepts
        return Sight(logits.astype(np.float64), self.weights.known(counts))


def learn(counts: Counts, codes: Whole, labels: int, *, c: float) -> Model:
    """Learn to tell `labels` labels apart, of which `codes` holds the number for each text."""
    from sklearn.linear_model import LogisticRegression

    weights = weigh(counts)
    matrix = weights.matrix(counts)
    if not matrix.nnz:
        raise InvalidInput(f"none of {len(codes)} texts has a word: map the field that holds text")
    shown = np.unique(codes)
    regression = LogisticRegression(C=c, solver="sag", tol=STILL, max_iter=1_000, random_state=0)
    regression.fit(matrix, codes)
    slopes, starts = regression.coef_, regression.intercept_
    if len(shown) == 2:
        slopes, starts = (np.concatenate([one * 0, one]) for one in (slopes, starts))
    coefficients = np.zeros((slopes.shape[1], labels), dtype=np.float32)
    intercepts = np.full(labels, -np.inf, dtype=np.float32)
    coefficients[:, shown], intercepts[shown] = slopes.T, starts
    return Model(weights, coefficients, intercepts)


def look_out_of_fold(counts: Counts, codes: Whole, fold: Whole, labels: int, *, c: float) -> Sight:
    """Look at each text with a model that was shown no text of its fold, nor its words."""
    sight = Sight(np.zeros((len(codes), labels)), np.zeros(len(codes)))
    for one in np.unique(fold):
        shown, held = np.flatnonzero(fold != one), np.flatnonzero(fold == one)
        kept = worth_keeping(counts.rows(shown), len(codes))
        model = learn(counts.rows(shown).columns(*kept), codes[shown], labels, c=c)
        sight.logits[held], sight.known[held] = model.look(counts.rows(held).columns(*kept))
    return sight


def temperature(logits: Floats, codes: Whole) -> float:
    """The one divisor of all logits that makes the confidence in the first answer most likely.

    As Platt did, each side is given one case of the other, so that a route without an error is not
    certain. Only the first answer counts: a label no model was shown is wrong, not impossible.
    """
    right = logits.argmax(axis=1) == codes
    hits = int(right.sum())
    wanted = np.where(right, (hits + 1) / (hits + 2), 1 / (len(codes) - hits + 2))

    def loss(log_divisor: float) -> float:
        best = softmax(logits / math.exp(log_divisor), axis=1).max(axis=1).clip(max=1 - 1e-12)
        return float(-np.mean(wanted * np.log(best) + (1 - wanted) * np.log1p(-best)))

    return math.exp(minimize_scalar(loss, bounds=(-4, 4), method="bounded").x)
