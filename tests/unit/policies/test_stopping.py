"""Trying ends, and says why."""

import pytest

from policies.stopping import FIXES, Limits, may_fix, open_ranks

LIMITS = Limits(accepted_fixes=10, trials=200, seconds=3_600)
SOON = {"tried": 199, "accepted": 9, "looks_left": 1, "elapsed_s": 3_599.9}


def test_one_before_every_limit_goes_on() -> None:
    """No limit is reached."""
    assert may_fix(LIMITS, **SOON) is None


@pytest.mark.parametrize(
    ("changed", "kind", "says"),
    [
        ({"accepted": 10}, "fixes", "10 fixes"),
        ({"tried": 200}, "trials", "200 changes"),
        ({"looks_left": 0}, "looks", "no look"),
        ({"elapsed_s": 3_600.0}, "time", "3600 s"),
    ],
)
def test_each_limit_stops_alone(changed: dict, kind: str, says: str) -> None:
    """And names itself with its figure."""
    stop = may_fix(LIMITS, **(SOON | changed))

    assert stop is not None
    assert stop.kind == kind
    assert says in stop.reason


def test_nothing_allowed_stops_at_once() -> None:
    """A limit of nothing is a limit."""
    assert may_fix(Limits(accepted_fixes=0), **(SOON | {"accepted": 0})) is not None


@pytest.mark.parametrize(
    ("rewrites", "ranks"),
    [(0, (1, 2, 3, 4, 5, 6, 7)), (2, FIXES), (3, (1, 2, 3, 6, 7)), (9, (1, 2, 3, 6, 7))],
)
def test_the_fourth_rewrite_of_the_same_words_is_refused(
    rewrites: int, ranks: tuple[int, ...]
) -> None:
    """Three rewrites for one kind of failure; then only what is no words."""
    assert open_ranks(rewrites=rewrites, is_explained=True) == ranks


def test_a_named_person_reopens_the_words() -> None:
    """The owner of the behaviour, in writing."""
    assert open_ranks(rewrites=3, is_explained=True, reopened_by="ben") == FIXES


def test_what_nobody_can_explain_is_not_fixed() -> None:
    """Not even by whoever reopened it."""
    assert open_ranks(rewrites=0, is_explained=False, reopened_by="ben") == ()
