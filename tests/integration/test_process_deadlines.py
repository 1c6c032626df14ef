"""What takes too long goes to a person with its owner, and the reason names the deadline."""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from itertools import chain, repeat
from pathlib import Path
from typing import Any

import pytest

from runs.errors import Conflict
from runs.records.item import Item
from tests.integration.desk import NOW, TICKET, Desk, answer, ended, process
from tools.tool import Reading, Tool
from workflow.process.item import end_late, process_item


def admitted(desk: Desk, **deadlines: int) -> Item:
    """An item that came in under values with these deadlines."""
    policy = desk.policy.model_copy(update=deadlines)
    desk.lead(policy)
    return desk.admit(policy=policy.digest)


@contextmanager
def never_ending() -> Iterator[threading.Event]:
    """What hangs until the test is over, and then ends."""
    event = threading.Event()
    try:
        yield event
    finally:
        event.set()


class Hanging:
    """A system that does not say anything for as long as somebody waits."""

    def __init__(self, inner: Tool, until: threading.Event) -> None:
        self._inner, self._until = inner, until

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def read(self, key: str) -> Reading | None:
        """Its record, once nobody waits any more."""
        self._until.wait(60)
        return self._inner.read(key)


def test_a_source_that_hangs_is_not_waited_for(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Its item goes to a person, with what took too long; the log has the item's id."""
    desk = Desk(tmp_path)
    admitted(desk, deadline_context_s=1)
    deps = desk.deps()
    with never_ending() as until, caplog.at_level(logging.WARNING):
        tools = {**deps.tools, "crm": Hanging(deps.tools["crm"], until)}
        hanging = replace(deps, tools=tools)
        item = process_item(hanging, desk.customer, "i-1")

    assert ended(desk) == ("in_review", "context", "ben", ["exception"])
    assert "reading its sources took longer than 1 s (deadline_context_s" in item.reason
    assert [vars(one)["item_id"] for one in caplog.records if "too long" in one.msg] == ["i-1"]


def test_an_answer_that_does_not_come_is_not_waited_for(tmp_path: Path) -> None:
    """What it still says later is dropped."""
    desk = Desk(tmp_path)
    admitted(desk, deadline_decide_s=1)
    with never_ending() as until:
        item = process(desk, answer=lambda *_: until.wait(60))

    assert ended(desk) == ("in_review", "answer", "ben", ["exception"])
    assert "its answer took longer than 1 s (deadline_decide_s" in item.reason
    assert desk.queued == []


def test_within_its_deadlines_an_item_acts(tmp_path: Path) -> None:
    """What is read and answered apart is the same."""
    desk = Desk(tmp_path)
    admitted(desk, deadline_context_s=60, deadline_decide_s=60, deadline_act_s=60)
    process(desk)

    assert ended(desk) == ("acted", "threshold", "ben", [])


def test_what_fails_apart_fails_as_it_would(tmp_path: Path) -> None:
    """A bug in a route is no missing answer."""
    desk = Desk(tmp_path)
    admitted(desk, deadline_decide_s=60)

    def mistaken(*_: Any) -> Any:
        raise ZeroDivisionError("a mistake")

    with pytest.raises(ZeroDivisionError, match="a mistake"):
        process(desk, answer=mistaken)


def test_no_effect_begins_once_acting_took_too_long(tmp_path: Path) -> None:
    """What is left is a person's, and nothing of it is reserved."""
    desk = Desk(tmp_path)
    admitted(desk, deadline_act_s=5)
    ticks = chain([0.0] * 5, repeat(60.0))
    item = process(desk, seconds=lambda: next(ticks))

    assert ended(desk) == ("in_review", "threshold", "ben", ["exception"])
    assert "its acting took longer than 5 s (deadline_act_s" in item.reason
    assert (desk.queued, desk.store.actions.of_item(desk.customer, "i-1")) == ([], [])


@pytest.mark.parametrize(("minutes", "status"), [(30, "acted"), (31, "in_review")])
def test_an_item_that_comes_to_its_turn_too_late_goes_to_a_person(
    tmp_path: Path, minutes: int, status: str
) -> None:
    """Nothing is read or asked for it any more."""
    desk = Desk(tmp_path)
    admitted(desk, deadline_minutes=30)
    desk.clock.turn(timedelta(minutes=minutes))
    item = process(desk)

    assert item.status == status
    if status == "in_review":
        assert item.reason == (
            "it had not ended 30 minutes after it came in (deadline_minutes of its policy)"
        )
        assert (item.snapshot, item.output, item.owner) == ("", "", "ben")


def test_an_item_that_is_worked_on_once_more_has_its_time_anew(tmp_path: Path) -> None:
    """Counted from when operations had it queued again."""
    desk = Desk(tmp_path)
    admitted(desk, deadline_minutes=30)
    desk.clock.turn(timedelta(hours=2))
    late = process(desk)
    desk.again()

    assert late.status == "in_review"
    assert process(desk).status == "acted"


@pytest.mark.both_databases
def test_only_what_is_late_and_in_nobody_s_hand_is_looked_at(tmp_path: Path) -> None:
    """Not what a worker was given, and not what was queued again since."""
    desk = Desk(tmp_path)
    policy = admitted(desk, deadline_minutes=30).policy
    for id in ("i-2", "i-3"):
        desk.admit(TICKET, id=id, key=id, policy=policy)
    in_hand = [job for job in desk.store.jobs.waiting() if job.subject == "i-2"]
    desk.store.jobs.claim(in_hand, {})
    desk.clock.turn(timedelta(hours=1))
    process(desk, "i-3")
    desk.again("i-3")
    told = {"policy": policy, "until": desk.clock.now() - timedelta(minutes=30), "limit": 10}
    late = desk.store.pauses.overdue(desk.customer, "desk", **told)
    desk.clock.turn(timedelta(hours=1))
    later = {**told, "until": desk.clock.now() - timedelta(minutes=30)}

    assert [item.id for item in late] == ["i-1"]
    assert [i.id for i in desk.store.pauses.overdue(desk.customer, "desk", **later)] == [
        "i-1",
        "i-3",
    ]


def test_the_look_ends_what_waits_and_leaves_what_a_worker_has(tmp_path: Path) -> None:
    """An item nobody comes to is a person's once its time is over, and its job is gone."""
    desk = Desk(tmp_path)
    admitted(desk, deadline_minutes=30)
    in_hand = desk.admit(
        TICKET, id="i-2", key="k-2", policy=desk.store.policies.leading(desk.customer, "desk")
    )
    jobs = [job for job in desk.store.jobs.waiting() if job.subject == "i-2"]
    desk.store.jobs.claim(jobs, {})
    in_time = end_late(desk.deps(), desk.customer, in_hand)
    desk.clock.turn(timedelta(hours=1))
    end_late(desk.deps(), desk.customer, desk.store.items.get(desk.customer, "i-1"))
    with pytest.raises(Conflict, match="a worker has item i-2 in hand"):
        end_late(desk.deps(), desk.customer, in_hand)

    assert in_time is None
    assert ended(desk) == ("in_review", "", "ben", ["exception"])
    assert [job.subject for job in desk.store.jobs.enqueued()] == ["i-2"]
    assert desk.store.jobs.waiting() == []
    assert desk.store.items.get(desk.customer, "i-2").status == "queued"


def test_the_deadlines_are_those_an_item_came_in_under(tmp_path: Path) -> None:
    """Whatever is edited while it waits."""
    desk = Desk(tmp_path)
    admitted(desk, deadline_minutes=30)
    desk.lead(desk.policy)
    desk.clock.turn(timedelta(hours=1))

    assert process(desk, answer=answer).status == "in_review"
    assert desk.clock.now() - NOW == timedelta(hours=1)
