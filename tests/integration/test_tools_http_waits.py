"""How long a system that speaks HTTP is waited for, and how much of it is listened to."""

import time
import tracemalloc
from dataclasses import replace
from datetime import timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from runs.clock import StoppedClock
from runs.errors import InvalidInput, NotFound, Unavailable
from tests.builders import NOW
from tests.receiver import Answering, receiving
from tests.rude import meeting
from tools.http.declared import Http
from tools.http.line import Line, asked_for
from tools.http.system import HttpActs, HttpRecords
from tools.http.way import open_client
from tools.pace import Pace, Rate
from tools.tool import ASKED, NotSent

KEY = "item-1:assign:abc"
TICKET = {"workflow": "desk", "effect": "assign", "item": "t-1", "label": "refund", "fields": {}}
WAY: dict[str, Any] = {
    "is_private": True,
    "timeout_s": 0.2,
    "read": {"path": "/records/{key}"},
    "endpoints": {"assign": {"path": "/assign"}},
}


class Waits(list[tuple[int, float]]):
    """What was waited: the try, and how long at least."""

    def __call__(self, number: int, least_s: float) -> None:
        """Wait not at all, and remember it."""
        self.append((number, least_s))


def desk(url: str, waits: Waits | None = None, **changed: Any) -> HttpActs:
    """The tool that acts, on a real stopwatch."""
    declared = Http.model_validate(WAY | {"base_url": url} | changed)
    client = open_client(declared, time.monotonic)
    line = Line(
        "desk", declared, client, pause=Waits() if waits is None else waits, seconds=time.monotonic
    )
    return HttpActs(line, clock=StoppedClock(NOW), schema={"assign": ASKED})


def busy(told: str, status: int = 429) -> Answering:
    """An answer that asks to be left alone."""
    return Answering(status=status, headers={"Retry-After": told})


def test_who_asks_to_be_left_alone_is_left_alone_as_long() -> None:
    """Before the next try of what surely was not done, and of a look that found nobody ready."""
    acted, looked = Waits(), Waits()
    with receiving() as (url, received):
        received.answers = [busy("7"), busy("2")]
        desk(url, acted).act("assign", TICKET, KEY)
        received.records["c-1"] = {"tier": "plus"}
        received.answers = [busy("3", 503)]
        reading = desk(url, looked).read("c-1")

    assert (acted, looked) == ([(1, 7.0), (2, 2.0)], [(1, 3.0)])
    assert received.effects[KEY].done == 1
    assert reading is not None


def test_every_look_and_every_further_try_takes_its_turn() -> None:
    """The first try of an act is taken before anything is reserved for it."""
    turns: list[str] = []
    with receiving() as (url, received):
        received.records["c-1"] = {"tier": "plus"}
        tool = desk(url)
        paced = replace(tool, line=replace(tool.line, turn=turns.append), turn=turns.append)
        received.answers = [busy("0"), busy("0")]
        paced.act("assign", TICKET, KEY)
        received.answers = [busy("0", 503)]
        paced.read("c-1")
        acted, looked = turns[:2], turns[2:]
        paced.take_turn("assign")

    assert (acted, looked) == (["assign", "assign"], ["read", "read"])
    assert turns[4:] == ["assign"]


def test_what_may_not_be_sent_again_yet_is_left_to_the_queue() -> None:
    """With how long it is until its turn comes; nothing was done."""
    pace = Pace("desk", {"assign": Rate(calls=1, seconds=60)}, lambda *_: 42.0, lambda _: None)
    with receiving() as (url, received):
        tool = desk(url)
        paced = replace(tool, line=replace(tool.line, turn=pace))
        received.answers = [busy("1")]
        with pytest.raises(NotSent) as lost:
            paced.act("assign", TICKET, KEY)

    assert (lost.value.after_s, len(received.asked)) == (42.0, 1)


def test_a_look_that_failed_is_an_outage_though_its_next_turn_comes_later() -> None:
    """It counts as one, and whoever tries again is told how long its turn is off."""
    waits = iter([0.0, 42.0])
    pace = Pace("desk", {"read": Rate(calls=1, seconds=60)}, lambda *_: next(waits), print)
    with receiving() as (url, received):
        tool = desk(url)
        paced = replace(tool, line=replace(tool.line, turn=pace))
        received.answers = [busy("1", 503)]
        with pytest.raises(Unavailable, match="answered 503") as lost:
            paced.read("c-1")

    assert (lost.value.is_outage, lost.value.after_s, len(received.asked)) == (True, 42.0, 1)


def test_who_asks_for_long_is_not_waited_for_here() -> None:
    """No worker sleeps an hour: whoever tries again is told how long."""
    with meeting("busy_for_long") as (url, rude):
        with pytest.raises(NotSent) as acted:
            desk(url).act("assign", TICKET, KEY)
        with pytest.raises(Unavailable) as looked:
            desk(url).read("c-1")

    assert (acted.value.after_s, looked.value.after_s, rude.came) == (3600.0, 3600.0, 2)


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ("120", 120.0),
        (format_datetime(NOW + timedelta(seconds=90), usegmt=True), 90.0),
        (format_datetime(NOW - timedelta(seconds=90), usegmt=True), 0.0),
        ("-5", 0.0),
        ("soon", 0.0),
        ("1e9", 0.0),
        ("", 0.0),
        ("9" * 400, 999_999_999.0),
    ],
)
def test_how_long_is_read_without_a_clock_of_ours(told: str, expected: float) -> None:
    """Seconds, or a date against the other side's own; anything else is no wish."""
    date = format_datetime(NOW, usegmt=True)

    assert asked_for({"retry-after": told, "date": date}) == expected


@pytest.mark.parametrize("manner", ["silent", "dripping", "slow"])
def test_an_answer_that_does_not_come_is_not_waited_for(manner: str) -> None:
    """Whether it says nothing, its headers or its body without end: a look is over, an act open."""
    with meeting(manner) as (url, rude):
        with pytest.raises(Unavailable):
            desk(url, tries=1, timeout_s=0.1).read("c-1")
        with pytest.raises(Unavailable) as acted:
            desk(url, timeout_s=0.1).act("assign", TICKET, KEY)

    assert not isinstance(acted.value, NotSent)
    assert rude.came == 2


@pytest.mark.parametrize("manner", ["endless", "bomb", "large"])
def test_no_answer_fills_the_memory(manner: str) -> None:
    """Neither one without end nor one that is packed."""
    tracemalloc.start()
    try:
        with meeting(manner) as (url, _), pytest.raises(InvalidInput):
            desk(url, max_bytes=100_000, timeout_s=5).read("c-1")
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert peak < 8_000_000


@pytest.mark.parametrize(
    ("manner", "error"),
    [
        ("garbage", Unavailable),
        ("hanging_up", Unavailable),
        ("cut_off", Unavailable),
        ("failing", Unavailable),
        ("truncated", InvalidInput),
        ("no_json", InvalidInput),
        ("a_list", InvalidInput),
        ("redirecting", InvalidInput),
    ],
)
def test_what_is_no_answer_is_no_record(manner: str, error: type[Exception]) -> None:
    """And nothing of what was said is repeated."""
    with meeting(manner) as (url, _):
        declared = Http.model_validate(WAY | {"base_url": url, "endpoints": {}, "timeout_s": 5})
        client = open_client(declared, time.monotonic)
        line = Line("crm", declared, client, pause=Waits(), seconds=time.monotonic)
        with pytest.raises(error) as raised:
            HttpRecords(line, clock=StoppedClock(NOW)).read("c-1")

    assert "hunter2" not in str(raised.value)
    assert "169.254" not in str(raised.value)


def test_what_is_not_there_is_told_apart_from_what_failed() -> None:
    """Of an act nothing was done; a look has no record."""
    with meeting("gone") as (url, rude):
        with pytest.raises(NotFound):
            desk(url).act("assign", TICKET, KEY)

        assert desk(url).read("c-1") is None
    assert rude.came == 2
