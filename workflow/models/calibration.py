"""From what is known of an answer to the probability that it is right: learnt on dev, or nothing.

What a model says of its own confidence is one feature. The others are how many samples agree and
whether the baseline, which asks nobody, says the same and how surely. Without enough cases there is
no probability at all, and that counts as none.
"""

import math
import random
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from runs.records.item import Output, Unanswered
from runs.records.model import Calibration, ModelRoute
from runs.records.record import digest_of
from runs.records.version import Version
from workflow.drafting import alike
from workflow.models.asking import Heard, Place
from workflow.models.keeping import FORM
from workflow.models.reading import Read

LEAST = 50
"""Fewer families calibrate nothing: without one error in 50 the error is at most .06 with 95 %."""
FEATURES = ("baseline", "self_report", "agreement")
"""In the order in which they are taken."""
A_FEATURE = 5
"""So many families of the rarer outcome for each feature that is learnt from."""
FOLDS = 5
FARTHEST = 0.99
DECISIVE = ("routes", "contract", "sources", "labels", "mask")
"""Parts of a version that decide what its baseline and its models see."""


class Example(NamedTuple):
    """One answer to a labelled case."""

    family: str
    features: Mapping[str, float]
    is_right: bool


def features_of(heard: Heard, baseline: Output | Unanswered) -> dict[str, float]:
    """What is known of an answer without knowing what is right."""
    assert heard.read is not None
    report = heard.tried.self_report
    return {
        "baseline": _agrees(heard.read, baseline),
        "self_report": _logit(0.5 if report is None else report),
        "agreement": heard.tried.agreement,
    }


def name_of(version: Version, route: ModelRoute, place: Place) -> str:
    """The id of the calibration of a route as it is reached now: another model, another name."""
    parts = version.as_json()
    told = [FORM, version.workflow, route.as_json(), [parts[name] for name in DECISIVE]]
    there = [place.base_url, place.name, dict(place.parameters)]
    return digest_of([*told, *there]).removeprefix("sha256:")


def fit(
    examples: Sequence[Example], name: str, *, route: ModelRoute, version: Version, is_script: bool
) -> Calibration | None:
    """What these cases say; None where they are fewer than `LEAST` families."""
    families = {one.family for one in examples}
    if len(families) < LEAST:
        return None
    learnt = _learn(examples)
    return learnt.model_copy(
        update={
            "id": name,
            "workflow": version.workflow,
            "route": route.name,
            "dataset": version.routes[0].dataset,
            "is_script": is_script,
        }
    )


def probability(calibration: Calibration, features: Mapping[str, float]) -> float:
    """How likely an answer with these features is right; never beyond what so many cases show."""
    score = calibration.intercept
    parts = zip(
        calibration.features,
        calibration.middles,
        calibration.spreads,
        calibration.weights,
        strict=True,
    )
    for name, middle, spread, weight in parts:
        score += weight * (features[name] - middle) / spread
    chance = 1 / (1 + math.exp(-max(-30.0, min(30.0, score))))
    return min(calibration.highest, max(calibration.lowest, chance))


def out_of_fold(examples: Sequence[Example]) -> list[float]:
    """A probability an example, learnt from examples of other families; 0 where those are few."""
    fold = _deal(examples)
    found = [0.0] * len(examples)
    for one in range(FOLDS):
        others = [example for example, at in zip(examples, fold, strict=True) if at != one]
        if len({example.family for example in others}) < LEAST * (FOLDS - 1) // FOLDS:
            continue
        learnt = _learn(others)
        for place, at in enumerate(fold):
            if at == one:
                found[place] = probability(learnt, examples[place].features)
    return found


def _deal(examples: Sequence[Example]) -> list[int]:
    """The fold of each example; a family is in one, and both outcomes are in all."""
    outcome = {one.family: one.is_right for one in examples}
    names = sorted(outcome)
    random.Random(0).shuffle(names)
    names.sort(key=outcome.__getitem__)
    at = {name: place % FOLDS for place, name in enumerate(names)}
    return [at[one.family] for one in examples]


def _learn(examples: Sequence[Example]) -> Calibration:
    """A logistic regression over as many features as the rarer outcome carries, by family."""
    sizes = Counter(one.family for one in examples)
    weights = np.array([1 / sizes[one.family] for one in examples])
    right = np.array([one.is_right for one in examples])
    n, hits = float(weights.sum()), float(weights[right].sum())
    taken = [
        name
        for name in FEATURES[: int(min(hits, n - hits) // A_FEATURE)]
        if len({one.features[name] for one in examples}) > 1
    ]
    table = np.array([[one.features[name] for name in taken] for one in examples])
    middles = table.mean(axis=0) if taken else np.zeros(0)
    spreads = table.std(axis=0) if taken else np.zeros(0)
    slopes, intercept = np.zeros(0), math.log((hits + 1) / (n - hits + 1))
    if taken:
        slopes, intercept = _regress((table - middles) / spreads, right, weights)
    return Calibration(
        id="",
        workflow="",
        route="",
        dataset=digest_of(""),
        cases=len(examples),
        families=len(sizes),
        right=int(right.sum()),
        features=tuple(taken),
        middles=tuple(map(float, middles)),
        spreads=tuple(map(float, spreads)),
        weights=tuple(map(float, slopes)),
        intercept=intercept,
        lowest=1 / (n + 2),
        highest=(n + 1) / (n + 2),
        is_script=False,
    )


def _regress(table: Any, right: Any, weights: Any) -> tuple[Any, float]:
    from sklearn.linear_model import LogisticRegression
    from threadpoolctl import threadpool_limits

    regression = LogisticRegression(C=1.0, random_state=0)
    with threadpool_limits(limits=1):
        regression.fit(table, right, sample_weight=weights)
    slopes, starts = np.asarray(regression.coef_), np.asarray(regression.intercept_)
    return slopes.ravel(), float(starts.ravel()[0])


def _agrees(found: Read, baseline: Output | Unanswered) -> float:
    """How far the baseline says the same, and how surely: below 0 where it says otherwise."""
    if isinstance(baseline, Unanswered):
        return 0.0
    if not found.fields:
        sure = _logit(baseline.confidence)
        return sure if baseline.label == found.label else -abs(sure)
    same = [alike(baseline.fields.get(name), value) for name, value in found.fields.items()]
    return 2 * sum(same) / len(same) - 1


def _logit(share: float) -> float:
    bounded = min(FARTHEST, max(1 - FARTHEST, share))
    return math.log(bounded / (1 - bounded))
