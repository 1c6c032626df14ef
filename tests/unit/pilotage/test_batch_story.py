"""What became of items that came in together is counted from the record alone."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from pilotage.cli import batch_story
from runs.store.filtered import ItemFilter
from runs.store.reviews import decide_review
from tests import acts, builders
from tests.builders import NOW
from tests.unit.pilotage.told import Told

ACTED: dict[str, Any] = {
    "status": "acted",
    "route": "act",
    "rule": "threshold",
    "reason": "done: assign",
}
REVIEWED: dict[str, Any] = {
    "status": "in_review",
    "route": "review",
    "rule": "limit",
    "reason": "above 500",
}
BROKEN: dict[str, Any] = {"status": "quarantined", "route": "refuse", "rule": "contract"}


@pytest.fixture
def told(tmp_path: Path) -> Told:
    """A record with one run."""
    return Told(tmp_path)


def end(
    told: Told,
    id: str,
    *,
    kind: str = "",
    batch: str = "monday",
    acts: tuple[str, str] | None = None,
    **changed: Any,
) -> None:
    """Take an item in and bring it to its end, with what it did outside and the review it gets."""
    own = {"id": id, "key": f"key-{id}", "batch": batch}
    opened = builders.item(**own)
    told.store.items.admit(told.customer, "dan", opened)
    if acts:
        act(told, id, *acts)
    if changed:
        ended = opened.model_copy(update={"finished_at": NOW + timedelta(minutes=5), **changed})
        review = builders.review(id=f"{id}.{kind}", item=id, kind=kind or "exception")
        told.store.items.finish(told.customer, ended, [review] if kind else [])


def act(told: Told, item: str, status: str, reason: str) -> None:
    """Let it act outside, and settle that."""
    key = f"{item}:assign"
    acts.reserve(told.store, told.customer, builders.action(id=key, key=key, item=item), 1)
    receipt = told.snapshot("receipt", {"key": key}) if status == "done" else ""
    end: dict[str, Any] = {"status": status, "receipt": receipt, "reason": reason}
    acts.settle(told.store, told.customer, key, **end)


def story(told: Told, **wanted: Any) -> dict[str, Any]:
    """What became of Monday's items."""
    return batch_story.story(told.store, told.customer, ItemFilter(**{"batch": "monday", **wanted}))


def test_a_batch_is_counted_by_its_ends_with_its_times(told: Told) -> None:
    """Other batches are other batches."""
    end(told, "i-1", **ACTED)
    end(told, "i-2", **REVIEWED)
    end(told, "i-3")
    end(told, "i-4", batch="tuesday", **ACTED)
    found = story(told)

    assert (found["items"], found["ends"]) == (3, {"acted": 1, "in_review": 1, "queued": 1})
    assert found["first_received"] == "2026-03-02T09:00:00Z"
    assert found["last_finished"] == "2026-03-02T09:05:00Z"


def test_who_holds_what_is_open_is_told_with_what_is_late(told: Told) -> None:
    """The worker holds what is queued."""
    end(told, "i-1", kind="audit", **ACTED)
    end(told, "i-2", kind="exception", **REVIEWED)
    end(told, "i-3")
    waits = story(told)["waits"]

    assert [(one["owner"], one["kind"], one["items"], one["late"]) for one in waits] == [
        ("ben", "audit", 1, 0),
        ("ben", "exception", 1, 0),
        ("worker", "queued", 1, 0),
    ]


def test_what_was_done_outside_is_told_with_its_receipt(told: Told) -> None:
    """Under the key the sender knows it by."""
    end(told, "i-1", acts=("done", ""), **ACTED)
    found = story(told)
    [receipt] = found["receipts"]
    shown = "\n".join(batch_story.lines(found, "batch monday"))

    assert (receipt["sent_as"], receipt["status"]) == ("key-i-1", "done")
    assert receipt["receipt"].startswith("sha256:")
    assert "1 x assign by desk: done, 1 with a receipt" in shown


def test_failures_are_grouped_by_why_and_numbers_do_not_part_them(told: Told) -> None:
    """The most frequent first, with examples."""
    end(told, "i-1", **BROKEN, reason="amount 12.50 is above 10")
    end(told, "i-2", **BROKEN, reason="amount 900 is above 10")
    failed_act: dict[str, Any] = {
        "status": "in_review",
        "route": "act",
        "rule": "threshold",
        "reason": "failed",
    }
    end(told, "i-3", acts=("failed", "the queue is full"), **failed_act)
    failed = story(told)["failed"]

    assert [(one["what"], one["reason"], one["items"]) for one in failed] == [
        ("breaks the data contract", "amount 12.50 is above 10", 2),
        ("assign failed", "the queue is full", 1),
    ]
    assert failed[0]["examples"] == ["i-1", "i-2"]


@pytest.mark.parametrize(
    ("changed", "what", "is_failure"),
    [
        ({"status": "stopped", "route": "act"}, "stopped", True),
        ({"status": "in_review", "route": ""}, "given up", True),
        ({"status": "in_review", "route": "review", "rule": "answer"}, "no answer", True),
        ({"status": "in_review", "route": "act", "rule": "threshold"}, "held back", True),
        (REVIEWED, "review by limit", False),
        ({"status": "closed", "route": "refuse", "rule": "out"}, "refuse by out", False),
    ],
)
def test_what_a_rule_gave_to_a_person_is_no_failure(
    changed: dict[str, Any], what: str, *, is_failure: bool
) -> None:
    """It is what the rule is for; everything else that stopped an item is one."""
    why = batch_story.find_why(builders.item(**changed), [])

    assert why is not None
    assert (why.what, why.is_failure) == (what, is_failure)


@pytest.mark.parametrize(
    "changed",
    [{}, ACTED, {"status": "handed_over", "arm": "incumbent"}, {**ACTED, "arm": "shadow"}],
)
def test_what_was_done_or_is_not_its_own_has_no_why(changed: dict[str, Any]) -> None:
    """Queued, acted alone, or served by people."""
    assert batch_story.find_why(builders.item(**changed), []) is None


def test_answers_of_people_are_counted(told: Told) -> None:
    """And an answered item is open no more."""
    end(told, "i-2", kind="exception", **REVIEWED)
    answer = {"status": "decided", "answer": "edit", "label": "refund", "routes": ("review",)}
    answer |= {"decided_by": "ben", "decided_at": NOW}
    with told.store.change(told.customer, "ben") as change:
        decide_review(change, builders.review(id="i-2.exception", item="i-2", **answer))
    found = story(told)

    assert (found["answers"], found["waits"]) == ({"edit": 1}, [])


def test_a_drill_is_no_work_of_the_customers(told: Told) -> None:
    """Its items are left out."""
    told.store.items.admit(told.customer, "worker", builders.item(workflow="desk.drill"))

    assert story(told, batch="")["items"] == 0
    assert batch_story.lines(story(told), "batch x") == ["batch x: no items"]


def test_a_day_ends_before_the_next_begins(told: Told) -> None:
    """`until` is not in it, `since` is."""
    end(told, "i-1")
    hour = timedelta(hours=1)
    counts = [
        story(told, since=since, until=until)["items"]
        for since, until in [(NOW, NOW + hour), (NOW - hour, NOW), (NOW, NOW)]
    ]

    assert counts == [1, 0, 0]
