"""The learnt route on real cases: must-hold 3 of the first run."""

import numpy as np
import pytest

from bench.baseline import DATA, Figure, Pack, banking77, calibration_error, rate, table, verdict

PACK = DATA / "triage_banking77.valid.jsonl"


@pytest.fixture(scope="module")
def figures() -> Pack:
    """Learnt and calibrated on train, measured once on valid."""
    if not PACK.exists():
        pytest.skip("the labelled packs are not beside the project: ../shared/data is missing")
    return banking77()


def named(pack: Pack, name: str) -> Figure:
    """The figure of that name."""
    return next(one for one in pack.figures if one.name == name)


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    ("name", "least"), [("accuracy", 0.90), ("coverage", 0.85), ("precision", 0.95)]
)
def test_the_interval_does_not_lie_below_its_bar(figures: Pack, name: str, least: float) -> None:
    """Fails only where the 95 % interval excludes the bar."""
    assert named(figures, name).high >= least, table(figures)


def test_the_calibration_error_does_not_lie_above_its_bar(figures: Pack) -> None:
    """Fails only where the 95 % interval excludes the bar."""
    assert named(figures, "expected calibration error").low <= 0.03, table(figures)


def test_the_calibration_error_is_the_mean_gap_of_the_bins() -> None:
    """Half the answers are 0.1 too sure, half are right as often as they say."""
    confidence = np.repeat([0.9, 0.5], 100)
    right = np.concatenate([np.arange(100) < 80, np.arange(100) < 50])

    assert calibration_error(confidence, right) == pytest.approx(0.05)


def test_a_rate_stands_inside_its_interval() -> None:
    """The exact two-sided interval of 95 of 100 is the one in the tables."""
    figure = rate("right", np.arange(100) < 95)

    assert (round(figure.low, 4), figure.value, round(figure.high, 4)) == (0.8872, 0.95, 0.9836)


def test_the_gate_of_precision_has_three_verdicts() -> None:
    """Proof above the target, proof below it, or neither."""
    assert [verdict(100, 100), verdict(80, 100), verdict(94, 100)] == [
        "pass",
        "fail",
        "inconclusive",
    ]
