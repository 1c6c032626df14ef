"""Watching: what was kept of a release's signals, and nothing that was not."""

from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollout import watch
from rollout.signals import measure
from rollout.watch import Standing, standings
from runs import people
from runs.plan import Limit, Plan, RollbackRule
from runs.records.evidence import Evidence
from runs.records.release import Release, Signal
from tests import builders
from tests.builders import NOW
from tests.world import World, make_world

ASKED = "quality review_pass cost"
"""What the desk's plan asks for."""
NOTHING = {"unread": "", "late": "", "unowned": "", "breached": "", "crossed": ""}


def planned(**changed: Any) -> Plan:
    """The desk's plan with its one signal otherwise."""
    signal = builders.plan().signals[0].as_json() | changed
    return builders.plan(signals=(signal,))


@pytest.fixture
def world(tmp_path: Path) -> World:
    """The desk, whose signal may be silent for two hours."""
    return make_world(tmp_path, plan=planned(silence_hours=2, every_minutes=30))


def read(world: World, release: Release) -> None:
    """Somebody reads the signals and keeps them."""
    now = world.clock.now()
    seen = measure(world.store, world.customer, release=release, now=now)
    watch.keep(world.store, world.customer, "worker", release=release, read=seen.signals)


def watched(world: World, release: Release) -> Evidence:
    """What the watch is worth now."""
    return watch.watch(world.store, world.customer, release=release, now=world.clock.now())


def notes(world: World, release: Release) -> dict[str, str]:
    """What it lacks."""
    found = dict(watched(world, release).notes)
    del found["read_at"]
    return found


def work(world: World, count: int, *, wrong: int = 0, prefix: str = "t") -> None:
    """Items that act alone and are looked at, so many of them wrong."""
    served = [item for item in world.send(count * 3, prefix=prefix) if item.status == "queued"]
    for number, item in enumerate(served[:count]):
        world.end(item)
        world.answer(item, "delivery" if number < wrong else "refund")


def kept(world: World) -> list[Signal]:
    """Every kept reading of the quality, oldest first."""
    every = world.store.of_run(world.customer, Signal, "r-1")
    return [one for one in every if one.name == "quality"]


def test_a_release_is_watched_once_its_signals_have_shown_something(world: World) -> None:
    """Unread before the first reading, and while a reading counts no items."""
    release = world.at("sandbox")
    before = notes(world, release)
    read(world, release)
    empty = notes(world, release)
    work(world, 6)
    world.clock.turn(timedelta(minutes=30))
    not_yet = notes(world, release)
    read(world, release)

    assert [before, empty, not_yet] == [NOTHING | {"unread": ASKED}] * 3
    assert notes(world, release) == NOTHING


def test_looking_keeps_nothing(world: World) -> None:
    """Whoever asks whether it is watched does not watch it by asking."""
    release = world.at("sandbox")
    before = len(world.store.events(world.customer))
    watched(world, release)

    assert len(world.store.events(world.customer)) == before


def test_a_silence_since_the_stage_began_is_late_even_when_it_is_over(world: World) -> None:
    """A reading in the same breath as the question mends no silence before it."""
    release = world.at("sandbox")
    work(world, 6)
    world.clock.turn(timedelta(hours=2))
    in_time = notes(world, release)
    world.clock.turn(timedelta(minutes=1))
    read(world, release)

    assert in_time["late"] == ""
    assert notes(world, release) == NOTHING | {"late": "quality"}


def test_a_silence_between_two_readings_is_late(world: World) -> None:
    """From reading to reading, and from the last one until now."""
    release = world.at("sandbox")
    work(world, 6)
    for hours in (1, 2, 1):
        world.clock.turn(timedelta(hours=hours))
        read(world, release)
    in_time = notes(world, release)
    world.clock.turn(timedelta(hours=2, minutes=1))
    silent = notes(world, release)
    read(world, release)

    assert in_time == NOTHING
    assert silent == notes(world, release) == NOTHING | {"late": "quality"}


def test_readings_of_another_stretch_of_the_stage_do_not_count(world: World) -> None:
    """Another stage, or the same one whose evidence began again."""
    release = world.at("sandbox")
    work(world, 6)
    read(world, release)
    world.clock.turn(timedelta(minutes=1))
    again = world.put(release, "sandbox")
    moved = world.put(again, "slice_5")

    for other in (again, moved):
        assert notes(world, other)["unread"] == ASKED


def test_a_reading_from_the_future_is_no_sign_of_life(world: World) -> None:
    """A clock that was set back finds nothing read."""
    release = world.at("sandbox")
    work(world, 6)
    world.clock.turn(timedelta(hours=1))
    read(world, release)
    world.clock.turn(timedelta(hours=-1))

    assert notes(world, release)["unread"] == ASKED


def test_a_watch_ends_when_its_oldest_signal_does(world: World) -> None:
    """It is worth as much as its last sign of life."""
    release = world.at("sandbox")
    read(world, release)
    began = world.clock.now()
    world.clock.turn(timedelta(minutes=20))
    seen = watched(world, release)

    assert seen.expires_at == began + timedelta(hours=2)
    assert seen.subject == f"release:{release.id}:0"


def test_a_signal_whose_owner_left_is_unowned(world: World) -> None:
    """Nothing is without a person who answers for it."""
    release = world.at("sandbox")
    people.disable_person(world.store, world.customer, "olga", "ben")

    assert notes(world, release)["unowned"] == "incidents quality"


def test_before_the_first_stage_only_owners_are_asked_for(world: World) -> None:
    """Nothing is served there, and nothing can have been read."""
    release = world.open()
    world.clock.turn(timedelta(days=9))
    owned = watched(world, release)
    people.disable_person(world.store, world.customer, "olga", "ben")

    assert {name: owned.notes[name] for name in NOTHING} == NOTHING
    assert owned.expires_at == world.clock.now() + timedelta(hours=2)
    assert notes(world, release) == NOTHING | {"unowned": "incidents quality"}


def test_a_breach_names_signal_value_limit_and_owner(world: World) -> None:
    """By the point value, as soon as enough items are there."""
    release = world.at("full")
    work(world, 4, wrong=2)
    read(world, release)
    few = notes(world, release)
    work(world, 1, wrong=1, prefix="more")
    world.clock.turn(timedelta(minutes=1))
    read(world, release)

    says = "quality 0.4000 (2 of 5 items), at least 0.6 is asked, owner ben"
    assert (few, notes(world, release)) == (NOTHING, NOTHING | {"breached": says})


def test_a_bar_is_crossed_by_the_whole_interval_alone(world: World) -> None:
    """A value beyond it whose interval reaches back is no reason to go back."""
    release = world.at("full")
    work(world, 8, wrong=7)
    read(world, release)
    reaching = notes(world, release)
    work(world, 16, wrong=16, prefix="more")
    world.clock.turn(timedelta(minutes=1))
    read(world, release)
    crossed = notes(world, release)

    assert (reaching["crossed"], reaching["breached"] != "") == ("", True)
    assert crossed["crossed"].startswith("quality 0.0417 (1 of 24 items), between 0.0004 and 0.2")
    assert crossed["crossed"].endswith("all below 0.3, owner ben")


def test_a_breach_is_dated_by_its_first_reading_until_it_ends(world: World) -> None:
    """So that it is told once; the next one has a date of its own."""
    release = world.at("full")
    for wrong, prefix in ((4, "a"), (3, "b"), (0, "c"), (5, "d")):
        work(world, 20 if wrong == 0 else 5, wrong=wrong, prefix=prefix)
        read(world, release)
        world.clock.turn(timedelta(minutes=30))
    work(world, 20, wrong=20, prefix="e")
    read(world, release)
    minutes = [
        one.breached_since and (one.breached_since - NOW) / timedelta(minutes=1)
        for one in kept(world)
    ]

    assert minutes == [0, 0, None, None, 120]


def test_a_reading_is_kept_when_it_is_due_and_not_before(world: World) -> None:
    """At once on a stage, then by the plan's own clock; again changes nothing."""
    release = world.at("sandbox")
    told = []
    for minutes in (0, 0, 29, 1, 0, 300):
        world.clock.turn(timedelta(minutes=minutes))
        now = world.clock.now()
        told.append(watch.read_if_due(world.store, world.customer, release=release, now=now))

    assert told == [True, False, False, True, False, True]
    assert [one.until - NOW for one in kept(world)] == [
        timedelta(minutes=minutes) for minutes in (0, 30, 330)
    ]


def test_the_watch_of_a_long_stage_forgets_no_reading(world: World) -> None:
    """However many were kept since it began."""
    release = world.at("sandbox")
    work(world, 6)
    for _ in range(120):
        world.clock.turn(timedelta(minutes=30))
        read(world, release)

    assert notes(world, release) == NOTHING


def standing(events: int, total: int, limit: Limit, *bars: RollbackRule) -> Standing:
    """A signal that was read so, by its point value alone."""
    share = events / total if total else 0
    signal = Signal(
        release="rel-1",
        stage=1,
        name="quality",
        value=f"{share:.4f}",
        low=share,
        high=share,
        events=events,
        total=total,
        owner="ben",
        since=NOW,
        until=NOW,
    )
    return Standing("quality", "ben", limit, bars, signal)


@given(
    total=st.integers(0, 200),
    data=st.data(),
    value=st.decimals(0, 1, places=2),
    least=st.integers(1, 200),
)
def test_a_limit_is_breached_on_its_wrong_side_and_nowhere_else(
    total: int, data: st.DataObject, value: Decimal, least: int
) -> None:
    """Exactly at the limit it is kept, in both directions; too few items breach nothing."""
    events = data.draw(st.integers(0, total))
    low = Limit(direction="at_least", value=value, min_items=least)
    high = Limit(direction="at_most", value=value, min_items=least)
    is_enough = total >= least

    assert standing(events, total, low).is_breached == (is_enough and events < value * total)
    assert standing(events, total, high).is_breached == (is_enough and events > value * total)


def test_nothing_counted_breaches_and_crosses_nothing_but_is_unread() -> None:
    """What was not seen is neither good nor bad."""
    limit = Limit(direction="at_least", value=Decimal("0.9"), min_items=1)
    bar = RollbackRule(signal="quality", direction="below", value=Decimal("0.8"), min_items=1)
    empty = standing(0, 0, limit, bar)

    assert (empty.is_unread, empty.is_breached, empty.find_crossed()) == (True, False, None)


def test_what_is_measured_and_not_planned_is_told_and_weighs_nothing() -> None:
    """It has an owner and no limit; what every plan asks for is asked of this one."""
    signal = standing(0, 9, builders.plan().signals[0].limit).last
    assert signal is not None
    other = signal.model_copy(update={"name": "escalation", "owner": "ana"})
    told = standings(builders.plan(), {"quality": signal, "escalation": other})

    assert [(one.name, one.owner, one.state) for one in told] == [
        ("quality", "ben", "crossed"),
        ("review_pass", "ana", "unread"),
        ("cost", "ana", "unread"),
        ("escalation", "ana", "unplanned"),
    ]
    assert (told[-1].is_unread, told[-1].is_breached) == (False, False)
