"""The arithmetic on rates: exact bounds, worked examples, independent oracles."""

import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.stats import binom, binomtest, fisher_exact

from policies import intervals
from runs.errors import InvalidInput

CONFIDENCES = st.sampled_from([0.8, 0.9, 0.95, 0.99])


@st.composite
def counts(draw: st.DrawFn) -> tuple[int, int]:
    """So many of so many."""
    n = draw(st.integers(1, 600))
    return draw(st.integers(0, n)), n


@st.composite
def pairs(draw: st.DrawFn) -> tuple[int, int, int]:
    """Gained, lost and all pairs."""
    gain, loss = draw(st.integers(0, 40)), draw(st.integers(0, 40))
    return gain, loss, draw(st.integers(max(1, gain + loss), 2_000))


@settings(deadline=None)
@given(counts(), CONFIDENCES)
def test_bounds_are_those_of_the_exact_binomial_test(seen: tuple[int, int], c: float) -> None:
    """Clopper-Pearson, as scipy's own test inverts it."""
    k, n = seen
    low = binomtest(k, n, alternative="greater").proportion_ci(c, "exact").low
    high = binomtest(k, n, alternative="less").proportion_ci(c, "exact").high

    assert intervals.lower(k, n, c) == pytest.approx(low, abs=1e-9)
    assert intervals.upper(k, n, c) == pytest.approx(high, abs=1e-9)


@pytest.mark.parametrize("n", [1, 5, 30, 115])
def test_nothing_and_everything_seen_are_no_proof(n: int) -> None:
    """The open ends are exact, and the other end follows its closed form."""
    assert intervals.lower(0, n, 0.95) == 0
    assert intervals.upper(n, n, 0.95) == 1
    assert intervals.upper(0, n, 0.95) == pytest.approx(1 - 0.05 ** (1 / n))
    assert intervals.lower(n, n, 0.95) == pytest.approx(0.05 ** (1 / n))


def test_nothing_tried_says_nothing() -> None:
    """No case leaves the whole range."""
    assert (intervals.lower(0, 0, 0.95), intervals.upper(0, 0, 0.95)) == (0, 1)
    assert intervals.wilson(0, 0) == (0, 1)
    assert intervals.tango(0, 0, 0) == (-1, 1)


@pytest.mark.parametrize(
    ("k", "n", "low", "high"),
    [(46, 47, 0.9030, None), (110, 115, 0.9108, 0.9827), (108, 115, 0.8887, 0.9711)],
)
def test_the_worked_examples_of_the_specification(
    k: int, n: int, low: float, high: float | None
) -> None:
    """Section 2.4, to its four digits."""
    assert intervals.lower(k, n, 0.95) == pytest.approx(low, abs=5e-5)
    if high is not None:
        assert intervals.upper(k, n, 0.95) == pytest.approx(high, abs=5e-5)


def test_the_other_worked_examples_of_the_specification() -> None:
    """Section 2.4: a clear failure, the shown interval, what settles, the paired tests."""
    assert intervals.upper(95, 115, 0.95) == pytest.approx(0.8817, abs=5e-5)
    assert intervals.wilson(110, 115) == pytest.approx((0.9022, 0.9813), abs=5e-5)
    assert intervals.failures_allowed(108, 115, 0.9, confidence=0.95, more=100) == 7
    assert intervals.mcnemar(13, 4) == pytest.approx(0.0245, abs=5e-5)
    assert intervals.tango(9, 3, 120, 0.975) == pytest.approx((-0.0076, 0.1157), abs=5e-5)
    assert intervals.tango(9, 3, 120).low == pytest.approx(0.0028, abs=5e-5)
    assert intervals.tango(3, 4, 120).low == pytest.approx(-0.0509, abs=5e-5)


@pytest.mark.parametrize(
    ("threshold", "rate", "at_95", "at_99"),
    [
        (0.80, 0.90, (82, 94), (134, 147)),
        (0.85, 0.92, (134, 150), (214, 239)),
        (0.90, 0.95, (179, 203), (287, 312)),
        (0.90, 0.97, (76, 89), (127, 142)),
        (0.95, 0.98, (234, 286), (398, 425)),
        (0.95, 0.99, (124, 124), (198, 198)),
    ],
)
def test_the_forecasts_of_the_specification(
    threshold: float, rate: float, at_95: tuple[int, int], at_99: tuple[int, int]
) -> None:
    """Section 2.3, every row."""
    assert intervals.forecast(threshold, rate, 0.95) == at_95
    assert intervals.forecast(threshold, rate, 0.99) == at_99


def test_a_forecast_is_the_first_size_that_reaches_its_assurance() -> None:
    """Brute force over every size and count gives the same."""

    def chance(n: int) -> float:
        passing = [k for k in range(n + 1) if intervals.lower(k, n, 0.95) >= 0.8]
        return float(np.sum(binom.pmf(passing, n, 0.93)))

    first = next(n for n in range(1, 200) if chance(n) >= 0.8)

    assert intervals.forecast(0.8, 0.93, 0.95).first == first


@pytest.mark.parametrize("rate", [0.9, 0.5, 0.0, 0.9000001])
def test_no_forecast_where_the_rate_is_not_clearly_above_the_threshold(rate: float) -> None:
    """At or below the threshold nothing passes, and just above it no affordable size does."""
    assert intervals.forecast(0.9, rate, 0.95) == (None, None)


def test_a_forecast_looks_further_where_it_must() -> None:
    """A rate close to the threshold takes more than the first look of a thousand."""
    found = intervals.forecast(0.9, 0.92, 0.95)

    assert 1_000 < (found.first or 0) <= (found.stable or 0) < 2_000


@settings(deadline=None)
@given(counts(), st.sampled_from([0.6, 0.8, 0.9, 0.95]), CONFIDENCES, st.integers(1, 200))
def test_one_failure_more_than_allowed_does_not_pass(
    seen: tuple[int, int], threshold: float, c: float, more: int
) -> None:
    """The count is the largest that still passes."""
    k, n = seen
    allowed = intervals.failures_allowed(k, n, threshold, confidence=c, more=more)

    if allowed >= 0:
        assert intervals.lower(k + more - allowed, n + more, c) >= threshold
    if allowed < more:
        assert intervals.lower(k + more - allowed - 1, n + more, c) < threshold


def test_what_settles_is_forecast_from_the_shrunken_rate() -> None:
    """None where that rate is not above the threshold."""
    total = intervals.n_to_settle(108, 115, 0.9, confidence=0.95)

    assert total == intervals.forecast(0.9, 109 / 117, 0.95).first
    assert intervals.n_to_settle(80, 100, 0.9, confidence=0.95) is None


def test_drawing_blindly_is_fisher_s_exact_test() -> None:
    """Ten are marked; more than there are cannot be drawn."""
    table = [[7, 13], [3, 97]]

    assert intervals.blindly(5, 60, marked=10, n=120) == pytest.approx(0.628, abs=5e-4)
    assert intervals.blindly(7, 20, marked=10, n=120) == pytest.approx(
        fisher_exact(table, "greater")[1], abs=1e-12
    )
    assert intervals.blindly(11, 60, marked=10, n=120) == 0
    assert intervals.blindly(0, 60, marked=10, n=120) == 1
    with pytest.raises(InvalidInput):
        intervals.blindly(1, 5, marked=6, n=4)


@settings(deadline=None)
@given(st.integers(0, 60), st.integers(0, 60))
def test_mcnemar_is_the_exact_binomial_test_of_the_discordant_pairs(gain: int, loss: int) -> None:
    """One-sided; certain where nothing is discordant."""
    expected = binomtest(gain, gain + loss, 0.5, "greater").pvalue if gain + loss else 1.0

    assert intervals.mcnemar(gain, loss) == pytest.approx(expected, abs=1e-12)


@settings(deadline=None)
@given(pairs(), CONFIDENCES)
def test_tango_solves_the_quartic_of_yang_sun_and_hardin(
    paired: tuple[int, int, int], c: float
) -> None:
    """Both ends are roots, and lie on their sides of the difference that was seen."""
    gain, loss, n = paired
    low, high = intervals.tango(gain, loss, n, c)
    assume(gain + loss > 0)
    square = np.poly1d([-n, gain - loss]) ** 2 * (2 / intervals._z(c) ** 2)
    slack = np.poly1d([-1, 1, 0])
    excess = square - 2 * n * slack
    slope = np.poly1d([2 * n - gain + loss, -(gain + loss)])
    quartic = excess * excess + 2 * excess * slope - 8 * n * loss * slack

    assert -1 <= low <= (gain - loss) / n <= high <= 1
    for end in (low, high):
        assert min(abs(root - end) for root in quartic.roots) < 1e-4


@pytest.mark.parametrize(("confidence", "bound"), [(0.975, 0.0370), (0.95, 0.0263)])
def test_tango_without_a_discordant_pair_still_leaves_room(confidence: float, bound: float) -> None:
    """Section 1.4: -/+ z^2 / (n + z^2)."""
    assert intervals.tango(0, 0, 100, confidence) == pytest.approx((-bound, bound), abs=5e-5)


@settings(deadline=None)
@given(pairs())
def test_tango_turned_around_is_the_mirror(paired: tuple[int, int, int]) -> None:
    """Who is compared with whom changes the sign only."""
    gain, loss, n = paired
    low, high = intervals.tango(gain, loss, n)

    assert intervals.tango(loss, gain, n) == pytest.approx((-high, -low))


@pytest.mark.parametrize("confidence", [0.9, 0.95])
def test_a_bound_misses_the_truth_no_more_often_than_it_says(confidence: float) -> None:
    """Exact coverage over every count, at rates where Wilson falls short."""
    n = 100
    for rate in np.linspace(0.01, 0.99, 99):
        chances = binom.pmf(range(n + 1), n, rate)
        missed = sum(p for k, p in enumerate(chances) if intervals.lower(k, n, confidence) > rate)
        assert missed <= 1 - confidence + 1e-9


def test_wilson_is_that_of_statsmodels() -> None:
    """An independent implementation, where it is installed."""
    other = pytest.importorskip("statsmodels.stats.proportion", reason="statsmodels is not there")

    for n in (1, 7, 30, 115, 600):
        for k in range(0, n + 1, max(1, n // 10)):
            expected = other.proportion_confint(k, n, 0.05, "wilson")
            assert intervals.wilson(k, n) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize(("k", "n"), [(-1, 5), (6, 5), (0, -1)])
def test_counts_that_cannot_be_are_refused(k: int, n: int) -> None:
    """A count outside its total is a mistake, not a rate."""
    for bound in (intervals.lower, intervals.upper, intervals.wilson):
        with pytest.raises(InvalidInput, match="cannot be counted"):
            bound(k, n, 0.95)


@pytest.mark.parametrize("confidence", [0.0, 1.0, -0.1, math.nan])
def test_a_confidence_that_decides_nothing_is_refused(confidence: float) -> None:
    """Neither certainty nor its opposite is a confidence."""
    with pytest.raises(InvalidInput, match="confidence"):
        intervals.upper(1, 5, confidence)
    with pytest.raises(InvalidInput, match="confidence"):
        intervals.tango(1, 1, 5, confidence)


@pytest.mark.parametrize(("gain", "loss", "n"), [(-1, 2, 5), (3, 3, 5)])
def test_pairs_that_cannot_be_are_refused(gain: int, loss: int, n: int) -> None:
    """More discordant pairs than pairs, or fewer than none."""
    with pytest.raises(InvalidInput):
        intervals.tango(gain, loss, n)


def test_a_forecast_of_what_is_no_rate_is_refused() -> None:
    """A rate lies from 0 to 1, a threshold between."""
    with pytest.raises(InvalidInput, match=r"rate 1\.2"):
        intervals.forecast(0.9, 1.2, 0.95)
    with pytest.raises(InvalidInput, match="threshold"):
        intervals.forecast(1.0, 0.9, 0.95)
