"""From which confidence on an answer may be accepted."""

from collections.abc import Sequence

import numpy as np

from policies import intervals
from runs.errors import InvalidInput
from workflow.baseline.route import Answer


def thresholds(
    answers: Sequence[Answer],
    labels: Sequence[str],
    families: Sequence[str],
    *,
    precision: float,
    confidence: float,
) -> float | None:
    """The smallest confidence from which accepted answers are right at `precision`; None if none.

    A family counts once: accepted with its first accepted answer, right while no accepted answer
    of it is wrong. The bound is Clopper-Pearson's lower one at `confidence`. It does not grow
    steadily with the threshold, so no bisection: every level is tried, upwards from the lowest,
    and the first that holds is returned.

    The choice among many levels costs some of `confidence`. Simulated at 95 %, 3 to 7 % of the
    choices miss where precision falls with the threshold, and up to 30 % where it lies flat just
    below the target. So choose on out-of-fold answers, and let a gate judge on other cases.
    """
    if not len(answers) == len(labels) == len(families):
        raise InvalidInput(
            f"{len(answers)} answers, {len(labels)} labels and {len(families)} families: give one "
            "label and one family for each answer"
        )
    accepted: dict[str, float] = {}
    spoiled: dict[str, float] = {}
    for answer, label, family in zip(answers, labels, families, strict=True):
        accepted[family] = max(accepted.get(family, 0.0), answer.confidence)
        if answer.label != label:
            spoiled[family] = max(spoiled.get(family, 0.0), answer.confidence)
    taken, wrong = sorted(accepted.values()), sorted(spoiled.values())
    for level in sorted({answer.confidence for answer in answers}):
        n = len(taken) - int(np.searchsorted(taken, level))
        k = n - len(wrong) + int(np.searchsorted(wrong, level))
        if k >= n * precision and intervals.lower(k, n, confidence) >= precision:
            return level
    return None
