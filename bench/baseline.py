"""The learnt route on real cases: accuracy, calibration, what a threshold keeps and lets by.

    python -m bench.baseline [--json] [--folder FOLDER]

Everything is learnt and chosen on the train packs; each valid pack is answered once. Intervals of
rates are exact (Clopper-Pearson, two-sided 95 %). The calibration error has 15 bins of equal width;
its interval is the 2.5th to 97.5th percentile of 2,000 seeded bootstrap draws, which lean upwards.
"""

import json
import random
import re
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import click
import numpy as np
from numpy.typing import NDArray

from policies import intervals
from workflow.baseline.route import Answer, Example, Fitted, Settings, fit
from workflow.baseline.threshold import thresholds

Flags = NDArray[np.bool_]
Floats = NDArray[np.floating]

DATA = Path(__file__).parents[2] / "shared" / "data"
TARGET = 0.95
"""Precision asked of the accepted answers, and the confidence it is asked with."""
NOTHING = 1.01
"""The threshold that accepts no answer."""
BINS, DRAWS = 15, 2_000
SEEDS = 20
MIXES = {"3.2 % out of scope": (387, 13), "18.2 % out of scope": (327, 73)}
"""Items in scope and out of scope of one draw of 400; the valid pack has 3,000 and 100."""
TURNED_AWAY = 0.05
"""Share of the learnt examples in scope that lies below the floor of the scope signal."""


@dataclass(frozen=True)
class Figure:
    """One number with its 95 % interval, and the number to compare it with."""

    name: str
    value: float
    low: float
    high: float
    reference: float | None = None


@dataclass(frozen=True)
class Mix:
    """What accepting did over draws, without replacement, of one mix of live items."""

    name: str
    coverage: float
    precision: float
    lowest: float
    highest: float
    """Lowest and highest precision of a draw."""
    verdicts: dict[str, int]
    """Draws by verdict of a gate of precision at the target."""


@dataclass(frozen=True)
class Learnt:
    """A route, with what was chosen on its out-of-fold answers."""

    route: Fitted
    threshold: float
    floor: float
    """Scope below which an answer is turned away, where the floor is used."""
    seconds: float
    """Time of one processor for the fit with its folds."""


@dataclass(frozen=True)
class Answered:
    """The valid pack, answered: one entry a case."""

    right: Flags
    outside: Flags
    """Labelled out of scope."""
    confidence: Floats
    scope: Floats
    acting: Flags
    """Answered with a label in scope."""


@dataclass(frozen=True)
class Pack:
    """The figures of one pack."""

    name: str
    threshold: float
    floor: float
    temperature: float
    fit_seconds: float
    figures: tuple[Figure, ...]
    mixes: tuple[Mix, ...] = ()


def read(pack: str, split: str, folder: Path) -> list[Example]:
    """The rows of a pack; these packs have no families, so a row's is its normalised text."""
    with (folder / f"triage_{pack}.{split}.jsonl").open(encoding="utf-8") as file:
        rows = [json.loads(line) for line in file]
    return [
        Example(
            text=row["input"]["text"],
            label=row["expected"]["label"],
            family=" ".join(re.findall(r"\w+", row["input"]["text"].lower())),
        )
        for row in rows
    ]


def learn(pack: str, settings: Settings, folder: Path) -> Learnt:
    """Learn the train pack; choose threshold and floor on its out-of-fold answers alone."""
    examples = read(pack, "train", folder)
    start = time.process_time()
    route = fit(examples, settings)
    seconds = time.process_time() - start
    both = list(zip(route.out_of_fold, examples, strict=True))
    acting = [(answer, one) for answer, one in both if answer.label != settings.out_of_scope]
    threshold = thresholds(
        [answer for answer, _ in acting],
        [one.label for _, one in acting],
        [one.family for _, one in acting],
        precision=TARGET,
        confidence=TARGET,
    )
    inside = [answer.scope for answer, one in both if one.label != settings.out_of_scope]
    floor = float(np.quantile(inside, TURNED_AWAY))
    return Learnt(route, NOTHING if threshold is None else threshold, floor, seconds)


def judge(route: Fitted, cases: Sequence[Example]) -> Answered:
    """Answer the cases, and hold the answers against their labels."""
    out = route.settings.out_of_scope
    answers: list[Answer] = route.answer([case.text for case in cases])
    return Answered(
        right=np.array([a.label == case.label for a, case in zip(answers, cases, strict=True)]),
        outside=np.array([case.label == out for case in cases]),
        confidence=np.array([answer.confidence for answer in answers]),
        scope=np.array([answer.scope for answer in answers]),
        acting=np.array([answer.label != out for answer in answers]),
    )


def banking77(folder: Path = DATA) -> Pack:
    """The figures on banking77, beside the reference of issue 2."""
    learnt = learn("banking77", Settings(), folder)
    seen = judge(learnt.route, read("banking77", "valid", folder))
    taken = seen.confidence >= learnt.threshold
    return Pack(
        name="banking77",
        threshold=learnt.threshold,
        floor=learnt.floor,
        temperature=learnt.route.temperature,
        fit_seconds=learnt.seconds,
        figures=(
            rate("accuracy", seen.right, 0.912),
            miscalibration(seen.confidence, seen.right, 0.021),
            rate("coverage", taken, 0.900),
            rate("precision", seen.right[taken], 0.959),
        ),
    )


def clinc150(folder: Path = DATA) -> Pack:
    """The figures on clinc150, whose live mix may hold far more out of scope than was learnt."""
    learnt = learn("clinc150", Settings(out_of_scope="oos"), folder)
    seen = judge(learnt.route, read("clinc150", "valid", folder))
    plain = seen.acting & (seen.confidence >= learnt.threshold)
    floored = plain & (seen.scope >= learnt.floor)
    return Pack(
        name="clinc150",
        threshold=learnt.threshold,
        floor=learnt.floor,
        temperature=learnt.route.temperature,
        fit_seconds=learnt.seconds,
        figures=(
            rate("accuracy in scope", seen.right[~seen.outside], 0.907),
            separation(seen.scope, seen.outside),
            *(
                figure
                for way, taken in (("threshold", plain), ("threshold and floor", floored))
                for figure in (
                    rate(f"{way}: out of scope kept back", ~taken[seen.outside]),
                    rate(f"{way}: coverage", taken),
                    rate(f"{way}: precision", seen.right[taken]),
                )
            ),
        ),
        mixes=tuple(
            mix(f"{way}, {name}", taken, seen, inside=inside, outside=outside)
            for way, taken in (("threshold", plain), ("threshold and floor", floored))
            for name, (inside, outside) in MIXES.items()
        ),
    )


def rate(name: str, flags: Flags, reference: float | None = None) -> Figure:
    """The share of true flags with its exact interval."""
    k, n = int(flags.sum()), len(flags)
    low, high = intervals.lower(k, n, 0.975), intervals.upper(k, n, 0.975)
    return Figure(name, k / n if n else 0.0, low, high, reference)


def miscalibration(confidence: Floats, right: Flags, reference: float | None = None) -> Figure:
    """The expected calibration error of the first answers, with its bootstrap interval."""
    chance = np.random.default_rng(0)
    picks = chance.integers(len(right), size=(DRAWS, len(right)))
    drawn = [calibration_error(confidence[pick], right[pick]) for pick in picks]
    low, high = np.quantile(drawn, [0.025, 0.975])
    error = calibration_error(confidence, right)
    return Figure("expected calibration error", error, float(low), float(high), reference)


def calibration_error(confidence: Floats, right: Flags) -> float:
    """Mean distance of confidence from accuracy over 15 bins of equal width, weighed by cases."""
    places = np.minimum((confidence * BINS).astype(int), BINS - 1)
    gaps = np.bincount(places, weights=confidence - right, minlength=BINS)
    return float(np.abs(gaps).sum() / len(right))


def separation(scope: Floats, outside: Flags) -> Figure:
    """The chance that a case in scope ranks above one out of scope, with a bootstrap interval."""
    chance = np.random.default_rng(0)
    inner, outer = np.sort(scope[~outside]), scope[outside]
    above = 1 - (np.searchsorted(inner, outer) + np.searchsorted(inner, outer, "right")) / (
        2 * len(inner)
    )
    drawn = above[chance.integers(len(above), size=(DRAWS, len(above)))].mean(axis=1)
    low, high = np.quantile(drawn, [0.025, 0.975])
    return Figure("scope tells in from out (AUROC)", float(above.mean()), float(low), float(high))


def mix(name: str, taken: Flags, seen: Answered, *, inside: int, outside: int) -> Mix:
    """Draw live items of one mix, once a seed, and judge the precision of what was accepted."""
    coverages, precisions, verdicts = [], [], Counter[str]()
    groups = np.flatnonzero(~seen.outside).tolist(), np.flatnonzero(seen.outside).tolist()
    for seed in range(SEEDS):
        chance = random.Random(seed)
        drawn = np.array(chance.sample(groups[0], inside) + chance.sample(groups[1], outside))
        accepted = drawn[taken[drawn]]
        k, n = int(seen.right[accepted].sum()), len(accepted)
        coverages.append(n / len(drawn))
        precisions.append(k / n)
        verdicts[verdict(k, n)] += 1
    return Mix(
        name=name,
        coverage=float(np.mean(coverages)),
        precision=float(np.mean(precisions)),
        lowest=min(precisions),
        highest=max(precisions),
        verdicts=dict(verdicts),
    )


def verdict(k: int, n: int) -> str:
    """Judge k right of n accepted at the target, by one-sided exact bounds."""
    if intervals.lower(k, n, TARGET) >= TARGET:
        return "pass"
    return "fail" if intervals.upper(k, n, TARGET) < TARGET else "inconclusive"


def table(pack: Pack) -> str:
    """The figures of a pack as lines of text."""
    lines = [
        f"{pack.name}: threshold {pack.threshold:.3f}, scope floor {pack.floor:.3f}, "
        f"temperature {pack.temperature:.3f}, learnt in {pack.fit_seconds:.1f} s of one processor"
    ]
    for one in pack.figures:
        beside = "" if one.reference is None else f"  reference {one.reference:.3f}"
        lines.append(f"  {one.name:44}{one.value:.3f}  [{one.low:.3f}, {one.high:.3f}]{beside}")
    for one in pack.mixes:
        told = ", ".join(f"{verdict} {count}" for verdict, count in sorted(one.verdicts.items()))
        lines.append(
            f"  {one.name:44}precision {one.precision:.3f} [{one.lowest:.3f} to {one.highest:.3f}] "
            f"coverage {one.coverage:.3f}; of {SEEDS} seeds: {told}"
        )
    return "\n".join(lines)


@click.command(help="Measure the learnt route on the real packs.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of a table.")
@click.option(
    "--folder", type=click.Path(path_type=Path), default=DATA, help="Where the packs lie."
)
def main(*, as_json: bool, folder: Path) -> None:
    """Print the figures of both packs."""
    packs = [banking77(folder), clinc150(folder)]
    if as_json:
        click.echo(json.dumps({pack.name: asdict(pack) for pack in packs}))
    else:
        click.echo("\n\n".join(table(pack) for pack in packs))


if __name__ == "__main__":
    main()
