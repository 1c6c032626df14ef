"""The legal moves, as a table."""

import pytest

from runs import moves


@pytest.mark.parametrize("kind", list(moves.LEGAL))
def test_every_status_that_may_follow_is_a_status(kind: moves.Kind) -> None:
    """No move leads outside the table, and something is an end."""
    statuses = set(moves.LEGAL[kind])

    assert set().union(*moves.LEGAL[kind].values()) <= statuses
    assert any(moves.is_end(kind, status) for status in statuses)


@pytest.mark.parametrize(
    ("kind", "before", "after"),
    [
        ("run", "ended", "open"),
        ("approval", "rejected", "approved"),
        ("approval", "expired", "approved"),
        ("release", "rolled_back", "open"),
        ("action", "done", "failed"),
        ("action", "stopped", "done"),
        ("item", "closed", "acted"),
        ("item", "refused", "acted"),
        ("lesson", "erased", "active"),
        ("review", "decided", "open"),
    ],
)
def test_what_must_never_follow_does_not(kind: moves.Kind, before: str, after: str) -> None:
    """Ends stay ends."""
    assert before not in moves.origins(kind, after)
