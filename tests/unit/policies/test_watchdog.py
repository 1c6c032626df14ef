"""When somebody is told that the work does not go on, and when it is over."""

from datetime import timedelta
from typing import Any

import pytest

from policies.watchdog import Flow, Seen, Watchdog, judge
from tests.builders import NOW

RULES = Watchdog()


def minutes(count: float) -> Any:
    """So long ago."""
    return NOW - timedelta(minutes=count)


def seen(**changed: Any) -> Seen:
    """Work that goes on."""
    told = {"owner": "ben", "waits_since": None, "done_at": None, "is_worked": True}
    return Seen(**(told | changed))


def flow(**changed: Any) -> Flow:
    """A workflow that is well."""
    told: dict[str, Any] = {
        "workflow": "desk",
        "owner": "ana",
        "items": 100,
        "quarantined": 0,
        "failures": {},
        "oldest_queued": None,
    }
    return Flow(**(told | changed))


def kinds(one: Seen, open_now: Any = ()) -> list[tuple[str, str]]:
    """What is told, and to whom."""
    return [(found.kind, found.owner) for found in judge(one, RULES, NOW, open_now)]


@pytest.mark.parametrize(
    ("one", "told"),
    [
        (seen(), []),
        (seen(waits_since=minutes(4), is_worked=False), []),
        (seen(waits_since=minutes(6), is_worked=False), [("worker_silence", "ben")]),
        (seen(waits_since=minutes(14)), []),
        (seen(waits_since=minutes(16)), [("no_progress", "ben")]),
        (seen(waits_since=minutes(99), done_at=minutes(1)), []),
        (seen(waits_since=minutes(99), done_at=minutes(16)), [("no_progress", "ben")]),
        (seen(waits_since=minutes(1), done_at=minutes(999)), []),
        (seen(flows=(flow(oldest_queued=minutes(59)),)), []),
        (seen(flows=(flow(oldest_queued=minutes(61)),)), [("queue_age", "ana")]),
        (seen(flows=(flow(quarantined=19),)), []),
        (seen(flows=(flow(quarantined=20),)), [("quarantine_growth", "ana")]),
        (seen(flows=(flow(items=19, quarantined=19),)), []),
        (seen(flows=(flow(failures={"context": 9, "budget": 9}),)), []),
        (seen(flows=(flow(failures={"context": 10}),)), [("repeated_failure", "ana")]),
        (seen(given_up=(("crm", "eva"),)), [("webhook_given_up", "eva")]),
    ],
)
def test_each_breach_is_told_to_who_answers_for_it(one: Seen, told: list[tuple[str, str]]) -> None:
    """From its bound on, and not before."""
    assert kinds(one) == told


@pytest.mark.parametrize(
    ("one", "kind", "subject"),
    [
        (seen(waits_since=minutes(4.5), is_worked=False), "worker_silence", "worker"),
        (seen(waits_since=minutes(13)), "no_progress", "work"),
        (seen(flows=(flow(oldest_queued=minutes(50)),)), "queue_age", "desk"),
        (seen(flows=(flow(quarantined=17),)), "quarantine_growth", "desk"),
        (seen(flows=(flow(failures={"context": 8}),)), "repeated_failure", "desk/context"),
    ],
)
def test_what_was_told_goes_on_until_it_is_well_below_its_bound(
    one: Seen, kind: str, subject: str
) -> None:
    """So that what wavers about its bound is told once."""
    assert kinds(one) == []
    assert [told for told, _ in kinds(one, {(kind, subject)})] == [kind]
