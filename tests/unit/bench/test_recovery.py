"""What counts as a recovery without loss."""

from typing import Any

import pytest

from bench.recovery import is_good, sentence

WELL: dict[str, Any] = {
    "database": "sqlite",
    "items": 3,
    "done_before": 1,
    "in_hand": 1,
    "taken_up_s": 10.4,
    "all_s": 11.0,
    "statuses": {"acted": 3},
    "once": 3,
    "twice": 0,
    "lost": 0,
    "failed_jobs": 0,
    "audit_ok": True,
    "with_people": {},
}


def test_every_item_done_once_with_a_whole_record_is_good() -> None:
    """And is told in one line."""
    assert is_good(WELL)
    assert "had ended 10.4 s later, all of them 11 s later; once 3, twice 0" in sentence(WELL)


def test_why_an_item_went_to_a_person_is_told() -> None:
    """So that nobody has to guess what a kill led to."""
    told = sentence(WELL | {"with_people": {"assign is unknown": 2}})

    assert told.endswith("; 2 with people: assign is unknown")


@pytest.mark.parametrize(
    "wrong",
    [
        {"once": 2, "twice": 1},
        {"once": 2, "lost": 1},
        {"statuses": {"acted": 2, "in_review": 1}},
        {"failed_jobs": 1},
        {"audit_ok": False},
    ],
)
def test_what_is_lost_doubled_failed_or_unproved_is_not_good(wrong: dict[str, Any]) -> None:
    """Each alone is enough."""
    assert not is_good(WELL | wrong)
