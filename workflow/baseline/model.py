"""Weights over terms and facts: learning them, and looking at items with them."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.sparse import csr_matrix, hstack
from scipy.special import softmax

from runs.errors import InvalidInput
from workflow.baseline.facts import Facts, Row, learn_facts
from workflow.baseline.terms import Counts, Floats, Weights, Whole, weigh, worth_keeping

STILL = 0.01
"""Learning from texts ends when a pass changes no weight by more than this share of the largest."""
SETTLED = 1e-4
"""Learning from facts ends when no slope is steeper; their columns lie too close for passes."""
NO_FACTS = Facts(())


class Shown(NamedTuple):
    """Some items as a model is shown them."""

    counts: Counts
    """The terms of their texts."""
    rows: Sequence[Row] = ()
    """The facts of each; none where the route looks at a text alone."""

    def some(self, chosen: Whole) -> "Shown":
        """These items."""
        rows = [self.rows[i] for i in chosen] if self.rows else ()
        return Shown(self.counts.rows(chosen), rows)

    def columns(self, words: Whole, characters: Whole) -> "Shown":
        """The same items with these terms."""
        return Shown(self.counts.columns(words, characters), self.rows)


class Sight(NamedTuple):
    """What a model sees in some items."""

    logits: Floats
    """A row an item, a column a label; minus infinity for a label the model was not shown."""
    known: Floats
    """How much of each item is like what was learnt, 0 to 1: the share of its text's word weight,
    times the likeness of its strangest fact."""


@dataclass(frozen=True, eq=False)
class Model:
    """A multinomial logistic regression over weighed terms and encoded facts."""

    weights: Weights
    coefficients: Floats
    """A row a term, words first, then a row a column of the facts; a column a label."""
    intercepts: Floats
    facts: Facts = NO_FACTS

    def look(self, shown: Shown) -> Sight:
        """Look at every item on its own: the others of the batch change no bit."""
        matrix = _matrix(self.weights, self.facts, shown)
        logits = matrix @ self.coefficients + self.intercepts
        return Sight(logits.astype(np.float64), self._known(shown))

    def _known(self, shown: Shown) -> Floats:
        """A text that is empty says nothing against an item that has facts."""
        known = self.weights.known(shown.counts)
        if not self.facts.columns:
            return known
        said = np.where(shown.counts.totals > 0, known, 1.0)
        return said * self.facts.likeness(shown.rows)


def learn(shown: Shown, codes: Whole, labels: int, *, c: float) -> Model:
    """Learn to tell `labels` labels apart, of which `codes` holds the number for each item."""
    from sklearn.linear_model import LogisticRegression
    from threadpoolctl import threadpool_limits

    weights, facts = weigh(shown.counts), learn_facts(shown.rows)
    matrix = _matrix(weights, facts, shown)
    if not matrix.nnz:
        raise InvalidInput(f"none of {len(codes)} texts has a word: map the field that holds text")
    shown_labels = np.unique(codes)
    solver, ends = ("lbfgs", SETTLED) if facts.columns else ("sag", STILL)
    regression = LogisticRegression(C=c, solver=solver, tol=ends, max_iter=1_000, random_state=0)
    # Its products are small: threads that wait for each other cost six times what they save.
    with threadpool_limits(limits=1):
        regression.fit(matrix, codes)
    slopes, starts = regression.coef_, regression.intercept_
    if len(shown_labels) == 2:
        slopes, starts = (np.concatenate([one * 0, one]) for one in (slopes, starts))
    coefficients = np.zeros((slopes.shape[1], labels), dtype=np.float32)
    intercepts = np.full(labels, -np.inf, dtype=np.float32)
    coefficients[:, shown_labels], intercepts[shown_labels] = slopes.T, starts
    return Model(weights, coefficients, intercepts, facts)


def look_out_of_fold(items: Shown, codes: Whole, fold: Whole, labels: int, *, c: float) -> Sight:
    """Look at each item with a model that was shown none of its fold, nor its words and limits."""
    sight = Sight(np.zeros((len(codes), labels)), np.zeros(len(codes)))
    for one in np.unique(fold):
        seen, held = np.flatnonzero(fold != one), np.flatnonzero(fold == one)
        kept = worth_keeping(items.counts.rows(seen), len(codes))
        model = learn(items.some(seen).columns(*kept), codes[seen], labels, c=c)
        sight.logits[held], sight.known[held] = model.look(items.some(held).columns(*kept))
    return sight


def _matrix(weights: Weights, facts: Facts, shown: Shown) -> csr_matrix:
    """A row an item: words, characters, facts."""
    terms = weights.matrix(shown.counts)
    if not facts.columns:
        return terms
    return csr_matrix(hstack([terms, csr_matrix(facts.matrix(shown.rows))], format="csr"))


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
